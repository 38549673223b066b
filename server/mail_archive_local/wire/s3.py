"""Clients of S3 APIs that are not AWS's, and what the SDK's errors say of a call that failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mail_archive_local.arns import DEFAULT_REGION


class S3Failed(Exception):
    """A call of S3 that failed; the text is what the service or the SDK says, fit to stand within a sentence."""


def s3_client(endpoint_url: str, access_key_id: str | None = None, secret: str | None = None) -> Any:
    """A client of an S3 API that is not AWS's: with the credentials of the user's own AWS files and variables, where
    none are given, and buckets named in paths.

    Raises:
        S3Failed: these files and variables make no client.
    """
    import boto3
    from botocore.config import Config

    with s3_failures():
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


@contextmanager
def s3_failures() -> Iterator[None]:
    """The SDK's errors as `S3Failed`. It is loaded here, since most who open an archive have nothing to do with S3."""
    from botocore.exceptions import BotoCoreError, ClientError

    from mail_archive_tools.service.refusals.sdk_errors import said

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise S3Failed(said(error)) from error
