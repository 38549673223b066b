"""What is investigated: every fourth message of a corpus of 2002; a few of them in another archive, one of these
changed; delivery reports, which have authentication results; and the sample."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mcp import Client

from mail_archive_local.context import Local
from mail_archive_local.importing.importer import import_mail
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.commands.indexing.after_import import index_folder
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from tests.conftest import READ_OF_CORPUS
from tests.folder import keeping_archive
from tests.investigations.common import Investigation, Mail, Script, mails

_EVERY = 4
COPIED = 10
"""Messages that are in the other archive as well; of the last of them a word is changed there."""
WORD, OTHER_WORD = b"the", b"teh"


@dataclass(frozen=True)
class Scene:
    """The mail that there is, the archives that it is in, and what reads it for all questions."""

    mails: list[Mail]
    reports: list[Mail]
    archive_id: str
    other_archive_id: str
    reports_id: str
    access: Access
    script: Script | None

    @asynccontextmanager
    async def ask(self, question: str) -> AsyncIterator[Investigation]:
        """A client for one question over the mail of 2002."""
        async with Client(build_server(lambda: self.access)) as client:
            yield Investigation(client, self.archive_id, question, self.script)


@pytest.fixture(scope="package", params=["by reading", "by an index"])
def scene(corpus: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("investigated")
    paths = [path for path in sorted((corpus / "spamassassin").glob("*/*")) if path.is_file()][::_EVERY]
    reports = sorted((corpus / "bounces").glob("*.eml"))
    sets = {"mail": paths, "copies": paths[:COPIED], "reports": reports}
    for name, chosen in sets.items():
        (folder / name).mkdir()
        for number, path in enumerate(chosen):
            shutil.copy(path, folder / name / f"{number:04}.eml")
    changed = folder / "copies" / f"{COPIED - 1:04}.eml"
    head, blank, body = changed.read_bytes().partition(b"\n\n")
    assert WORD in body
    changed.write_bytes(head + blank + body.replace(WORD, OTHER_WORD, 1))
    ids = []
    with Store(folder / "archive", create=True) as store:
        for name in sets:
            archive_id = keeping_archive(Local(store, str), name)
            archive = store.archive(archive_id)
            assert archive is not None
            import_mail(store, archive, [folder / name])
            ids.append(archive_id)
    READ_OF_CORPUS["investigated"] = len(paths) + len(reports)
    if request.param == "by an index":
        for archive_id in ids:
            index_folder(folder / "archive", archive_id, quiet=True)
    settings = Settings(local=folder / "archive", search_seconds=0)
    archive_id, other_id, reports_id = ids
    script = None
    if request.param == "by reading":
        # What a script reads is the same beside both, and is told once.
        script = Script(settings, archive_id)
    yield Scene(mails(paths), mails(reports), archive_id, other_id, reports_id, open_access(settings), script)
    shutil.rmtree(folder)
