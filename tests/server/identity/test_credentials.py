"""The credentials that a server calls with: found, of a role, narrowed, renewed; each cause that they are not had."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mail_archive_server.backends import open_access
from mail_archive_server.identity.chain import chain_of, session_of_chain
from mail_archive_server.settings import SettingError, Settings
from mail_archive_tools import errors
from mail_archive_tools.access import Access
from mail_archive_tools.archives import NOT_NARROWED, list_archives
from mail_archive_tools.search import search_archive
from mail_archive_tools.service.refusals.translating import refusal
from mail_archive_tools.service.resources import ARCHIVES
from tests.folder import NAMES, Folder, allow, on_a_port, policy, role_arn, trust
from tests.local.identity.test_sts import key, provider, token, web_role  # noqa: F401 - key is a fixture
from tests.pace import stopwatch
from tests.server.identity.stubs import Asked, recorded, sts_that_says

pytestmark = pytest.mark.anyio

ROLE = role_arn("analyst")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Aws:
    """A folder that is reached as AWS is: by endpoints, files and variables."""

    def __init__(self, folder: Folder, url: str, asked: Asked, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.url, self.asked = folder, url, asked
        self.config, self.shared = home / "config", home / "credentials"
        self._set = monkeypatch
        for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(f"AWS_{name}", str(self.config if name == "CONFIG_FILE" else self.shared))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        monkeypatch.setenv("HOME", str(home))

    def environment(self, **variables: str) -> None:
        for name, value in variables.items():
            self._set.setenv(name, value)

    def as_user(self, name: str = "ana") -> None:
        keys = self.folder.keys(name)
        self.environment(AWS_ACCESS_KEY_ID=keys.access_key_id, AWS_SECRET_ACCESS_KEY=keys.secret_access_key)

    def as_session(self, answer: dict[str, Any]) -> None:
        self.environment(**{name.upper(): value for name, value in session_of(answer).items()})

    def profile(self, name: str, **settings: str) -> None:
        lines = "".join(f"{setting} = {value}\n" for setting, value in settings.items())
        with self.config.open("a") as config:
            config.write(f"[profile {name}]\n{lines}")

    def access(self, **settings: Any) -> Access:
        return open_access(Settings(**{"region": "us-east-1", "endpoint_url": self.url, **settings}))


def session_of(answer: dict[str, Any]) -> dict[str, str]:
    made = answer["Credentials"]
    return {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }


def served(folder: Folder, asked: Asked, behind: float = 0) -> AbstractContextManager[str]:
    """The folder on a port, where what is asked of it is written down."""
    return on_a_port(folder, behind, lambda app: recorded(app, asked))


@pytest.fixture
def aws(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """A user who may do everything on archives, and a role that trusts the account."""
    analyst = {"RoleName": "analyst", "AssumeRolePolicyDocument": trust(), "Policies": [allow("ses:*")]}
    ana = {"UserName": "ana", "Policies": [allow("ses:*", "sts:AssumeRole")]}
    folder.identities(Users=[ana], Roles=[analyst])
    asked = Asked()
    (tmp_path / "home").mkdir()
    with served(folder, asked) as url:
        made = Aws(folder, url, asked, tmp_path / "home", monkeypatch)
        made.as_user()
        yield made


async def refused_message(access: Access, folder: Folder) -> str:
    """What the other archive's message is refused with."""
    with pytest.raises(errors.AccessDenied) as caught:
        await access.client.get_archive_message(folder.messages["board"][0])
    return str(caught.value)


# Narrowing


async def test_keys_of_a_user_become_temporary_and_narrow(aws: Aws, folder: Folder) -> None:
    access = aws.access(archive=(folder.legal,))
    access.client.warm_up()
    assert aws.asked.operations == []
    for _ in range(3):
        assert await access.client.get_archive_message(folder.messages["legal"][0])
    assert aws.asked.of_sts() == ["GetSessionToken", "GetScopedCredentials"]
    # The endpoint refuses, and says why: this server let the id pass, which says nothing of its archive.
    said = await refused_message(access, folder)
    assert "user/ana may not use message" in said and "within this session" in said


async def test_temporary_credentials_narrow_and_keep_their_identity(aws: Aws, folder: Folder) -> None:
    sts = folder.client("sts", "ana")
    aws.as_session(sts.assume_role(RoleArn=ROLE, RoleSessionName="monday"))
    access = aws.access(archive=(folder.legal,))
    assert len((await access.client.list_archives(10))["Archives"]) == 1
    assert aws.asked.of_sts() == ["GetScopedCredentials"]
    assert "assumed-role/analyst/monday may not use" in await refused_message(access, folder)


async def test_a_role_is_assumed_narrow(aws: Aws, folder: Folder) -> None:
    access = aws.access(archive=(folder.legal,), role_arn=ROLE, role_session_name="tuesday")
    assert await access.client.get_archive(folder.legal)
    assert aws.asked.of_sts() == ["AssumeRole"]
    assert "assumed-role/analyst/tuesday may not use" in await refused_message(access, folder)


async def test_a_role_takes_what_its_trust_asks_for(aws: Aws, folder: Folder) -> None:
    asks = {"StringEquals": {"sts:ExternalId": "shared", "aws:RequestTag/team": "legal", "sts:SourceIdentity": "ana"}}
    actions = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    by_tag = allow("ses:*", Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}})
    role = {
        "RoleName": "analyst",
        "AssumeRolePolicyDocument": trust("*", *actions, Condition=asks),
        "Policies": [by_tag],
    }
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("sts:*")]}], Roles=[role])
    given = {
        "role_arn": ROLE,
        "external_id": "shared",
        "source_identity": "ana",
        "session_tag": (("team", "legal"),),
        "duration_seconds": 1800,
    }
    access = aws.access(**given)
    assert await access.client.get_archive(folder.legal)
    with pytest.raises(errors.AccessDenied, match="IAM does not allow ses:GetArchive"):
        await access.client.get_archive(folder.board)
    with pytest.raises(errors.AccessDenied, match=r"STS refused AssumeRole: .*user/ana may not call AssumeRole.*trust"):
        await aws.access(**{**given, "external_id": "guessed"}).client.get_archive(folder.legal)


async def test_the_servers_own_list_holds_as_well(aws: Aws, folder: Folder) -> None:
    owner = folder.client("mailmanager")
    june = {"FromTimestamp": "2025-05-25T00:00:00Z", "ToTimestamp": "2025-06-10T00:00:00Z", "MaxResults": 10}
    of_board = owner.start_archive_search(ArchiveId=folder.board, **june)["SearchId"]
    access = aws.access(archive=(folder.legal,))
    begin, end = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 3, tzinfo=UTC)
    for refused in (
        access.client.get_archive(folder.board),
        access.client.start_archive_search(folder.board, begin, end, None, 10),
        access.client.list_archive_searches(folder.board, 10),
    ):
        with pytest.raises(errors.OutOfScope, match=f"{folder.board} is none of those that this server keeps to"):
            await refused
    assert aws.asked.operations == []
    for refused_search in (
        access.client.get_archive_search(of_board),
        access.client.get_archive_search_results(of_board),
        access.client.stop_archive_search(of_board),
    ):
        with pytest.raises(errors.AccessDenied):
            await refused_search
    assert {each for each in aws.asked.operations if "Search" in each} == {"MailManagerSvc.GetArchiveSearch"}


async def test_what_cannot_be_narrowed_is_refused_unless_that_is_allowed(
    aws: Aws, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    never = policy({"Effect": "Deny", "Action": "sts:GetScopedCredentials", "Resource": "*"})
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:*"), never]}])
    with pytest.raises(errors.AccessDenied, match=r"STS refused GetScopedCredentials: .*user/ana.*--unscoped-ok"):
        await aws.access(archive=(folder.legal,)).client.get_archive(folder.legal)
    assert not any(each.startswith("MailManagerSvc.") for each in aws.asked.operations)

    access = aws.access(archive=(folder.legal,), unscoped_ok=True)
    listed = await list_archives(access=access)
    assert [each.archive_name for each in listed.archives] == ["legal"]
    assert NOT_NARROWED in (listed.notes or [])
    assert "nothing but this server keeps to its archives" in caplog.text
    # Nobody but this server refuses now, so it takes no id for granted.
    mine, other = folder.messages["legal"][0], folder.messages["board"][0]
    for each in (mine, other):
        with pytest.raises(errors.OutOfScope, match="its own searches found, and none has found"):
            await access.client.get_archive_message(each)
    begin, end = datetime(2025, 5, 25, tzinfo=UTC), datetime(2025, 6, 10, tzinfo=UTC)
    search_id = await access.client.start_archive_search(folder.legal, begin, end, None, 10)
    assert len((await access.client.get_archive_search_results(search_id)).rows) == 2
    assert await access.client.get_archive_message(mine)
    with pytest.raises(errors.OutOfScope):
        await access.client.get_archive_message_content(other)


async def test_what_was_narrowed_is_not_widened_when_sts_goes_away(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions of an archive whose clock is behind end soon, so that each call renews them."""
    asked = Asked()
    with served(folder, asked, behind=1_000) as url:
        aws = Aws(folder, url, asked, tmp_path, monkeypatch)
        aws.as_user("owner")
        access = aws.access(archive=(folder.legal,), unscoped_ok=True, duration_seconds=1800)
        assert await access.client.get_archive(folder.legal)
        assert await access.client.get_archive(folder.legal)
        assert asked.of_sts() == ["GetSessionToken", "GetScopedCredentials"] * 2
        assert access.client.scope is not None and not access.client.scope.alone
        aws.environment(AWS_ENDPOINT_URL_STS="http://127.0.0.1:9")
        with sts_that_says("AccessDenied", "no more") as refusing:
            aws.environment(AWS_ENDPOINT_URL_STS=refusing)
            # As long as the old ones are good they are used; the message of the other archive stays closed.
            said = await refused_message(access, folder)
            assert "within this session" in said


async def test_what_was_narrowed_is_not_widened_for_whoever_signs_in_next(aws: Aws, folder: Folder) -> None:
    never = policy({"Effect": "Deny", "Action": "sts:GetScopedCredentials", "Resource": "*"})
    everything = allow("ses:*")
    access = aws.access(archive=(folder.legal,), unscoped_ok=True)
    assert await access.client.get_archive(folder.legal)
    folder.identities(Users=[{"UserName": "bob", "Policies": [everything, never]}])
    aws.as_user("bob")
    with pytest.raises(errors.AccessDenied, match=r"user/bob may not call GetScopedCredentials"):
        await access.client.get_archive(folder.legal)


async def test_cursors_of_other_archives_are_refused_before_a_call(aws: Aws, folder: Folder) -> None:
    anybody = aws.access()
    begin, end = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 30, tzinfo=UTC)
    page = await search_archive(folder.board, begin, end, limit=1, access=anybody)
    assert page.next_cursor
    access = aws.access(archive=(folder.legal,))
    aws.asked.operations.clear()
    with pytest.raises(errors.OutOfScope):
        await search_archive(folder.board, begin, end, limit=1, cursor=page.next_cursor, access=access)
    with pytest.raises(errors.InvalidArgument, match="belongs to a call with other arguments"):
        await search_archive(folder.legal, begin, end, limit=1, cursor=page.next_cursor, access=access)
    assert aws.asked.operations == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"external_id": "x1"}, "--external-id is for a role: name it with --role-arn"),
        ({"source_identity": "ana"}, "--source-identity is for a role"),
        ({"session_tag": (("team", "legal"),)}, "--session-tag is for a role"),
        ({"unscoped_ok": True}, "--unscoped-ok is for --archive: name the archives to keep to"),
    ],
)
def test_settings_that_do_not_go_together_are_told_at_the_start(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        open_access(Settings(region="eu-west-1", **settings))


def test_more_archives_than_a_policy_holds_are_told_at_the_start() -> None:
    many = tuple(f"a-{number:026}" for number in range(40))
    with pytest.raises(SettingError, match=r"--archive names 40 archives: the session policy .* STS takes 2,048"):
        open_access(Settings(region="eu-west-1", archive=many))


# Renewal


async def test_sessions_are_renewed_before_they_end_and_not_before_each_call(aws: Aws, folder: Folder) -> None:
    access = aws.access(archive=(folder.legal,), role_arn=ROLE, duration_seconds=1800)
    for _ in range(5):
        await access.client.get_archive(folder.legal)
    assert aws.asked.of_sts() == ["AssumeRole"]


async def test_a_session_that_ends_soon_is_renewed_without_a_restart(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked()
    role = {"RoleName": "analyst", "AssumeRolePolicyDocument": trust(), "Policies": [allow("ses:*")]}
    folder.identities(Roles=[role])
    with served(folder, asked, behind=3_000) as url:
        aws = Aws(folder, url, asked, tmp_path, monkeypatch)
        aws.as_user("owner")
        access = aws.access(role_arn=ROLE, duration_seconds=3600)
        for count in (1, 2, 3):
            await access.client.list_archives(10)
            assert asked.of_sts() == ["AssumeRole"] * count


async def test_a_new_login_is_taken_up_without_a_restart(aws: Aws, folder: Folder) -> None:
    """A tool of the user's writes sessions into the credentials file, whose end nobody can see."""
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:*")]}, {"UserName": "bob"}])

    def log_in(user: str) -> None:
        made = session_of(folder.client("sts", user).get_session_token())
        aws.shared.write_text("[work]\n" + "".join(f"{name} = {value}\n" for name, value in made.items()))

    log_in("ana")
    access = aws.access(profile="work")
    assert await access.client.list_archives(10)
    # What the file held is of no use any more: its user is gone.
    folder.identities(Users=[{"UserName": "cyd", "Policies": [allow("ses:*")]}])
    with pytest.raises(errors.CredentialsRefused, match=r"Mail Manager does not know these AWS credentials"):
        await access.client.list_archives(10)
    log_in("cyd")
    assert await access.client.list_archives(10)
    folder.identities(Users=[{"UserName": "dan", "Policies": [allow("ses:*")]}])
    log_in("dan")
    # Whoever signed in meanwhile is not told of it.
    assert await access.client.list_archives(10)


# The chain


async def test_web_identity_is_part_of_the_chain(aws: Aws, folder: Folder, key: Any, tmp_path: Path) -> None:  # noqa: F811
    folder.identities(Roles=[web_role()], OpenIDConnectProviders=[provider(key)])
    (tmp_path / "token").write_text(token(key))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws._set.delenv(name)
    aws.environment(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"))
    access = aws.access(archive=(folder.legal,))
    assert await access.client.get_archive(folder.legal)
    assert aws.asked.of_sts() == ["AssumeRoleWithWebIdentity", "GetScopedCredentials"]
    (tmp_path / "token").write_text(token(key, exp=time.time() - 5))
    with pytest.raises(errors.CredentialsRefused, match=r"STS says that the credentials have expired"):
        await aws.access().client.list_archives(10)


def process(aws: Aws, script: str) -> str:
    path = aws.config.with_name("process.py")
    path.write_text(script)
    return f"{sys.executable} {path}"


async def test_a_credential_process_is_run_apart_from_the_protocol(aws: Aws, folder: Folder) -> None:
    keys = folder.keys("ana")
    answer = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
    script = f"import sys, json\nassert sys.stdin.read() == ''\nprint(json.dumps({answer!r}))"
    aws.profile("process", credential_process=process(aws, script))
    aws.profile("through", role_arn=ROLE, source_profile="process", region="us-east-1")
    for name in ("process", "through"):
        assert await aws.access(profile=name).client.list_archives(10)


async def test_a_process_that_gives_what_has_expired_is_told_so(aws: Aws, folder: Folder) -> None:
    made = folder.client("sts", "ana").get_session_token()["Credentials"]
    ended = {**{name: made[name] for name in NAMES}, "Version": 1, "Expiration": "2020-01-01T00:00:00Z"}
    aws.profile("process", credential_process=process(aws, f"import json\nprint(json.dumps({ended!r}))"))
    with pytest.raises(errors.CredentialsRefused, match="were renewed and have expired all the same"):
        await aws.access(profile="process").client.list_archives(10)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; sys.exit('the vault is locked')", "gave no credentials: the vault is locked. Run the command"),
        ("print('hello')", "printed no JSON object"),
        ("print('{}')", "Unsupported version"),
        ("input('Code: ')", "gave no credentials: EOFError: EOF when reading a line"),
    ],
)
async def test_a_credential_process_that_fails_is_named(aws: Aws, script: str, words: str) -> None:
    aws.profile("process", credential_process=process(aws, script))
    with pytest.raises(errors.CredentialsRefused, match=f"The credential process .*{words}") as caught:
        await aws.access(profile="process").client.list_archives(10)
    assert "Traceback" not in str(caught.value)


def test_a_credential_process_that_does_not_end_is_ended(aws: Aws) -> None:
    aws.profile("process", credential_process=process(aws, "import time; time.sleep(60)"))
    session = session_of_chain("process", "us-east-1", process_seconds=1)
    with stopwatch() as taken, pytest.raises(Exception, match="took longer than 1 s") as caught:
        chain_of(session)
    assert taken.seconds < 10
    said = str(refusal(caught.value, "ListArchives", ARCHIVES))
    assert said.startswith("The credential process gave no credentials")


# Causes


def sso_profile(aws: Aws) -> dict[str, Any]:
    aws.profile(
        "sso",
        sso_start_url="https://corp.awsapps.com/start",
        sso_region="us-east-1",
        sso_account_id="123456789012",
        sso_role_name="analyst",
    )
    return {"profile": "sso"}


def mfa_profile(aws: Aws) -> dict[str, Any]:
    aws.profile("base", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="x")
    aws.profile("mfa", role_arn=ROLE, source_profile="base", mfa_serial="arn:aws:iam::123456789012:mfa/ana")
    return {"profile": "mfa"}


def no_keys(aws: Aws) -> dict[str, Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws._set.delenv(name)
    return {}


def half_a_key(aws: Aws) -> dict[str, Any]:
    aws._set.delenv("AWS_SECRET_ACCESS_KEY")
    return {}


def login_profile(aws: Aws) -> dict[str, Any]:
    aws.profile("login", login_session="arn:aws:iam::123456789012:user/ana")
    return {"profile": "login"}


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        (no_keys, errors.CredentialsRefused, "No AWS credentials were found.*`aws login`.*--profile"),
        (half_a_key, errors.CredentialsRefused, "AWS credentials are not complete"),
        (lambda aws: {"profile": "none"}, errors.Misconfigured, r"none.*could not be found.*configure list-profiles"),
        (sso_profile, errors.CredentialsRefused, r"IAM Identity Center \(SSO\) has no valid login.*`aws sso login`"),
        (mfa_profile, errors.CredentialsRefused, "wants an MFA code, and a server cannot ask.*get-session-token"),
        (login_profile, errors.CredentialsRefused, "The sign-in of `aws login` has no valid session.*`aws login`"),
        (lambda aws: {"region": "not a region"}, errors.Misconfigured, "settings do not work.*--region"),
        (
            lambda aws: {"region": "mars-north-1", "endpoint_url": None},
            errors.Unreachable,
            r"Mail Manager at mail-manager\.mars-north-1\.\S+ cannot be reached.*--region",
        ),
        (lambda aws: {"region": "eu-west-1"}, errors.CredentialsRefused, "Mail Manager does not know.*--region"),
        (lambda aws: {"role_arn": role_arn("none")}, errors.AccessDenied, "STS refused AssumeRole: .*user/ana"),
    ],
)
async def test_each_cause_has_its_sentence(aws: Aws, settings: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        await aws.access(**settings(aws)).client.list_archives(10)


async def test_no_region_is_said(aws: Aws) -> None:
    with pytest.raises(errors.Misconfigured, match=r"settings do not work: You must specify a region.*--region"):
        await aws.access(region=None).client.list_archives(10)


LONG_AGO = (datetime.now(UTC) - timedelta(hours=3)).strftime("%a, %d %b %Y %H:%M:%S GMT")
ROLE_DENIED = (
    "User: arn:aws:iam::123456789012:user/ana is not authorized to perform: sts:AssumeRole on resource: "
    "arn:aws:iam::123456789012:role/analyst"
)


@pytest.mark.parametrize(
    ("code", "message", "headers", "words"),
    [
        ("AccessDenied", ROLE_DENIED, {}, "STS refused AssumeRole: arn:aws:iam::123456789012:user/ana.*--kind trust"),
        ("PackedPolicyTooLarge", "Packed size exceeds", {}, "STS refused AssumeRole: Packed .*fewer archives"),
        ("InvalidClientTokenId", "The security token is invalid", {}, "STS does not know these credentials"),
        ("SignatureDoesNotMatch", "Signature expired", {"date": LONG_AGO}, "The clock of the machine .*timedatectl"),
        ("ExpiredToken", "The token is expired", {}, "STS says that the credentials have expired.*`aws sso login`"),
        ("RegionDisabledException", "STS is not activated", {}, "STS is switched off in this Region"),
        ("ValidationError", "DurationSeconds exceeds", {}, "STS refused AssumeRole: Duration.*--duration-seconds"),
        ("InvalidAction", "Could not find operation", {}, "none of STS: see AWS_ENDPOINT_URL_STS"),
        ("Strange", "What is this", {}, r"STS refused AssumeRole \(Strange\): What is this"),
    ],
)
async def test_what_sts_refuses_is_said_of_sts(
    aws: Aws, code: str, message: str, headers: dict[str, str], words: str
) -> None:
    with sts_that_says(code, message, headers) as url:
        aws.environment(AWS_ENDPOINT_URL_STS=url)
        with pytest.raises(errors.ArchiveError, match=words) as caught:
            await aws.access(role_arn=ROLE).client.list_archives(10)
        assert "Mail Manager" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InvalidSubjectCredentials", "what the root user may cannot be narrowed.*--unscoped-ok"),
        ("AccessDenied", "STS refused GetScopedCredentials: .*--role-arn.*--unscoped-ok"),
    ],
)
async def test_what_cannot_be_narrowed_says_what_can(aws: Aws, folder: Folder, code: str, words: str) -> None:
    aws.as_session(folder.client("sts", "ana").get_session_token())
    with sts_that_says(code, "no") as url:
        aws.environment(AWS_ENDPOINT_URL_STS=url)
        with pytest.raises(errors.ArchiveError, match=words):
            await aws.access(archive=(folder.legal,)).client.list_archives(10)


async def test_an_sts_that_is_not_there_is_named_and_nothing_is_opened(aws: Aws, folder: Folder) -> None:
    aws.environment(AWS_ENDPOINT_URL_STS="http://127.0.0.1:9")
    with pytest.raises(errors.Unreachable, match=r"127\.0\.0\.1 cannot be reached"):
        await aws.access(archive=(folder.legal,)).client.list_archives(10)
    assert aws.asked.operations == []
    assert await aws.access(archive=(folder.legal,), unscoped_ok=True).client.list_archives(10)


def test_a_missing_runtime_is_said_with_what_installs_it(aws: Aws) -> None:
    """In a process of its own, where the AWS Common Runtime cannot be imported."""
    login_profile(aws)
    code = (
        "import sys; sys.modules['awscrt'] = None\n"
        "import anyio\n"
        "from mail_archive_server.backends import open_access\n"
        "from mail_archive_server.settings import Settings\n"
        "access = open_access(Settings(profile='login', region='us-east-1'))\n"
        "try: anyio.run(access.client.list_archives, 10)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert "Misconfigured" in done.stdout and "pip install 'botocore[crt]'" in done.stdout
    assert json.dumps(done.stderr).count("Traceback") == 0
