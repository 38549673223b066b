"""One message may be read several times by one worker: its text, then its files. Another message has another one."""

import pytest

from mail_archive_tools.sandbox.pool import Sandbox
from tests.tools.sandbox.test_batches import remembered

pytestmark = pytest.mark.anyio


async def test_what_is_of_one_message_is_read_by_one_worker(sandbox: Sandbox) -> None:
    with sandbox.batch_of("m-1", "me"):
        assert await remembered(sandbox, b"text") == ["text"]
    with sandbox.batch_of("m-1", "me"):
        assert await remembered(sandbox, b"file") == ["text", "file"]


async def test_another_message_and_another_caller_have_other_workers(sandbox: Sandbox) -> None:
    with sandbox.batch_of("m-1", "me"):
        assert await remembered(sandbox, b"a") == ["a"]
    with sandbox.batch_of("m-2", "me"):
        assert await remembered(sandbox, b"b") == ["b"]
    with sandbox.batch_of("m-1", "you"):
        assert await remembered(sandbox, b"c") == ["c"]


async def test_no_more_are_kept_than_there_are_cores(sandbox: Sandbox) -> None:
    for number in range(20):
        with sandbox.batch_of(f"m-{number}", "me"):
            assert await remembered(sandbox, b"x") == ["x"]
    assert len(sandbox._idle) <= sandbox._most_workers
    with sandbox.batch_of("m-0", "me"):
        assert await remembered(sandbox, b"again") == ["again"], "its worker has ended long ago"


async def test_within_a_batch_of_its_archive_it_is_of_that_batch(sandbox: Sandbox) -> None:
    with sandbox.batch("a-1", "me"):
        assert await remembered(sandbox, b"a") == ["a"]
        with sandbox.batch_of("m-1", "me"):
            assert await remembered(sandbox, b"b") == ["a", "b"]
