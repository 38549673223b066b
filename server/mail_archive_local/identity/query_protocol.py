"""AWS's query protocol, driven by botocore's own model of STS: a form comes in, XML goes out."""

import re
import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, SubElement, tostring

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from mail_archive_local.api_errors import ApiError
from mail_archive_local.wire.protocol import Reply, broken_constraints, validation_errors

CONTENT_TYPE = "text/xml"
_VERSION = "2011-06-15"
_NAMESPACE = f"https://sts.amazonaws.com/doc/{_VERSION}/"
_MOST_FIELDS = 1_000

_CODES = {
    "AccessDeniedException": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ValidationException": "ValidationError",
}
"""What STS calls the errors that both services have."""
_FORBIDDEN = {
    "AccessDenied",
    "ExpiredToken",
    "SignatureDoesNotMatch",
    "MissingAuthenticationToken",
    "InvalidClientTokenId",
}


@cache
def service_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("sts", "service-2"), "sts")


def read_form(body: bytes) -> tuple[OperationModel, dict[str, Any]]:
    """The operation that a form names, and its members, checked against the model.

    Raises:
        ApiError: there is no such operation, or a member is not what the model says.
    """
    try:
        form = dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, strict_parsing=True)
        )
    except ValueError:
        raise ApiError("MalformedQueryString", "The request body is no form.") from None

    name = form.get("Action", "")
    if name not in service_model().operation_names or form.get("Version") != _VERSION:
        raise ApiError("InvalidAction", f"Could not find operation {name[:100]} for version {_VERSION}.")

    operation = service_model().operation_model(name)
    if operation.input_shape is None:
        return operation, {}
    members = _structure(operation.input_shape, form, "")
    broken = list(broken_constraints(operation.input_shape, members))
    if broken:
        raise validation_errors(broken)
    return operation, members


def write_result(operation: OperationModel, members: dict[str, Any]) -> Reply:
    """The reply that carries an operation's result; moments are ISO 8601 already."""
    root = Element(f"{operation.name}Response", {"xmlns": _NAMESPACE})
    result = SubElement(root, f"{operation.name}Result")
    for name, value in members.items():
        _append(result, name, value)
    SubElement(SubElement(root, "ResponseMetadata"), "RequestId").text = str(uuid.uuid4())
    return Reply(200, tostring(root), CONTENT_TYPE)


def write_query_error(error: ApiError) -> Reply:
    code = _CODES.get(error.code, error.code)
    root = Element("ErrorResponse", {"xmlns": _NAMESPACE})
    details = SubElement(root, "Error")
    for name, value in (("Type", "Sender"), ("Code", code), ("Message", error.message)):
        SubElement(details, name).text = _XML_CANNOT.sub("?", value)
    SubElement(root, "RequestId").text = str(uuid.uuid4())
    status = 400
    if code in _FORBIDDEN:
        status = 403
    return Reply(status, tostring(root), CONTENT_TYPE)


_XML_CANNOT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no document may have in it, not even escaped (https://www.w3.org/TR/xml/#charsets)."""


def _append(parent: Element, name: str, value: Any) -> None:
    child = SubElement(parent, name)
    if isinstance(value, dict):
        for inner, each in value.items():
            _append(child, inner, each)
    else:
        child.text = str(value)


def _structure(shape: Shape, form: dict[str, str], prefix: str) -> dict[str, Any]:
    members = {}
    for name, member in shape.members.items():
        value = _value(member, form, f"{prefix}{name}")
        if value is not None:
            members[name] = value
    return members


def _value(shape: Shape, form: dict[str, str], path: str) -> Any:
    """The value at a path of the form; None where there is none."""
    if shape.type_name == "structure":
        return _structure(shape, form, f"{path}.") or None
    if shape.type_name == "list":
        return list(_items(shape, form, path)) or None

    text = form.get(path)
    if text is None:
        return None
    if shape.type_name == "string":
        return text
    if shape.type_name == "integer" and re.fullmatch(r"-?[0-9]{1,10}", text):
        return int(text)
    raise ApiError("MalformedInput", f"{path} is not of the type {shape.type_name}.")


def _items(shape: Shape, form: dict[str, str], path: str) -> Iterator[Any]:
    # A list is numbered from 1: `Tags.member.1.Key`.
    # https://docs.aws.amazon.com/STS/latest/APIReference/CommonParameters.html
    for number in range(1, _MOST_FIELDS):
        item = _value(shape.member, form, f"{path}.member.{number}")
        if item is None:
            return
        yield item
