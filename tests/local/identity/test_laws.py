"""The laws of policies, on generated ones: they hold whatever the statements are, and need no other evaluator."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_local.identity.policies import IamRequest, read_policy
from mail_archive_local.identity.rights import Rights
from tests.folder import policy
from tests.local.identity.generated import ARCHIVE

ACTIONS = ("ses:GetArchive", "ses:ListArchives", "ses:GetArchiveMessage", "ses:Get*", "ses:*", "*")
RESOURCES = ("*", f"{ARCHIVE}a-1", f"{ARCHIVE}a-2", f"{ARCHIVE}a-*")
ASKED = IamRequest("ses:GetArchive", f"{ARCHIVE}a-1", {})
HITS = {"Action": "ses:GetArchive", "Resource": f"{ARCHIVE}a-1"}
ALLOWS, DENIES = ({"Effect": effect, **HITS} for effect in ("Allow", "Deny"))

effects = st.sampled_from(["Allow", "Deny"])
statements = st.builds(
    lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
    effects,
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
)
documents = st.lists(st.lists(statements, min_size=1, max_size=3), min_size=1, max_size=3)


def of(documents: list[list[dict[str, Any]]], boundary: list[dict[str, Any]] | None = None) -> Rights:
    read = tuple(read_policy(policy(*each), "P") for each in documents)
    return Rights.of(read, None if boundary is None else read_policy(policy(*boundary), "B"))


@pytest.mark.parametrize("among", [[ALLOWS, DENIES], [DENIES, ALLOWS]])
def test_deny_beats_allow_in_one_policy_and_among_several(among: list[dict[str, Any]]) -> None:
    assert of([[ALLOWS]]).refusal(ASKED) is None
    for written in ([among], [[each] for each in among]):
        rights = of(written)
        assert rights.refusal(ASKED) == "with an explicit deny in an identity-based policy"
        assert rights.denies(ASKED)


@given(documents=documents, place=st.integers(0, 8))
def test_a_deny_anywhere_refuses_whatever_else_is_said(documents: list[list[dict[str, Any]]], place: int) -> None:
    chosen = documents[place % len(documents)]
    chosen.insert(place % (len(chosen) + 1), DENIES)
    refusal = of(documents).refusal(ASKED)
    assert refusal is not None and "explicit deny" in refusal


@given(documents=documents)
def test_nothing_is_allowed_that_no_statement_allows(documents: list[list[dict[str, Any]]]) -> None:
    none = [[{**each, "Effect": "Deny"} for each in each_document] for each_document in documents]
    assert of(none).refusal(ASKED) is not None
    other = IamRequest("ses:DeleteArchive", f"{ARCHIVE}a-1", {})
    reading = [[{**each, "Action": "ses:Get*"} for each in each_document] for each_document in documents]
    assert of(reading).refusal(other) is not None


@given(documents=documents, another=statements)
def test_another_layer_and_another_deny_never_give_a_right(
    documents: list[list[dict[str, Any]]], another: dict[str, Any]
) -> None:
    allowed = of(documents).refusal(ASKED) is None
    narrowed = of(documents).narrowed(read_policy(policy(another), "S"))
    for rights in (narrowed, of(documents, [another]), of([*documents, [{**another, "Effect": "Deny"}]])):
        assert allowed or rights.refusal(ASKED) is not None


@given(documents=documents)
def test_the_order_of_statements_and_policies_decides_nothing(documents: list[list[dict[str, Any]]]) -> None:
    turned = [list(reversed(each)) for each in reversed(documents)]
    assert of(documents).refusal(ASKED) == of(turned).refusal(ASKED)
