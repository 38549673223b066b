"""Where exports go: an S3 API, or a folder whose folders stand for buckets. An object arrives whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from mail_archive_local.storage.opening import FILE_MODE, FOLDER_MODE
from mail_archive_local.wire.s3 import S3Failed, s3_failures
from mail_archive_tools.service.buckets import Location, examine

S3_AT_ONCE = 8
"""Objects that are sent to S3 at a time."""

FILES_AT_ONCE = 8
"""Files that are written at a time: each waits for the disk."""

_PART = ".mail-archive-part"
"""How the name of a file ends that is being written. It begins with a dot, so that no reader takes it for a message."""


class DeliveryFailed(Exception):
    """An object, or all of them, cannot be delivered; the text says why."""


class Delivery(Protocol):
    """A place of buckets."""

    at_once: int
    """How many objects may be put at a time."""

    def check(self, location: Location) -> None:
        """
        Raises:
            DeliveryFailed: nothing can be put there.
        """

    def put(self, location: Location, name: str, body: bytes) -> None:
        """Put an object there, in the place of one that has its name.

        Raises:
            DeliveryFailed: it has not arrived.
        """

    def end(self, location: Location) -> None:
        """Nothing more comes: clear away what a killed process may have left behind."""


class S3Delivery:
    """An S3 API."""

    at_once = S3_AT_ONCE

    def __init__(self, client: Any) -> None:
        self._client = client

    def check(self, location: Location) -> None:
        with _s3_sentences(location):
            failures = examine(self._client, location).failures

        if failures:
            first = failures[0]
            raise DeliveryFailed(f"Nothing can be written to {location}: {first.action}: {first.why}")

    def put(self, location: Location, name: str, body: bytes) -> None:
        with _s3_sentences(location):
            self._client.put_object(Bucket=location.bucket, Key=location.key(name), Body=body)

    def end(self, location: Location) -> None:
        pass


class FolderDelivery:
    """A folder of buckets, each a folder in it."""

    at_once = FILES_AT_ONCE

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self, location: Location) -> None:
        if not self._bucket(location).is_dir():
            raise DeliveryFailed(
                f"There is no bucket {location.bucket}: a bucket is a folder, and {self.folder} has none of that name"
            )
        if not os.access(self._nearest(location), os.W_OK | os.X_OK):
            raise DeliveryFailed(f"Nothing can be written to {location} by this user")

    def has(self, bucket: str) -> bool:
        """Whether there is a bucket of that name."""
        return not bucket.startswith(".") and (self.folder / bucket).is_dir()

    def keys(self, location: Location) -> Iterator[str]:
        """The objects that are there, by key."""
        bucket = self.folder / location.bucket
        for path in self._folder(location).rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(bucket).as_posix()

    def put(self, location: Location, name: str, body: bytes) -> None:
        with _sentences(location):
            folder = self._folder(location)
            folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)

            part = self._write_part(location, name, body)
            # Whole, or not there at all, also after a failure of the machine.
            part.replace(folder / name)

    def end(self, location: Location) -> None:
        with suppress(OSError, DeliveryFailed):
            for part in self._folder(location).glob(f".*{_PART}"):
                part.unlink(missing_ok=True)

    def _write_part(self, location: Location, name: str, body: bytes) -> Path:
        part = self._folder(location) / f".{name}{_PART}"
        # On Windows, a file that is not binary gets other line ends.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        descriptor = os.open(part, flags, FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(descriptor)
        return part

    def _folder(self, location: Location) -> Path:
        return self._bucket(location).joinpath(*location.prefix.split("/"))

    def _nearest(self, location: Location) -> Path:
        """The folder that a location is, or the one that it would be made in."""
        folder = self._folder(location)
        while not folder.exists():
            folder = folder.parent
        return folder

    def _bucket(self, location: Location) -> Path:
        """The folder of a bucket. What would lead out of it is refused: a location comes from a caller."""
        steps = [location.bucket, *location.prefix.split("/")]
        if any(step.startswith(".") for step in steps):
            raise DeliveryFailed(f"A name in {location} begins with a dot, which a folder does not take")
        return self.folder / location.bucket


@contextmanager
def _s3_sentences(location: Location) -> Iterator[None]:
    """The SDK's errors as sentences."""
    try:
        with s3_failures():
            yield
    except S3Failed as error:
        raise DeliveryFailed(f"Nothing can be written to {location}: {error}") from error


@contextmanager
def _sentences(location: Location) -> Iterator[None]:
    """The system's errors as sentences."""
    try:
        yield
    except OSError as error:
        raise DeliveryFailed(f"Nothing can be written to {location}: {error.strerror}") from error
