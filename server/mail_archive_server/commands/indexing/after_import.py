"""The index of a local archive, made by the command that puts mail into it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from mail_archive_server.commands.evidence.interrupting import explained, heard, interrupted
from mail_archive_server.terminal import number_of, shown


def index_folder(folder: Path, archive_id: str, *, quiet: bool) -> int:
    """Index what an archive has, with its own progress; how many messages were put in. What goes wrong is said, and
    ends nothing.

    Raises:
        Interrupted: Ctrl-C was pressed. What was indexed is kept.
    """
    import anyio

    from mail_archive_server.commands.indexing.filling import fill
    from mail_archive_server.commands.indexing.watching import Watch
    from mail_archive_server.indexes import place_of
    from mail_archive_server.settings import Settings
    from mail_archive_tools.errors import ArchiveError
    from mail_archive_tools.indexing.tally import IndexTally

    settings = Settings(local=folder, search_seconds=0)
    place = place_of(settings)
    assert place is not None
    watch = Watch()
    between = (datetime(1970, 1, 1, tzinfo=UTC), datetime.now(UTC))
    kept = f"The mail is kept, and what was indexed of it. `mail-archive-mcp index {shown(folder)}` goes on."

    with explained(lambda: kept), heard() as interrupts:

        async def fill_it() -> IndexTally:
            return await fill(
                settings, place, archive_id, between, at_once=12, report=watch.show, stopped=interrupts.stopped
            )

        try:
            tally = anyio.run(fill_it)
        except ArchiveError as error:
            print(f"No index was made: {error} The mail is kept.", file=sys.stderr)
            return 0
        finally:
            watch.end()
        if tally.is_stopped:
            raise interrupted(kept)

    if not quiet and tally.put:
        print(f"Indexed: {number_of(tally.put, 'message')}.")
    return tally.put
