"""What the service may answer, and what the model reads of it: real boto3 against a loopback server."""

import json
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import boto3
import pytest
from botocore.config import Config
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools import archives, errors
from mail_archive_tools.access import Access
from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.search import search_archive
from mail_archive_tools.searches import get_archive_search_results
from mail_archive_tools.service.client import MailManager
from tests.conftest import loopback

pytestmark = pytest.mark.anyio


ARCHIVE = {
    "ArchiveId": "a-1",
    "ArchiveName": "legal",
    "ArchiveArn": "arn:aws:ses:us-east-1:000000000000:mailmanager-archive/a-1",
    "ArchiveState": "ACTIVE",
    "Retention": {"RetentionPeriod": "ONE_YEAR"},
}


FOR_EVER = {**ARCHIVE, "Retention": {"RetentionPeriod": "PERMANENT"}}


class Service:
    """A server that answers each request with the next of `replies`, the last one for ever."""

    def __init__(self) -> None:
        self.replies: list[Response] = []
        self.requests = 0
        self.url = ""
        self.connections = 0

    def app(self) -> Starlette:
        async def answer(request: Request) -> Response:
            await request.body()
            self.requests += 1
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

        return Starlette(routes=[Route("/", answer, methods=["POST"])])

    def says(self, code: str, status: int, message: str = "") -> None:
        self.replies.append(error(code, status, message))

    def client(self, attempts: int = 1, **config: Any) -> MailManager:
        def connect() -> Any:
            self.connections += 1
            return boto3.client(
                "mailmanager",
                region_name="us-east-1",
                aws_access_key_id="AKIATEST",
                aws_secret_access_key="very-secret",
                endpoint_url=self.url,
                config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, **config),
            )

        return MailManager(connect)


def error(code: str, status: int, message: str = "") -> Response:
    return Response(json.dumps({"__type": code, "Message": message}), status, media_type="application/x-amz-json-1.0")


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with loopback(made.app()) as made.url:
        yield made


Call = Callable[[MailManager], Awaitable[Any]]


def get_archive(client: MailManager) -> Awaitable[Any]:
    return client.get_archive("a-1")


def get_results(client: MailManager) -> Awaitable[Any]:
    return client.get_archive_search_results("s1")


def start_search(client: MailManager) -> Awaitable[Any]:
    return client.start_archive_search("a-1", MOMENT, MOMENT, None, 10)


def start_export(client: MailManager) -> Awaitable[Any]:
    destination = {"S3": {"S3Location": "s3://evidence"}}
    asked = {"FromTimestamp": MOMENT, "ToTimestamp": MOMENT, "ExportDestinationConfiguration": destination}
    return client.start_archive_export("a-1", asked)


def create(client: MailManager) -> Awaitable[Any]:
    return client.create_archive({"ArchiveName": "legal"})


MOMENT = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("call", "code", "status", "kind", "words"),
    [
        (get_archive, "ResourceNotFoundException", 404, errors.NotFound, "archive a-1 .*list_archives"),
        (get_archive, "AccessDeniedException", 403, errors.AccessDenied, "archive a-1.*ses:GetArchive"),
        (get_archive, "ValidationException", 400, errors.InvalidArgument, "archive a-1: because"),
        (get_archive, "ExpiredTokenException", 400, errors.CredentialsRefused, "expired.*no restart"),
        (get_archive, "UnrecognizedClientException", 400, errors.CredentialsRefused, "does not know.*Renew"),
        (get_archive, "InvalidSignatureException", 400, errors.CredentialsRefused, "does not know"),
        (get_archive, "ThrottlingException", 429, errors.Throttled, "Wait ten seconds"),
        (get_archive, "InternalFailure", 500, errors.ServiceFailed, "failed on archive a-1.*again"),
        (get_archive, "TeapotException", 418, errors.ServiceFailed, "refused GetArchive.*because"),
        (get_archive, "ServiceQuotaExceededException", 402, errors.OverQuota, "no more of this: because"),
        (start_search, "ServiceQuotaExceededException", 402, errors.SlotTaken, "list_archive_searches"),
        (start_export, "ServiceQuotaExceededException", 402, errors.SlotTaken, "list_archive_exports"),
        (create, "ConflictException", 409, errors.InvalidArgument, "no archive named legal: because.*list_archives"),
        (get_archive, "ConflictException", 409, errors.NotReady, "archive a-1 cannot be used"),
        (get_results, "ConflictException", 409, errors.NotReady, "search s1 has no results.*COMPLETED"),
    ],
)
async def test_an_error_of_the_service_becomes_a_sentence(
    service: Service, call: Call, code: str, status: int, kind: type[errors.ArchiveError], words: str
) -> None:
    service.says(code, status, "because")
    with pytest.raises(kind, match=words) as caught, Patience(0):
        await call(service.client())
    assert type(caught.value) is kind
    assert "very-secret" not in str(caught.value) and "\n" not in str(caught.value)


async def test_what_the_service_says_of_a_thing_by_its_name_is_said_once(service: Service) -> None:
    service.says("ValidationException", 400, "Archive a-1 does not exist.")
    with pytest.raises(errors.InvalidArgument) as caught, Patience(0):
        await get_archive(service.client())
    assert str(caught.value) == (
        "Mail Manager does not take this: Archive a-1 does not exist. list_archives shows those that you may see."
    )


async def test_what_the_service_says_is_cleaned_and_clipped(service: Service) -> None:
    service.says("ValidationException", 400, "bad\x1b[31m\u202e\nnews " + "x" * 5000)
    with pytest.raises(errors.InvalidArgument) as caught:
        await get_archive(service.client())
    said = str(caught.value)
    assert len(said) < 800
    assert not {"\x1b", "\u202e", "\n"} & set(said)


async def test_throttling_is_absorbed_while_tries_are_left(service: Service) -> None:
    service.says("ThrottlingException", 429)
    service.says("ThrottlingException", 429)
    service.replies.append(Response(json.dumps(ARCHIVE), media_type="application/x-amz-json-1.0"))
    assert await get_archive(service.client(attempts=3)) == ARCHIVE
    assert service.requests == 3


async def test_renewed_credentials_need_no_restart(service: Service) -> None:
    service.says("ExpiredTokenException", 400)
    service.replies.append(Response(json.dumps(ARCHIVE), media_type="application/x-amz-json-1.0"))
    client = service.client()
    with pytest.raises(errors.CredentialsRefused):
        await get_archive(client)
    assert await get_archive(client) == ARCHIVE
    assert service.connections == 2


async def test_a_client_is_made_once_when_nothing_is_wrong(service: Service) -> None:
    service.says("ResourceNotFoundException", 404)
    client = service.client()
    for _ in range(3):
        with pytest.raises(errors.NotFound):
            await get_archive(client)
    assert service.connections == 1


@pytest.mark.parametrize(
    "body",
    [
        {**ARCHIVE, "CreatedTimestamp": "garbage"},
        {**ARCHIVE, "CreatedTimestamp": 1e300},
        {**ARCHIVE, "Retention": 5},
        {**ARCHIVE, "ArchiveId": ["a", "list"]},
        [],
    ],
)
async def test_an_answer_that_boto3_cannot_read(service: Service, body: Any) -> None:
    service.replies.append(Response(json.dumps(body), media_type="application/x-amz-json-1.0"))
    with pytest.raises(errors.ServiceFailed, match="endpoint-url"):
        await archives.get_archive("a-1", access=Access.to(service.client()))


@pytest.mark.parametrize(
    ("body", "kind"),
    [("<html>a captive portal</html>", "text/html"), ("{}", "application/json"), ('{"Rows"', "application/json")],
)
async def test_an_answer_that_is_not_mail_managers(service: Service, body: str, kind: str) -> None:
    service.replies.append(Response(body, 200, media_type=kind))
    with pytest.raises(errors.ServiceFailed, match="endpoint-url"):
        await get_archive(service.client())


async def test_a_strange_page_is_no_empty_result(service: Service) -> None:
    service.replies.append(Response("<html>a captive portal</html>", 200, media_type="text/html"))
    with pytest.raises(errors.ServiceFailed, match="endpoint-url"):
        await get_results(service.client())


async def test_a_service_that_does_not_answer_is_given_up(service: Service) -> None:
    async def hang(request: Request) -> Response:
        await anyio.sleep(1)
        return Response()

    app = Starlette(routes=[Route("/", hang, methods=["POST"])])
    timed_out = pytest.raises(errors.Unreachable, match=r"127\.0\.0\.1.*ReadTimeoutError")
    with loopback(app) as service.url, timed_out:
        await get_archive(service.client(read_timeout=0.2))


async def test_an_endpoint_where_nobody_listens(service: Service) -> None:
    service.url = "http://user:password@127.0.0.1:1"
    with pytest.raises(errors.Unreachable, match=r"at 127\.0\.0\.1 cannot be reached") as caught:
        await get_archive(service.client())
    assert "password" not in str(caught.value)


async def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    access = open_access(Settings(region="us-east-1", endpoint_url="http://127.0.0.1:1"))
    with pytest.raises(errors.CredentialsRefused, match=r"No AWS credentials were found.*aws sso login"):
        await get_archive(access.client)


async def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(errors.Misconfigured, match="region"):
        await get_archive(open_access(Settings()).client)


async def test_a_profile_that_is_not_there() -> None:
    with pytest.raises(errors.Misconfigured, match="nobodys-profile"):
        await get_archive(open_access(Settings(profile="nobodys-profile", region="us-east-1")).client)


async def test_an_impossible_region() -> None:
    with pytest.raises(errors.Misconfigured, match="nowhere in particular"):
        await get_archive(open_access(Settings(region="nowhere in particular")).client)


async def test_aws_files_and_variables_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nregion\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(errors.Misconfigured, match="AWS settings do not work"):
        await get_archive(open_access(Settings(region="us-east-1")).client)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "perhaps")
    with pytest.raises(errors.Misconfigured, match=r"InvalidChecksumConfigError.*files and variables"):
        await get_archive(open_access(Settings(region="us-east-1")).client)


async def test_warming_up_keeps_what_is_wrong_for_the_call() -> None:
    access = open_access(Settings(profile="nobodys-profile"))
    access.client.warm_up()
    with pytest.raises(errors.Misconfigured):
        await get_archive(access.client)


def says(**members: Any) -> Response:
    return Response(json.dumps(members), 200, media_type="application/x-amz-json-1.0")


async def test_a_search_that_fails_is_neither_running_nor_empty(service: Service) -> None:
    range_ = (datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 30, tzinfo=UTC))
    failed = says(Status={"State": "FAILED", "ErrorMessage": "index\u202e not available."})
    access = Access.to(service.client())
    service.replies = [says(**FOR_EVER), says(SearchId="s1"), failed]
    with pytest.raises(errors.SearchEnded, match=r"Search s1 failed: index not available\. It has no results"):
        await search_archive("a-1", *range_, access=access)
    service.replies = [failed]
    with pytest.raises(errors.SearchEnded, match="Search s1 failed"):
        await get_archive_search_results("s1", access=access)
    # It is not taken for the answer to the same search: that is run anew.
    service.replies = [says(SearchId="s2"), says(Status={"State": "COMPLETED"}), says(Rows=[])]
    page = await search_archive("a-1", *range_, access=access)
    assert page.complete and page.searches_so_far == 1


async def test_rows_without_time_are_rows(service: Service) -> None:
    range_ = (datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 30, tzinfo=UTC))
    rows = [{"ArchivedMessageId": f"m{number}"} for number in range(4)]
    service.replies = [says(**FOR_EVER), says(SearchId="s1"), says(Status={"State": "COMPLETED"}), says(Rows=rows)]
    page = await search_archive("a-1", *range_, limit=3, access=Access.to(service.client()))
    service.replies = [says(**FOR_EVER), says(Status={"State": "COMPLETED"}), says(Rows=rows)]
    rest = await search_archive("a-1", *range_, limit=3, cursor=page.next_cursor, access=Access.to(service.client()))
    assert page.rows_so_far == 4 and len(page.rows) == 3 and len(rest.rows) == 1
