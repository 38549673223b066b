"""Quoted history in a text: what is new, what repeats earlier mail. Answers between quotes, and signatures, are new."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

EXAMINED_LINES = 10_000
"""Lines that are looked at for the beginning of history; behind them only marks at a line's start tell it."""

_LINE_CHARS = 500
_ATTRIBUTION_LINES = 5

_PREFIX = re.compile(r"^ ?(?:>|\|(?= |$)|[A-Z][A-Za-z]{0,11}>(?= |$))")
_VERB = (
    r"wrote|writes|said|replied|schrieb\w*|geschrieben|schreef|geschreven|écrit|a ecrit|escribi[oó]|ha scritto|"
    r"scrisse|escreveu|skrev|skriver|napisał\w*|napsal\w*|kirjoitti|yazdı|написал\w*|пише\w*|пишет|写道|寫道|のメール|작성"
)
_ENDS_ATTRIBUTION = re.compile(
    rf"(?:\b(?:{_VERB})|写道|寫道|작성)[^:：]{{0,80}}\s*[:：]?(?:\s*-{{2,}})?\s*$", re.IGNORECASE
)
_ENDS_WITH_COLON = re.compile(r"[:：]\s*$")
_DATE_OR_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+\.\w|\b(?:19|20)\d\d\b|\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b|\b\d{1,2}:\d\d\b|\byou wrote"
)
_ADDRESS = re.compile(r"<[\w.+-]+@[\w-]+\.\w|^[^<>]{1,80}<\s*$")
_BEGINS_ATTRIBUTION = re.compile(
    r"^[\s*_>-]{0,8}(?:on|am|le|el|op|il|em|den|dnia|w dniu|på|at|fra|po|dne|в|在|ngày|tarihinde)\s.{0,400}",
    re.IGNORECASE,
)
_DATED_NAME = re.compile(r"^\s*(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}(?:\s|,).{0,300}(?:[:：>]|\w)\s*$")
_BEGINS_LIKE_ONE = re.compile(rf"{_BEGINS_ATTRIBUTION.pattern}|\s*(?:19|20)\d\d[-/]", re.IGNORECASE)
_HAS_ADDRESS = re.compile(r"<[\w.+-]+@")
_WROTE = re.compile("写道|寫道|작성")
_SEPARATOR = re.compile(
    r"^[\s*>]*(?:-{2,}|_{2,}|={2,})[\s*]*(?:original|ursprüngliche?|mensaje|message|messaggio|mensagem|oorspronkelijk|"
    r"oprindelig|ursprungligt|wiadomość|forwarded|weitergeleitete?|reply|исходное|пересылаем|原始邮件|原始郵件|転送)"
    r"[^\n]{0,60}?(?:-{2,}|_{2,}|={2,})[\s*]*$",
    re.IGNORECASE,
)
_RULED = re.compile(r"[\s*>]*[-_=]{2}")
_FORWARD = re.compile(r"^[\s*>]*(?:begin forwarded message|anfang der weitergeleiteten)[^\n]{0,40}$", re.IGNORECASE)
_LABEL = re.compile(
    r"^[\s*>]{0,4}(?P<name>from|von|de|da|van|från|fra|od|от|发件人|寄件者|差出人|sent|date|gesendet|datum|data|fecha|envoyé|"
    r"enviado|inviato|verzonden|skickat|sendt|wysłano|дата|отправлено|发送时间|to|an|an\w|à|a|para|aan|till|til|do|кому|收件人|"
    r"cc|kopie|copie|subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|temat|тема|主题|reply-to|risposta)"
    r"\*?\s*[:：]\*?\s*\S?",
    re.IGNORECASE,
)
_FIRST_LABEL = re.compile(
    r"^[\s*>]{0,4}(?:from|von|de|da|van|från|fra|od|от|发件人|寄件者|差出人)\*?\s*[:：]", re.IGNORECASE
)
_RULE = re.compile(r"^[\s*]*[-_=]{5,}[\s*]*$")
_SENT_FROM = re.compile(r"^\s*(?:sent|get outlook) (?:from|for) \S.{0,60}$", re.IGNORECASE)


class Passage(NamedTuple):
    """Lines that belong together; `quoted` when they repeat earlier mail, or introduce what does."""

    quoted: bool
    text: str

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1


def split_quotes(text: str) -> list[Passage]:
    """The passages of a text in their order; together they are the text. Linear time."""
    lines = text.split("\n")
    marks = [_PREFIX.match(line) is not None for line in lines]
    rest = len(lines)
    has_new = False
    for place in range(min(len(lines), EXAMINED_LINES)):
        if not marks[place] and lines[place]:
            if _begins_history(lines, place):
                if has_new:
                    rest = place
                    break
                continue
            if length := _attribution(lines, marks, place):
                if _is_prefixed(marks, lines, place + length):
                    for each in range(place, place + length):
                        marks[each] = True
                elif has_new and _introduces_the_rest(lines, place, length):
                    rest = place
                    break
            # What nothing new stands before is no history of it, but what was sent.
            has_new = has_new or (not marks[place] and bool(lines[place].strip()))
    for place in range(rest, len(lines)):
        marks[place] = True
    return list(_passages(lines, marks))


def without_quotes(text: str) -> tuple[str, int]:
    """The new text, with a note where something was left out, and how many quoted lines there were."""
    passages = split_quotes(text)
    quoted = sum(each.lines for each in passages if each.quoted)
    shown = (each.text if not each.quoted else f"[{each.lines} quoted lines]" for each in passages)
    return "\n".join(shown).strip("\n"), quoted


def _passages(lines: list[str], marks: list[bool]) -> Iterator[Passage]:
    start = 0
    for quoted, group in groupby(_bridged(lines, marks)):
        end = start + len(list(group))
        yield Passage(quoted, "\n".join(lines[start:end]))
        start = end


def _bridged(lines: list[str], marks: list[bool]) -> list[bool]:
    """The marks, with empty lines between two quotes belonging to them."""
    bridged = marks.copy()
    last = -1
    for place, line in enumerate(lines):
        if not line.strip() and not marks[place]:
            continue
        if marks[place] and last >= 0 and marks[last]:
            bridged[last:place] = [True] * (place - last)
        last = place

    return bridged


def _begins_history(lines: list[str], place: int) -> bool:
    """Whether everything from this line on is an earlier mail, that no mark stands before."""
    line = lines[place][:_LINE_CHARS]
    if ":" not in line and "：" not in line and not _RULED.match(line):
        return False
    if _SEPARATOR.match(line) or _FORWARD.match(line):
        return True
    if _RULE.match(line):
        following = _next_filled(lines, place + 1)
        return following < len(lines) and _is_header_block(lines, following)

    return _FIRST_LABEL.match(line) is not None and _is_header_block(lines, place)


def _is_header_block(lines: list[str], place: int) -> bool:
    """Whether lines like `From: ...`, `Sent: ...`, `To: ...` begin here: three labels, the first one the sender's."""
    if not _FIRST_LABEL.match(lines[place][:_LINE_CHARS]):
        return False
    names = {
        match.group("name").lower() for line in lines[place : place + 8] if (match := _LABEL.match(line[:_LINE_CHARS]))
    }
    return len(names) >= 3


def _attribution(lines: list[str], marks: list[bool], place: int) -> int:
    """How many lines the attribution has that begins here; 0: none does."""
    if not _is_worth_a_look(lines[place][:_LINE_CHARS]):
        return 0
    if _DATED_NAME.match(lines[place][:_LINE_CHARS]) and _is_prefixed(marks, lines, place + 1):
        return 1
    gathered = ""
    for length in range(1, _ATTRIBUTION_LINES + 1):
        if place + length > len(lines) or marks[place + length - 1]:
            return 0
        line = lines[place + length - 1][:_LINE_CHARS].strip()
        if (not line and (length == 1 or length > 3)) or (length > 1 and _BEGINS_ATTRIBUTION.match(line)):
            return 0
        gathered = f"{gathered} {line}".strip()
        if _ENDS_ATTRIBUTION.search(gathered) and _DATE_OR_ADDRESS.search(gathered):
            return length if length == 1 or _could_begin(lines[place]) else 0
        if _ENDS_WITH_COLON.search(line) and _DATE_OR_ADDRESS.search(gathered) and _could_begin(lines[place]):
            return length
        if length == 1 and not _could_begin(line):
            return 0

    return 0


def _is_worth_a_look(line: str) -> bool:
    """Whether a line may begin an attribution. Nearly all do not, so this is in the order of what is told fastest."""
    end = line.rstrip()[-2:]
    if end[-1:] in (":", "：", "<") or end == "--":
        return True
    if "<" in line and _HAS_ADDRESS.search(line):
        return True
    return _BEGINS_LIKE_ONE.match(line) is not None or (not line.isascii() and _WROTE.search(line) is not None)


def _could_begin(line: str) -> bool:
    line = line[:_LINE_CHARS]
    return any(pattern.search(line) for pattern in (_BEGINS_ATTRIBUTION, _DATED_NAME, _ADDRESS))


def _is_prefixed(marks: list[bool], lines: list[str], place: int) -> bool:
    """Whether marked lines follow, perhaps behind empty ones."""
    following = _next_filled(lines, place)
    return following < len(lines) and marks[following]


def _introduces_the_rest(lines: list[str], place: int, length: int) -> bool:
    """Whether an attribution that no marked line follows begins the earlier mail: it names a time or an address, says
    who wrote, and stands at the start of a paragraph."""
    gathered = " ".join(lines[place : place + length])[: _LINE_CHARS * 2]
    starts = place == 0 or not lines[place - 1].strip() or _SENT_FROM.match(lines[place - 1]) is not None
    return starts and _ENDS_ATTRIBUTION.search(gathered) is not None and _could_begin(lines[place])


def _next_filled(lines: list[str], place: int) -> int:
    while place < len(lines) and not lines[place].strip():
        place += 1
    return place
