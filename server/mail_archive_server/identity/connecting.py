"""Clients of boto3 with the credentials that the settings say, over whichever backend."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from mail_archive_tools import __version__
from mail_archive_tools.errors import Misconfigured

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session

    from mail_archive_server.identity.credentials import Narrowing
    from mail_archive_server.identity.policy import Arns
    from mail_archive_server.settings import Settings
    from mail_archive_tools.reading.links import LinkRule
    from mail_archive_tools.service.scope import Scope

CONNECT_SECONDS = 5
CONNECTIONS = 24
READ_SECONDS = 20
ATTEMPTS = 4
"""Tries of one call, the first included, when a service throttles or fails."""


class Backend(Protocol):
    """What is below boto3: AWS, or a folder on this machine."""

    endpoint_url: str | None
    """Where Mail Manager is, if not where botocore would look for it."""

    def session(self) -> tuple[Session, Callable[[], Credentials]]:
        """A new session as the user set it up, and what gives the credentials of its chain as they are then."""

    def account(self, core: Session) -> str | None:
        """The account of the archives, where it is known without asking."""

    def attach(self, client: Any) -> None:
        """What is done to each client before it calls."""

    def s3(self, connection: Connection) -> Any:
        """A client of S3, where exports go."""

    def refuse_nowhere(self) -> None:
        """
        Raises:
            Misconfigured: the settings let exports go nowhere.
        """

    def links(self, region: Callable[[], str]) -> LinkRule:
        """Which links to raw messages are followed, of archives in that Region."""

    def notes(self) -> list[str]:
        """What a person should know of it."""


class Connection:
    """Makes the clients of one server; whose credentials they have, and how those are kept to its archives."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self._settings, self._backend = settings, backend
        self.scope: Scope | None = None
        """The archives that the server keeps to; None: all."""
        if settings.archive:
            from mail_archive_tools.service.scope import Scope

            self.scope = Scope(settings.archive, alone=settings.unscoped_ok)
        self.narrowing: Narrowing | None = None
        self.own: Credentials | None = None
        """The user's own credentials, as they were last looked at to make others of them."""

    @property
    def assumes_role(self) -> bool:
        return self._settings.role_arn is not None

    def connect(self) -> Any:
        """A client of Mail Manager, from what the user's files and variables say now."""
        return self.client_of(self.session(), "mailmanager", endpoint_url=self._backend.endpoint_url)

    def client_of(self, core: Session, service: str, **more: Any) -> Any:
        import boto3

        from mail_archive_tools.service.wire.whole import only_whole

        client = boto3.Session(botocore_session=core).client(service, config=_config(), **more)
        only_whole(client)
        self._backend.attach(client)
        return client

    def session(self) -> Session:
        """A session with the credentials to call with; none of them is asked for yet."""
        from mail_archive_server.identity.credentials import Narrowing, credentials_to_call_with
        from mail_archive_server.identity.sdk_data import share_data

        # It logs a trace of what the call itself will say in a sentence.
        logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
        core, of_user = self._backend.session()
        share_data(core)

        def chain() -> Credentials:
            self.own = of_user()
            return self.own

        # The global endpoint of STS does not narrow credentials, and is further away.
        core.set_config_variable("sts_regional_endpoints", "regional")
        if self.scope is not None:
            from mail_archive_server.hosting.published import chosen_tools
            from mail_archive_server.identity.policy import session_policy

            policy = session_policy(chosen_tools(self._settings), self._settings.archive, self.arns(core))
            # One for all sessions: what was narrowed once stays so, whoever signs in next.
            if self.narrowing is None:
                self.narrowing = Narrowing(policy, self.scope, self._settings.unscoped_ok)
            self.narrowing.policy = policy

        found = credentials_to_call_with(self._settings, chain, partial(self._sts, core), self.narrowing)
        if found is not None:
            # Where botocore keeps what its chain found: it takes credentials that renew themselves in no other way.
            core._credentials = found
        return core

    def arns_now(self) -> Arns:
        """Where the archives are, by the user's files and variables as they are.

        Raises:
            Misconfigured: boto3 cannot use them.
        """
        from botocore.exceptions import BotoCoreError

        try:
            core, _ = self._backend.session()
            return self.arns(core)
        except BotoCoreError as error:
            raise Misconfigured(str(error)) from error

    def arns(self, core: Session) -> Arns:
        """Where the archives are, as far as is known without asking."""
        from mail_archive_server.identity.policy import arns_of

        region = core.get_config_variable("region")
        partition = None
        if region:
            partition = core.get_partition_for_region(region)
        return arns_of(self._settings, region, partition, self._backend.account(core))

    def _sts(self, core: Session, service: str, **credentials: Any) -> Any:
        from mail_archive_tools.service.once import no_try_too_late
        from mail_archive_tools.service.wire.whole import only_whole

        client = core.create_client(service, config=_config(), **credentials)
        only_whole(client)
        # Credentials are renewed in the time of the call that needs them.
        no_try_too_late(client)
        self._backend.attach(client)
        return client


def _config() -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        # As many as messages are fetched at a time, and what else is asked for meanwhile.
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        user_agent_extra=f"mail-archive-mcp/{__version__}",
    )
