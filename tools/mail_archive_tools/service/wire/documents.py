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
    is_at_its_end = not stream.read(1)
    if not isinstance(document, dict) or not is_at_its_end:
        raise ValueError("no map")
    return document


def xml_document(body: bytes) -> dict[str, Any]:
    """The members of a result: the elements in the one that wraps them (`...Result`), or else in the first one."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise ValueError("no XML") from error

    wrapped = [element for element in root if _name_of(element).endswith("Result")]
    members = wrapped[0] if wrapped else root
    return {_name_of(each): each for each in members}


def _name_of(element: ElementTree.Element) -> str:
    """The name without its namespace, which ElementTree writes before it in braces."""
    return element.tag.rpartition("}")[2]


READERS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "json": json_document,
    "rest-json": json_document,
    "smithy-rpc-v2-cbor": cbor_document,
    "query": xml_document,
}
"""By protocol, as botocore names them. S3 speaks another one, and answers some operations with what is no document."""
