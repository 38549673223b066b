"""What every operation of the local archive works on."""

import base64
import binascii
import re
import secrets
import string
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mail_archive_local.api_errors import validation
from mail_archive_local.arns import DEFAULT_REGION
from mail_archive_local.identity import LOOPBACK
from mail_archive_local.storage.store import Store

if TYPE_CHECKING:
    from mail_archive_local.identity.callers import KeyRing
    from mail_archive_local.identity.identities import IdentityFile
    from mail_archive_local.identity.sessions import Seal
    from mail_archive_local.storage.export_records import ExportRecords

SEARCH_SECONDS = 0.05
"""How long a search takes, from QUEUED over RUNNING to COMPLETED."""
LINK_SECONDS = 900.0
"""How long a download link works."""

_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 26

_WRITTEN_TOKEN = re.compile(r"after ([0-9]{1,18})")
"""The number of a row; SQLite has none of more digits."""


class Delivers(Protocol):
    """Whoever delivers exports."""

    def wake(self, local: "Local") -> None:
        """There is an export to deliver, or one to end."""


@dataclass(frozen=True)
class Local:
    """An open local archive and how it behaves. `link_base` gives the URL that download links begin with; without an
    `exporter` exports go nowhere."""

    store: Store
    link_base: Callable[[], str]
    region: str = DEFAULT_REGION
    search_seconds: float = SEARCH_SECONDS
    link_seconds: float = LINK_SECONDS
    clock: Callable[[], float] = time.time
    exporter: Delivers | None = None

    @cached_property
    def exports(self) -> "ExportRecords":
        # Imported here: most servers export nothing.
        from mail_archive_local.storage.export_records import ExportRecords

        return ExportRecords(self.store)

    def go_on(self) -> None:
        """Have exports that have not ended delivered: the process that began them may be gone."""
        if self.exporter is None:
            return
        if self.exports.unfinished():
            self.exporter.wake(self)

    def key_ring(self, source_ip: str = LOOPBACK) -> "KeyRing":
        """Whose keys are known at this moment, to a caller from that address.

        Raises:
            IdentityError: the folder's identity.json cannot be used.
        """
        # Imported here: an archive is opened without knowing who calls.
        from mail_archive_local.identity.callers import KeyRing

        identities = self._identity_file.identities()
        return KeyRing(self.store.credentials, self._seal, identities, self.region, self.clock(), source_ip)

    @cached_property
    def _identity_file(self) -> "IdentityFile":
        from mail_archive_local.identity.identities import IdentityFile

        return IdentityFile(self.store.folder)

    @cached_property
    def _seal(self) -> "Seal":
        from mail_archive_local.identity.sessions import Seal

        return Seal(self.store.link_key)


def new_id(prefix: str = "") -> str:
    """A new id that looks like the service's own: 26 lowercase letters and digits."""
    return prefix + "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


class Numbered(Protocol):
    """A record that lists are paged by."""

    @property
    def number(self) -> int: ...


_Record = TypeVar("_Record", bound=Numbered)


def page(name: str, found: Sequence[_Record], size: int, shown: Callable[[_Record], dict[str, Any]]) -> dict[str, Any]:
    """The reply of a List operation: the first `size` of what was found, and where to go on if there is more."""
    members: dict[str, Any] = {name: [shown(each) for each in found[:size]]}
    if len(found) > size:
        members["NextToken"] = write_token(found[size - 1].number)
    return members


def write_token(number: int) -> str:
    """A NextToken that goes on at that row number."""
    return base64.urlsafe_b64encode(f"after {number}".encode()).decode()


def read_token(token: str | None) -> int | None:
    """The row number of a NextToken.

    Raises:
        ApiError: it is none of ours.
    """
    if token is None:
        return None
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""

    number = _WRITTEN_TOKEN.fullmatch(text)
    if number is None:
        raise validation("The NextToken is not one that this operation gave.")
    return int(number[1])
