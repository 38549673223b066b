"""Where the archives are: settings -> what makes a boto3 client. AWS and the local archive part here."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mail_archive_tools import __version__

if TYPE_CHECKING:
    from mail_archive_server.local.bridge import LinkListener
    from mail_archive_server.local.storage.store import Store
    from mail_archive_server.settings import Settings
    from mail_archive_tools.access import Access
    from mail_archive_tools.reading.links import LinkRule
    from mail_archive_tools.searching.cursors import Cursors
    from mail_archive_tools.service.client import MailManager

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
    return accessor(settings)()


def accessor(settings: Settings, cursors: Cursors | None = None) -> Callable[[], Access]:
    """Gives that access, the same each time; it is made when it is first asked for, since a server that only lists its
    tools needs none. `cursors` are those of its caller, where callers are to be told apart.

    Raises:
        StoreError: there is no usable local archive in the folder that they name.
    """
    store = _open_store(settings)
    made: list[Access] = []
    making = threading.Lock()

    def access() -> Access:
        with making:
            if not made:
                made.append(_make_access(settings, store, cursors))
            return made[0]

    return access


def _open_store(settings: Settings) -> Store | None:
    """The local archive, opened now, so that a folder that is none is told at the start."""
    if settings.local is None:
        return None
    from mail_archive_server.local.storage.store import Store

    store = Store(settings.local)
    store.warn_if_exposed()
    return store


def _make_access(settings: Settings, store: Store | None, cursors: Cursors | None) -> Access:
    from mail_archive_tools.access import Access
    from mail_archive_tools.searching.cursors import Cursors

    client, rule = _aws(settings) if store is None else _local(settings, store)
    return Access.to(
        client,
        show_download_links=settings.download_links == "show",
        may_download=rule,
        cursors=cursors or Cursors(settings.cursor_key.encode() if settings.cursor_key else None),
    )


def _aws(settings: Settings) -> tuple[MailManager, LinkRule]:
    from mail_archive_tools.reading.links import origin_links, s3_links
    from mail_archive_tools.service.client import MailManager

    def connect() -> Any:
        import boto3

        session = boto3.Session(region_name=settings.region, profile_name=settings.profile)
        return session.client("mailmanager", endpoint_url=settings.endpoint_url, config=_config())

    client = MailManager(connect)
    of_service = s3_links(lambda: client.region)
    if settings.endpoint_url is None:
        return client, of_service
    of_endpoint = origin_links(lambda: settings.endpoint_url or "")
    return client, lambda link: of_service(link) or of_endpoint(link)


def _local(settings: Settings, store: Store) -> tuple[MailManager, LinkRule]:
    from mail_archive_tools.reading.links import origin_links
    from mail_archive_tools.service.client import MailManager

    links: list[LinkListener] = []

    def connect() -> Any:
        import boto3
        import botocore.session

        from mail_archive_server.local.bridge import LinkListener, attach
        from mail_archive_server.local.context import DEFAULT_REGION, Local

        listener = LinkListener()
        local = Local(store, listener.base, search_seconds=settings.search_seconds)
        listener.serves(local)
        links[:] = [listener]
        # The user's AWS files and variables are none of the local archive's business.
        core = botocore.session.Session(
            {
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
            }
        )
        client = boto3.Session(*store.credentials, region_name=DEFAULT_REGION, botocore_session=core).client(
            "mailmanager", endpoint_url="http://localhost", config=_config()
        )
        attach(client, local)
        return client

    return MailManager(connect), origin_links(lambda: links[0].base() if links else "")


def _config() -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        user_agent_extra=f"mail-archive-mcp/{__version__}",
    )
