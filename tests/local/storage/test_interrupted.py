"""Ctrl-C while SQLite asks this program whether a statement may run: Python forgets the exception, and SQLite takes it
for a refusal. It is an interrupt all the same, and says nothing of the folder."""

import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

import pytest

from mail_archive_local.storage.failures import StoreUnwritable
from mail_archive_local.storage.reading import DISK
from mail_archive_local.storage.store import Store
from tests.conftest import Sample

ASKED = "_refuse_changes"


@contextmanager
def pressed_while_asked(times: int) -> Iterator[None]:
    """Ctrl-C arrives as SQLite asks for the so-manieth time."""
    asked = 0

    def press(frame: FrameType, event: str, _: object) -> None:
        nonlocal asked
        if event == "call" and frame.f_code.co_name == ASKED:
            asked += 1
            if asked == times:
                signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.setprofile(press)
    try:
        yield
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("times", [1, 2, 7, 50])
def test_ctrl_c_while_an_archive_is_opened_to_be_read_is_no_folder_that_cannot_be_written(
    sample: Sample, times: int
) -> None:
    with pytest.raises(KeyboardInterrupt), pressed_while_asked(times):
        Store(sample.folder, looking=True)


def test_a_change_is_refused_as_one_after_that(sample: Sample) -> None:
    with closing(Store(sample.folder, looking=True)) as store:
        with pytest.raises(KeyboardInterrupt), pressed_while_asked(1), store.reading() as db:
            db.execute("SELECT count(*) FROM setting WHERE name = 'something that was not asked before'")
        with pytest.raises(StoreUnwritable), store.reading() as db:
            db.execute(f"DELETE FROM {DISK}.setting")
