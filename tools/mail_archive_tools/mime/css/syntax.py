"""What all of CSS is written in: lists between commas, words between spaces, functions, and what is put in for them."""

import re
from functools import lru_cache

FUNCTION = re.compile(r"(-?[a-z][\w-]*)\((.*)\)", re.DOTALL)
"""A function and what is between its brackets. To be asked of one word, as `words_of` cuts them: in more than one, the
last bracket may be another function's."""

# Brackets are looked into four levels deep: a pattern cannot count further, and no honest value is deeper.
_WORD = re.compile(
    r"[^\s()]*+(?:\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\)[^\s()]*+)++|[^\s()]++|\S"
)

_PUT_IN = re.compile(r"\b(?:var|env|attr)\(")
_WELL_PUT_IN = re.compile(
    r"\bvar\(\s*--[^\s(),]+\s*[,)]|"
    r"\benv\(\s*-?[a-z][\w-]*(?:\s+\d+)*\s*[,)]|"
    r"\battr\(\s*-?[a-z][\w-]*[^,()]*(?:\([^()]*\)[^,()]*)*[,)]"
)


def words_of(value: str) -> list[str]:
    """The parts of a value between white space; a function is one of them."""
    return _WORD.findall(value)


@lru_cache(maxsize=2048)
def separate(text: str) -> tuple[str, ...]:
    """The members of a list; commas between brackets separate nothing."""
    if "(" not in text and "[" not in text:
        return tuple([each.strip() for each in text.split(",")])

    found, depth, start = [], 0, 0
    for place, mark in enumerate(text):
        if mark in "([":
            depth += 1
        elif mark in ")]":
            depth -= 1
        elif mark == "," and not depth:
            found.append(text[start:place].strip())
            start = place + 1
    return (*found, text[start:].strip())


def is_put_in_later(value: str) -> bool:
    """Whether it has what is replaced once the element is known: then any property takes it (CSS Values 5, 7)."""
    if "(" not in value or value.count("(") != value.count(")"):
        return False
    count = len(_PUT_IN.findall(value))
    return count > 0 and count == len(_WELL_PUT_IN.findall(value))
