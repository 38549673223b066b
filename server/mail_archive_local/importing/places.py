"""Where exports are read from: a folder, or a place in S3."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from mail_archive_local.importing.exported import Entry, PlaceFailed
from mail_archive_local.importing.packed import Unpacked, unpacked
from mail_archive_local.importing.sources import Skipped, files, unreadable
from mail_archive_local.wire.s3 import S3Failed, s3_failures
from mail_archive_tools.service.buckets import Location

OBJECT_BYTES = 2_000_000_000
"""The largest object that is read: a zip of many messages may be that long."""
AT_ONCE = 16
"""Objects that are fetched from S3 at a time."""
PAGE_OBJECTS = 1_000
"""Objects that S3 lists at a time; more it does not."""
AHEAD_BYTES = 64_000_000
"""How much is fetched before it is its turn, one object aside."""

LOOKED_AT, LOOKED_AT_BYTES = 50, 4_000_000
"""Files that are looked at to know whether a folder is an export, and how long they may be."""


class Place(Protocol):
    """Objects in the order of their origins, and their bytes."""

    def entries(self) -> Iterator[Entry]: ...

    def fetch(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | str]]: ...


class FolderPlace:
    """The files of a folder, and of the folders in it. The version of one that cannot be read says why, and its size is
    below zero."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> Iterator[Entry]:
        for path in files([self._folder]):
            if isinstance(path, Skipped):
                yield Entry(path.origin, path.reason, -1)
                continue
            try:
                status = path.stat()
            except OSError as error:
                yield Entry(str(path), unreadable(path, error).reason, -1)
                continue
            yield Entry(str(path), f"{status.st_size}-{status.st_mtime_ns}", status.st_size)

    def fetch(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | str]]:
        for entry in entries:
            yield entry, _read(entry)


def holds_export(folder: Path) -> bool:
    """Whether the first files of a folder show that it is an export: JSON about messages, or such or mail in a
    packing."""
    for entry in islice(FolderPlace(folder).entries(), LOOKED_AT):
        if entry.size > LOOKED_AT_BYTES:
            continue
        content = _read(entry)
        if isinstance(content, bytes) and _is_of_export(entry, content):
            return True
    return False


def _is_of_export(entry: Entry, content: bytes) -> bool:
    for found in unpacked(entry.origin, content):
        if not isinstance(found, Unpacked):
            continue
        # Mail that was in no packing is the object itself, and may be anybody's.
        if isinstance(found.content, list) or found.content != content:
            return True
    return False


def _read(entry: Entry) -> bytes | str:
    if entry.size < 0:
        return entry.version
    if entry.size > OBJECT_BYTES:
        return _too_large(entry)

    try:
        # Not blocking: a FIFO that took the file's place must not stop the import.
        descriptor = os.open(entry.origin, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except OSError as error:
        return unreadable(Path(entry.origin), error).reason


class S3Place:
    """The objects of a bucket, below a prefix."""

    def __init__(
        self, client: Any, location: Location, at_once: int = AT_ONCE, page_objects: int = PAGE_OBJECTS
    ) -> None:
        self._client, self._location = client, location
        self._at_once, self._page_objects = at_once, page_objects

    def entries(self) -> Iterator[Entry]:
        try:
            with s3_failures():
                yield from self._listed()
        except S3Failed as error:
            raise PlaceFailed(
                f"{self._location} could not be listed to its end ({error}). What was read is kept: import once more "
                "to go on."
            ) from error

    def _listed(self) -> Iterator[Entry]:
        prefix = ""
        if self._location.prefix:
            prefix = f"{self._location.prefix}/"

        paginator = self._client.get_paginator("list_objects_v2")
        pages = paginator.paginate(
            Bucket=self._location.bucket, Prefix=prefix, PaginationConfig={"PageSize": self._page_objects}
        )
        for page in pages:
            for found in page.get("Contents", []):
                # Consoles make an empty object for what they show as a folder.
                if found["Key"].endswith("/"):
                    continue
                origin = f"s3://{self._location.bucket}/{found['Key']}"
                version = f"{found['Size']}-{found.get('ETag', '')}"
                yield Entry(origin, version, found["Size"])

    def fetch(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | str]]:
        waiting: deque[tuple[Entry, Future[bytes | str]]] = deque()
        ahead = 0
        failure: PlaceFailed | None = None

        with ThreadPoolExecutor(self._at_once) as pool:
            try:
                for entry in entries:
                    waiting.append((entry, pool.submit(self._get, entry)))
                    ahead += entry.size
                    while self._are_enough(len(waiting), ahead):
                        first, content = waiting.popleft()
                        ahead -= first.size
                        yield first, content.result()
            except PlaceFailed as error:
                # What is on its way already comes first.
                failure = error

            while waiting:
                first, content = waiting.popleft()
                yield first, content.result()

        if failure is not None:
            raise failure

    def _are_enough(self, waiting: int, ahead: int) -> bool:
        """Whether no more is fetched before the first of what is waited for was taken; one always is."""
        if waiting <= 1:
            return False
        return waiting > 2 * self._at_once or ahead > AHEAD_BYTES

    def _get(self, entry: Entry) -> bytes | str:
        if entry.size > OBJECT_BYTES:
            return _too_large(entry)

        key = entry.origin.removeprefix(f"s3://{self._location.bucket}/")
        try:
            with s3_failures():
                body: bytes = self._client.get_object(Bucket=self._location.bucket, Key=key)["Body"].read()
        except S3Failed as error:
            return f"could not be fetched ({error})"
        return body


def _too_large(entry: Entry) -> str:
    return f"is too large ({entry.size / 1e6:,.0f} MB; an object may have {OBJECT_BYTES / 1e6:,.0f} MB)"
