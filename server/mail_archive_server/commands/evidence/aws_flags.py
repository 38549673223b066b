"""Exports that are read from S3, and what AWS says of them."""

import argparse
import os
from typing import TYPE_CHECKING, Any

from mail_archive_server.setting_values import S3_LOCATION, words
from mail_archive_server.settings import SETTINGS, Settings, add_flags, read_settings, read_value
from mail_archive_server.terminal import CommandError

if TYPE_CHECKING:
    from mail_archive_local import S3Place
    from mail_archive_tools.service.buckets import Location

AWS_SETTINGS = ("region", "profile", "role_arn", "external_id", "endpoint_url", "s3_endpoint_url")
"""How AWS is reached, where an export is read from S3."""


def add_aws_flags(parser: argparse.ArgumentParser) -> None:
    add_flags(parser, tuple(setting for setting in SETTINGS if setting.name in AWS_SETTINGS))


def is_in_s3(source: str) -> bool:
    return source.startswith("s3://")


def aws_settings(arguments: argparse.Namespace) -> Settings:
    """How AWS is reached, read where something is asked of it. A local archive that a variable names is not meant: it
    is one that mail is put into."""
    if not arguments.query_of and not any(map(is_in_s3, arguments.sources)):
        return Settings()

    environment = {name: value for name, value in os.environ.items() if name != "MAIL_ARCHIVE_LOCAL"}
    return read_settings({name: getattr(arguments, name) for name in AWS_SETTINGS}, environment)


def place_in_s3(url: str, settings: Settings) -> "S3Place":
    """The export at a place in S3.

    Raises:
        SettingError: it is none of S3.
        CommandError: there is nothing, or it cannot be looked at.
    """
    from mail_archive_local import S3Place
    from mail_archive_tools.service.buckets import Location

    read_value(words(S3_LOCATION, "a place in S3, such as s3://bucket/prefix"), "SOURCE", url)
    location = Location.of(url)
    return S3Place(_client_for(location, settings), location)


def _client_for(location: "Location", settings: Settings) -> Any:
    """A client of S3, with which the place can be listed.

    Raises:
        CommandError: it cannot.
    """
    from mail_archive_server.backends import backend_of
    from mail_archive_server.identity.connecting import Connection
    from mail_archive_tools.errors import ArchiveError
    from mail_archive_tools.service.refusals.translating import REFUSALS, refusal
    from mail_archive_tools.service.resources import Resource

    try:
        backend = backend_of(settings)
        client = backend.s3(Connection(settings, backend))
        # Asked for one object: whether it can be listed is told before anything is made.
        found = client.list_objects_v2(Bucket=location.bucket, Prefix=location.prefix, MaxKeys=1)
    except REFUSALS as error:
        raise CommandError(str(refusal(error, "ListObjectsV2", Resource(str(location))))) from error
    except ArchiveError as error:
        raise CommandError(str(error)) from error

    if not found.get("Contents"):
        raise CommandError(f"There is nothing at {location}, so nothing was added. Check the bucket and the prefix.")
    return client


def query_of(export_id: str | None, settings: Settings) -> dict[str, Any]:
    """What an export was asked, as AWS says; nothing where none is named."""
    if export_id is None:
        return {}
    import anyio

    from mail_archive_server.backends import open_access
    from mail_archive_tools.errors import ArchiveError
    from mail_archive_tools.models import ArchiveExport

    async def ask() -> dict[str, Any]:
        response = await open_access(settings).client.get_archive_export(export_id)
        return ArchiveExport.of(**response, ExportId=export_id).structured()

    try:
        return anyio.run(ask)
    except ArchiveError as error:
        raise CommandError(str(error)) from error
