"""A body as the document of a protocol. Each raises ValueError where it is none, or not all of one. Loads botocore."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from botocore.parsers import ResponseParserError, RpcV2CBORParser


def json_document(body: bytes) -> dict[str, Any]:
    """The members of a JSON object."""
    document = json.loads(body.decode())
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document


def cbor_document(body: bytes) -> dict[str, Any]:
    """The members of a CBOR map, by botocore's own reading: members that are null are left out of it."""
    parser = RpcV2CBORParser()
    stream = parser.get_peekable_stream_from_bytes(body)
    try:
        document = parser.parse_data_item(stream)
    except (ResponseParserError, TypeError, RecursionError) as error:
        raise ValueError("no CBOR") from error
    if not isinstance(document, dict) or stream.read(1):
        raise ValueError("no map")
    return document


def xml_document(body: bytes) -> dict[str, Any]:
    """The elements in the first one of an XML document, and in those that wrap a result."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise ValueError("no XML") from error

    found: dict[str, Any] = {}
    for element in root:
        name = element.tag.rpartition("}")[2]
        found[name] = element
        if name.endswith("Result"):
            found |= {each.tag.rpartition("}")[2]: each for each in element}
    return found


READERS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "json": json_document,
    "rest-json": json_document,
    "smithy-rpc-v2-cbor": cbor_document,
    "query": xml_document,
}
"""By protocol, as botocore names them. S3 speaks another one, and answers some operations with what is no document."""
