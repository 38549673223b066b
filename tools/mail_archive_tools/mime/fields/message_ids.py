"""Message identifiers (RFC 5322, 3.6.4), as they stand in header fields."""

import re

MAX_IDS = 1_000
"""Message ids read of one References field."""

_MESSAGE_ID = re.compile(r"<([^<>]{1,998})>")
# MH, exmh: `Message from Ann <ann@a.example> of "Wed, 31 Jul 2002 23:11:49 +0800." <the.id@a.example>`. RFC 822, 4.6.2
# has an In-Reply-To of phrases and ids; what follows such a phrase is the author's address.
_AUTHOR = re.compile(r"(?i)\bmessage from\b[^<>]*<[^<>]*>")


def message_ids(value: str) -> list[str]:
    """The ids of a Message-ID, In-Reply-To or References field, without angle brackets, each once."""
    found: list[str] = []
    for each in _MESSAGE_ID.findall(value):
        # Where a long line was folded inside an id, white space stands in it.
        one = " ".join(each.split())
        if one:
            found.append(one)

    if not found:
        words = value.replace(",", " ").split()
        found = [word for word in words if "@" in word]
    return list(dict.fromkeys(found))[:MAX_IDS]


def answered_ids(value: str) -> list[str]:
    """The ids of an In-Reply-To field, which may name the author and the time of what is answered as well: neither is
    an id."""
    named = _AUTHOR.sub("", value)
    if _MESSAGE_ID.search(named):
        return message_ids(named)
    # Without angle brackets: "ann@a.example's message of Wed, 4 Sep 2002" names no id.
    words = named.replace(",", " ").split()
    return message_ids(named) if all("@" in word for word in words) else []
