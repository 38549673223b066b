"""Policy documents: what does not load, and what they come to; the latter is compared with another evaluator."""

import json
import subprocess
from typing import Any

import pytest

from mail_archive_local.identity.policies import IamRequest, PolicyError, read_policy, read_trust_policy
from mail_archive_local.identity.rights import Rights
from tests.conftest import MEASURED, ROOT
from tests.folder import allow, policy
from tests.local.identity.generated import ACCOUNT, ANA, ARCHIVE, SESSION, Case, cases
from tests.pace import worktime

SIMULATOR = ROOT / ".venv" / "simulator"
CASES = 600


def statement(**members: Any) -> dict[str, Any]:
    return policy({"Effect": "Allow", "Action": "ses:*", "Resource": "*", **members})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "P is not JSON"),
        ([], "P must be an object"),
        ({"Statement": []}, "P.Statement must be a list"),
        ({"Version": "2020-01-01", "Statement": [{}]}, "P.Version must be one of 2008-10-17, 2012-10-17"),
        (policy() | {"Statements": []}, "P has Statements, which is not known here"),
        (statement(Effect="allow"), r"P.Statement\[0\].Effect must be Allow or Deny"),
        (statement(NotAction="ses:*"), r"P.Statement\[0\] must have either Action or NotAction"),
        (statement(Action=[]), r"Statement\[0\].Action must be a string or a list"),
        (statement(Action="GetArchive"), "'GetArchive' is no action, such as ses:GetArchive"),
        (statement(Action="s*:GetArchive"), "is no action"),
        (statement(Resource="arn:aws:ses"), "'arn:aws:ses' is neither \\* nor an ARN with its six fields"),
        (statement(Resource=f"{ARCHIVE}${{aws:PrincipalOrgID}}"), "aws:PrincipalOrgID} is no policy variable"),
        (statement(Resource=f"{ARCHIVE}${{aws:username"), "a variable that does not end"),
        (statement(Resource=f"{ARCHIVE}${{aws:TagKeys}}"), "is no policy variable"),
        (statement(Principal="*"), "has Principal, which is not known here"),
        (statement(Condition=[]), r"Statement\[0\].Condition: it must be an object of operators"),
        (statement(Condition={"StringEquals": "x"}), "StringEquals must be an object of condition keys"),
        (statement(Condition={"BinaryEquals": {"aws:username": "x"}}), "the operator BinaryEquals is not known"),
        (statement(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), "aws:PrincipalOrgID is not known here"),
        (statement(Condition={"StringEquals": {"aws:TagKeys": "a"}}), "aws:TagKeys needs ForAnyValue or ForAllValues"),
        (statement(Condition={"ForAnyValue:StringEquals": {"aws:username": "a"}}), "has one value"),
        (statement(Condition={"ForSomeValues:StringEquals": {"aws:TagKeys": "a"}}), "is no word of conditions"),
        (statement(Condition={"StringEquals": {"aws:username": []}}), "must have a string or a list of strings"),
        (statement(Condition={"StringEquals": {"aws:username": {}}}), "must have a string or a list of strings"),
        (statement(Condition={"NumericEquals": {"aws:EpochTime": "soon"}}), "'soon' is no number"),
        (statement(Condition={"DateLessThan": {"aws:CurrentTime": "soon"}}), "'soon' is no date"),
        (statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/64"}}), "is no IP address or range"),
        (statement(Condition={"Bool": {"aws:PrincipalTag/x": "yes"}}), "Bool takes true or false"),
        (statement(Condition={"Null": {"aws:username": "maybe"}}), "Null takes true or false"),
        (statement(Condition={"ArnLike": {"aws:PrincipalArn": "ana"}}), "'ana' is no ARN with its six fields"),
    ],
)
def test_what_is_not_known_does_not_load_and_its_place_is_named(document: Any, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        read_policy(document, "P")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"Principal": {"Service": "ses.amazonaws.com"}}, r"Principal has Service, which is not known here"),
        ({"Principal": {"AWS": "arn:aws:iam::*:root"}}, "has a wildcard, which principals do not take"),
        ({"Principal": {}}, "must be \\* or an object"),
        ({"Principal": {"AWS": ANA}, "Resource": "*"}, "has Resource, which is not known here"),
    ],
)
def test_a_trust_policy_says_whom_it_trusts(members: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        read_trust_policy(policy({"Effect": "Allow", "Action": "sts:AssumeRole", **members}), "trust")


def asked(action: str = "ses:GetArchive", archive: str = "a-1", **context: str) -> IamRequest:
    return IamRequest(action, f"{ARCHIVE}{archive}", {key: (value,) for key, value in context.items()})


def test_each_layer_has_to_allow_and_none_may_deny() -> None:
    everything = read_policy(allow("*"), "all")
    rights = Rights.of((everything,), read_policy(allow("ses:Get*"), "boundary"))
    narrowed = rights.narrowed(read_policy(allow("ses:*", on=f"{ARCHIVE}a-1"), "session"))
    assert narrowed.refusal(asked()) is None
    assert narrowed.refusal(asked("ses:ListArchives")) == (
        "because no permissions boundary allows the ses:ListArchives action"
    )
    assert narrowed.refusal(asked(archive="a-2")) == "because no session policy allows the ses:GetArchive action"
    denying = narrowed.narrowed(read_policy(statement(Effect="Deny", Resource=f"{ARCHIVE}a-1"), "session"))
    assert denying.refusal(asked()) == "with an explicit deny in a session policy"
    assert Rights.of(()).refusal(asked()) == "because no identity-based policy allows the ses:GetArchive action"


def test_a_variable_stands_for_itself_in_the_first_version_of_policies() -> None:
    document = statement(Resource=f"{ARCHIVE}${{aws:username}}")
    assert read_policy(document, "P").effect(asked(archive="ana", **{"aws:username": "ana"})) == "Allow"
    old = read_policy(document | {"Version": "2008-10-17"}, "P")
    assert old.effect(asked(archive="ana", **{"aws:username": "ana"})) is None


def test_what_a_tag_holds_is_no_pattern() -> None:
    document = statement(Resource=f"{ARCHIVE}${{aws:PrincipalTag/archive}}")
    assert read_policy(document, "P").effect(asked(archive="a-2", **{"aws:principaltag/archive": "a-*"})) is None


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    pattern = f"{ARCHIVE}{'*a' * 900}b"
    with worktime() as taken:
        assert read_policy(statement(Resource=pattern), "P").effect(asked(archive="a" * 1_800)) is None
    assert taken.seconds < 2


def simulation(case: Case) -> dict[str, Any]:
    """A case as the simulator takes it."""
    return {
        "request": {
            "principal": SESSION if case.session else ANA,
            "action": case.action,
            "resource": {"resource": case.resource, "accountId": ACCOUNT},
            "contextVariables": case.context,
        },
        "identityPolicies": [{"name": str(n), "policy": each} for n, each in enumerate(case.identity)],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
        **({"permissionBoundaryPolicies": [{"name": "b", "policy": case.boundary}]} if case.boundary else {}),
        **({"sessionPolicy": case.session} if case.session else {}),
    }


def is_allowed(case: Case) -> bool:
    boundary = read_policy(case.boundary, "boundary") if case.boundary else None
    rights = Rights.of(tuple(read_policy(each, "identity") for each in case.identity), boundary)
    if case.session:
        rights = rights.narrowed(read_policy(case.session, "session"))
    values = {key.lower(): (value,) if isinstance(value, str) else tuple(value) for key, value in case.context.items()}
    return rights.refusal(IamRequest(case.action, case.resource, values)) is None


@pytest.mark.slow
@pytest.mark.skipif(
    not (SIMULATOR / "installed").exists(),
    reason="no simulator in .venv: `make test` puts it there, where there is npm",
)
@pytest.mark.parametrize("seed", [1, 2])
def test_generated_policies_come_to_what_a_simulator_of_iam_says(seed: int) -> None:
    made = cases(seed, CASES)
    done = subprocess.run(
        ["node", "simulate.mjs"],
        input="\n".join(json.dumps(simulation(case)) for case in made),
        cwd=SIMULATOR,
        text=True,
        capture_output=True,
        check=True,
    )
    theirs = [line == "true" for line in done.stdout.split()]
    assert len(theirs) == CASES
    differing = [case for case, allowed in zip(made, theirs, strict=True) if is_allowed(case) != allowed]
    MEASURED.append(
        f"simulator: {CASES} policies and requests, {sum(theirs)} allowed, {len(differing)} decided otherwise"
    )
    assert differing == []
    assert sum(theirs) > CASES / 10
