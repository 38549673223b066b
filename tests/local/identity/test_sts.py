"""The local STS: by boto3 through both doors, by the AWS CLI, and by what is made to deceive it."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import boto3
import httpx
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import rsa

from mail_archive_local.context import Local
from mail_archive_local.doors.bridge import attach
from mail_archive_local.identity.sessions import StsSession
from mail_archive_local.storage.store import Store
from mail_archive_server.identity.local import LocalBackend
from tests.conftest import ROOT
from tests.folder import NAMES, Folder, allow, on_a_port, policy, refused, role_arn, trust

AWS = ROOT / ".venv" / "awscli" / "bin" / "aws"
ANALYST = role_arn("analyst")
ANA = "arn:aws:iam::000000000000:user/ana"
DENIED = "AccessDenied"


def analyst(**more: Any) -> dict[str, Any]:
    return {"RoleName": "analyst", "AssumeRolePolicyDocument": trust(), "Policies": [allow("ses:*")], **more}


def keys_of(answer: dict[str, Any]) -> dict[str, str]:
    return {name: answer["Credentials"][name] for name in NAMES}


def assume(sts: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = sts.assume_role(**{"RoleArn": ANALYST, "RoleSessionName": "ana", **more})
    return answer


def test_a_role_is_another_identity_and_its_session_policy_narrows_it(folder: Folder, door: str | None) -> None:
    folder.identities(Roles=[analyst()])
    sts = folder.client("sts", url=door)
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:user/owner"
    made = assume(sts, Policy=json.dumps(allow("ses:*", on=folder.arn(folder.legal))), DurationSeconds=1800)
    assert made["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/analyst/ana"
    assert 1700 < made["Credentials"]["Expiration"].timestamp() - time.time() <= 1800

    session = keys_of(made)
    who = folder.client("sts", url=door, **session).get_caller_identity()
    assert who["Arn"] == made["AssumedRoleUser"]["Arn"]
    assert who["UserId"] == made["AssumedRoleUser"]["AssumedRoleId"]
    client = folder.client("mailmanager", url=door, **session)
    assert client.get_archive(ArchiveId=folder.legal)["ArchiveName"] == "legal"
    assert "no session policy allows" in refused(client.get_archive, ArchiveId=folder.board)[1]


def test_who_may_assume_a_role(folder: Folder) -> None:
    may_assume = allow("sts:AssumeRole", on=ANALYST)
    denying = policy({"Effect": "Deny", "Action": "sts:*", "Resource": "*"})
    folder.identities(
        Users=[
            {"UserName": "ana", "Policies": [may_assume]},
            {"UserName": "bob"},
            {"UserName": "cyd", "Policies": [may_assume, denying]},
            {"UserName": "dan", "Policies": [may_assume], "PermissionsBoundary": allow("ses:*")},
        ],
        Roles=[
            analyst(),
            {"RoleName": "bobs", "AssumeRolePolicyDocument": trust("arn:aws:iam::000000000000:user/bob")},
        ],
    )

    def words(user: str, role: str = "analyst") -> str:
        return (
            refused(folder.client("sts", user).assume_role, RoleArn=role_arn(role), RoleSessionName="session")[
                1
            ].partition(" because ")[2]
            or "explicit deny"
        )

    assert assume(folder.client("sts", "ana"))
    # A policy that trusts the account leaves it to the user's own; one that names the user does not.
    assert words("bob") == "no identity-based policy allows the sts:AssumeRole action"
    assert folder.client("sts", "bob").assume_role(RoleArn=role_arn("bobs"), RoleSessionName="session")
    assert words("ana", "bobs") == "no role trust policy allows the sts:AssumeRole action"
    assert words("cyd") == "explicit deny"
    assert words("dan") == "no permissions boundary allows the sts:AssumeRole action"
    # A role that is not there is refused in the same words as one that does not trust.
    assert words("ana", "none") == "no role trust policy allows the sts:AssumeRole action"


def test_external_id_tags_and_source_identity(folder: Folder) -> None:
    knows = {"StringEquals": {"sts:ExternalId": "shared-secret", "aws:RequestTag/team": "legal"}}
    actions = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    folder.identities(
        Roles=[
            analyst(AssumeRolePolicyDocument=trust("arn:aws:iam::000000000000:root", *actions, Condition=knows)),
            {"RoleName": "plain", "AssumeRolePolicyDocument": trust()},
        ]
    )
    sts = folder.client("sts")
    given = {
        "ExternalId": "shared-secret",
        "Tags": [{"Key": "team", "Value": "legal"}],
        "SourceIdentity": "ana@corp.example",
    }
    made = assume(sts, **given)
    assert made["SourceIdentity"] == "ana@corp.example"
    for missing in ("ExternalId", "Tags"):
        others = {name: value for name, value in given.items() if name != missing}
        assert refused(assume, sts=sts, **others)[0] == DENIED
    assert refused(assume, sts=sts, **{**given, "ExternalId": "guessed"})[0] == DENIED
    for more, action in (
        ({"SourceIdentity": "ana"}, "sts:SetSourceIdentity"),
        ({"Tags": given["Tags"]}, "sts:TagSession"),
    ):
        message = refused(assume, sts=sts, RoleArn=role_arn("plain"), **more)[1]
        assert f"not authorized to perform: {action} on" in message
    # Who stands behind a session stays so, in the next one too.
    next_one = folder.client("sts", **keys_of(made))
    assert "source identity of a session cannot be changed" in refused(assume, sts=next_one, SourceIdentity="bob")[1]


def test_durations_have_limits(folder: Folder) -> None:
    folder.identities(Roles=[analyst(MaxSessionDuration=7200, AssumeRolePolicyDocument=trust("*"))])
    sts = folder.client("sts")
    assert assume(sts, DurationSeconds=7200)
    assert refused(assume, sts=sts, DurationSeconds=7201)[0] == "ValidationError"
    assert refused(assume, sts=sts, DurationSeconds=43_201)[0] == "ValidationError"
    chained = folder.client("sts", **keys_of(assume(sts)))
    assert refused(assume, sts=chained, DurationSeconds=3601)[0] == "ValidationError"


def test_a_user_becomes_temporary_and_then_narrower_three_times(folder: Folder, door: str | None) -> None:
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:*")]}])
    sts = folder.client("sts", "ana", url=door)
    only_legal = json.dumps(allow("ses:*", on=folder.arn(folder.legal)))
    assert refused(sts.get_scoped_credentials, Policy=only_legal)[0] == "InvalidSubjectCredentials"

    answer = sts.get_session_token(DurationSeconds=3600)
    again = folder.client("sts", url=door, **keys_of(answer))
    assert refused(again.get_session_token)[0] == DENIED
    expires = answer["Credentials"]["Expiration"]
    for count in (1, 2, 3):
        answer = folder.client("sts", url=door, **keys_of(answer)).get_scoped_credentials(Policy=only_legal)
        assert answer["ScopedPoliciesCount"] == count
        assert answer["SessionInfo"]["Arn"] == ANA
        assert answer["Credentials"]["Expiration"] == expires
    narrowed = folder.client("sts", url=door, **keys_of(answer))
    assert refused(narrowed.get_scoped_credentials, Policy=only_legal)[0] == DENIED
    assert refused(narrowed.get_scoped_credentials, DurationSeconds=4000)[0] == "InsufficientSessionLifetime"
    assert narrowed.get_caller_identity()["Arn"] == ANA
    client = folder.client("mailmanager", url=door, **keys_of(answer))
    assert client.get_archive(ArchiveId=folder.legal)["ArchiveName"] == "legal"
    assert refused(client.get_archive, ArchiveId=folder.board)[0] == "AccessDeniedException"


def test_policies_of_sessions_are_checked_and_have_a_limit(folder: Folder) -> None:
    folder.identities(Roles=[analyst()])
    sts = folder.client("sts")
    for text in ("nonsense", "[]", json.dumps(allow("ses:*", on="legal"))):
        assert refused(assume, sts=sts, Policy=text)[0] == "MalformedPolicyDocument"
    long = json.dumps(allow("ses:*", on=[folder.arn(f"a-{number:026}") for number in range(30)]))
    assert refused(assume, sts=sts, Policy=long)[0] == "PackedPolicyTooLarge"
    scoped = folder.client("sts", **keys_of(assume(sts)))
    # The model says as much of this operation.
    assert refused(scoped.get_scoped_credentials, Policy=long)[0] in ("PackedPolicyTooLarge", "ValidationError")


def test_a_session_ends(folder: Folder) -> None:
    """By the archive's own clock, which stands ahead here."""
    with Store(folder.path) as store:
        ahead = Local(store, str, clock=lambda: time.time() + 3_601)
        made = folder.client("sts").get_session_token(DurationSeconds=3600)
        client = boto3.client("mailmanager", region_name="us-east-1", **of(made))
        attach(client, ahead)
        assert refused(client.list_archives)[0] == "ExpiredTokenException"


def of(answer: dict[str, Any]) -> dict[str, str]:
    keys = keys_of(answer)
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def test_a_token_that_was_changed_or_made_elsewhere_is_none(folder: Folder, tmp_path: Path) -> None:
    session = keys_of(folder.client("sts").get_session_token())
    token = session["SessionToken"]
    with Store(tmp_path / "other", create=True) as other:
        forged = Local(other, str).key_ring().seal.seal(StsSession("user", "owner", 0, 2e9))
    changed = ("B" if token[0] == "A" else "A") + token[1:]
    for wrong in (token[:-2], changed, "garbage", forged.token, ""):
        client = folder.client("mailmanager", **{**session, "SessionToken": wrong or "-"})
        assert refused(client.list_archives)[0] == "UnrecognizedClientException"
    stolen = {**session, "SecretAccessKey": "another"}
    assert refused(folder.client("mailmanager", **stolen).list_archives)[0] == "InvalidSignatureException"
    # The key of a session without its token is no key.
    alone = {name: session[name] for name in NAMES[:2]}
    assert refused(folder.client("mailmanager", **alone).list_archives)[0] == "UnrecognizedClientException"


def test_a_session_ends_with_its_user(folder: Folder) -> None:
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:ListArchives")]}])
    client = folder.client("mailmanager", **keys_of(folder.client("sts", "ana").get_session_token()))
    assert client.list_archives()["Archives"]
    folder.identities(Users=[])
    assert refused(client.list_archives)[0] == "UnrecognizedClientException"


def test_what_is_no_request_of_sts(folder: Folder) -> None:
    keys = folder.keys()
    with on_a_port(folder) as url:

        def code(body: bytes, service: str = "sts") -> str:
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials

            request = AWSRequest("POST", f"{url}/", {"Host": httpx.URL(url).netloc.decode()}, body)
            SigV4Auth(Credentials(*keys), service, "us-east-1").add_auth(request)
            reply = httpx.post(f"{url}/", headers=dict(request.headers), content=body)
            assert reply.headers["content-type"].startswith("text/xml")
            return reply.text.partition("<Code>")[2].partition("</Code>")[0] or str(reply.status_code)

        who = b"Action=GetCallerIdentity&Version=2011-06-15"
        assert code(who) == "200"
        assert code(who, "ses") == "SignatureDoesNotMatch"
        assert code(b"Action=GetCallerIdentity&Version=1") == "InvalidAction"
        assert code(b"Action=Nothing&Version=2011-06-15") == "InvalidAction"
        assert code(b"Action=AssumeRoot&Version=2011-06-15") in ("InvalidAction", "ValidationError")
        assert code(b"\xff\x00") == "MalformedQueryString"
        assert code(b"&".join(b"x%d=1" % n for n in range(2_000))) == "MalformedQueryString"
        assert code(b"Action=AssumeRole&Version=2011-06-15") == "ValidationError"
        assert code(b"Action=GetSessionToken&Version=2011-06-15&DurationSeconds=soon") == "MalformedInput"
        hostile = b"Action=%3Cb%3E%00&Version=2011-06-15"
        assert code(hostile) == "InvalidAction"
        unsigned = httpx.post(f"{url}/", content=who)
        assert unsigned.status_code == 403 and "MissingAuthenticationToken" in unsigned.text


# Web identities


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def provider(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    public = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": "1", "alg": "RS256"}
    return {"Url": "https://idp.example", "ClientIDList": ["mail"], "Keys": {"keys": [public]}}


def token(key: Any, algorithm: str = "RS256", **claims: Any) -> str:
    meant = {"iss": "https://idp.example", "aud": "mail", "sub": "ana", "exp": time.time() + 600, **claims}
    return jwt.encode({k: v for k, v in meant.items() if v is not None}, key, algorithm, headers={"kid": "1"})


def web_role() -> dict[str, Any]:
    arn = "arn:aws:iam::000000000000:oidc-provider/idp.example"
    only_ana = {"StringEquals": {"idp.example:aud": "mail", "idp.example:sub": "ana"}}
    return analyst(AssumeRolePolicyDocument=trust(arn, "sts:AssumeRoleWithWebIdentity", Condition=only_ana))


def with_web_identity(folder: Folder, text: str) -> dict[str, Any]:
    sts = boto3.client("sts", region_name="us-east-1", config=Config(signature_version=UNSIGNED))
    LocalBackend(folder.settings()).attach(sts)
    answer: dict[str, Any] = sts.assume_role_with_web_identity(
        RoleArn=ANALYST, RoleSessionName="ana", WebIdentityToken=text
    )
    return answer


def test_a_web_identity_takes_the_role_that_trusts_it(folder: Folder, key: rsa.RSAPrivateKey) -> None:
    folder.identities(Roles=[web_role()], OpenIDConnectProviders=[provider(key)])
    made = with_web_identity(folder, token(key, aud=["other", "mail"]))
    assert (made["SubjectFromWebIdentityToken"], made["Audience"]) == ("ana", "mail")
    assert folder.client("mailmanager", **keys_of(made)).list_archives()["Archives"]


def test_tokens_that_are_not_to_be_trusted(folder: Folder, key: rsa.RSAPrivateKey) -> None:
    folder.identities(Roles=[web_role()], OpenIDConnectProviders=[provider(key)])
    other = rsa.generate_private_key(65537, 2048)
    for text, code in (
        (token(other), "InvalidIdentityToken"),
        (token("a secret of thirty-two characters", "HS256"), "InvalidIdentityToken"),
        (token(None, "none"), "InvalidIdentityToken"),
        (token(key, iss="https://evil.example"), "InvalidIdentityToken"),
        (token(key, aud="other"), "InvalidIdentityToken"),
        (token(key, exp=None), "InvalidIdentityToken"),
        (token(key, sub=None), "InvalidIdentityToken"),
        ("a.b.c", "InvalidIdentityToken"),
        (token(key, exp=time.time() - 10), "ExpiredToken"),
        (token(key, sub="bob"), DENIED),
    ):
        assert refused(with_web_identity, folder=folder, text=text)[0] == code, text


# The AWS CLI


@pytest.mark.slow
@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not in .venv/awscli; `make test` puts it there")
def test_the_aws_cli_is_answered(folder: Folder, key: rsa.RSAPrivateKey) -> None:
    folder.identities(
        Users=[{"UserName": "ana", "Policies": [allow("sts:AssumeRole", on=ANALYST)]}],
        Roles=[analyst(), {**web_role(), "RoleName": "web"}],
        OpenIDConnectProviders=[provider(key)],
    )
    keys = folder.keys("ana")
    only_legal = json.dumps(allow("ses:*", on=folder.arn(folder.legal)))
    with on_a_port(folder) as url:

        def aws(credentials: dict[str, str], *words: str) -> Any:
            environment = {
                "AWS_ENDPOINT_URL": url,
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "PATH": os.environ["PATH"],
                **credentials,
            }
            done = subprocess.run(
                [str(AWS), *words, "--output", "json"], env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout) if done.stdout.strip() else {}

        def environment(answer: dict[str, Any]) -> dict[str, str]:
            return {name.upper(): value for name, value in of(answer).items()}

        ana = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
        assert aws(ana, "sts", "get-caller-identity")["Arn"] == ANA
        assert aws(ana, "sts", "get-session-token")["Credentials"]["SessionToken"]
        words = ("sts", "assume-role", "--role-arn", ANALYST, "--role-session-name", "ana", "--policy", only_legal)
        role = environment(aws(ana, *words))
        assert aws(role, "mailmanager", "get-archive", "--archive-id", folder.legal)["ArchiveName"] == "legal"
        web = ("--role-arn", role_arn("web"), "--role-session-name", "ana", "--web-identity-token", token(key))
        assert aws({}, "sts", "assume-role-with-web-identity", *web)["SubjectFromWebIdentityToken"] == "ana"
