"""Where the exports of a local archive go, by its settings: to a folder of buckets, or to an S3 API."""

from pathlib import Path
from typing import Any

from mail_archive_local.arns import DEFAULT_REGION
from mail_archive_local.exporting.delivery import DeliveryFailed, FolderDelivery, S3Delivery
from mail_archive_local.exporting.exporter import Exporter


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
    from botocore.exceptions import BotoCoreError

    try:
        return S3Delivery(s3_client(endpoint_url))
    except BotoCoreError as error:
        raise DeliveryFailed(f"The AWS settings that exports are delivered with do not work: {error}") from error


def client_of_places(folder: Path | None, s3_endpoint_url: str | None) -> Any:
    """A boto3 client of S3 with which a destination can be looked at; None where exports go nowhere."""
    if folder is not None:
        from mail_archive_local.exporting.folder_door import attach_folder

        client = s3_client("http://localhost", "folder", "folder")
        attach_folder(client, FolderDelivery(folder))
        return client
    return None if s3_endpoint_url is None else s3_client(s3_endpoint_url)


def s3_client(endpoint_url: str, access_key_id: str | None = None, secret: str | None = None) -> Any:
    """A client of an S3 API that is not AWS's: with the credentials of the user's own AWS files and variables, where
    none are given, and buckets named in paths."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=DEFAULT_REGION,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        config=Config(
            s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=20, retries={"mode": "standard"}
        ),
    )
