"""Message identifiers (RFC 5322, 3.6.4), as they stand in header fields."""

import re

MAX_IDS = 1_000
"""Message ids read of one References field."""

_MESSAGE_ID = re.compile(r"<([^<>]{1,998})>")


def message_ids(value: str) -> list[str]:
    """The ids of a Message-ID, In-Reply-To or References field, without angle brackets, each once."""
    found = [" ".join(each.split()) for each in _MESSAGE_ID.findall(value) if each.strip()]
    if not found:
        found = [word for word in value.replace(",", " ").split() if "@" in word]
    return list(dict.fromkeys(found))[:MAX_IDS]
