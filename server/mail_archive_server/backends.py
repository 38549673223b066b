"""Where the archives are: settings -> what makes a boto3 client. AWS and the local archive part here."""

import os
from collections.abc import Callable
from typing import Any

from mail_archive_server.settings import Settings
from mail_archive_tools import __version__
from mail_archive_tools.access import Access
from mail_archive_tools.client import MailManager

CONNECT_SECONDS = 5
READ_SECONDS = 20
ATTEMPTS = 4
"""Tries of one call, the first included, when Mail Manager throttles or fails."""


def open_access(settings: Settings) -> Access:
    """The access to the archives that these settings name. Nothing is sent, and boto3 is not loaded, before the
    first call.

    Raises:
        StoreError: there is no usable local archive in the folder that they name.
    """
    connect = _local(settings) if settings.local is not None else _aws(settings)
    return Access(MailManager(connect), show_download_links=settings.download_links == "show")


def _aws(settings: Settings) -> Callable[[], Any]:
    def connect() -> Any:
        import boto3

        session = boto3.Session(region_name=settings.region, profile_name=settings.profile)
        return session.client("mailmanager", endpoint_url=settings.endpoint_url, config=_config())

    return connect


def _local(settings: Settings) -> Callable[[], Any]:
    assert settings.local is not None
    from mail_archive_server.local.store import Store

    # Opened now, so that a folder that is no archive is told at the start.
    store = Store(settings.local)

    def connect() -> Any:
        import boto3
        import botocore.session

        from mail_archive_server.local.bridge import LinkListener, attach
        from mail_archive_server.local.context import DEFAULT_REGION, Local
        from mail_archive_server.local.identity import ACCESS_KEY_ID, SECRET_ACCESS_KEY

        listener = LinkListener()
        local = Local(store, listener.base, search_seconds=settings.search_seconds)
        listener.serves(local)
        # The user's AWS files and variables are none of the local archive's business.
        core = botocore.session.Session(
            {
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
            }
        )
        client = boto3.Session(
            ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=DEFAULT_REGION, botocore_session=core
        ).client("mailmanager", endpoint_url="http://localhost", config=_config())
        attach(client, local)
        return client

    return connect


def _config() -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        user_agent_extra=f"mail-archive-mcp/{__version__}",
    )
