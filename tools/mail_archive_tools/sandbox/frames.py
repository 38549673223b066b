"""What goes between the server and a worker: a line of JSON and bytes, each with its length before it."""

import json
import struct
from typing import IO, Any, NoReturn

from mail_archive_tools.sandbox.bounds import Bounds

_LENGTHS = struct.Struct(">II")


class BadFrame(Exception):
    """The other side broke off, sent more than is taken, or what is no frame."""


class TooLarge(BadFrame):
    """The other side sent more than is taken: in bytes, in depth or in items."""


def write_frame(stream: IO[bytes], message: Any, data: bytes = b"") -> None:
    # Mail has characters that are none, such as half a surrogate pair: JSON takes them, and so does this.
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")

    stream.write(_LENGTHS.pack(len(text), len(data)))
    stream.write(text)
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes], most_data: int, bounds: Bounds) -> tuple[Any, bytes]:
    """The next frame: its JSON, within these bounds, and its bytes, `most_data` at most.

    Raises:
        BadFrame: there is none.
        TooLarge: it is beyond them.
    """
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        raise BadFrame("broke off")

    # Before any of it is read: nothing is made room for that is not taken.
    text_bytes, data_bytes = _LENGTHS.unpack(lengths)
    if text_bytes > bounds.size or data_bytes > most_data:
        raise TooLarge("too large")

    text = stream.read(text_bytes)
    data = stream.read(data_bytes)
    if len(text) < text_bytes or len(data) < data_bytes:
        raise BadFrame("broke off")
    if not bounds.hold(text):
        raise TooLarge("too many items")

    try:
        return _DECODER.decode(text.decode("utf-8", "surrogatepass")), data
    except (ValueError, RecursionError):
        raise BadFrame("no JSON") from None


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python takes and JSON does not have (RFC 8259, 6)."""
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
