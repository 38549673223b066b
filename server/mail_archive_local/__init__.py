"""A local archive: the archive operations of Amazon SES Mail Manager over one folder of mail.

    with ArchiveFolder(Path("my-archive"), create=True) as folder:
        archive = folder.archive_to_fill("letters")
        folder.import_mail(archive, MailSources.of([Path("~/Mail").expanduser()]))
        folder.export(archive, Path("out"), form=ExportForm("mbox"))
    assert verify(Path("my-archive")).is_whole

A client of boto3 is answered in this process, any other one on a port:

        folder.in_process().attach(boto3.client("mailmanager", ...))
        folder.on_port(8025).run()

These names are all that others use of it; each is loaded when it is asked for. Behind them are rooms, each with a
docstring: one endpoint (`endpoint.py`) answers the API, and two `doors` lead to it. Everything that the service's
documentation leaves open and this package had to decide is listed in the docstring of the module that decides it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mail_archive_local.arns import ACCOUNT, DEFAULT_REGION
    from mail_archive_local.doors.in_process import InProcess
    from mail_archive_local.errors import LocalArchiveError
    from mail_archive_local.evidence.forms import Bates, ExportForm
    from mail_archive_local.evidence.selecting import Selection
    from mail_archive_local.evidence.signing import Signing
    from mail_archive_local.evidence.unfinished import UnfinishedExport
    from mail_archive_local.evidence.verifying import Verified, verify
    from mail_archive_local.folder import ArchiveFolder
    from mail_archive_local.identity.failures import IdentityError
    from mail_archive_local.importing.mail_sources import MailSources, NoMail
    from mail_archive_local.importing.places import S3Place
    from mail_archive_local.importing.tally import ImportTally
    from mail_archive_local.importing.told import told_messages
    from mail_archive_local.storage.putting import ArchiveRecord

__all__ = [
    "ACCOUNT",
    "DEFAULT_REGION",
    "ArchiveFolder",
    "ArchiveRecord",
    "Bates",
    "ExportForm",
    "IdentityError",
    "ImportTally",
    "InProcess",
    "LocalArchiveError",
    "MailSources",
    "NoMail",
    "S3Place",
    "Selection",
    "Signing",
    "UnfinishedExport",
    "Verified",
    "told_messages",
    "verify",
]

_ROOMS = {
    "ACCOUNT": "arns",
    "DEFAULT_REGION": "arns",
    "ArchiveFolder": "folder",
    "ArchiveRecord": "storage.putting",
    "Bates": "evidence.forms",
    "ExportForm": "evidence.forms",
    "IdentityError": "identity.failures",
    "ImportTally": "importing.tally",
    "InProcess": "doors.in_process",
    "LocalArchiveError": "errors",
    "MailSources": "importing.mail_sources",
    "NoMail": "importing.mail_sources",
    "S3Place": "importing.places",
    "Selection": "evidence.selecting",
    "Signing": "evidence.signing",
    "UnfinishedExport": "evidence.unfinished",
    "Verified": "evidence.verifying",
    "told_messages": "importing.told",
    "verify": "evidence.verifying",
}
"""Where each name is from. Not imported before it is asked for: a server on AWS needs none of it, and a local one
nothing of imports and exports."""


def __getattr__(name: str) -> Any:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    value = getattr(import_module(f"{__name__}.{room}"), name)
    # Asked for once: from then on it is an ordinary name.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
