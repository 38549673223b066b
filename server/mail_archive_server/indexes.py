"""The index of content that settings name: a file of SQLite."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mail_archive_server.settings import Settings
    from mail_archive_tools.index.engine import Index

NAME = "index.sqlite3"
"""What the file is called that lies in a local archive's folder."""
NO_INDEX = "none"
"""What `--index` says where no index is wanted."""

_KNOWN_BESIDE = ("trusted_authserv_id", "known", "dns")
"""Settings that facts of messages depend on."""


def place_of(settings: Settings) -> Path | None:
    """Where the index is, whether it is there or not: where it was named, or in the local archive's folder."""
    if settings.index == NO_INDEX:
        return None
    if settings.index is not None:
        return Path(settings.index)
    if settings.local is not None:
        return settings.local / NAME
    return None


def opener(settings: Settings, keys: Mapping[str, str]) -> Callable[[], Index] | None:
    """What opens the index to answer from it; None where there is none, and none was named."""
    place = place_of(settings)
    if place is None:
        return None
    if settings.index is None and not place.exists():
        return None

    def open_index() -> Index:
        # Imported here: a server starts without it.
        from mail_archive_tools.storage.index_file.index_file import IndexFile

        return IndexFile(place, made_of(settings, keys))

    return open_index


def made_of(settings: Settings, keys: Mapping[str, str]) -> str:
    """What names what is known beside the messages, by which they are read."""
    known = [getattr(settings, name) for name in _KNOWN_BESIDE]
    told = json.dumps([*known, sorted(keys.items())])
    return hashlib.sha256(told.encode()).hexdigest()[:32]
