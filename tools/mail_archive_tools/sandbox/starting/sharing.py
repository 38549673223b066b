"""What all sandboxes with the same jobs have in common: what starts their workers, and one that is ready."""

from __future__ import annotations

import threading
from contextlib import suppress

from mail_archive_tools import system
from mail_archive_tools.sandbox.starting.alone import OneByOne
from mail_archive_tools.sandbox.starting.running import Running, Starter
from mail_archive_tools.sandbox.starting.template import Template


class Share:
    """A part in what starts the workers of all sandboxes with the same jobs: a process that has seen no mail is the
    same for all of them. The last of them ends it."""

    def __init__(self, module: str, seconds: float) -> None:
        """Workers do the jobs of that module, each of which may take so many seconds. Nothing is started yet."""
        self._key = (module, seconds)
        self._shared: _Ahead | None = None

    def start(self, only_what_is_needed: bool) -> Running:
        """A worker; the next one gets ready while it works.

        Raises:
            OSError: none can be started.
        """
        return self._part().start(only_what_is_needed)

    def prepare(self, only_what_is_needed: bool) -> None:
        """Have a worker get ready, where none is."""
        self._part().prepare(only_what_is_needed)

    def close(self) -> None:
        with _sharing:
            shared, self._shared = self._shared, None
            if shared is None:
                return
            shared.users -= 1
            if shared.users:
                return
            del _all_shared[self._key]
        shared.close()

    def _part(self) -> _Ahead:
        with _sharing:
            if self._shared is None:
                if self._key not in _all_shared:
                    starter = Template(*self._key) if system.CAN_FORK else OneByOne(*self._key)
                    _all_shared[self._key] = _Ahead(starter)
                self._shared = _all_shared[self._key]
                self._shared.users += 1
            return self._shared


class _Ahead:
    """Starts each worker ahead of its use: by the time that it is asked for, it has tried itself."""

    def __init__(self, starter: Starter) -> None:
        self.users = 0
        """How many sandboxes have a part in it."""
        self._starter = starter
        self._guard = _lock()
        self._ready: tuple[bool, Running] | None = None
        """What was started, and whether with only what is needed."""
        self._is_closed = False

    def start(self, only_what_is_needed: bool) -> Running:
        running = self._take(only_what_is_needed) or self._starter.start(only_what_is_needed)
        self.prepare(only_what_is_needed)
        return running

    def prepare(self, only_what_is_needed: bool) -> None:
        with self._guard, suppress(OSError):
            if self._ready is None and not self._is_closed:
                self._ready = (only_what_is_needed, self._starter.start(only_what_is_needed))

    def close(self) -> None:
        with self._guard:
            self._is_closed = True
            ready, self._ready = self._ready, None
        if ready is not None:
            ready[1].end()
        self._starter.close()

    def _take(self, only_what_is_needed: bool) -> Running | None:
        """The one that is ready, where it is of this kind and was not ended by anybody."""
        with self._guard:
            ready, self._ready = self._ready, None
        if ready is None:
            return None

        kind, running = ready
        if kind is only_what_is_needed and not running.has_ended:
            return running
        running.end()
        return None


# What was forgotten is closed by whichever thread collects it, one that holds a lock too.
_lock = threading.RLock

_all_shared: dict[tuple[str, float], _Ahead] = {}
_sharing = _lock()
