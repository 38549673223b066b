"""Where the exports of a local archive go, by its settings: to a folder of buckets, or to an S3 API."""

from pathlib import Path
from typing import Any

from mail_archive_local.exporting.delivery import DeliveryFailed, FolderDelivery, S3Delivery
from mail_archive_local.exporting.exporter import Exporter
from mail_archive_local.wire.s3 import S3Failed, s3_client


def exporter_to(folder: Path | None, s3_endpoint_url: str | None) -> Exporter | None:
    """Who delivers there; None where exports go nowhere. Nothing of the SDK is loaded before there is an export."""
    if folder is not None:
        return Exporter(lambda: FolderDelivery(folder))
    if s3_endpoint_url is not None:
        return Exporter(lambda: _s3_delivery(s3_endpoint_url))
    return None


def _s3_delivery(endpoint_url: str) -> S3Delivery:
    """
    Raises:
        DeliveryFailed: the user's AWS files and variables make no client.
    """
    try:
        return S3Delivery(s3_client(endpoint_url))
    except S3Failed as error:
        raise DeliveryFailed(f"The AWS settings that exports are delivered with do not work: {error}") from error


def client_of_places(folder: Path | None, s3_endpoint_url: str | None) -> Any:
    """A boto3 client of S3 with which a destination can be looked at; None where exports go nowhere."""
    if folder is not None:
        from mail_archive_local.exporting.folder_door import attach_folder

        # Nothing is sent to that host, and nobody looks at the keys.
        client = s3_client("http://localhost", "folder", "folder")
        attach_folder(client, FolderDelivery(folder))
        return client

    if s3_endpoint_url is not None:
        return s3_client(s3_endpoint_url)
    return None
