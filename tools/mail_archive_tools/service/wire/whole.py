"""No answer but a whole one comes to botocore, which takes a cut or an empty body for an answer without members.

A body is looked at where botocore gets it from its HTTP session. What is raised there looks to botocore like a fault of
the connection, after which it makes the call again.
"""

import threading
from typing import Any
from xml.etree.ElementTree import Element

from mail_archive_tools.service.wire.documents import READERS
from mail_archive_tools.service.wire.faults import not_whole
from mail_archive_tools.service.wire.lists import NULL_MEMBERS

_REFUSED = 300
_FAILED = 500


def only_whole(client: Any) -> None:
    """Let this client take whole answers alone. To do it twice is the same as once; a client of S3 stays as it is."""
    model = client.meta.service_model
    endpoint = client._endpoint  # botocore has no other way to what is below its retries
    if model.resolved_protocol not in READERS or isinstance(endpoint.http_session, _Session):
        return

    session = _Session(endpoint.http_session, model)
    client.meta.events.register(f"before-send.{model.service_id.hyphenize()}", session.note)
    endpoint.http_session = session
    endpoint._response_parser_factory = _Parsers(endpoint._response_parser_factory)


class _Body(bytes):
    """A body, and the document that was read of it."""

    document: dict[str, Any]


class _Session:
    """An HTTP session whose answers are whole."""

    def __init__(self, session: Any, model: Any) -> None:
        self._session, self._model = session, model
        self._read = READERS[model.resolved_protocol]
        self._asked = threading.local()

    def close(self) -> None:
        self._session.close()

    def note(self, event_name: str = "", **_: Any) -> None:
        """Remember what is asked in this thread, which sends it next: the request itself does not say."""
        self._asked.operation = event_name.rpartition(".")[2]

    def send(self, request: Any) -> Any:
        """
        Raises:
            CutAnswer, CutAnswerOfChange: the answer is not whole.
        """
        response = self._session.send(request)
        operation = self._model.operation_model(self._asked.operation)
        if operation.has_streaming_output or operation.has_event_stream_output:
            return response

        body = response.content
        self._refuse_short(operation, response, body)
        if response.status_code < _REFUSED:
            response._content = self._whole(operation, body)
            return response

        is_refusal = response.status_code < _FAILED
        if is_refusal and body and _speaks_json(response):
            # Half of a refusal has no code: whoever is throttled would hear that the call was refused.
            self._document(operation, body)
        return response

    def _refuse_short(self, operation: Any, response: Any, body: bytes) -> None:
        announced = response.headers.get("Content-Length", "")
        if not announced.isdigit():
            return
        if len(body) < int(announced):
            raise not_whole(operation.name, f"{len(body):,} of {int(announced):,} bytes came")

    def _whole(self, operation: Any, body: bytes) -> bytes:
        """The body, which its document is kept beside.

        Raises:
            CutAnswer, CutAnswerOfChange: it is not the whole answer to the operation.
        """
        members = operation.output_shape.members if operation.output_shape is not None else {}
        if not body and members:
            raise not_whole(operation.name, "it is empty")
        if not body:
            return body

        document = self._document(operation, body)
        if members and _is_anothers(document, members):
            raise not_whole(operation.name, "it has nothing of what was asked for")
        name = _other_kind(document, members)
        if name is not None:
            raise not_whole(operation.name, f"its {name} is of another kind than it should be")

        whole = _Body(body)
        whole.document = document
        return whole

    def _document(self, operation: Any, body: bytes) -> dict[str, Any]:
        try:
            return self._read(body)
        except (ValueError, RecursionError):
            protocol = self._model.resolved_protocol
            raise not_whole(operation.name, f"it is no whole document ({protocol})") from None


def _is_anothers(document: dict[str, Any], members: dict[str, Any]) -> bool:
    """Whether these cannot be the members of an operation's output: a service may leave out empty lists and nothing
    else, and does not get more new members than it had."""
    lists = {name for name, member in members.items() if member.type_name == "list"}
    if not document:
        return not lists

    known = document.keys() & members.keys()
    unknown = document.keys() - members.keys()
    if unknown and lists and lists.isdisjoint(known):
        # Another operation's list, maybe beside members that many have, as NextToken is.
        return True
    return len(unknown) > len(known)


_KINDS = {"list": list, "structure": dict, "map": dict}


def _other_kind(document: dict[str, Any], members: dict[str, Any]) -> str | None:
    """The first member that is no list or no structure where the service's model has one: botocore passes over it.
    What is null is told apart from it, and the elements of XML have no kinds."""
    for name, member in members.items():
        value = document.get(name)
        kind = _KINDS.get(member.type_name)
        if value is None or kind is None or isinstance(value, Element):
            continue
        if not isinstance(value, kind):
            return name
        if kind is list and not _are_entries(value, member.member):
            return name
    return None


def _are_entries(values: list[Any], member: Any) -> bool:
    """Whether these can be what the service's model has in a list: structures, where it has such."""
    if member.type_name != "structure":
        return True
    return all(each is None or isinstance(each, dict) for each in values)


def _speaks_json(response: Any) -> bool:
    return "json" in response.headers.get("Content-Type", "")


class _Parsers:
    """A maker of botocore's parsers that take what was read of a body already, instead of reading it again."""

    def __init__(self, factory: Any) -> None:
        self._factory = factory

    def create_parser(self, protocol: str) -> Any:
        parser = self._factory.create_parser(protocol)
        for name in ("_parse_body_as_json", "_initial_body_parse"):
            # A botocore that has another name for it reads the body once more.
            if hasattr(parser, name):
                setattr(parser, name, _known(getattr(parser, name)))
        parser.parse = _with_nulls(parser.parse)
        return parser


def _known(read: Any) -> Any:
    def document(body: bytes) -> Any:
        return body.document if isinstance(body, _Body) else read(body)

    return document


def _with_nulls(parse: Any) -> Any:
    def parsed(response: dict[str, Any], shape: Any) -> Any:
        members = parse(response, shape)
        body = response["body"]
        if isinstance(body, _Body):
            nulls = [name for name, value in body.document.items() if value is None]
            members["ResponseMetadata"][NULL_MEMBERS] = nulls
        return members

    return parsed
