"""The two bodies of a message that a person may read: its plain text and its HTML."""

from dataclasses import dataclass

from mail_archive_tools.mime.structure import Part, read_structure


@dataclass(frozen=True)
class Body:
    """`text` and `html` as sent, None where the message has none; `malformed` where its structure is broken."""

    text: str | None
    html: str | None
    malformed: bool


def read_body(raw: bytes) -> Body:
    """The first plain text and the first HTML of a message, attachments left aside. Never raises."""
    root = read_structure(raw)
    leaves = [part for part in root.walk() if not part.children and not part.is_attachment]
    return Body(_first(leaves, "text/plain"), _first(leaves, "text/html"), _is_malformed(root))


def _first(parts: list[Part], content_type: str) -> str | None:
    return next((part.text() for part in parts if part.content_type == content_type), None)


def _is_malformed(root: Part) -> bool:
    without_parts = any(part.is_multipart and not part.children for part in root.walk())
    return without_parts or not root.headers.fields
