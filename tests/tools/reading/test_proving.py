"""A mail that takes its worker over changes what is told of the mails of its batch alone, and that does not stay."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest

from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.reading.proving import Proving
from mail_archive_tools.sandbox.pool import Sandbox
from mail_archive_tools.storage.kept_facts import FactsFolder
from tests.conftest import ROOT, Sample
from tests.tools.test_messages import put

pytestmark = pytest.mark.anyio

HONEST = 6
NEVER = 1_000_000_000
"""One in so many is none."""
FALSE = ("wrong.example",)


def mail(subject: str, body: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"], message["Date"] = (
        "Eve <eve@b.example>",
        subject,
        "Tue, 1 Apr 2025 10:00:00 +0000",
    )
    message.set_content(body)
    return message.as_bytes()


@pytest.fixture
def ids(own_sample: Sample) -> list[str]:
    """One that takes its worker over, and others behind it."""
    evil = put(own_sample, mail("evil", "take this reader over"))
    return [evil, *(put(own_sample, mail(f"honest {number}", "IBAN and so on")) for number in range(HONEST))]


@pytest.fixture
def access(own_sample: Sample, monkeypatch: pytest.MonkeyPatch) -> Iterator[Access]:
    """Its workers can be taken over; there is one at a time, and one message after the other."""
    monkeypatch.syspath_prepend(str(ROOT))
    settings = Settings(local=own_sample.folder, search_seconds=0, facts=own_sample.folder.parent / "facts")
    access = open_access(settings)
    access.reader.sandbox = Sandbox("tests.tools.reading.turncoat_jobs", most_workers=1)
    yield access
    access.reader.sandbox.close()


async def read(access: Access, ids: list[str], archive_id: str) -> dict[str, Facts]:
    reader = access.reader.of(archive_id)
    with Patience(30) as patience, reader.batch():
        found: dict[str, Facts] = {}
        for each in ids:
            found |= (await reader.all_facts([each], patience))[0]
        return found


def kept(access: Access, ids: list[str]) -> list[str]:
    assert isinstance(access.reader.facts_kept, FactsFolder)
    return [each for each in ids if access.reader.facts_kept.get(each) is not None]


async def test_outside_of_a_batch_no_mail_changes_what_is_told_of_another(access: Access, ids: list[str]) -> None:
    facts = [await access.reader.facts_of(each) for each in ids]
    assert all(each.languages != FALSE for each in facts)


async def test_the_next_batch_is_read_by_a_worker_that_was_not_there(
    access: Access, ids: list[str], own_sample: Sample
) -> None:
    access.reader.proving.one_in = NEVER
    taken = await read(access, ids[:2], own_sample.archive_id)
    assert taken[ids[1]].languages == FALSE
    other_caller = replace(access, reader=replace(access.reader, caller="you"))
    behind = await read(other_caller, ids[2:], own_sample.archive_id)
    assert len(behind) == HONEST - 1 and all(each.languages != FALSE for each in behind.values())


async def test_what_was_told_otherwise_is_found_and_nothing_of_its_batch_is_kept(
    access: Access, ids: list[str], own_sample: Sample, caplog: pytest.LogCaptureFixture
) -> None:
    proving = access.reader.proving
    proving.one_in = NEVER
    await read(access, ids[1:3], own_sample.archive_id)
    reader = access.reader.of(own_sample.archive_id)
    with reader.batch():
        await reader.facts_of(ids[0])
        assert (await reader.facts_of(ids[3])).languages == FALSE
        assert kept(access, ids) == ids[:4]
        proving.one_in = 1
        with caplog.at_level(logging.WARNING):
            assert (await reader.facts_of(ids[4])).languages != FALSE
    assert "read otherwise by a worker that had read nothing else" in caplog.text
    assert f"archive {own_sample.archive_id}, 2 messages" in caplog.text
    # Of the batch before all stays; of this one nothing, neither on the disk nor here.
    assert kept(access, ids) == ids[1:3]
    assert (await reader.facts_of(ids[3])).languages != FALSE


async def test_what_is_told_twice_alike_is_kept(access: Access, ids: list[str], own_sample: Sample) -> None:
    access.reader.proving.one_in = 1
    await read(access, ids[1:], own_sample.archive_id)
    assert kept(access, ids) == ids[1:]


def test_one_in_a_hundred_is_read_again() -> None:
    proving = Proving()
    times = sum(proving.is_next() for _ in range(20_000))
    assert 100 < times < 320
