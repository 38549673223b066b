"""Ctrl-C in a command that takes in or gives out many messages: it comes to a good end, and says what is kept."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mail_archive_server.terminal import Interrupted


class Interrupts:
    """Whether Ctrl-C was pressed. What is being done looks here, between two messages, and ends; at the second press
    it is broken off."""

    def __init__(self) -> None:
        self.asked = False

    def stopped(self) -> bool:
        return self.asked

    def note(self, *_: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def heard() -> Iterator[Interrupts]:
    """Let Ctrl-C be noted, as long as this lasts."""
    interrupts = Interrupts()
    try:
        before = signal.signal(signal.SIGINT, interrupts.note)
    except ValueError:
        # Python hears signals in its main thread alone: in another one there is nothing to note.
        yield interrupts
        return

    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def explained(sentence: Callable[[], str]) -> Iterator[None]:
    """Where this is broken off by Ctrl-C, end with a sentence on what is kept, and how to go on.

    Raises:
        Interrupted: it was.
    """
    try:
        yield
    except KeyboardInterrupt:
        # Whoever presses once more wants no other answer.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise interrupted(sentence()) from None


def interrupted(sentence: str) -> Interrupted:
    """The end of a command that Ctrl-C ended, with a sentence on what is kept."""
    return Interrupted(f"interrupted. {sentence}")
