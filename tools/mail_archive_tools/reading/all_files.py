"""What all files of a message say, for those who look for words in them. In workers alone."""

import time
from typing import Any

from mail_archive_tools.documents.scans import no_pictures
from mail_archive_tools.mime.message import Message
from mail_archive_tools.reading.attachments import text_of_file
from mail_archive_tools.untrusted import clean_text

CHARS = 200_000
"""How much of the texts of a message's files is looked at, in characters."""
FILES = 100
"""How many files of a message are."""
SECONDS = 5.0
"""After this, what there is is given: less than what a worker has for one message."""


def text_of_all(message: Message) -> dict[str, Any]:
    """The texts one after the other, cleaned, and whether some are not here. Pictures are not read: that takes seconds
    for each."""
    texts: list[str] = []
    left = CHARS
    is_cut = len(message.files) > FILES
    deadline = time.monotonic() + SECONDS
    with no_pictures():
        for file in message.files[:FILES]:
            if left <= 0 or time.monotonic() > deadline:
                is_cut = True
                break
            text = text_of_file(file).text or ""
            is_cut = is_cut or len(text) > left
            texts.append(text[:left])
            left -= len(text)
    return {"text": clean_text("\n".join(texts)), "is_cut": is_cut}
