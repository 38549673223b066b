"""Mail that wants to do harm, through a real client: the answer comes, says what was not read, and delays nobody."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import anyio
import pytest
from mcp import Client

from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.errors import Unreadable
from mail_archive_tools.messages import get_archive_message_content
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.read import read_archive_attachment, read_archive_message
from mail_archive_tools.sandbox.pool import Sandbox
from mail_archive_tools.search import search_archive
from mail_archive_tools.summarize import summarize_archive_search
from tests.conftest import ERAS, ROOT, Sample, text_of
from tests.pace import HANGS, slowness, stopwatch
from tests.tools.files import pdf
from tests.tools.mime.hostile import HOSTILE
from tests.tools.test_messages import put
from tests.tools.test_read import letter

pytestmark = pytest.mark.anyio

SLOW_HTML = "".join(f"<b style='color:#{number:06x}'>x</b>\n" for number in range(40_000))


def slow_mail(html: str = SLOW_HTML) -> bytes:
    """One whose reading takes long, with a file that does too."""
    message = EmailMessage()
    message["From"], message["Subject"] = "Eve <eve@b.example>", "slowly"
    message["Date"] = "Tue, 1 Apr 2025 10:00:00 +0000"
    message.set_content(html, subtype="html")
    message.add_attachment(html, subtype="html", filename="slow.html")
    return message.as_bytes()


def impatient(sample: Sample, seconds: float = 0.25) -> Access:
    """Access whose workers are given little time."""
    access = open_access(Settings(local=sample.folder))
    access.reader.sandbox = Sandbox("mail_archive_tools.reading.jobs", seconds=seconds)
    return access


@pytest.mark.parametrize("era", ERAS)
async def test_an_element_with_sixty_thousand_attributes_is_read_at_once(own_sample: Sample, era: Any) -> None:
    message_id = put(own_sample, HOSTILE["60,000 attributes"]())
    server = build_server(lambda: open_access(Settings(local=own_sample.folder)))
    async with Client(server, mode=era) as client:
        with stopwatch() as taken:
            read = await client.call_tool("read_archive_message", {"archived_message_id": message_id})
        assert taken.seconds < 3
    assert "hi" in text_of(read)
    assert "of an element with more than 250 attributes the others were not read" in text_of(read)
    assert "more than 250 attributes" in str((read.structured_content or {})["Problems"])


async def test_what_cannot_be_read_in_time_is_shown_by_its_header_fields(own_sample: Sample) -> None:
    signed = b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=b.example; s=x; bh=YWJj; b=abc\n"
    message_id = put(own_sample, signed + slow_mail())
    access = impatient(own_sample)
    read = await read_archive_message(message_id, access=access)
    assert read.headers and read.headers.subject == "slowly"
    assert read.problems == [
        "message: it took longer than 0.25 s to read, so it was given up; no more than its header fields was read"
    ]
    assert read.text is None and read.attachments is None
    # Nothing is said of a body that was not looked at.
    assert read.dkim_signatures is None and read.links is None
    assert not any("body" in each.finding for each in read.findings or [])
    assert read.notes and read.notes[0].startswith("The text was not read: it took longer than 0.25 s")


async def test_a_file_and_html_that_take_too_long_are_said_to(own_sample: Sample) -> None:
    message_id = put(own_sample, slow_mail())
    access = impatient(own_sample, HANGS)
    read = await read_archive_message(message_id, access=access)
    assert read.attachments and read.problems is None
    access.reader.sandbox = Sandbox("mail_archive_tools.reading.jobs", seconds=0.25)
    file = await read_archive_attachment(message_id, read.attachments[0].attachment_id, access=access)
    assert file.text is None
    assert file.notes == ["The file took longer than 0.25 s to read, so it was given up."]
    with pytest.raises(Unreadable, match=r"HTML of message .* took longer than 0.25 s .* format='html'"):
        await get_archive_message_content(message_id, access=access)
    source = await get_archive_message_content(message_id, format="html", access=access)
    assert source.total_chars and source.total_chars > 100_000


async def test_a_search_in_bodies_is_not_complete_where_one_was_not_read(own_sample: Sample) -> None:
    put(own_sample, slow_mail())
    words = {"subject": ["slowly"], "filter_here": FilterHere(body=["nothing"])}
    range_ = {"from_timestamp": datetime(2025, 3, 1, tzinfo=UTC), "to_timestamp": datetime(2025, 5, 1, tzinfo=UTC)}
    found = await search_archive(own_sample.archive_id, **range_, **words, access=impatient(own_sample))  # type: ignore[arg-type]
    assert not found.rows and not found.complete
    again = await search_archive(own_sample.archive_id, **range_, **words, access=impatient(own_sample, 10))  # type: ignore[arg-type]
    assert not again.rows and again.complete


CHECKED = b"Authentication-Results: mx.b.example; dmarc=fail header.from=a.example\nReply-To: <x@elsewhere.example>\n"


@pytest.mark.parametrize(
    "asked",
    [
        {"authentication": ["dmarc=fail"]},
        {"reply_to_domain": ["elsewhere.example"]},
        {"larger_than": 1_000},
        {"date_differs": 0.0, "smaller_than": 100_000_000},
    ],
)
async def test_what_header_fields_tell_never_waits_for_the_body(own_sample: Sample, asked: dict[str, Any]) -> None:
    message_id = put(own_sample, CHECKED + slow_mail())
    access = impatient(own_sample)
    range_ = {"from_timestamp": datetime(2025, 3, 1, tzinfo=UTC), "to_timestamp": datetime(2025, 5, 1, tzinfo=UTC)}
    shown = ["authentication", "from_domain", "size"]
    wanted = {"subject": ["slowly"], "filter_here": FilterHere.model_validate(asked)}
    found = await search_archive(own_sample.archive_id, **range_, **wanted, show=shown, access=access)  # type: ignore[arg-type]
    (row,) = found.rows
    assert row.archived_message_id == message_id and found.complete
    assert row.facts and row.facts.authentication == ["dmarc=fail"] and row.facts.size
    assert not any("Not read" in note for note in found.notes or ())


async def test_a_message_that_cannot_be_read_counts_by_its_header_fields_alone(own_sample: Sample) -> None:
    message_id = put(own_sample, CHECKED + slow_mail())
    access = impatient(own_sample)
    range_ = {"from_timestamp": datetime(2025, 3, 1, tzinfo=UTC), "to_timestamp": datetime(2025, 5, 1, tzinfo=UTC)}
    words = {"archive_id": own_sample.archive_id, "subject": ["slowly"], **range_}
    known = await summarize_archive_search(**words, group_by=["authentication", "size"], access=access)  # type: ignore[arg-type]
    assert known.complete and known.messages == 1 and known.exceptions is None
    assert known.summaries[0].top[0].value == "dmarc=fail"

    # By what takes the body, it is an exception: also where it was counted before.
    for groups in (["link_host"], ["authentication", "link_host"]):
        unknown = await summarize_archive_search(**words, group_by=groups, access=access)  # type: ignore[arg-type]
        assert not unknown.complete and unknown.messages == 0
        assert unknown.exceptions and unknown.exceptions[0].archived_message_ids == [message_id]
    again = await summarize_archive_search(**words, group_by=["authentication"], access=access)  # type: ignore[arg-type]
    assert again.complete and again.messages == 1


async def test_sixty_readings_at_once_do_not_delay_another_call(own_sample: Sample) -> None:
    """Sixty documents are opened at once; the loop that answers other calls has no work with them."""
    document = pdf(*[f"page {number} " * 50 for number in range(60)])
    ids = [put(own_sample, letter(f"number {number}", ("a.pdf", "application/pdf", document))) for number in range(60)]
    access = open_access(Settings(local=own_sample.folder))
    done: list[str] = []
    waits: list[float] = []
    async with Client(build_server(lambda: access)) as client:

        async def read(message_id: str) -> None:
            which = {"archived_message_id": message_id, "attachment_id": "2"}
            done.append(text_of(await client.call_tool("read_archive_attachment", which)))

        # What is loaded once is loaded.
        await client.call_tool("read_archive_message", {"archived_message_id": ids[0]})
        await timed(client)
        async with anyio.create_task_group() as tasks:
            for message_id in ids:
                tasks.start_soon(read, message_id)
            while len(done) < len(ids):
                waits.append(await timed(client))
                await anyio.sleep(0.02)
    assert all("[page 1 of 60]" in text for text in done)
    assert len(waits) > 5
    # The workers have the cores meanwhile, so what counts is the own time of the loop: one document takes longer.
    assert sorted(waits)[int(len(waits) * 0.9)] / slowness(time.thread_time) < 0.05


async def timed(client: Client) -> float:
    """Seconds that this thread, which all calls share, is busy until another call is answered."""
    started = time.thread_time()
    await client.call_tool("list_archives", {})
    return time.thread_time() - started


def test_the_server_itself_has_no_parser_of_mail(own_sample: Sample) -> None:
    """What reads HTML and documents is not even loaded where the credentials are."""
    message_id = put(own_sample, slow_mail(SLOW_HTML[:10_000]))
    code = (
        "import sys, anyio\n"
        "from mail_archive_server.backends import open_access\n"
        "from mail_archive_server.settings import Settings\n"
        "from mail_archive_tools.read import read_archive_attachment, read_archive_message\n"
        "from pathlib import Path\n"
        "async def main():\n"
        "    access = open_access(Settings(local=Path(sys.argv[1])))\n"
        "    read = await read_archive_message(sys.argv[2], access=access)\n"
        "    await read_archive_attachment(sys.argv[2], read.attachments[0].attachment_id, access=access)\n"
        "anyio.run(main)\n"
        "for name in ('selectolax', 'pypdfium2', 'python_calamine', 'icalendar', 'mail_archive_tools.mime.html',\n"
        "             'mail_archive_tools.documents'):\n"
        "    assert name not in sys.modules, name\n"
    )
    subprocess.run([sys.executable, "-c", code, str(own_sample.folder), message_id], check=True, cwd=ROOT)
