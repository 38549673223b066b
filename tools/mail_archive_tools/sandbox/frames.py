"""What goes between the server and a worker: a line of JSON and bytes, each with its length before it."""

import json
import struct
from typing import IO, Any

_LENGTHS = struct.Struct(">II")


class BadFrame(Exception):
    """The other side broke off, sent more than is taken, or what is no frame."""


def write_frame(stream: IO[bytes], message: Any, data: bytes = b"") -> None:
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    stream.write(_LENGTHS.pack(len(text), len(data)))
    stream.write(text)
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes], most_bytes: int) -> tuple[Any, bytes]:
    """The next frame: its JSON and its bytes, which are `most_bytes` together at most.

    Raises:
        BadFrame: there is none.
    """
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        raise BadFrame("broke off")
    of_text, of_data = _LENGTHS.unpack(lengths)
    if of_text + of_data > most_bytes:
        raise BadFrame("too large")
    text, data = stream.read(of_text), stream.read(of_data)
    if len(text) < of_text or len(data) < of_data:
        raise BadFrame("broke off")
    try:
        return json.loads(text.decode("utf-8", "surrogatepass")), data
    except (ValueError, RecursionError):
        raise BadFrame("no JSON") from None
