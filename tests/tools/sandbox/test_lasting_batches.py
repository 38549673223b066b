"""What calls one after the other read of one archive, or of one message, one worker may read, for a minute."""

import pytest

from mail_archive_tools.sandbox import pool
from mail_archive_tools.sandbox.pool import Sandbox
from tests.tools.sandbox.test_batches import remembered

pytestmark = pytest.mark.anyio


async def test_what_is_of_one_message_is_read_by_one_worker(sandbox: Sandbox) -> None:
    with sandbox.lasting_batch(caller="me", archived_message_id="m-1"):
        assert await remembered(sandbox, b"text") == ["text"]
    with sandbox.lasting_batch(caller="me", archived_message_id="m-1"):
        assert await remembered(sandbox, b"file") == ["text", "file"]


async def test_what_is_of_one_archive_is_read_by_one_worker(sandbox: Sandbox) -> None:
    with sandbox.lasting_batch("a-1", "me"):
        assert await remembered(sandbox, b"a") == ["a"]
    with sandbox.lasting_batch("a-1", "me"):
        assert await remembered(sandbox, b"b") == ["a", "b"]


async def test_another_message_archive_or_caller_has_other_workers(sandbox: Sandbox) -> None:
    with sandbox.lasting_batch(caller="me", archived_message_id="m-1"):
        assert await remembered(sandbox, b"a") == ["a"]
    with sandbox.lasting_batch(caller="me", archived_message_id="m-2"):
        assert await remembered(sandbox, b"b") == ["b"]
    with sandbox.lasting_batch(caller="you", archived_message_id="m-2"):
        assert await remembered(sandbox, b"c") == ["c"]
    with sandbox.lasting_batch("a-1", "you"):
        assert await remembered(sandbox, b"d") == ["d"]
    with sandbox.lasting_batch("a-2", "you"):
        assert await remembered(sandbox, b"e") == ["e"]
    with sandbox.lasting_batch("a-2", "me"):
        assert await remembered(sandbox, b"f") == ["f"]


async def test_a_batch_lasts_a_minute(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox.lasting_batch("a-1", "me") as first:
        assert await remembered(sandbox, b"a") == ["a"]
    monkeypatch.setattr(first, "_began", first._began - pool.BATCH_SECONDS)
    with sandbox.lasting_batch("a-1", "me"):
        assert await remembered(sandbox, b"b") == ["b"]
    assert first.is_over


async def test_no_more_are_kept_than_there_are_cores(sandbox: Sandbox) -> None:
    for number in range(20):
        with sandbox.lasting_batch(caller="me", archived_message_id=f"m-{number}"):
            assert await remembered(sandbox, b"x") == ["x"]
    assert len(sandbox._idle) <= sandbox._most_workers
    with sandbox.lasting_batch(caller="me", archived_message_id="m-0"):
        assert await remembered(sandbox, b"again") == ["again"], "its worker has ended long ago"


async def test_within_a_batch_of_its_archive_it_is_of_that_batch(sandbox: Sandbox) -> None:
    with sandbox.batch("a-1", "me"):
        assert await remembered(sandbox, b"a") == ["a"]
        with sandbox.lasting_batch("", "me", archived_message_id="m-1"):
            assert await remembered(sandbox, b"b") == ["a", "b"]
        with sandbox.lasting_batch("a-1", "me"):
            assert await remembered(sandbox, b"c") == ["a", "b", "c"]
        with sandbox.lasting_batch("a-2", "me"):
            assert await remembered(sandbox, b"d") == ["d"]
