"""The folder of a local archive, open: mail goes in and out, and clients of the API are answered.

What a method needs beyond the database is loaded when it is called: a server needs nothing of imports, an import
nothing of HTTP.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from mail_archive_local.context import LINK_SECONDS, SEARCH_SECONDS, Local
from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.identity import IDENTITIES, OWNER
from mail_archive_local.storage.database import KeyPair
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.store import Store

if TYPE_CHECKING:
    from mail_archive_local.doors.in_process import InProcess
    from mail_archive_local.doors.port import OnPort
    from mail_archive_local.evidence.forms import ExportForm
    from mail_archive_local.evidence.selecting import Selection
    from mail_archive_local.importing.mail_sources import MailSources
    from mail_archive_local.importing.tally import ImportTally


class Received(Protocol):
    """A message to be put in: its bytes, when it was received, and what the service said of it (`metadata`) and of its
    delivery (`envelope`), in the words of the API."""

    @property
    def raw(self) -> bytes: ...

    @property
    def moment(self) -> datetime: ...

    @property
    def metadata(self) -> Mapping[str, str]: ...

    @property
    def envelope(self) -> Mapping[str, Any]: ...


class ArchiveFolder:
    """An open folder, which has archives in it. Use it as a context manager, or call `close`. Any number of threads and
    processes may use one folder at a time."""

    def __init__(self, path: Path, *, create: bool = False, looking: bool = False) -> None:
        """Open a folder; with `create`, to write to it, made when it does not exist or is empty; with `looking`, to
        change nothing in it. Without either it is written to where that is possible, and else read.

        Raises:
            LocalArchiveError: it is no local archive, cannot be used, or is of a newer version.
        """
        self.path = path
        self._store = Store(path, create=create, looking=looking)

    @staticmethod
    def is_there(path: Path) -> bool:
        """Whether there is one, as far as this user can see."""
        try:
            return (path / DATABASE).is_file()
        except PermissionError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._store.close()

    @property
    def why_not_written(self) -> str:
        """Why what is to be kept is kept in memory; "" where the folder can be written."""
        return self._store.why_not_written

    def keep_from_others(self) -> list[Path]:
        """Leave the folder and its files to their owner; returns those that others could use.

        Raises:
            LocalArchiveError: they belong to somebody else.
        """
        exposed = self._store.exposed()
        if exposed:
            self._store.keep_from_others()
        return exposed

    # Archives

    def archives(self) -> list[ArchiveRecord]:
        """All archives in it, oldest first, those that are pending deletion among them."""
        return self._store.archives()

    def count_messages(self, archive: ArchiveRecord) -> int:
        return self._store.count_messages(archive)

    def archive(self, name: str | None = None) -> ArchiveRecord:
        """The archive of that name or id; the only one where none is named.

        Raises:
            LocalArchiveError: there is none, or it is not clear which is meant.
        """
        from mail_archive_local.choosing import find_archive

        return find_archive(self._store, name)

    def archive_to_fill(self, name: str, *, is_chosen: bool = True) -> ArchiveRecord:
        """The archive of that name, made where there is none, to keep mail for ever. A name that nobody chose makes
        none beside others.

        Raises:
            LocalArchiveError: it is not clear which is meant, or there are as many as there may be.
        """
        from mail_archive_local.choosing import find_or_make_archive

        return find_or_make_archive(Local(self._store, str), name, is_chosen=is_chosen)

    @staticmethod
    def name_to_fill(path: Path, chosen: str | None = None) -> str:
        """What the archive is called that is to be made in a folder: as was chosen, or after the folder.

        Raises:
            LocalArchiveError: it can be no archive's name.
        """
        from mail_archive_local.choosing import name_after, usable_name

        return usable_name(chosen or name_after(path))

    def message(self, archived_message_id: str) -> tuple[bytes, dict[str, Any]] | None:
        """The bytes of a message, and what the service noted of it in the words of GetArchiveMessage; None where there
        is none.

        Raises:
            LocalArchiveError: its bytes are not those that were put in.
        """
        found = self._store.message(archived_message_id)
        if found is None:
            return None
        raw = self._store.raw_message(found.id)
        if raw is None:
            return None
        return raw, json.loads(found.metadata)

    # Mail into it

    def put(self, archive: ArchiveRecord, messages: Iterable[Received]) -> int:
        """Put these messages in; returns how many were not there yet."""
        from mail_archive_local.importing.record import describe

        new = [
            describe(each.raw, archive.archive_id, each.moment.timestamp(), each.metadata, each.envelope or None)
            for each in messages
        ]
        return self._store.add_messages(archive, new)

    def hash_the_rest(self) -> int:
        """Give messages that a version before put in the hashes that it did not make; returns how many got one."""
        from mail_archive_local.importing.hashing import hash_the_rest

        return hash_the_rest(self._store)

    def import_mail(
        self,
        archive: ArchiveRecord,
        sources: "MailSources",
        *,
        report: "Callable[[ImportTally], None]" = lambda tally: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> "ImportTally":
        """Bring all of the sources into an archive. What is there already is passed over, so that doing it again is
        safe. `report` is called as it goes on; once it is `stopped`, what was read is put in, and no more is read.

        Raises:
            LocalArchiveError: the folder can no longer be written. What was put in before that is kept.
        """
        from mail_archive_local.importing.importer import import_all

        return import_all(self._store, archive, sources, report, stopped)

    def manifest_of(self, archive: ArchiveRecord) -> Path:
        """Where the manifest of an archive lies, if there is one."""
        from mail_archive_local.evidence.forms import MANIFEST_SUFFIX

        return self.path / f"{archive.archive_id}{MANIFEST_SUFFIX}"

    def list_import(
        self, archive: ArchiveRecord, tally: "ImportTally", sources: list[str], query: dict[str, Any] | None = None
    ) -> bool:
        """Write the manifest of all that is in an archive after an import from these sources; `query` is what they were
        asked for, where they are an export. Returns whether it says something else than before.

        Raises:
            LocalArchiveError: there is something else in its place.
        """
        from mail_archive_local.evidence.listing import list_import

        manifest = self.manifest_of(archive)
        return list_import(manifest, self._store, archive, tally, sources, query or {}).has_changed

    # Mail out of it

    def export(
        self,
        archive: ArchiveRecord,
        out: Path,
        selection: "Selection | None" = None,
        form: "ExportForm | None" = None,
        *,
        report: Callable[[int], None] = lambda count: None,
        anew: bool = False,
    ) -> int:
        """Write messages of an archive as files to `out`, with an index and a manifest; all of them, as .eml files,
        where nothing else is said. Returns how many there were. They are written beside `out`, which is there when all
        of it is. What was begun before is gone on with, or thrown away with `anew`. `report` is given how many are
        written; what it raises breaks off.

        Raises:
            LocalArchiveError: something is in the way, or it cannot be written.
        """
        from mail_archive_local.evidence.exporting import export_to
        from mail_archive_local.evidence.forms import ExportForm
        from mail_archive_local.evidence.listing import EVERYTHING

        try:
            return export_to(
                out, self._store, archive, selection or EVERYTHING, form or ExportForm(), report, anew=anew
            )
        except OSError as error:
            raise LocalArchiveError(
                f"{out} cannot be written ({error.strerror}). Mend that and give the same command to go on, or name "
                "another folder."
            ) from error

    @staticmethod
    def unfinished_export(out: Path) -> Path | None:
        """Where an export to `out` lies that was begun and is not whole; None: there is none."""
        from mail_archive_local.evidence.unfinished import beside, is_unfinished

        folder = beside(out)
        return folder if is_unfinished(folder) else None

    # Clients of the API

    def users(self) -> list[str]:
        """The names of those who have keys: the folder's owner, and the users of its identity.json.

        Raises:
            IdentityError: that cannot be used.
        """
        return list(Local(self._store, str).key_ring().identities.users)

    def keys_of(self, user: str | None = None) -> KeyPair | None:
        """The access key and the secret of a user, of the folder's owner where none is named; None where there is no
        such user.

        Raises:
            IdentityError: the folder's identity.json cannot be used.
        """
        # A folder with nobody else in it is the usual one: a server of it starts without loading who else there may be.
        if user is None and not os.path.lexists(self.path / IDENTITIES):
            return self._store.credentials
        return Local(self._store, str).key_ring().keys_of(user or OWNER)

    def in_process(
        self,
        *,
        search_seconds: float = SEARCH_SECONDS,
        export_folder: Path | None = None,
        s3_endpoint_url: str | None = None,
    ) -> "InProcess":
        """Serve it to clients of boto3 in this process. A search takes `search_seconds`; exports go to the folders of
        `export_folder`, which stand for buckets, or to an S3 API, or nowhere."""
        from mail_archive_local.doors.in_process import InProcess

        return InProcess(
            self._store,
            search_seconds=search_seconds,
            export_folder=export_folder,
            s3_endpoint_url=s3_endpoint_url,
        )

    def on_port(
        self,
        port: int = 0,
        *,
        search_seconds: float = SEARCH_SECONDS,
        link_seconds: float = LINK_SECONDS,
        export_folder: Path | None = None,
        s3_endpoint_url: str | None = None,
        trusted_proxy: str | None = None,
    ) -> "OnPort":
        """Serve it on a port of this machine, 0 being a free one. A download link works for `link_seconds`;
        `trusted_proxy` is the address of a proxy whose X-Forwarded-For says who asks. The rest is as in the process.

        Raises:
            LocalArchiveError: the port cannot be listened on.
        """
        from mail_archive_local.doors.port import OnPort

        return OnPort(
            self._store,
            port,
            search_seconds=search_seconds,
            link_seconds=link_seconds,
            export_folder=export_folder,
            s3_endpoint_url=s3_endpoint_url,
            trusted_proxy=trusted_proxy,
        )
