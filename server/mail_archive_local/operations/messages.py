"""GetArchiveMessage, GetArchiveMessageContent.

Decided here, because the service does not say [unknown]:
- A message id that is not known is a ValidationException, and so is one of an archive that is pending deletion.
- The content is the plain text parts and the HTML parts of its body (RFC 8621, 4.1.4), decoded; MessageMalformed says
  that the structure could not be read as it is declared, or that the message has no header fields.
- Of a message whose bytes are not those that were put in, neither a link nor its content is given.
"""

import json
from typing import Any

from mail_archive_local.api_errors import validation
from mail_archive_local.context import Local
from mail_archive_local.download_links import sign_link
from mail_archive_local.identity.callers import Caller
from mail_archive_local.storage.row_keys import archive_of
from mail_archive_local.storage.store import MessageRecord
from mail_archive_tools.mime.bodies import choose_bodies
from mail_archive_tools.mime.structure import Part, read_structure


def get_archive_message(local: Local, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    message = _find_message(local, request["ArchivedMessageId"])
    # For its refusal, which whoever follows the link would see as a status alone.
    local.store.raw_message(message.id)

    asked_by = caller.for_seconds(local.link_seconds, local.clock())
    query = sign_link(local.store.link_key, message.archived_message_id, asked_by)
    link = f"{local.link_base()}/messages/{message.archived_message_id}?{query}"
    return {"MessageDownloadLink": link, **json.loads(message.metadata)}


def get_archive_message_content(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    message = _find_message(local, request["ArchivedMessageId"])
    root = read_structure(local.store.raw_message(message.id) or b"")
    bodies = choose_bodies(root)
    malformed = bool(bodies.problems) or not root.headers.fields
    members: dict[str, Any] = {"MessageMalformed": malformed}

    # RFC 8621, 4.1.4: where a message has one of the two alone, it stands in both lists.
    plain = [part for part in bodies.plain if part.content_type != "text/html"]
    texts = [part.text() for part in plain if _is_text(part)]
    sources = [part.html() for part in bodies.html if part.content_type == "text/html"]
    if texts:
        members["Text"] = "\n".join(texts)
    if sources:
        members["Html"] = "\n".join(sources)
    return {"Body": members}


def _is_text(part: Part) -> bool:
    """A part that a reader takes for text; a multipart without parts is shown as it is."""
    return part.content_type.startswith("text/") or part.is_multipart


def _find_message(local: Local, archived_message_id: str) -> MessageRecord:
    message = local.store.message(archived_message_id)
    if message is None:
        raise validation(f"Message {archived_message_id[:100]} does not exist.")

    archive = local.store.archive_numbered(archive_of(message.id))
    if archive is None or archive.state != "ACTIVE":
        raise validation(f"Message {archived_message_id} is in an archive that is pending deletion.")
    return message
