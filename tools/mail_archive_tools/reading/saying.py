"""Where a message that was read says what: for those who look for words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mail_archive_tools.mime.quotes import own_and_quoted
from mail_archive_tools.words.texts import Texts

if TYPE_CHECKING:
    from mail_archive_tools.reading.readings import MessageReading


def texts_of(reading: MessageReading, files: str = "") -> Texts:
    """The texts of a message; `files` is what its files say, where that is known."""
    text = reading.text
    own, quoted = own_and_quoted(text.whole, text.quoted)

    # HTML that is not shown, since the plain text says much the same, is seen by readers all the same.
    is_plain = text.source == "text/plain"
    versions = [each.text for each in text.hidden if is_plain and each.kind == "version"]
    hidden = [each.text for each in text.hidden if not is_plain or each.kind != "version"]
    return Texts(
        own=own,
        quoted=quoted,
        version="\n".join(versions),
        hidden="\n".join(hidden),
        names="\n".join(reading.file_names),
        files=files,
    )
