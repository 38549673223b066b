"""Where the archives are: settings -> access to them. AWS and the local archive part here."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mail_archive_server.hosting.published import chosen_tools, refuse_exports_to_anywhere
from mail_archive_server.identity.aws import AwsBackend
from mail_archive_server.identity.connecting import Backend, Connection
from mail_archive_server.indexes import opener
from mail_archive_server.settings import SettingError

if TYPE_CHECKING:
    from mail_archive_server.settings import Settings
    from mail_archive_tools.access import Access
    from mail_archive_tools.searching.cursors import Cursors
    from mail_archive_tools.storage.kept_facts import FactsKept


def open_access(settings: Settings) -> Access:
    """The access to the archives that these settings name. Nothing is sent, and boto3 is not loaded, before the
    first call.

    Raises:
        LocalArchiveError: there is no usable local archive in the folder that they name, or no such user.
    """
    return accessor(settings)()


def accessor(settings: Settings, cursors: Cursors | None = None) -> Callable[[], Access]:
    """Gives that access, the same each time; it is made when it is first asked for, since a server that only lists its
    tools needs none. `cursors` are those of its caller, where callers are to be told apart.

    Raises:
        LocalArchiveError: there is no usable local archive in the folder that they name, or no such user.
        SettingError: there is no such tool, more archives are named than AWS can be told, or none of the places that
            exports may go to; the keys cannot be read, or the folder of facts cannot be used.
    """
    backend = open_backend(settings)
    keys = dkim_keys_of(settings)
    facts_kept = _facts_kept(settings, keys)
    made: list[Access] = []
    making = threading.Lock()

    def access() -> Access:
        with making:
            if not made:
                made.append(_make_access(settings, backend, cursors, keys, facts_kept))
            return made[0]

    return access


def open_backend(settings: Settings) -> Backend:
    """The backend of settings that go together.

    Raises:
        LocalArchiveError: there is no usable local archive in the folder that they name, or no such user.
        SettingError: there is no such tool, more archives are named than AWS can be told, or none of the places that
            exports may go to.
    """
    _refuse_contradictions(settings)
    refuse_exports_to_anywhere(settings)
    _refuse_too_many(settings)
    return backend_of(settings)


def backend_of(settings: Settings) -> Backend:
    """
    Raises:
        LocalArchiveError: there is no usable local archive in the folder that they name, or no such user.
    """
    if settings.local is None:
        return AwsBackend(settings)

    # Imported here: a server of AWS needs nothing of a local archive.
    from mail_archive_server.identity.local import LocalBackend

    return LocalBackend(settings)


def dkim_keys_of(settings: Settings) -> dict[str, str]:
    """The keys of signatures in the file that the settings name, by where they are published.

    Raises:
        SettingError: it cannot be read, or holds something else.
    """
    if settings.dkim_keys is None:
        return {}

    from mail_archive_tools.reading.dkim_keys import keys_of

    try:
        return keys_of(settings.dkim_keys)
    except ValueError as error:
        raise SettingError(f"--dkim-keys {settings.dkim_keys}: {error}.") from None


def _facts_kept(settings: Settings, keys: dict[str, str]) -> FactsKept | None:
    """Where facts are kept, for whoever has these settings alone: another user of the folder may not be allowed to read
    the messages that they are of."""
    if settings.facts is None:
        return None

    from mail_archive_tools.storage.kept_facts import FactsFolder

    of_whom = [getattr(settings, name) for name in _WHO_AND_WHERE]
    named = [os.environ.get(name) for name in _WHO_BY_VARIABLE]
    try:
        return FactsFolder(settings.facts, [*of_whom, *named, sorted(keys.items())])
    except ValueError as error:
        raise SettingError(f"--facts {settings.facts}: {error}.") from None


_WHO_AND_WHERE = (
    "local", "endpoint_url", "region", "profile", "role_arn", "external_id", "role_session_name", "source_identity",
    "session_tag", "archive", "trusted_authserv_id", "known", "dns",
)  # fmt: skip
_WHO_BY_VARIABLE = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ROLE_ARN", "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID",
)  # fmt: skip


def _make_access(
    settings: Settings,
    backend: Backend,
    cursors: Cursors | None,
    keys: dict[str, str],
    facts_kept: FactsKept | None,
) -> Access:
    from mail_archive_tools.access import Access
    from mail_archive_tools.mime.evidence.context import Context
    from mail_archive_tools.reading.dkim_keys import FindKeys, Lookups, no_keys
    from mail_archive_tools.searching.cursors import Cursors
    from mail_archive_tools.service.buckets import Buckets, Location
    from mail_archive_tools.service.client import MailManager

    connection = Connection(settings, backend)
    client = MailManager(connection.connect, connection.scope)
    find_keys: FindKeys = no_keys
    if settings.dns:
        find_keys = Lookups().find
    if cursors is None:
        cursors = Cursors(_cursor_key(settings))
    return Access.to(
        client,
        show_download_links=settings.download_links == "show",
        may_download=backend.links(lambda: client.region),
        context=Context(settings.trusted_authserv_id, settings.known, keys),
        find_keys=find_keys,
        facts_kept=facts_kept,
        open_index=opener(settings, keys),
        buckets=Buckets(lambda: backend.s3(connection), backend.refuse_nowhere),
        export_to=tuple(Location.named(each) for each in settings.export_to),
        cursors=cursors,
    )


def _cursor_key(settings: Settings) -> bytes | None:
    if not settings.cursor_key:
        return None
    return settings.cursor_key.encode()


def _refuse_contradictions(settings: Settings) -> None:
    for name in ("external_id", "source_identity", "session_tag"):
        if settings.role_arn is None and getattr(settings, name):
            raise SettingError(f"--{name.replace('_', '-')} is for a role: name it with --role-arn.")
    if settings.unscoped_ok and not settings.archive:
        raise SettingError("--unscoped-ok is for --archive: name the archives to keep to.")


def _refuse_too_many(settings: Settings) -> None:
    """What STS would refuse at the first call is told at the start."""
    if not settings.archive:
        return

    # Imported here: a server of all archives needs no policy.
    from mail_archive_server.identity.policy import SESSION_POLICY_CHARACTERS, arns_of, session_policy

    # A Region that only a profile names is not known here: boto3 is not loaded for it.
    named = (settings.region, os.environ.get("AWS_REGION"), os.environ.get("AWS_DEFAULT_REGION"))
    region = next(filter(None, named), None)
    policy = session_policy(chosen_tools(settings), settings.archive, arns_of(settings, region))
    if len(policy) > SESSION_POLICY_CHARACTERS:
        raise SettingError(
            f"--archive names {len(settings.archive)} archives: the session policy for them has {len(policy):,} "
            f"characters, and STS takes {SESSION_POLICY_CHARACTERS:,}. Name fewer of them, or fewer tools with --tools."
        )
