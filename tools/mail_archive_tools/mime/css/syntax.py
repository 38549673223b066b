"""What all of CSS is written in: lists between commas, words between spaces, functions, and what is put in for them."""

import re
from functools import lru_cache

FUNCTION = re.compile(r"(-?[a-z][\w-]*)\((.*)\)", re.DOTALL)
"""A function and what is between its brackets; of one word, `words_of` has seen that they are its own."""

_WORD = re.compile(
    r"[^\s()]*+(?:\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\)[^\s()]*+)++|[^\s()]++|\S"
)
_PUT_IN = re.compile(r"\b(?:var|env|attr)\(")
_WELL_PUT_IN = re.compile(
    r"\bvar\(\s*--[^\s(),]+\s*[,)]|\benv\(\s*-?[a-z][\w-]*(?:\s+\d+)*\s*[,)]|\battr\(\s*-?[a-z][\w-]*[^,()]*(?:\([^()]*\)[^,()]*)*[,)]"
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
        depth += (mark in "([") - (mark in ")]")
        if mark == "," and not depth:
            found.append(text[start:place].strip())
            start = place + 1
    return (*found, text[start:].strip())


def is_put_in_later(value: str) -> bool:
    """Whether it has what is replaced once the element is known: then any property takes it (CSS Values 5, 7)."""
    if "(" not in value or not (count := len(_PUT_IN.findall(value))):
        return False
    return count == len(_WELL_PUT_IN.findall(value)) and value.count("(") == value.count(")")
