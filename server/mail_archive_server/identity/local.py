"""A folder on this machine in the place of AWS: what boto3 is given, so that it calls the local archive."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mail_archive_local import ACCOUNT, DEFAULT_REGION, ArchiveFolder
from mail_archive_tools.errors import Misconfigured

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session

    from mail_archive_local import InProcess
    from mail_archive_server.identity.connecting import Connection
    from mail_archive_server.settings import Settings
    from mail_archive_tools.reading.links import LinkRule


class LocalBackend:
    """A local archive, opened now, so that a folder that is none is told at the start, and a user that is none too."""

    endpoint_url: str | None = "http://localhost"

    def __init__(self, settings: Settings) -> None:
        """
        Raises:
            LocalArchiveError: there is no usable local archive in the folder that the settings name, or no such user.
        """
        assert settings.local is not None
        self._settings = settings
        self._folder = ArchiveFolder(settings.local)
        keys = self._folder.keys_of(settings.profile)
        if keys is None:
            # Imported here, since it loads who there may be in a folder.
            from mail_archive_local import IdentityError

            known = ", ".join(self._folder.users())
            raise IdentityError(
                f"--profile {settings.profile} is no user of the local archive. Its identity.json has {known}."
            )
        self._keys = keys

    @cached_property
    def _served(self) -> InProcess:
        """The folder, served. Not before the first call, or the listing of tools: exports that have not ended go on
        then, and mail that its archive keeps no longer is deleted."""
        return self._folder.in_process(
            search_seconds=self._settings.search_seconds,
            export_folder=self._settings.export_folder,
            s3_endpoint_url=self._settings.s3_endpoint_url,
        )

    def session(self) -> tuple[Session, Callable[[], Credentials]]:
        import botocore.session
        from botocore.credentials import Credentials

        # The user's AWS files and variables are none of the local archive's business.
        core = botocore.session.Session(
            {
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
            }
        )
        core.set_config_variable("region", DEFAULT_REGION)
        core.set_credentials(*self._keys)
        return core, lambda: Credentials(*self._keys)

    def account(self, core: Session) -> str | None:
        return ACCOUNT

    def attach(self, client: Any) -> None:
        self._served.attach(client)

    def s3(self, connection: Connection) -> Any:
        self.refuse_nowhere()
        return self._served.s3()

    def refuse_nowhere(self) -> None:
        folder = self._settings.export_folder
        if folder is None:
            if self._settings.s3_endpoint_url is not None:
                return
            raise Misconfigured(
                "This local archive delivers exports nowhere. Whoever runs this server can start it with "
                "--export-folder DIR, whose folders stand for buckets, or with --s3-endpoint-url URL."
            )
        if not folder.is_dir():
            raise Misconfigured(
                f"This local archive delivers exports to {folder}, which is no folder. Whoever runs this server can "
                "make it, with a folder in it for each bucket, or name another with --export-folder DIR."
            )

    def links(self, region: Callable[[], str]) -> LinkRule:
        from mail_archive_tools.reading.links import origin_links

        return origin_links(self._served.link_base)

    def notes(self) -> list[str]:
        why = self._folder.why_not_written
        if not why:
            return []
        return [
            f"{why} Searches are kept in memory, and end with the server; archives cannot be changed, and mail that is "
            "older than its archive keeps it stays."
        ]
