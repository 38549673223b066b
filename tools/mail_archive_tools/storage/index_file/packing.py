"""Rows and texts in few bytes."""

from __future__ import annotations

import json
import re
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from mail_archive_tools.words.texts import Texts

if TYPE_CHECKING:
    from mail_archive_tools.service.shapes import Row

_LARGEST = 200_000_000
"""Bytes that one packed value unpacks to at most."""
_USUAL = (
    b'"SenderIpAddress": "SenderHostname": "IngressPointId": "SourceArn": "arn:aws:ses:us-east-1:mailmanager-rule-set/'
    b'"XMailer": "InReplyTo": "<, "References": "Envelope": {"Helo": "From": "To": ["ReceivedHeaders": ["from by with '
    b'ESMTPS id for "HasAttachments": false, true, "MessageId": "<@mail.gmail.com>", "Subject": "Re: ", "Cc": "", '
    b'"Date": "Mon, Tue, Wed, Thu, Fri, Jan 20 +0000 -0700 (PDT)", "ReceivedTimestamp": "ArchivedMessageId": "'
)
"""What rows often have in them."""
_TIME = "ReceivedTimestamp"
_BETWEEN_TEXTS = "\0"
_SURROGATES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """A text as SQLite takes it: halves of surrogate pairs, which no UTF-8 has, as what stands for the unknown."""
    if text.isascii():
        return text
    return _SURROGATES.sub("\ufffd", text)


def pack_row(row: Row) -> bytes:
    """A row, with its time as ISO 8601."""
    written: dict[str, Any] = dict(row)
    moment = row.get("ReceivedTimestamp")
    if moment is not None:
        written[_TIME] = moment.isoformat()
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=_USUAL)
    return packer.compress(json.dumps(written, default=str).encode()) + packer.flush()


def unpack_row(packed: bytes) -> Row:
    """What `pack_row` made.

    Raises:
        ValueError: it was not.
    """
    try:
        unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=_USUAL)
        row = json.loads(unpacker.decompress(packed, _LARGEST))
        if _TIME in row:
            row[_TIME] = datetime.fromisoformat(row[_TIME])
        return cast("Row", row)
    except (zlib.error, TypeError, ValueError) as error:
        raise ValueError("it holds a row that is none") from error


def pack_texts(texts: Texts) -> bytes:
    """Texts, which have no NUL in them since they are cleaned."""
    together = _BETWEEN_TEXTS.join(text.replace(_BETWEEN_TEXTS, " ") for text in texts)
    return zlib.compress(together.encode("utf-8", "replace"))


def unpack_texts(packed: bytes) -> Texts:
    """What `pack_texts` made.

    Raises:
        ValueError: it was not.
    """
    try:
        together = zlib.decompressobj().decompress(packed, _LARGEST).decode()
        return Texts(*together.split(_BETWEEN_TEXTS))
    except (zlib.error, TypeError, ValueError) as error:
        raise ValueError("it holds a text that is none") from error
