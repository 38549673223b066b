"""The sample archive for one run of a server: made anew in a temporary folder, and gone with it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mail_archive_server.settings import Settings


@contextmanager
def with_sample(settings: Settings) -> Iterator[Settings]:
    """These settings, with a local archive where they ask for the sample."""
    if not settings.sample:
        yield settings
        return
    # Imported here: other servers need none of it.
    from mail_archive_local import ArchiveFolder
    from mail_archive_server.sample.fill import fill

    folder = Path(tempfile.mkdtemp(prefix="mail-archive-sample-"))
    try:
        with ArchiveFolder(folder, create=True) as opened:
            fill(opened)
        yield replace(settings, local=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
