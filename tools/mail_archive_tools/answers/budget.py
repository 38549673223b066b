"""How much room an answer has, in bytes of JSON or of text, and how much of it something takes."""

import json

from mail_archive_tools.models import Output

SUMMARY_BYTES = 6_000
"""A summary's tables, in either channel."""
READING_BYTES = 23_500
"""A message or an attachment, with the characters that a caller gets without asking for more."""
LONG_READING_BYTES = 38_000
"""The same where more characters were asked for."""
CONTENT_BYTES = 32_000
"""The text of `get_archive_message_content`."""
ROWS_BYTES = 34_000
"""The rows of one page."""
CONVERSATION_BYTES = 30_000
"""The messages of one page of a conversation."""
ABOUT_BYTES = 11_000
"""What is said about a message, beside its text."""


def json_bytes(result: Output) -> int:
    """How large the structured content of an answer is."""
    return len(json.dumps(result.structured(), ensure_ascii=False).encode())
