"""The credentials that the server calls with: those of the chain, of a role, or of either kept to some archives.

Nothing is asked of STS before the first call needs credentials; they are renewed before their end, from what the chain
gives then. In order:

1. A role is assumed: with the session policy at once, so that nothing broader is ever held (AssumeRole with Policy).
2. Temporary credentials are narrowed, and keep their identity, ARN and tags (GetScopedCredentials).
3. Keys of a user become temporary first (GetSessionToken), and are narrowed then.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.utils import parse_timestamp

from mail_archive_server.settings import Settings
from mail_archive_tools.calls.waiting import tries_left
from mail_archive_tools.service.refusals.causes import StillExpired
from mail_archive_tools.service.scope import Scope

Chain = Callable[[], Credentials]
"""Gives the user's own credentials, as they are at this moment."""

ClientMaker = Callable[..., Any]
"""Makes a client of STS in the server's Region, with the credentials that it is given."""

_UNKNOWN_END = timedelta(hours=1)
"""When credentials whose end nobody knows are looked at again."""

_LOG = logging.getLogger(__name__)


@dataclass
class Narrowing:
    """How credentials are kept to archives: by `policy`, in AWS; or, where that fails and `unscoped_ok`, by the
    server's own `scope` alone. It is decided once: what was narrowed is never widened again."""

    policy: str
    scope: Scope
    unscoped_ok: bool
    how: str = ""
    """The operation that narrowed them; "" before, or where none did."""
    refused: Exception | None = field(default=None, repr=False)
    """Why none did."""

    def done(self, how: str) -> None:
        self.how, self.scope.alone = how, False

    def failed(self, error: Exception) -> None:
        """Go on without, where that is allowed.

        Raises:
            Exception: that one, where it is not.
        """
        if not self.unscoped_ok:
            raise error
        if self.how:
            # They were narrowed before.
            raise error
        if self.refused is None:
            _LOG.warning(
                "STS does not narrow these credentials, so nothing but this server keeps to its archives "
                "(--unscoped-ok); `mail-archive-mcp doctor` says why."
            )
        self.refused, self.scope.alone = error, True


def credentials_to_call_with(
    settings: Settings, chain: Chain, sts: ClientMaker, narrowing: Narrowing | None
) -> Credentials | None:
    """What the settings say beyond the chain; None: nothing. STS is not asked yet."""
    if settings.role_arn is not None:
        return DeferredRefreshableCredentials(_role(settings, chain, sts, narrowing), "assume-role")
    if narrowing is not None:
        return DeferredRefreshableCredentials(Narrowed(settings, chain, sts, narrowing).fetch, "scoped")
    return None


def _role(
    settings: Settings, chain: Chain, sts: ClientMaker, narrowing: Narrowing | None
) -> Callable[[], dict[str, Any]]:
    """What botocore renews the credentials of the role from."""
    extra: dict[str, Any] = {
        "RoleSessionName": settings.role_session_name,
        "DurationSeconds": settings.duration_seconds,
    }
    if settings.external_id is not None:
        extra["ExternalId"] = settings.external_id
    if settings.source_identity is not None:
        extra["SourceIdentity"] = settings.source_identity
    if settings.session_tag:
        extra["Tags"] = [{"Key": key, "Value": value} for key, value in settings.session_tag]
    if narrowing is not None:
        extra["Policy"] = narrowing.policy

    def fetch() -> dict[str, Any]:
        fetcher = AssumeRoleCredentialFetcher(sts, chain(), settings.role_arn, extra)
        got: dict[str, Any] = fetcher.fetch_credentials()
        if narrowing is not None:
            narrowing.done("AssumeRole")
        return _refuse_expired(got)

    return fetch


@dataclass(frozen=True)
class Narrowed:
    """Credentials of the chain, kept to archives."""

    settings: Settings
    chain: Chain
    sts: ClientMaker
    narrowing: Narrowing

    def fetch(self) -> dict[str, Any]:
        """What botocore renews credentials from."""
        chain = self.chain()
        own = chain.get_frozen_credentials()
        try:
            temporary = own
            if not own.token:
                temporary = self._temporary(own)
            return _refuse_expired(self._scoped(temporary))
        except (ClientError, BotoCoreError) as error:
            if tries_left() <= 0:
                # The time of the call is up, which says nothing of what STS would do: the next one asks it again.
                raise
            self.narrowing.failed(error)

        ends = getattr(chain, "_expiry_time", None)
        if ends is None:
            ends = datetime.now(UTC) + _UNKNOWN_END
        return _metadata(own.access_key, own.secret_key, own.token, ends)

    def _temporary(self, own: ReadOnlyCredentials) -> ReadOnlyCredentials:
        answer = self._client(own).get_session_token(DurationSeconds=self.settings.duration_seconds)
        got = answer["Credentials"]
        return ReadOnlyCredentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])

    def _scoped(self, temporary: ReadOnlyCredentials) -> dict[str, Any]:
        # Without DurationSeconds they last as long as what they were made of.
        got = self._client(temporary).get_scoped_credentials(Policy=self.narrowing.policy)["Credentials"]
        self.narrowing.done("GetScopedCredentials")
        return _metadata(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], got["Expiration"])

    def _client(self, credentials: ReadOnlyCredentials) -> Any:
        return self.sts(
            "sts",
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
        )


def _metadata(access_key: str, secret_key: str, token: str | None, ends: datetime) -> dict[str, Any]:
    return {"access_key": access_key, "secret_key": secret_key, "token": token, "expiry_time": ends.isoformat()}


def _refuse_expired(got: dict[str, Any]) -> dict[str, Any]:
    """Say it with an error of our own: botocore raises a RuntimeError for renewed credentials that are expired."""
    if parse_timestamp(got["expiry_time"]) <= datetime.now(UTC):
        raise StillExpired
    return got
