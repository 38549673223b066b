"""Whether a local archive is whole, or what was written of one: its database, its manifests, their signatures."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.evidence.comparing import Compared, compare_with_archive, compare_with_files
from mail_archive_local.evidence.forms import EXPORT_MANIFEST, MANIFEST_SUFFIX
from mail_archive_local.evidence.manifest import ManifestError, read_head
from mail_archive_local.evidence.signing import verify_signature, verify_stamp
from mail_archive_local.evidence.unfinished import UnfinishedExport, beside, is_unfinished
from mail_archive_local.importing.rereading import differs
from mail_archive_local.importing.tally import never
from mail_archive_local.storage.failures import StoreDamaged, StoreError
from mail_archive_local.storage.given.access import why_unreadable
from mail_archive_local.storage.integrity.checking import Check, Reader, Stopped, check, note
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.row_keys import message_id_of
from mail_archive_local.storage.store import Store


@dataclass(frozen=True)
class Signature:
    """One that holds: of which manifest (its name), and either the key file that it was verified with, or the time that
    an authority stamped it at."""

    manifest: str
    signed_by: Path | None = None
    stamped_at: str = ""


@dataclass(frozen=True)
class NotCompared:
    """A manifest that nothing could be compared with, and how many messages it lists; None: not even that is known."""

    manifest: str
    messages: int | None = None


@dataclass
class Verified:
    """What was found. `check` is what was found of the database, `compared` what became of what each manifest lists.
    `not_noted` says why the damage could not be noted for the next import. `is_interrupted`: it was asked to stop, and
    the rest was not looked at."""

    check: Check
    compared: list[Compared] = field(default_factory=list)
    not_compared: list[NotCompared] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    not_noted: str = ""
    is_interrupted: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all of it was looked at, and is what it was."""
        return self.check.is_whole and self.is_as_listed and not self.is_interrupted

    @property
    def is_as_listed(self) -> bool:
        """Whether there is what the manifests say."""
        return all(each.is_same for each in self.compared)

    @property
    def is_of_files(self) -> bool:
        """Whether it is of files that were written of an archive: there is no database to be looked at."""
        return any(each.of_files for each in self.compared)

    @property
    def messages(self) -> int:
        """How many messages were looked at."""
        if self.is_of_files:
            return sum(each.same + len(each.changed) for each in self.compared)
        return self.check.messages

    @property
    def differences(self) -> tuple[int, int, int]:
        """How much is missing, changed and new beside the manifests."""
        missing = changed = new = 0
        for each in self.compared:
            of_this = each.counts
            missing += of_this[0]
            changed += of_this[1]
            new += of_this[2]
        return missing, changed, new


def verify(
    folder: Path,
    *,
    manifest: Path | None = None,
    signed_by: Path | None = None,
    stamped_by: Path | None = None,
    report: Callable[["Verified"], None] = lambda verified: None,
    stopped: Callable[[], bool] = never,
) -> Verified:
    """Check a local archive whole, or a folder that an export was written to, with the manifests that lie in it, or the
    one that is named. `signed_by` is a public key or certificate that has to have signed them, `stamped_by` the root
    certificate of the authority that has to have stamped them, both PEM. What is found damaged is noted in the archive,
    for its next import; nothing else is written. `report` is given what is returned before anything is looked at: it is
    filled on the way.

    Raises:
        UnfinishedExport: it is an export that was not written to its end.
        LocalArchiveError: it cannot be looked at, or a signature does not hold.
    """
    _refuse_unreadable(folder, manifest)
    _refuse_unfinished(folder)
    manifests = sorted(folder.glob(f"*{MANIFEST_SUFFIX}")) if manifest is None else [manifest]
    if (signed_by or stamped_by) and not manifests:
        raise LocalArchiveError(f"There is no manifest in {folder} that could be signed. Name one with --manifest.")

    verified = Verified(Check())
    for each in manifests:
        verified.signatures += _signatures(each, signed_by, stamped_by)
    if stopped():
        verified.is_interrupted = True
        return verified

    report(verified)
    # Files that were written of an archive have no database beside them.
    of_files = folder / EXPORT_MANIFEST
    try:
        if manifest is None and of_files.is_file():
            verified.compared = [compare_with_files(of_files, stopped)]
        else:
            _verify_archive(folder, manifests, stopped, verified)
    except Stopped:
        verified.is_interrupted = True
    except OSError as error:
        # A manifest, or a file that it lists.
        raise LocalArchiveError(f"{error.filename} cannot be read ({error.strerror}).") from error
    return verified


def _refuse_unreadable(folder: Path, manifest: Path | None) -> None:
    """
    Raises:
        LocalArchiveError: this user may not look at it.
    """
    refusal = why_unreadable(folder, folder / DATABASE)
    if refusal:
        raise LocalArchiveError(refusal)
    if manifest is None:
        return
    try:
        manifest.open("rb").close()
    except OSError as error:
        raise LocalArchiveError(f"{manifest} cannot be read ({error.strerror}).") from error


def _refuse_unfinished(folder: Path) -> None:
    """
    Raises:
        UnfinishedExport: it is one.
    """
    begun = folder
    if not folder.is_dir() or not any(folder.iterdir()):
        # What lies beside a folder says nothing of one that is there.
        begun = beside(folder)
    if is_unfinished(begun):
        raise UnfinishedExport(
            f"{begun} is an unfinished export: it was broken off. The same `export-local` goes on with it, with "
            "--anew it begins anew.",
            begun,
        )


def _signatures(manifest: Path, signed_by: Path | None, stamped_by: Path | None) -> list[Signature]:
    """Those of a manifest that were asked for.

    Raises:
        SigningError: one does not hold.
    """
    found = []
    if signed_by is not None:
        verify_signature(manifest, signed_by)
        found.append(Signature(manifest.name, signed_by=signed_by))
    if stamped_by is not None:
        found.append(Signature(manifest.name, stamped_at=verify_stamp(manifest, stamped_by)))
    return found


def _verify_archive(folder: Path, manifests: list[Path], stopped: Callable[[], bool], verified: Verified) -> None:
    """Look at the database, and at what the manifests list of it.

    Raises:
        Stopped: it was not wanted any more.
        ManifestError: a manifest is none, or of another archive.
        StoreError: the folder is no local archive, or cannot be used.
        OSError: a manifest cannot be read.
    """
    found = verified.check
    try:
        # Looking: a folder that may be evidence is not brought up to date.
        with Store(folder, looking=True) as store:
            check(store, Reader(message_id_of, differs, stopped), found)
            # What a damaged database says is there, or is not, proves nothing.
            if not found.database:
                verified.compared = [compare_with_archive(each, store, stopped) for each in manifests]
    except StoreDamaged as error:
        found.database.append(str(error.__cause__ or error))
        found.cut_short = True
    else:
        verified.not_noted = _note(folder, found)
    if found.database:
        verified.not_compared = [_not_compared(each) for each in manifests]


def _note(folder: Path, found: Check) -> str:
    """Note what is damaged in the archive, for its next import; returns why it could not be noted, if so."""
    if found.log or found.database:
        # An import cannot mend these.
        return ""
    with Store(folder, looking=True) as store:
        if store.has_noted(found.damaged, index_is_whole=found.index_is_whole):
            return ""
    try:
        with Store(folder) as store:
            note(store, found)
    except StoreError as error:
        return str(error)
    return ""


def _not_compared(manifest: Path) -> NotCompared:
    try:
        count = int(read_head(manifest).get("Messages", 0))
    except (OSError, ManifestError, ValueError):
        return NotCompared(manifest.name)
    return NotCompared(manifest.name, count)
