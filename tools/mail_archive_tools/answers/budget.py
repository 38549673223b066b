"""How much room an answer has, in bytes of JSON or of text, and how much of it something takes."""

import json

from mail_archive_tools.models import Output

TOOL_ANSWER_BYTES = 40_000
"""The most that any answer takes, in either channel. The parts below that are as large as an answer may get leave room
in it: for what is said beside them, and since text and JSON say the same in different lengths."""

ROWS_BYTES = TOOL_ANSWER_BYTES - 6_000
"""The rows of one page. Notes and ids of copies stand beside them."""
CONTENT_BYTES = TOOL_ANSWER_BYTES - 8_000
"""The text of `get_archive_message_content`."""
CONVERSATION_BYTES = TOOL_ANSWER_BYTES - 10_000
"""The messages of one page of a conversation. As text, each line of them has a mark before it."""
LONG_READING_BYTES = TOOL_ANSWER_BYTES - 2_000
"""A message or an attachment, whole, where more characters were asked for than a caller gets without asking."""
READING_BYTES = 23_500
"""The same with the characters that a caller gets without asking for more."""
ABOUT_BYTES = 11_000
"""What is said about a message, beside its text."""
SUMMARY_BYTES = 6_000
"""A summary's tables."""


def json_bytes(result: Output) -> int:
    """How large the structured content of an answer is."""
    return len(json.dumps(result.structured(), ensure_ascii=False).encode())
