"""An answer is whole, or it is no answer: in each protocol of botocore, by each of its ways to retry; against a
loopback server."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mail_archive_tools import archives, errors, searches
from mail_archive_tools.access import Access
from mail_archive_tools.search import search_archive
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.wire.faults import CutAnswer, CutAnswerOfChange
from mail_archive_tools.service.wire.lists import lists_of
from mail_archive_tools.service.wire.whole import only_whole
from mail_archive_tools.summarize import summarize_archive_search

pytestmark = pytest.mark.anyio

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "AKIATEST", "aws_secret_access_key": "secret"}
JSON, CBOR, XML = "application/x-amz-json-1.0", "application/cbor", "text/xml"
RANGE = (datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 30, tzinfo=UTC))
MOMENT = RANGE[0]
FOR_EVER = {
    "ArchiveId": "a-1",
    "ArchiveName": "legal",
    "ArchiveArn": "arn:aws:ses:us-east-1:000000000000:mailmanager-archive/a-1",
    "ArchiveState": "ACTIVE",
    "Retention": {"RetentionPeriod": "PERMANENT"},
}
IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::000000000000:user/u</Arn><UserId>U</UserId><Account>000000000000</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def text_of_cbor(text: str) -> bytes:
    return bytes([0x78, len(text)]) + text.encode()


ROWS_IN_CBOR = (
    b"\xa1" + text_of_cbor("Rows") + b"\x81\xa1" + text_of_cbor("ArchivedMessageId") + text_of_cbor("a message")
)


class Answering:
    """A server that answers with the next of `replies` (kind, body, bytes announced), the last one for ever."""

    def __init__(self) -> None:
        self.replies: list[tuple[int, str, bytes, int | None]] = []
        self.requests = 0
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                served.requests += 1
                status, kind, body, announced = served.replies.pop(0) if len(served.replies) > 1 else served.replies[0]
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if kind == CBOR:
                    self.send_header("smithy-protocol", "rpc-v2-cbor")
                self.send_header("Content-Length", str(len(body) if announced is None else announced))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: pytest's output is no access log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, body: bytes, kind: str = JSON, announced: int | None = None, status: int = 200) -> None:
        self.replies.append((status, kind, body, announced))

    def answers(self, *members: dict[str, Any]) -> None:
        self.replies = [(200, JSON, json.dumps(each).encode(), None) for each in members]
        self.requests = 0

    def client(self, service: str = "mailmanager", mode: str = "standard", attempts: int = 2) -> Any:
        made = boto3.client(
            service,
            endpoint_url=self.url,
            config=Config(retries={"mode": mode, "total_max_attempts": attempts}),
            **KEYS,
        )
        only_whole(made)
        return made

    def access(self) -> Access:
        return Access.to(MailManager(self.client))


@pytest.fixture(scope="module")
def running() -> Iterator[Answering]:
    made = Answering()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def service(running: Answering, monkeypatch: pytest.MonkeyPatch) -> Answering:
    # botocore waits before it tries again; how long is no matter here.
    monkeypatch.setattr("random.random", lambda: 0.0)
    # Another server as far as a process remembers servers.
    running.url = f"http://127.0.0.1:{running.server.server_port}/{next(NUMBERS)}"
    running.replies, running.requests = [], 0
    return running


NUMBERS = iter(range(1000))
WHOLE = b'{"Rows": [{"ArchivedMessageId": "a message"}]}'
SPOILED = {
    "shorter than announced": (WHOLE[:20], len(WHOLE)),
    "cut, and announced as it is": (WHOLE[:20], None),
    "cut where a brace ends it": (WHOLE[:-2], None),
    "empty": (b"", None),
    "a page": (b"<html>Sign in</html>", None),
    "another operation's": (b'{"Archives": []}', None),
    "a list": (b"[]", None),
    "half a character": (b'{"Rows": [{"Subject": "\xc3', None),
    "another operation's, with a member of both": (b'{"Searches": [], "NextToken": "t"}', None),
    "an object for a list": (b'{"Rows": {}}', None),
    "a text for a list": (b'{"Rows": "none"}', None),
    "texts for the rows": (b'{"Rows": ["a message"]}', None),
}


@pytest.mark.parametrize("mode", ["standard", "legacy", "adaptive"])
@pytest.mark.parametrize("spoiled", SPOILED)
def test_an_answer_that_is_not_whole_is_asked_for_again(service: Answering, spoiled: str, mode: str) -> None:
    body, announced = SPOILED[spoiled]
    service.says(body, announced=announced)
    service.says(WHOLE)
    found = service.client(mode=mode).get_archive_search_results(SearchId="s1")
    assert found["Rows"] == [{"ArchivedMessageId": "a message"}] and service.requests == 2


@pytest.mark.parametrize("spoiled", SPOILED)
async def test_what_never_comes_whole_is_a_sentence_that_names_the_operation(service: Answering, spoiled: str) -> None:
    body, announced = SPOILED[spoiled]
    service.says(body, announced=announced)
    with pytest.raises(
        errors.ServiceFailed, match=r"The answer to GetArchiveSearchResults did not come whole.*search s1"
    ):
        await service.access().client.get_archive_search_results("s1")
    assert service.requests == 2


@pytest.mark.parametrize("spoiled", [each for each in SPOILED if each != "another operation's"])
async def test_what_may_have_been_done_is_not_done_again(service: Answering, spoiled: str) -> None:
    body, announced = SPOILED[spoiled]
    client = service.access().client
    service.says(body, announced=announced)
    with pytest.raises(errors.ServiceFailed, match="It may have been done all the same"):
        await client.start_archive_search("a-1", MOMENT, MOMENT, None, 10)
    assert service.requests == 1
    with pytest.raises(errors.ServiceFailed, match="It may have been done all the same"):
        await client.create_archive({"ArchiveName": "legal"})
    assert service.requests == 2


async def test_the_searches_of_an_archive_are_no_archives(service: Answering) -> None:
    service.says(b'{"Searches": [{"SearchId": "s1"}], "NextToken": "t"}')
    with pytest.raises(errors.ServiceFailed, match="The answer to ListArchives did not come whole"):
        await archives.list_archives(access=service.access())


async def test_a_structure_that_is_no_object_is_no_whole_answer(service: Answering) -> None:
    service.says(b'{"Status": ["COMPLETED"]}')
    with pytest.raises(errors.ServiceFailed, match="its Status is of another kind"):
        await service.access().client.get_archive_search("s1")


async def test_a_member_that_is_new_beside_the_operations_own_list_is_none_of_our_business(service: Answering) -> None:
    service.says(b'{"Rows": [{"ArchivedMessageId": "m1"}], "Cost": 1}')
    found = await service.access().client.get_archive_search_results("s1")
    assert found.rows == [{"ArchivedMessageId": "m1"}] and service.requests == 1


async def test_an_empty_answer_is_one_where_there_is_nothing_to_say(service: Answering) -> None:
    service.says(b"")
    await service.access().client.stop_archive_search("s1")
    assert service.requests == 1


@pytest.mark.parametrize("body", [ROWS_IN_CBOR[:-3], ROWS_IN_CBOR + b"\x00", b"", b"\xa1\xff", b"\x80"])
def test_cbor_is_held_to_the_same(service: Answering, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", ("smithy-rpc-v2-cbor",))
    client = service.client()
    assert client.meta.service_model.resolved_protocol == "smithy-rpc-v2-cbor"
    service.says(body, CBOR)
    service.says(ROWS_IN_CBOR, CBOR)
    found = client.get_archive_search_results(SearchId="s1")
    assert found["Rows"] == [{"ArchivedMessageId": "a message"}] and service.requests == 2


@pytest.mark.parametrize("body", [IDENTITY[:-20], b"", b'{"Arn": 1}', b"<html>Sign in</html>"])
def test_so_is_sts(service: Answering, body: bytes) -> None:
    client = service.client("sts")
    service.says(body, XML)
    service.says(IDENTITY, XML)
    assert client.get_caller_identity()["Account"] == "000000000000"
    assert service.requests == 2
    service.replies = []
    service.says(body, XML)
    with pytest.raises(CutAnswer, match="GetCallerIdentity"):
        client.get_caller_identity()


def test_half_a_refusal_is_asked_for_again(service: Answering) -> None:
    """Without its code whoever is throttled would hear that the call was refused."""
    service.says(b'{"__type": "ThrottlingExc', status=400)
    service.says(WHOLE)
    assert service.client().get_archive_search_results(SearchId="s1")["Rows"]


def test_a_refusal_without_a_body_stays_one(service: Answering) -> None:
    service.says(b"", status=403)
    with pytest.raises(ClientError):
        service.client().get_archive_search_results(SearchId="s1")
    assert service.requests == 1


def test_a_call_that_changes_something_is_no_fault_of_the_connection(service: Answering) -> None:
    service.says(b"{")
    with pytest.raises(CutAnswerOfChange):
        service.client(attempts=4).delete_archive(ArchiveId="a-1")
    assert service.requests == 1


def test_which_outputs_have_lists_is_the_models_word() -> None:
    model = botocore.session.get_session().get_service_model("mailmanager")
    lists = {name: lists_of(model.operation_model(name)) for name in model.operation_names if "Archive" in name}
    assert {name: found for name, found in lists.items() if found} == {
        "GetArchiveSearchResults": ["Rows"],
        "ListArchives": ["Archives"],
        "ListArchiveSearches": ["Searches"],
        "ListArchiveExports": ["Exports"],
    }


async def test_a_list_that_is_left_out_once_is_asked_for_again(service: Answering) -> None:
    service.answers({}, {"Archives": [{"ArchiveId": "a-1"}]})
    found = await archives.list_archives(access=service.access())
    assert [each.archive_id for each in found.archives] == ["a-1"] and service.requests == 2


async def test_a_list_that_is_left_out_twice_is_none_and_never_asked_for_twice_again(service: Answering) -> None:
    service.answers({})
    access = service.access()
    for requests in (2, 3):
        found = await searches.list_archive_searches("a-1", access=access)
        assert found.searches == [] and found.notes is None and service.requests == requests
    # What another operation leaves out is another matter.
    assert (await archives.list_archives(access=access)).archives == [] and service.requests == 5


async def test_a_list_that_is_null_is_none_with_a_note(service: Answering) -> None:
    service.answers({"Searches": None})
    found = await searches.list_archive_searches("a-1", access=service.access())
    assert found.searches == [] and found.notes == [
        "Mail Manager gave no list of Searches but null, which is taken for none."
    ]


COMPLETED = {"Status": {"State": "COMPLETED"}}
DAMAGED = [None, {"Subject": "no id"}, {"ArchivedMessageId": "m1"}]
SOUND = [{"ArchivedMessageId": "m0"}, {"ArchivedMessageId": "m2"}, {"ArchivedMessageId": "m1"}]


async def test_rows_that_say_of_no_message_are_left_out_and_counted_and_the_next_call_asks_anew(
    service: Answering,
) -> None:
    access = service.access()
    service.answers(FOR_EVER, {"SearchId": "s1"}, COMPLETED, {"Rows": DAMAGED})
    page = await search_archive("a-1", *RANGE, access=access)
    assert [row.archived_message_id for row in page.rows] == ["m1"] and page.complete is False
    assert "had 2 rows without an ArchivedMessageId" in " ".join(page.notes or [])

    service.answers(COMPLETED, {"Rows": SOUND})
    page = await search_archive("a-1", *RANGE, access=access)
    assert len(page.rows) == 3 and page.complete and "left out" not in " ".join(page.notes or [])


async def test_a_cursor_behind_rows_that_were_left_out_stays_incomplete(service: Answering) -> None:
    access = service.access()
    more = [*DAMAGED, {"ArchivedMessageId": "m2"}]
    service.answers(FOR_EVER, {"SearchId": "s1"}, COMPLETED, {"Rows": more})
    page = await search_archive("a-1", *RANGE, limit=1, access=access)
    service.answers(COMPLETED, {"Rows": more})
    rest = await search_archive("a-1", *RANGE, limit=1, cursor=page.next_cursor, access=access)
    assert page.complete is False and rest.complete is False and len(rest.rows) == 1


async def test_a_summary_of_such_rows_is_not_complete_and_counts_anew(service: Answering) -> None:
    access = service.access()
    service.answers(FOR_EVER, {"SearchId": "s1"}, COMPLETED, {"Rows": DAMAGED})
    summary = await summarize_archive_search(
        archive_id="a-1", from_timestamp=RANGE[0], to_timestamp=RANGE[1], access=access
    )
    assert summary.rows == 1 and summary.complete is False and summary.notes
    service.answers(COMPLETED, {"Rows": SOUND})
    summary = await summarize_archive_search(
        archive_id="a-1", from_timestamp=RANGE[0], to_timestamp=RANGE[1], access=access
    )
    assert summary.rows == 3 and summary.complete and not summary.notes


async def test_results_of_such_rows_say_so(service: Answering) -> None:
    access = service.access()
    service.answers(COMPLETED, {"Rows": DAMAGED})
    found = await searches.get_archive_search_results("s1", access=access)
    assert found.total_rows == 1 and found.complete is False and found.notes
    service.answers(COMPLETED, {"Rows": SOUND})
    assert (await searches.get_archive_search_results("s1", access=access)).total_rows == 3


async def test_null_in_another_list_is_a_sentence(service: Answering) -> None:
    service.answers({"Archives": [None]})
    with pytest.raises(errors.ServiceFailed, match="an entry of its Archives is null"):
        await archives.list_archives(access=service.access())


async def test_a_token_that_leads_to_itself_is_a_sentence(service: Answering) -> None:
    service.answers({"Archives": [], "NextToken": "t"})
    access = service.access()
    assert (await archives.list_archives(access=access)).next_token == "t"
    with pytest.raises(errors.ServiceFailed, match="does not lead on"):
        await archives.list_archives(next_token="t", access=access)


@pytest.mark.parametrize("status", [{"State": "DREAMING"}, {}])
async def test_a_state_that_is_not_known_is_a_sentence(service: Answering, status: dict[str, str]) -> None:
    service.answers(FOR_EVER, {"SearchId": "s1"}, {"ArchiveId": "a-1", "Status": status})
    with pytest.raises(errors.ServiceFailed, match=r"search s1.*stop_archive_search"):
        await search_archive("a-1", *RANGE, access=service.access())


async def test_a_completed_search_whose_rows_cannot_be_had_is_a_sentence_and_searched_anew(service: Answering) -> None:
    access = service.access()
    service.answers(FOR_EVER, {"SearchId": "s1"}, COMPLETED)
    service.says(b'{"__type": "ConflictException", "Message": "still in progress"}', status=409)
    with pytest.raises(errors.SearchEnded, match="Search s1 is COMPLETED, but its rows cannot be had"):
        await search_archive("a-1", *RANGE, access=access)
    service.answers({"SearchId": "s2"}, COMPLETED, {"Rows": SOUND})
    page = await search_archive("a-1", *RANGE, access=access)
    assert page.search_id == "s2" and len(page.rows) == 3
