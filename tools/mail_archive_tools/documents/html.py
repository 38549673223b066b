"""HTML in documents, as a person sees it."""

from mail_archive_tools.documents.limits import Gathered
from mail_archive_tools.mime.html.reader import read_html


def add_html(source: str, gathered: Gathered) -> None:
    """What a reader sees of HTML; what it hides from one is left out, and counted."""
    read = read_html(source)
    gathered.add(read.text)

    hidden = read.hidden.total()
    if hidden:
        gathered.note(f"{hidden} words that its HTML hides from a reader were left out.")
    if read.cut:
        gathered.note(f"{read.cut}.")
