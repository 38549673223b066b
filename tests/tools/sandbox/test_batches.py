"""Which readings one worker may do: those of one batch, of one archive, for one caller, while nothing went wrong."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from mail_archive_tools.sandbox.pool import NotRead, Sandbox
from tests.pace import HANGS
from tests.tools.sandbox.conftest import workers_of

pytestmark = pytest.mark.anyio


async def remembered(sandbox: Sandbox, what: bytes) -> list[str]:
    """What the worker that is given this has been given so far."""
    return await sandbox.run("remember", what, list)


async def test_a_worker_reads_one_batch_and_what_belongs_to_none_alone(sandbox: Sandbox) -> None:
    assert await remembered(sandbox, b"a") == ["a"]
    assert await remembered(sandbox, b"b") == ["b"]
    with sandbox.batch("a-1", "me"):
        assert await remembered(sandbox, b"c") == ["c"]
        assert await remembered(sandbox, b"d") == ["c", "d"]
        with sandbox.batch("", "me"):
            assert await remembered(sandbox, b"e") == ["c", "d", "e"]
    with sandbox.batch("a-1", "me"):
        assert await remembered(sandbox, b"f") == ["f"]


async def test_another_archive_another_caller_and_what_is_apart_have_other_workers(sandbox: Sandbox) -> None:
    with sandbox.batch("a-1", "me"):
        assert await remembered(sandbox, b"a") == ["a"]
        with sandbox.batch("a-2", "me"):
            assert await remembered(sandbox, b"b") == ["b"]
        with sandbox.batch("a-1", "you"):
            assert await remembered(sandbox, b"c") == ["c"]
        with sandbox.batch("", "you"):
            assert await remembered(sandbox, b"d") == ["d"]
        with sandbox.batch("", "me", apart=True):
            assert await remembered(sandbox, b"e") == ["e"]
        assert await remembered(sandbox, b"f") == ["a", "f"]


async def test_batches_at_once_share_no_worker(sandbox: Sandbox) -> None:
    seen: list[list[str]] = []

    async def read(archive_id: str) -> None:
        with sandbox.batch(archive_id):
            for _ in range(4):
                seen.append(await remembered(sandbox, archive_id.encode()))

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(read, f"a-{number}")
    assert len(seen) == 16 and all(len(set(each)) == 1 for each in seen)


@pytest.mark.parametrize("job", ["crash", "leave", "lie_about_all", "fill_memory"])
async def test_no_worker_reads_on_after_it_broke(sandbox: Sandbox, job: str) -> None:
    with sandbox.batch("a-1"):
        assert await remembered(sandbox, b"before") == ["before"]
        with pytest.raises(NotRead):
            await sandbox.run(job, b"", dict)
        assert await remembered(sandbox, b"behind") == ["behind"]


async def test_no_worker_reads_on_after_a_parser_failed_in_it(sandbox: Sandbox) -> None:
    with sandbox.batch("a-1"):
        first = await sandbox.run("break_a_parser", b"x", int)
        assert await sandbox.run("break_a_parser", b"x", int) != first


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    yield from workers_of("hostile_jobs", monkeypatch, 0.5)


async def test_what_was_late_is_not_tried_again(hasty: Sandbox) -> None:
    """A new worker would have done it at once; but what is late once is late twice, and others wait."""
    with hasty.batch("a-1"):
        assert await hasty.run("late_unless_new", b"1", str) == "done at once"
        with pytest.raises(NotRead, match=r"took longer than 0.5 s") as caught:
            await hasty.run("late_unless_new", b"2", str)
        assert caught.value.late
        assert await hasty.run("late_unless_new", b"3", str) == "done at once"


async def test_what_breaks_a_worker_that_read_before_is_tried_by_another(sandbox: Sandbox) -> None:
    """It may have been what was read before."""
    with sandbox.batch("a-1"):
        assert await sandbox.run("broken_unless_new", b"1", str) == "done"
        assert await sandbox.run("broken_unless_new", b"2", str) == "done"


async def test_the_workers_of_a_batch_end_with_it(sandbox: Sandbox) -> None:
    with sandbox.batch("a-1"):
        worker = Path("/proc") / str(await sandbox.run("pause", b"0", int))
        if not worker.parent.is_dir():
            pytest.skip("processes cannot be looked at here")
        assert worker.exists()
    with anyio.fail_after(HANGS):
        while worker.exists():
            await anyio.sleep(0.01)


async def test_workers_start_again_where_their_template_was_ended(sandbox: Sandbox) -> None:
    assert await sandbox.run("echo", b"before", str) == "before"
    template = sandbox._share._part()._starter._process  # type: ignore[attr-defined]
    template.kill()
    template.wait()
    assert await sandbox.run("echo", b"behind", str) == "behind"


async def test_a_worker_is_ready_before_it_is_asked_for(sandbox: Sandbox) -> None:
    assert await sandbox.run("echo", b"the first", str) == "the first"
    shared = sandbox._share._part()
    assert shared._ready is not None
    _, ready = shared._ready
    with sandbox.batch("a-1"):
        assert await remembered(sandbox, b"a") == ["a"]
        assert sandbox._idle[-1][1]._running is ready


async def test_one_that_was_ready_and_was_ended_is_not_used(sandbox: Sandbox) -> None:
    assert await sandbox.run("echo", b"before", str) == "before"
    shared = sandbox._share._part()
    assert shared._ready is not None
    _, ready = shared._ready
    with anyio.fail_after(HANGS):
        ready.hang_up()
        while not ready.has_ended:
            await anyio.sleep(0.01)
    assert await sandbox.run("echo", b"behind", str) == "behind"
    assert not sandbox._unfit
