"""The archive that is investigated: every fourth message of a corpus of 2002, and a few of them in another archive."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mcp import Client

from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.local.archives import create_archive
from mail_archive_server.local.context import Local
from mail_archive_server.local.importing.importer import import_mail
from mail_archive_server.local.storage.store import Store
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from tests.conftest import READ_OF_CORPUS
from tests.investigations.common import Investigation, Mail, mails

_EVERY = 4
_COPIED = 10


@dataclass(frozen=True)
class Scene:
    """The mail that there is, the archives that it is in, and what reads it for all questions."""

    mails: list[Mail]
    archive_id: str
    other_archive_id: str
    access: Access

    @asynccontextmanager
    async def ask(self, question: str) -> AsyncIterator[Investigation]:
        async with Client(build_server(lambda: self.access)) as client:
            yield Investigation(client, self.archive_id, question)


@pytest.fixture(scope="package")
def scene(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("investigated")
    paths = [path for path in sorted((corpus / "spamassassin").glob("*/*")) if path.is_file()][::_EVERY]
    for name, chosen in (("mail", paths), ("copies", paths[:_COPIED])):
        (folder / name).mkdir()
        for number, path in enumerate(chosen):
            shutil.copy(path, folder / name / f"{number:04}.eml")
    ids = []
    with Store(folder / "archive", create=True) as store:
        for name in ("mail", "copies"):
            archive_id = create_archive(Local(store, str), {"ArchiveName": name})["ArchiveId"]
            archive = store.archive(archive_id)
            assert archive is not None
            import_mail(store, archive, [folder / name])
            ids.append(archive_id)
    READ_OF_CORPUS["investigated"] = len(paths)
    yield Scene(mails(paths), ids[0], ids[1], open_access(Settings(local=folder / "archive", search_seconds=0)))
    shutil.rmtree(folder)
