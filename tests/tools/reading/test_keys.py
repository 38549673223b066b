"""Keys of signatures: from a file, and from a name server on this machine that speaks DNS."""

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mail_archive_server.backends import open_access
from mail_archive_server.settings import SettingError, Settings
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.read import read_archive_message
from mail_archive_tools.reading.dkim_keys import LOOKUPS_OF_A_MESSAGE, Lookups, keys_of, no_keys, read_keys
from tests.conftest import Sample
from tests.pace import stopwatch
from tests.tools.mime.evidence.test_signing import NAME, PUBLISHED, PUBLISHED_KEY
from tests.tools.test_messages import put

pytestmark = pytest.mark.anyio

(PUBLISHED_NAME,) = PUBLISHED_KEY


class NameServer(socketserver.ThreadingUDPServer):
    """Answers questions for TXT records, and counts them. One name gets no answer at all."""

    daemon_threads = True

    def __init__(self, records: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Question)
        self.records = records
        self.asked: list[str] = []


class Question(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, NameServer)
        data, socket = self.request
        query = dns.message.from_wire(data)
        name = str(query.question[0].name).rstrip(".")
        self.server.asked.append(name)
        if name.startswith("silent."):
            return
        response = dns.message.make_response(query)
        if (record := self.server.records.get(name)) is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        else:
            pieces = " ".join(f'"{record[start : start + 200]}"' for start in range(0, len(record), 200))
            response.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", "TXT", pieces))
        socket.sendto(response.to_wire(), self.client_address)


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    long = "v=DKIM1; p=" + "A" * 400
    with NameServer({**PUBLISHED_KEY, "long._domainkey.b.example": long, "other._domainkey.b.example": "x"}) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def lookups(server: NameServer) -> Lookups:
    return Lookups(["127.0.0.1"], server.server_address[1])


async def test_a_key_is_looked_up_once(name_server: NameServer) -> None:
    keys = lookups(name_server)
    names = [PUBLISHED_NAME, "long._domainkey.b.example", "none._domainkey.b.example", "other._domainkey.b.example"]
    for _ in range(2):
        found = await keys.find(names)
        assert found == {**PUBLISHED_KEY, "long._domainkey.b.example": "v=DKIM1; p=" + "A" * 400}
    assert sorted(name_server.asked) == sorted(names)


async def test_no_more_is_asked_than_a_message_may_ask(name_server: NameServer) -> None:
    await lookups(name_server).find([f"k{number}._domainkey.b.example" for number in range(50)])
    assert len(name_server.asked) == LOOKUPS_OF_A_MESSAGE
    bad = ["a b._domainkey.c", "-x._domainkey.c", "ü._domainkey.c\n", "x" * 300, "", "a..b._domainkey.c"]
    assert await lookups(name_server).find(bad) == {}


async def test_a_name_server_that_says_nothing_does_not_keep_a_message(name_server: NameServer) -> None:
    with stopwatch() as taken:
        found = await lookups(name_server).find(["silent._domainkey.b.example", PUBLISHED_NAME])
    assert found == PUBLISHED_KEY and taken.seconds < 6


async def test_a_signature_is_verified_with_a_key_that_was_looked_up(
    own_sample: Sample, name_server: NameServer
) -> None:
    message_id = put(own_sample, PUBLISHED)
    access = open_access(Settings(local=own_sample.folder))
    assert access.reader.find_keys is no_keys
    without = render(await read_archive_message(message_id, access=access))
    assert "s=brisbane: body hash: match; signature: not verified, its key is not known" in without
    assert name_server.asked == []
    looking = open_access(Settings(local=own_sample.folder))
    looking.reader.find_keys = lookups(name_server).find
    read = await read_archive_message(message_id, access=looking)
    assert [each.signature for each in read.dkim_signatures or ()] == ["verified"]
    assert name_server.asked == [PUBLISHED_NAME]


async def test_a_signature_is_verified_with_a_key_of_a_file(own_sample: Sample, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f'# of football\n\n{PUBLISHED_NAME}. 300 IN TXT "{PUBLISHED_KEY[PUBLISHED_NAME]}"\n')
    message_id = put(own_sample, PUBLISHED)
    access = open_access(Settings(local=own_sample.folder, dkim_keys=file))
    read = await read_archive_message(message_id, access=access)
    assert "s=brisbane: body hash: match; signature: verified" in render(read)


def test_keys_as_files_have_them() -> None:
    text = f'{NAME} v=DKIM1; p=AAA\n{NAME.upper()} TXT "v=DKIM1; " "p=BBB"\n; a note\n'
    assert read_keys(text) == {NAME: "v=DKIM1; p=BBB"}


@pytest.mark.parametrize("text", ["nonsense", "k._domainkey.b.example", "b.example TXT x"])
def test_a_line_that_is_no_key_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="line 2 is no key"):
        read_keys(f"# keys\n{text}\n")


def test_a_file_that_cannot_be_used_is_an_error_at_the_start(tmp_path: Path, own_sample: Sample) -> None:
    with pytest.raises(SettingError, match=r"--dkim-keys .*: it cannot be read \(No such file"):
        open_access(Settings(local=own_sample.folder, dkim_keys=tmp_path / "none"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not text in UTF-8"):
        keys_of(tmp_path / "binary")
    (tmp_path / "many").write_text("".join(f"k{number}._domainkey.b.example p=\n" for number in range(1_002)))
    with pytest.raises(ValueError, match="more than 1000 keys"):
        keys_of(tmp_path / "many")
