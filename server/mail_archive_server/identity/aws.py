"""AWS below boto3, or another endpoint that speaks its API."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session

    from mail_archive_server.identity.connecting import Connection
    from mail_archive_server.settings import Settings
    from mail_archive_tools.reading.links import LinkRule


class AwsBackend:
    """The user's own AWS files and variables, or another endpoint of the API."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.endpoint_url = settings.endpoint_url

    def account(self, core: Session) -> str | None:
        config: dict[str, str] = core.get_scoped_config()
        return config.get("sso_account_id") or config.get("aws_account_id")

    def session(self) -> tuple[Session, Callable[[], Credentials]]:
        from mail_archive_server.identity.chain import chain_of, session_of_chain

        core = session_of_chain(self._settings.profile, self._settings.region)
        return core, partial(chain_of, core)

    def attach(self, client: Any) -> None:
        """Nothing: what boto3 does is what is wanted."""

    def s3(self, connection: Connection) -> Any:
        return connection.client_of(connection.session(), "s3", endpoint_url=self._settings.s3_endpoint_url)

    def refuse_nowhere(self) -> None:
        """Nothing: AWS has S3."""

    def notes(self) -> list[str]:
        return []

    def links(self, region: Callable[[], str]) -> LinkRule:
        from mail_archive_tools.reading.links import origin_links, s3_links

        of_service = s3_links(region)
        if self.endpoint_url is None:
            return of_service

        # Another endpoint may hand out its own links, or those of S3.
        of_endpoint = origin_links(lambda: self.endpoint_url or "")
        return lambda link: of_service(link) or of_endpoint(link)
