"""A request as bytes -> one that the SDK can read, or the JSON-RPC error that it gets; the same over stdio and HTTP.

The SDK reads JSON as jiter does: no half of a surrogate pair, which JavaScript hosts send for half an emoji, and some
200 levels of nesting. On stdio it drops what it cannot read without a word, so that the client waits for ever.
"""

import json
import logging
import re
from dataclasses import dataclass

from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError
from pydantic_core import from_json

REQUEST_BYTES = 4 * 1024 * 1024
"""The largest request, as the SDK has it over HTTP."""

_SCANNED_CHARACTERS = 1_000_000
"""How far a request that cannot be read is looked through for its id."""
_TAIL_CHARACTERS = 300

_log = logging.getLogger(__name__)

_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"  # half of one
    r"|\\.",
    re.DOTALL,
)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_HALF_LENGTH = len(r"\ud800")
_REPLACEMENT = r"\ufffd"

# A string that does not end is a token up to the end: looked for again from each quote, it would take for ever.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|\Z)|[{}\[\]:,]|-?\d[\d.eE+-]*|[a-z]+', re.DOTALL)
_LAST_ID = re.compile(r'[{,]\s*"id"\s*:\s*(-?\d{1,18}|"(?:[^"\\]|\\.){0,200}")\s*\}\s*\Z', re.DOTALL)


@dataclass(frozen=True)
class RefusedRequest:
    """A request that cannot be read: what its client gets."""

    error: JSONRPCError

    @property
    def body(self) -> bytes:
        """As JSON, with `id` also where it is null, as JSON-RPC 2.0 wants it (section 5)."""
        return self.error.model_dump_json(by_alias=True, exclude_unset=True).encode()


def readable(request: bytes) -> bytes | RefusedRequest:
    """The request with U+FFFD in place of each half of a surrogate pair; or why it cannot be read, which is logged."""
    if len(request) > REQUEST_BYTES:
        return too_large(request)

    text = _whole_characters(request.decode("utf-8", "replace"))
    try:
        message = from_json(text)
    except ValueError as error:
        reason = "it is not JSON"
        if "recursion limit" in str(error):
            reason = "it is nested too deeply"
        return _refused(PARSE_ERROR, f"Parse error: {reason}.", text)

    try:
        jsonrpc_message_adapter.validate_python(message, by_name=False)
    except ValidationError:
        return _refused(INVALID_REQUEST, "Invalid request: it is not one JSON-RPC 2.0 message.", text)
    if not _has_an_id_to_answer(message):
        return _refused(INVALID_REQUEST, "Invalid request: its id is neither a whole number nor a string.", None)
    return text.encode()


def too_large(beginning: bytes) -> RefusedRequest:
    """What a request gets that is larger than may be, of which this is the beginning, and the end where it is known."""
    text = beginning.decode("utf-8", "replace")
    return _refused(INVALID_REQUEST, f"The request is larger than {REQUEST_BYTES:,} bytes.", text)


def _whole_characters(text: str) -> str:
    if _HALF.search(text) is None:
        return text
    return _ESCAPES.sub(_whole, text)


def _whole(escape: re.Match[str]) -> str:
    found = escape.group()
    is_half = len(found) == _HALF_LENGTH and found[1] == "u"
    if is_half:
        return _REPLACEMENT
    return found


def _has_an_id_to_answer(message: dict[str, object]) -> bool:
    """Whether it has the id of a request, or none: with any other, the SDK takes it for a notification, which nobody
    answers."""
    if "id" not in message or "method" not in message:
        # Of an error, the id may be null.
        return True
    return _as_id(message["id"]) is not None


def _refused(code: int, sentence: str, text: str | None) -> RefusedRequest:
    """`text` is where the request's id is looked for; None: it has none that could be sent back."""
    request_id = None
    if text is not None:
        request_id = _id_of(text)
    _log.warning("A request (id %s) could not be read: %s", json.dumps(request_id), sentence)
    return RefusedRequest(JSONRPCError(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message=sentence)))


def _id_of(text: str) -> str | int | None:
    """The id of a request that cannot be read as a whole: that of its own members, never one further in."""
    found = _LAST_ID.search(text[-_TAIL_CHARACTERS:])
    if found is not None and text.lstrip().startswith("{"):
        value: str | None = found.group(1)
    else:
        value = _first_id(text)
    if value is None:
        return None

    try:
        return _as_id(json.loads(value))
    except ValueError:
        return None


def _as_id(value: object) -> str | int | None:
    if isinstance(value, str):
        # A half of a pair cannot be sent back.
        return value.encode("utf-8", "replace").decode()
    # To Python, True is a number.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None


def _first_id(text: str) -> str | None:
    """The id among the members of the outermost object, as JSON."""
    depth = 0
    before = ["", ""]
    name = ['"id"', ":"]
    for token in _TOKENS.finditer(text, 0, _SCANNED_CHARACTERS):
        what = token.group()
        if what in "{[":
            depth += 1
        elif what in "}]":
            depth -= 1
        elif depth == 1 and before == name and what != ":":
            return what
        before = [before[1], what]
    return None
