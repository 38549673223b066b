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
    if broken := list(broken_constraints(operation.input_shape, parsed)):
        plural = "error" if len(broken) == 1 else "errors"
        raise validation(f"{len(broken)} validation {plural} detected: {'; '.join(broken)}")

    return parsed


def broken_constraints(shape: Shape, members: dict[str, Any]) -> Iterator[str]:
    """Each constraint of the model that members of its types break, in the service's words."""
    return _broken(shape, members, "")


def write_reply(answer: dict[str, Any] | bytes) -> Reply:
    """The reply that carries an operation's answer: members with timestamps as epoch seconds, or JSON as it is."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
    return Reply(200, body)


def write_error(error: ApiError) -> Reply:
    body = {"__type": error.code, "Message": error.message, "message": error.message}
    return Reply(STATUSES.get(error.code, UNDECLARED_STATUS), json.dumps(body, ensure_ascii=False).encode())


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
    """Whether it is text that UTF-8 can say: JSON may escape half of a character."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


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
    size = value if shape.type_name == "integer" else len(value) if isinstance(value, str | list) else None
    kind = "have value" if shape.type_name == "integer" else "have length"
    if size is not None and size < rules.get("min", size):
        yield f"{kind} greater than or equal to {rules['min']}"
    if size is not None and size > rules.get("max", size):
        yield f"{kind} less than or equal to {rules['max']}"
    if isinstance(value, str) and "pattern" in rules and not _pattern(rules["pattern"]).fullmatch(value):
        yield f"satisfy regular expression pattern: {rules['pattern']}"
    if isinstance(value, str) and "enum" in rules and value not in rules["enum"]:
        yield f"satisfy enum value set: [{', '.join(rules['enum'])}]"


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """The model's patterns know the classes of Unicode, and mean ASCII by `\\w`; Python's have neither by that name."""
    known = pattern.replace(r"\p{L}\p{Z}\p{N}_", r"\w\s")
    return re.compile(known, 0 if known != pattern else re.ASCII)


def _shown(value: Any) -> str:
    text = str(value)
    return f"'{text[:_SHOWN_VALUE]}…'" if len(text) > _SHOWN_VALUE else f"'{text}'"


def _below(path: str, name: str) -> str:
    lower = name[:1].lower() + name[1:]
    return f"{path}.{lower}" if path else lower
