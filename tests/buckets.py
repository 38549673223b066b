"""Buckets for tests: a real S3 server on a loopback port, and folders that stand for buckets."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mail_archive_local.context import Local
from mail_archive_local.operations.exports import start_archive_export
from mail_archive_local.wire.s3 import s3_client
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from tests.pace import HANGS

ENDED = ("COMPLETED", "FAILED", "CANCELLED")
BUCKETS = ("s3://evidence", "s3://case", "s3://nothere", "s3://other", "s3://gone")
"""The buckets of tests, which exports may go to."""
YEAR = {"FromTimestamp": "2025-01-01T00:00:00Z", "ToTimestamp": "2026-01-01T00:00:00Z"}


@contextmanager
def s3_server() -> Iterator[str]:
    """moto's server; gives its URL. It keeps what is put there in memory."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


class Bucket:
    """A bucket of a real S3 server."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.client: Any = s3_client(url, "test", "test")
        self.client.create_bucket(Bucket=name)
        # All servers of a process keep one state: what another test put there goes.
        for key in self.objects():
            self.client.delete_object(Bucket=name, Key=key)
        self.client.delete_bucket_policy(Bucket=name)

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """All that is in it below a prefix, by key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return {key: self.client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in keys}


def folder_objects(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too, by their paths from there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def destination(location: str) -> dict[str, Any]:
    return {"S3": {"S3Location": location}}


def ended(client: Any, export_id: str, seconds: float = HANGS) -> dict[str, Any]:
    """The export once it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        export: dict[str, Any] = client.get_archive_export(ExportId=export_id)
        if export["Status"]["State"] in ENDED:
            return export
        time.sleep(0.01)
    raise AssertionError(f"export {export_id} has not ended in {seconds} s")


def export_access(folder: Path, buckets: Path, export_to: tuple[str, ...] = BUCKETS, **more: Any) -> Access:
    """Access to a local archive whose exports go to a folder of buckets."""
    settings = Settings(local=folder, export_folder=buckets, search_seconds=0, export_to=export_to, **more)
    return open_access(settings)


class Waits:
    """Delivers nothing by itself: exports that are started with it are left to whoever comes next."""

    def wake(self, local: Local) -> None:
        pass


def start_export_of_all(local: Local, archive_id: str, location: str) -> str:
    """Start an export of all that an archive has, with what is known beside its messages; returns its ExportId."""
    request: dict[str, Any] = {
        "ArchiveId": archive_id,
        "FromTimestamp": datetime(2000, 1, 1, tzinfo=UTC),
        "ToTimestamp": datetime(2100, 1, 1, tzinfo=UTC),
        "ExportDestinationConfiguration": destination(location),
        "IncludeMetadata": True,
    }
    return str(start_archive_export(local, request)["ExportId"])


def metadata_of(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)
    return found
