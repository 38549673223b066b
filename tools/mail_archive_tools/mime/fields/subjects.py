"""Subjects without what answering, forwarding and mailing lists add to them (RFC 5256, 2.1, and other languages)."""

import re
from functools import lru_cache

from mail_archive_tools.mime.fields.headers import decode_words

_SPACE = re.compile(r"\s+")
_PREFIX_WORDS = (
    "re fw fwd aw antw antwort wg sv vs vb ref rv enc res rif r i tr odp pd ynt ilt vá továbbítás atb πρθ απ "
    "回复 回覆 转发 轉寄 答复 ответ отв пересл hb תגובה رد"
)
_WORD = "|".join(sorted(_PREFIX_WORDS.split(), key=len, reverse=True))
_NUMBER = r"[\[(]\d{1,4}[\])]|\^\d{1,4}"
_PREFIX = re.compile(rf"\s*(?:{_WORD})\s*(?:{_NUMBER})?\s*[:：]", re.IGNORECASE)
_TAG = re.compile(r"\s*\[[^\[\]]{1,80}\]")
_FORWARDED = re.compile(r"\s*\(fwd\)\s*$", re.IGNORECASE)
_MOST_PREFIXES = 50


@lru_cache(maxsize=1_000)
def base_subject(value: str) -> str:
    """The subject of the conversation that a message with that Subject header belongs to, on one line. Nothing is
    taken away where nothing would be left."""
    subject = _SPACE.sub(" ", decode_words(value)).strip()
    shorter = _FORWARDED.sub("", subject)
    while shorter not in ("", subject):
        subject = shorter
        shorter = _FORWARDED.sub("", subject)

    for _ in range(_MOST_PREFIXES):
        found = _PREFIX.match(subject) or _TAG.match(subject)
        if not found:
            break
        rest = subject[found.end() :].strip()
        if not rest:
            break
        subject = rest

    return subject


def is_answer(value: str) -> bool:
    """Whether a Subject header begins as those of answers do."""
    subject = decode_words(value).strip()
    # Lists put their tag before all else: "[birds] Re: Owls".
    tag = _TAG.match(subject)
    while tag:
        subject = subject[tag.end() :].strip()
        tag = _TAG.match(subject)
    return _PREFIX.match(subject) is not None
