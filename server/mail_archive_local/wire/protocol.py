"""AWS JSON 1.0 in and out, driven by botocore's own service model: what a request must be like is said there."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from mail_archive_local.api_errors import ApiError, validation

CONTENT_TYPE = "application/x-amz-json-1.0"
REQUEST_BYTES = 1_000_000
"""The largest request body read, in bytes: ten conditions of ten values of 2,048 characters fit several times."""

STATUSES = {
    "AccessDeniedException": 403,
    "ConflictException": 409,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 402,
    "ThrottlingException": 429,
    "ValidationException": 400,
}
"""The HTTP status of each error that the service model declares; models of older SDKs do not say them."""
UNDECLARED_STATUS = 400

_SHOWN_VALUE = 100


@dataclass(frozen=True)
class HttpRequest:
    """A request of the API, by whichever door; header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One HTTP reply."""

    status: int
    body: bytes
    content_type: str = CONTENT_TYPE


@cache
def service_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("mailmanager", "service-2"), "mailmanager")


def operation_named(target: str) -> OperationModel:
    """The operation that an X-Amz-Target header names.

    Raises:
        ApiError: there is none of that name.
    """
    # `MailManagerSvc.ListArchives`: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
    prefix, _, name = target.rpartition(".")
    model = service_model()
    if prefix != model.metadata["targetPrefix"] or name not in model.operation_names:
        raise ApiError("UnknownOperationException", f"No operation {target[:_SHOWN_VALUE]!r} here.")
    return model.operation_model(name)


def read_request(operation: OperationModel, body: bytes) -> dict[str, Any]:
    """The members of a request, checked against the model; timestamps as aware datetimes.

    Raises:
        ApiError: SerializationException for what is not of the model's types, ValidationException for what
            breaks its constraints.
    """
    try:
        request = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ApiError("SerializationException", "The request body is not JSON.") from None

    parsed: dict[str, Any] = _typed(operation.input_shape, request, "")
    broken = list(broken_constraints(operation.input_shape, parsed))
    if broken:
        raise validation_errors(broken)
    return parsed


def validation_errors(broken: list[str]) -> ApiError:
    """The error for these broken constraints, in the service's words."""
    plural = "errors"
    if len(broken) == 1:
        plural = "error"
    return validation(f"{len(broken)} validation {plural} detected: {'; '.join(broken)}")


def broken_constraints(shape: Shape, members: dict[str, Any]) -> Iterator[str]:
    """Each constraint of the model that members of its types break, in the service's words."""
    return _broken(shape, members, "")


def write_reply(answer: dict[str, Any] | bytes) -> Reply:
    """The reply that carries an operation's answer: members with timestamps as epoch seconds, or JSON as it is."""
    if isinstance(answer, bytes):
        return Reply(200, answer)
    return Reply(200, json.dumps(answer, ensure_ascii=False).encode())


def write_error(error: ApiError) -> Reply:
    # Models name the member differently, and clients read the one of theirs.
    body = {"__type": error.code, "Message": error.message, "message": error.message}
    status = STATUSES.get(error.code, UNDECLARED_STATUS)
    return Reply(status, json.dumps(body, ensure_ascii=False).encode())


def _typed(shape: Shape, value: Any, path: str) -> Any:
    """`value` with the types of `shape`; members that the model does not have are passed over, as AWS does."""
    if shape.type_name == "structure":
        _expect(isinstance(value, dict), "an object", path)
        return {
            name: _typed(member, value[name], _below(path, name))
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        _expect(isinstance(value, list), "a list", path)
        return [_typed(shape.member, each, f"{path}.{n}.member") for n, each in enumerate(value, 1)]
    if shape.type_name == "timestamp":
        return _moment(value, path)
    if shape.type_name == "boolean":
        _expect(isinstance(value, bool), "true or false", path)
    elif shape.type_name == "integer":
        # To Python, True is an integer; to JSON it is none.
        _expect(isinstance(value, int) and not isinstance(value, bool), "an integer", path)
    else:
        _expect(isinstance(value, str) and _is_text(value), "a string", path)

    return value


def _moment(value: Any, path: str) -> datetime:
    _expect(isinstance(value, int | float) and not isinstance(value, bool), "a number of seconds since 1970", path)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise ApiError("SerializationException", f"{path} is no date that can be: {value}") from None


def _is_text(value: str) -> bool:
    """Whether it is text that UTF-8 can say: JSON may escape half of a character (RFC 8259, 8.2)."""
    if value.isascii():
        return True
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _expect(holds: bool, kind: str, path: str) -> None:
    if not holds:
        raise ApiError("SerializationException", f"{path or 'The request'} must be {kind}.")


def _broken(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Each constraint of the model that `value` breaks, in the service's words."""
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{_below(path, name)}' failed to satisfy constraint: Member must not be null"
        if shape.metadata.get("union") and len(value) != 1:
            yield f"Value at '{path}' failed to satisfy constraint: Exactly one member must be set"
        for name, each in value.items():
            yield from _broken(shape.members[name], each, _below(path, name))
        return
    if shape.type_name == "list":
        for number, each in enumerate(value, 1):
            yield from _broken(shape.member, each, f"{path}.{number}.member")
    for rule in _broken_rules(shape, value):
        yield f"Value {_shown(value)} at '{path}' failed to satisfy constraint: Member must {rule}"


def _broken_rules(shape: Shape, value: Any) -> Iterator[str]:
    rules = shape.metadata
    if shape.type_name == "integer":
        yield from _broken_bounds(rules, value, "have value")
    elif isinstance(value, str | list):
        yield from _broken_bounds(rules, len(value), "have length")
    if not isinstance(value, str):
        return

    if "pattern" in rules and not _pattern(rules["pattern"]).fullmatch(value):
        yield f"satisfy regular expression pattern: {rules['pattern']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"satisfy enum value set: [{', '.join(rules['enum'])}]"


def _broken_bounds(rules: Mapping[str, Any], size: int, kind: str) -> Iterator[str]:
    if size < rules.get("min", size):
        yield f"{kind} greater than or equal to {rules['min']}"
    if size > rules.get("max", size):
        yield f"{kind} less than or equal to {rules['max']}"


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """The model's patterns know the classes of Unicode, and mean ASCII by `\\w`; Python's have neither by that name."""
    known = pattern.replace(r"\p{L}\p{Z}\p{N}_", r"\w\s")
    if known != pattern:
        return re.compile(known)
    return re.compile(known, re.ASCII)


def _shown(value: Any) -> str:
    text = str(value)
    if len(text) > _SHOWN_VALUE:
        return f"'{text[:_SHOWN_VALUE]}…'"
    return f"'{text}'"


def _below(path: str, name: str) -> str:
    lower = name[:1].lower() + name[1:]
    if not path:
        return lower
    return f"{path}.{lower}"
