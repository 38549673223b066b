"""Nothing that a model chose leaves before a person agreed: each way out is tried, and watched from the other side."""

import posixpath
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp_types import ElicitResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mail_archive_local.context import Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.cli import main
from mail_archive_server.hosting.consenting import Consents
from mail_archive_server.hosting.published import published_tools
from mail_archive_server.settings import SettingError, Settings, read_settings
from mail_archive_tools.access import Access
from mail_archive_tools.errors import Misconfigured
from mail_archive_tools.service.buckets import Location
from tests import buckets
from tests.conftest import ERAS, Sample, loopback, text_of
from tests.server.test_consent import accept, arn_of, cancel, changes, code_in, decline

pytestmark = pytest.mark.anyio

JANUARY = {"from_timestamp": "2025-01-01", "to_timestamp": "2025-01-20"}
"""One search counts it."""
STOLEN = "s3://legal/case/iban-gb29-nwbk"
"""What a model under injection would tell whoever owns the bucket, or reads its log."""


class Watched:
    """An S3 API that notes each request."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.is_there = True
        self.objects: int | None = 0
        self.region = "us-east-1"
        self.versions: str | None = ""
        """None: those who ask may not know."""
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["HEAD", "GET", "PUT"])])

    def _answer(self, request: Request) -> Response:
        self.seen.append(f"{request.method} {request.url.path}?{request.url.query}")
        if not self.is_there:
            return Response(status_code=404)
        if request.method == "PUT":
            return _xml("<Error><Code>NoSuchKey</Code></Error>", 404)
        if "location" in request.query_params:
            return _xml(f"<LocationConstraint>{self.region}</LocationConstraint>")
        if "versioning" in request.query_params and self.versions is None:
            return _xml("<Error><Code>AccessDenied</Code></Error>", 403)
        if "versioning" in request.query_params:
            return _xml(f"<VersioningConfiguration>{self.versions}</VersioningConfiguration>")
        if "list-type" in request.query_params:
            if self.objects is None:
                return _xml("<Error><Code>AccessDenied</Code></Error>", 403)
            return _xml(f"<ListBucketResult>{'<Contents><Key>x</Key></Contents>' * self.objects}</ListBucketResult>")
        if "policy" in request.query_params:
            return _xml("<Error><Code>NoSuchBucketPolicy</Code></Error>", 404)
        return Response()


def _xml(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="application/xml")


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    # The credentials of S3 are the user's own.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Watched()


@pytest.fixture
def access(own_sample: Sample, watched: Watched) -> Iterator[Access]:
    with loopback(watched.app) as url:
        made = open_access(
            Settings(
                local=own_sample.folder, s3_endpoint_url=url, search_seconds=0, export_to=("s3://legal/case", STOLEN)
            )
        )
        yield made


Answer = Callable[[Any], ElicitResult]


async def call(
    access: Access, arguments: dict[str, Any], answer: Answer | None, era: Any = "auto", form: Any = "ask"
) -> Any:
    async def ask(context: Any, params: Any) -> ElicitResult:
        assert answer is not None
        return answer(params)

    server = build_server(lambda: access, tools=published_tools(), consents=Consents(form))
    async with Client(server, mode=era, elicitation_callback=None if answer is None else ask) as client:
        return await client.call_tool("start_archive_export", arguments)


def export(sample: Sample, location: str = STOLEN, **more: Any) -> dict[str, Any]:
    destination = {"export_destination_configuration": {"s3": {"s3_location": location}}}
    return {"archive_id": sample.archive_id, **JANUARY, **destination, **more}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("answer", [decline, cancel, None], ids=["declined", "closed", "not to be asked"])
async def test_nobody_hears_of_a_destination_that_no_person_agreed_to(
    access: Access, own_sample: Sample, watched: Watched, era: Any, answer: Answer | None
) -> None:
    result = await call(access, export(own_sample), answer, era)
    assert result.is_error and "nothing was changed" in text_of(result)
    assert watched.seen == []


@pytest.mark.parametrize("era", ERAS)
async def test_a_bucket_is_looked_at_once_the_user_agreed(
    access: Access, own_sample: Sample, watched: Watched, era: Any
) -> None:
    asked: list[str] = []

    def look_first(params: Any) -> ElicitResult:
        asked.append(params.message)
        assert watched.seen == []
        return accept(params)

    result = await call(access, export(own_sample), look_first, era)
    assert not result.is_error, text_of(result)
    assert any(each.startswith("PUT /legal/case/iban-gb29-nwbk/") for each in watched.seen)
    # All was as the question said, so there was one.
    assert len(asked) == 1 and "Taken for granted: nothing is there yet, and the bucket is in us-east-1" in asked[0]


async def test_a_code_that_the_model_was_given_sends_nothing_by_itself(
    access: Access, own_sample: Sample, watched: Watched
) -> None:
    result = await call(access, export(own_sample), None, form="host")
    assert result.is_error and code_in(text_of(result)) and watched.seen == []


# A second question


NOT_AS_SAID: list[tuple[dict[str, Any], str]] = [
    ({"objects": 3}, "Already there: objects; .* overwritten, and the bucket keeps nothing of .*\nObjects there: 3"),
    ({"objects": 1, "versions": "<Status>Enabled</Status>"}, "the bucket keeps what was there before"),
    ({"objects": 1, "versions": None}, "whether the bucket keeps what was there before may not be looked at"),
    ({"objects": None}, "Already there: whether anything is may not be looked at; what has the name of"),
    ({"region": "eu-west-1"}, "Region: the bucket is in eu-west-1, the archive in us-east-1: the mail leaves"),
    ({"region": "EU"}, "Region: the bucket is in eu-west-1,"),
]


async def test_what_is_not_as_the_question_said_is_asked_once_more(
    access: Access, own_sample: Sample, watched: Watched
) -> None:
    asked: list[str] = []

    def only_once(params: Any) -> ElicitResult:
        asked.append(params.message)
        return accept(params) if len(asked) == 1 else decline(params)

    for found, said in NOT_AS_SAID:
        asked.clear()
        vars(watched).update({"objects": 0, "versions": "", "region": "us-east-1"} | found)
        refused = await call(access, export(own_sample), only_once)
        assert refused.is_error and "The user declined" in text_of(refused)
        first, second = asked
        assert first.startswith("Export mail out of the archive") and second.startswith("The destination is not what")
        assert f'Destination: "{STOLEN}"' in second and re.search(said, second), second
        # What is agreed to stands in the second question whole.
        asked_before = [line for line in first.split("\n")[1:] if not line.startswith("Taken for granted: ")]
        assert {line.partition(":")[0] for line in asked_before} >= {"Archive", "Received", "Messages", "At most"}
        assert set(asked_before) <= set(second.split("\n"))
    assert (await access.client.list_archive_exports(own_sample.archive_id, 50))["Exports"] == []


@pytest.mark.parametrize("era", ERAS)
async def test_two_agreements_let_it_happen(access: Access, own_sample: Sample, watched: Watched, era: Any) -> None:
    watched.objects = 1
    asked: list[str] = []

    def yes(params: Any) -> ElicitResult:
        asked.append(params.message)
        return accept(params)

    result = await call(access, export(own_sample), yes, era)
    assert not result.is_error, text_of(result)
    assert len(asked) == 2


async def test_two_questions_take_two_codes(access: Access, own_sample: Sample, watched: Watched) -> None:
    watched.objects = 1
    server = build_server(lambda: access, tools=published_tools(), consents=Consents("host"))
    async with Client(server) as client:

        async def with_code(code: str | None) -> Any:
            given = {"consent_code": code} if code else {}
            return await client.call_tool("start_archive_export", {**export(own_sample), **given})

        first = code_in(text_of(await with_code(None)))
        asked_again = text_of(await with_code(first))
        assert "The destination is not what the first question said" in asked_again
        assert "That code" not in asked_again
        second = code_in(asked_again)
        result = await with_code(second)
        assert not result.is_error, text_of(result)
        assert "No person was asked by this server" in text_of(result)
        # Neither is good for another export.
        for code in (first, second):
            assert "That code was used already." in text_of(await with_code(code))


# All tools that change something


LOOPBACK = ("127.0.0.1", "localhost", "::1")
_watching: list[list[Any]] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event in ("socket.connect", "socket.sendto"):
        _watching[-1].append(arguments[1][0])
    if event == "socket.getaddrinfo":
        _watching[-1].append(arguments[0])


sys.addaudithook(_note)


@contextmanager
def connections() -> Iterator[list[Any]]:
    """The hosts that this process connects to, or looks up."""
    found: list[Any] = []
    _watching.append(found)
    try:
        yield found
    finally:
        _watching.pop()


@pytest.mark.parametrize(
    ("form", "answer"),
    [("ask", decline), ("ask", None), ("host", None)],
    ids=["declined", "not to be asked", "with a code"],
)
async def test_before_consent_every_tool_speaks_to_mail_manager_alone(
    own_sample: Sample, monkeypatch: pytest.MonkeyPatch, form: Any, answer: Answer | None
) -> None:
    """As with AWS: Mail Manager behind an endpoint, S3 wherever the SDK would look for it."""
    with Store(own_sample.folder) as store:
        key, secret = store.credentials
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        with loopback(api_app(Local(store, str, search_seconds=0))) as url:
            access = open_access(Settings(region="us-east-1", endpoint_url=url, export_to=("s3://evidence/case",)))
            given = changes(own_sample, await arn_of(access, own_sample))
            given["start_archive_export"] |= JANUARY
            given["create_archive"]["kms_key_arn"] = "arn:aws:kms:us-east-1:123456789012:key/stolen.attacker.example"

            async def ask(context: Any, params: Any) -> ElicitResult:
                return decline(params)

            server = build_server(lambda: access, tools=published_tools(), consents=Consents(form))
            async with Client(server, elicitation_callback=None if answer is None else ask) as client:
                with connections() as found:
                    for tool, arguments in given.items():
                        result = await client.call_tool(tool, arguments)
                        assert result.is_error, tool
    # Mail Manager is here; what other tests left running speaks to this machine too.
    assert [each for each in found if each not in LOOPBACK] == []


@pytest.mark.parametrize(("location", "is_looked_at"), [("s3://attacker/words", False), (STOLEN, True)])
async def test_of_failed_exports_only_those_to_a_named_place_are_looked_at(
    access: Access, own_sample: Sample, watched: Watched, location: str, is_looked_at: bool
) -> None:
    """Where another program's goes was chosen by somebody else, who may want to know that it was read."""
    watched.is_there = False
    client = access.client._connected()
    export_id = client.start_archive_export(
        ArchiveId=own_sample.archive_id, **buckets.YEAR, ExportDestinationConfiguration=buckets.destination(location)
    )["ExportId"]
    assert buckets.ended(client, export_id)["Status"]["State"] == "FAILED"
    watched.seen.clear()
    async with Client(build_server(lambda: access, tools=published_tools())) as one:
        result = await one.call_tool("get_archive_export", {"export_id": export_id})
    assert (result.structured_content or {})["Status"]["State"] == "FAILED"
    assert bool(watched.seen) == is_looked_at


# Where exports may go


OUTSIDE = (
    "s3://legal/case/../other",
    "s3://legal/case/..",
    "s3://legal/case/x/../../other",
    "s3://legal/./case/x",
    "s3://legal/case/.",
    "s3://legal//case/x",
    "s3://legal/case//x",
    "s3://legal/case/x//",
    "s3://legal/case/%2e%2e/other",
    "s3://legal/case%2fx",
    "s3://legal/case/\uff0e\uff0e/other",
    "s3://legal/case\\..\\other",
    "s3://legal/cases",
    "s3://legal/Case/x",
    "s3://legal/cas",
    "s3://legal",
    "s3://legal.attacker/case",
    "s3://LEGAL/case",
    "s3://legal/*",
    "s3://legal/case/*",
    "s3://legal/case/x\n",
    "S3://legal/case",
    "s3:///legal/case",
)


async def test_a_destination_that_is_not_plainly_within_the_named_one_is_refused(
    access: Access, own_sample: Sample, watched: Watched
) -> None:
    asked: list[str] = []

    async def ask(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return accept(params)

    server = build_server(lambda: access, tools=published_tools())
    async with Client(server, elicitation_callback=ask) as client:
        for location in OUTSIDE:
            result = await client.call_tool("start_archive_export", export(own_sample, location))
            assert result.is_error, location
            assert asked == [] and watched.seen == [], location


PARTS = st.sampled_from(["case", "..", ".", "", "other", "...", "..x", ".x", "%2e%2e", "*", "Case", "case "])


@settings(max_examples=300)
@given(st.lists(PARTS, max_size=5))
def test_what_passes_is_within_the_named_place_to_whoever_reads_it(own_parts: list[str]) -> None:
    url = "/".join(["s3://legal", *own_parts])
    access = export_to("s3://legal/case")
    try:
        location = access.destination(url)
    except Exception as error:  # noqa: BLE001 - any refusal will do
        assert type(error).__name__ in ("InvalidArgument", "OutOfScope"), error
        return
    plain = posixpath.normpath(location.prefix)
    assert plain == location.prefix and f"{plain}/".startswith("case/")
    assert url.removeprefix("s3://legal/").rstrip("/") == location.prefix


def export_to(*urls: str) -> Access:
    return Access.to(None, export_to=tuple(map(Location.named, urls)))  # type: ignore[arg-type]


async def test_an_access_that_was_told_of_no_place_exports_nowhere() -> None:
    with pytest.raises(Misconfigured, match=r"--export-to s3://bucket/prefix, a program with `export_to`"):
        export_to().destination("s3://legal/case")


@pytest.mark.parametrize(
    "place",
    ["s3://legal/case/../x", "s3://legal//x", "s3://legal/./x", "s3://legal/%2e", "s3://legal/ca*e", "s3://le*l/case",
     "s3://a..b/case", "s3://.ab/case", "legal/case"],
)  # fmt: skip
def test_an_operator_names_a_place_that_policies_can_say(place: str) -> None:
    with pytest.raises(SettingError, match="--export-to must be a place in S3 such as s3://bucket/prefix"):
        read_settings({"export_to": [place]}, {})


@pytest.mark.parametrize("chosen", [{"toolsets": ("read", "export")}, {"tools": ("start_archive_export",)}])
def test_exports_are_offered_only_where_somebody_said_where_to(sample: Sample, chosen: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="start_archive_export is offered only with --export-to"):
        open_access(Settings(local=sample.folder, **chosen))
    open_access(Settings(local=sample.folder, export_to=("s3://legal/case",), **chosen))
    open_access(Settings(local=sample.folder, tools=("get_archive_export", "stop_archive_export")))


@pytest.mark.parametrize("command", ["serve", "policy", "doctor"])
def test_commands_say_in_a_sentence_that_a_place_is_wanted(
    sample: Sample, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--local", str(sample.folder), "--toolsets", "export"])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.count("\n") == 1
    assert "start_archive_export is offered only with --export-to (MAIL_ARCHIVE_EXPORT_TO)" in said


def test_a_policy_names_exactly_the_places_of_the_operator(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    places = ("--export-to", "s3://legal/case", "--export-to", "s3://other")
    main(["policy", "--region", "us-east-1", "--toolsets", "export", *places])
    statements = {each["Sid"]: each for each in json.loads(capsys.readouterr().out)["Statement"]}
    assert statements["WriteExports"]["Resource"] == ["arn:aws:s3:::legal/case/*", "arn:aws:s3:::other/*"]
    assert statements["FindExportBuckets"]["Resource"] == ["arn:aws:s3:::legal", "arn:aws:s3:::other"]
