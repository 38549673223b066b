"""GetArchiveMessage, GetArchiveMessageContent.

Decided here, because the service does not say [unknown]:
- A message id that is not known is a ValidationException, and so is one of an archive that is pending deletion.
- The content is the first plain text and the first HTML that are no attachments, decoded; MessageMalformed says
  that a multipart had no parts, or the message no header fields.
"""

import json
from typing import Any

from mail_archive_server.local.context import Local
from mail_archive_server.local.errors import validation
from mail_archive_server.local.keys import archive_of
from mail_archive_server.local.links import sign_link
from mail_archive_server.local.store import MessageRecord
from mail_archive_tools.mime.body import read_body


def get_archive_message(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    message = _find_message(local, request["ArchivedMessageId"])
    query = sign_link(local.store.link_key, message.archived_message_id, local.clock(), local.link_seconds)
    link = f"{local.link_base()}/messages/{message.archived_message_id}?{query}"
    return {"MessageDownloadLink": link, **json.loads(message.metadata)}


def get_archive_message_content(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    message = _find_message(local, request["ArchivedMessageId"])
    body = read_body(local.store.raw_message(message.id) or b"")
    members: dict[str, Any] = {"MessageMalformed": body.malformed}
    if body.text is not None:
        members["Text"] = body.text
    if body.html is not None:
        members["Html"] = body.html
    return {"Body": members}


def _find_message(local: Local, archived_message_id: str) -> MessageRecord:
    message = local.store.message(archived_message_id)
    if message is None:
        raise validation(f"Message {archived_message_id[:100]} does not exist.")
    archive = local.store.archive_numbered(archive_of(message.id))
    if archive is None or archive.state != "ACTIVE":
        raise validation(f"Message {archived_message_id} is in an archive that is pending deletion.")
    return message
