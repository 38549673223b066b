"""Quoted history in a text: what is new, what repeats earlier mail. Answers between quotes, and signatures, are new."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

EXAMINED_LINES = 10_000
"""Lines that are looked at for the beginning of history; behind them only marks at a line's start tell it."""

_LINE_CHARS = 500
_ATTRIBUTION_LINES = 5
_HEADER_BLOCK_LINES = 8
_LEAST_LABELS = 3

# `> text`, `| text` and `AB> text`.
_PREFIX = re.compile(r"^ ?(?:>|\|(?= |$)|[A-Z][A-Za-z]{0,11}>(?= |$))")
# An attribution is what a program writes above the mail that it quotes: "On 3 March 2025 Ann <a@b.example> wrote:".
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
# Programs in Chinese and some others begin with the date alone.
_BEGINS_LIKE_ONE = re.compile(rf"{_BEGINS_ATTRIBUTION.pattern}|\s*(?:19|20)\d\d[-/]", re.IGNORECASE)
_HAS_ADDRESS = re.compile(r"<[\w.+-]+@")
_WROTE = re.compile("写道|寫道|작성")
# "-----Original Message-----", as Outlook writes it above what it answers.
_SEPARATOR = re.compile(
    r"^[\s*>]*(?:-{2,}|_{2,}|={2,})[\s*]*(?:original|ursprüngliche?|mensaje|message|messaggio|mensagem|oorspronkelijk|"
    r"oprindelig|ursprungligt|wiadomość|forwarded|weitergeleitete?|reply|исходное|пересылаем|原始邮件|原始郵件|転送)"
    r"[^\n]{0,60}?(?:-{2,}|_{2,}|={2,})[\s*]*$",
    re.IGNORECASE,
)
_RULED = re.compile(r"[\s*>]*[-_=]{2}")
_FORWARD = re.compile(r"^[\s*>]*(?:begin forwarded message|anfang der weitergeleiteten)[^\n]{0,40}$", re.IGNORECASE)
# The header fields that Outlook and others write above the mail below, in the words of their users' languages.
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

    rest = _mark_attributions(lines, marks)
    marks[rest:] = [True] * (len(lines) - rest)
    return list(_passages(lines, marks))


def quoted_lines(text: str) -> list[tuple[int, int]]:
    """Which lines of a text repeat earlier mail, or introduce what does: the first of each passage, by its place, and
    how many there are. None of a text that is all quotation: that is what was sent, whoever put marks before its
    lines."""
    passages = split_quotes(text)
    if not any(_says_something(passage) for passage in passages if not passage.quoted):
        return []

    found: list[tuple[int, int]] = []
    place = 0
    for passage in passages:
        if passage.quoted:
            found.append((place, passage.lines))
        place += passage.lines
    return found


def new_text(text: str, quoted: Iterable[tuple[int, int]]) -> str:
    """A text with a note in the place of each passage that repeats earlier mail."""
    shown: list[str] = []
    for each in _parted(text, quoted):
        if each.quoted:
            shown.append(f"[{each.lines} quoted lines]")
        else:
            shown.append(each.text)
    return "\n".join(shown).strip("\n")


def own_and_quoted(text: str, quoted: Iterable[tuple[int, int]]) -> tuple[str, str]:
    """The words of the sender alone, and those that are repeated."""
    passages = list(_parted(text, quoted))
    own = "\n".join([each.text for each in passages if not each.quoted])
    repeated = "\n".join([each.text for each in passages if each.quoted])
    return own, repeated


def _parted(text: str, quoted: Iterable[tuple[int, int]]) -> Iterator[Passage]:
    """The passages of a text, of which those that repeat earlier mail are known by their lines."""
    lines = text.split("\n")
    place = 0
    for first, count in quoted:
        if first < place:
            # Passages follow each other, unless somebody made them up.
            continue
        if first > place:
            yield Passage(False, "\n".join(lines[place:first]))
        yield Passage(True, "\n".join(lines[first : first + count]))
        place = first + count
    if place < len(lines):
        yield Passage(False, "\n".join(lines[place:]))


def _says_something(passage: Passage) -> bool:
    return any(character.isalnum() for character in passage.text)


def _mark_attributions(lines: list[str], marks: list[bool]) -> int:
    """Mark the attributions that stand before marked lines; the line from which on everything is earlier mail."""
    has_new = False
    for place in range(min(len(lines), EXAMINED_LINES)):
        line = lines[place]
        if marks[place] or not line:
            continue
        if _begins_history(lines, place):
            if has_new:
                return place
            # A forwarded mail with nothing above it is what was sent: it is no history of anything.
            continue

        length = _attribution(lines, marks, place)
        if length:
            if _is_prefixed(marks, lines, place + length):
                marks[place : place + length] = [True] * length
                continue
            if has_new and _introduces_the_rest(lines, place, length):
                return place
        if not has_new:
            has_new = not line.isspace()

    return len(lines)


def _passages(lines: list[str], marks: list[bool]) -> Iterator[Passage]:
    start = 0
    for quoted, group in groupby(_bridged(lines, marks)):
        end = start + len(list(group))
        yield Passage(quoted, "\n".join(lines[start:end]))
        start = end


def _bridged(lines: list[str], marks: list[bool]) -> list[bool]:
    """The marks, and one for each empty line that stands between two marked ones."""
    bridged = marks.copy()
    last_filled = -1
    for place, line in enumerate(lines):
        if not marks[place]:
            if line.strip():
                last_filled = place
            continue
        if last_filled >= 0 and marks[last_filled]:
            bridged[last_filled:place] = [True] * (place - last_filled)
        last_filled = place

    return bridged


def _begins_history(lines: list[str], place: int) -> bool:
    """Whether everything from this line on is an earlier mail, whose lines have no mark."""
    line = lines[place][:_LINE_CHARS]
    # Nearly all lines end here.
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

    names: set[str] = set()
    for line in lines[place : place + _HEADER_BLOCK_LINES]:
        label = _LABEL.match(line[:_LINE_CHARS])
        if label is not None:
            names.add(label.group("name").lower())
    return len(names) >= _LEAST_LABELS


def _attribution(lines: list[str], marks: list[bool], place: int) -> int:
    """How many lines the attribution has that begins here; 0: none does."""
    first = lines[place]
    if not _is_worth_a_look(first[:_LINE_CHARS]):
        return 0
    if _DATED_NAME.match(first[:_LINE_CHARS]) and _is_prefixed(marks, lines, place + 1):
        return 1

    gathered = ""
    for length in range(1, _ATTRIBUTION_LINES + 1):
        last = place + length - 1
        if last >= len(lines) or marks[last]:
            return 0
        line = lines[last][:_LINE_CHARS].strip()
        # An empty line may stand where a long attribution was broken, early in it.
        if not line and length not in (2, 3):
            return 0
        if length > 1 and _BEGINS_ATTRIBUTION.match(line):
            return 0

        gathered = f"{gathered} {line}".strip()
        is_dated = _DATE_OR_ADDRESS.search(gathered) is not None
        if is_dated and _ENDS_ATTRIBUTION.search(gathered):
            if length == 1 or _could_begin(first):
                return length
            return 0
        if is_dated and _ENDS_WITH_COLON.search(line) and _could_begin(first):
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
    if _BEGINS_LIKE_ONE.match(line):
        return True
    return not line.isascii() and _WROTE.search(line) is not None


def _could_begin(line: str) -> bool:
    """Whether an attribution of several lines may begin with this one."""
    line = line[:_LINE_CHARS]
    if _BEGINS_ATTRIBUTION.search(line) or _DATED_NAME.search(line):
        return True
    return _ADDRESS.search(line) is not None


def _is_prefixed(marks: list[bool], lines: list[str], place: int) -> bool:
    """Whether marked lines follow, perhaps behind empty ones."""
    following = _next_filled(lines, place)
    return following < len(lines) and marks[following]


def _introduces_the_rest(lines: list[str], place: int, length: int) -> bool:
    """Whether an attribution that no marked line follows begins the earlier mail: it names a time or an address, says
    who wrote, and stands at the start of a paragraph."""
    before = lines[place - 1] if place > 0 else ""
    if before.strip() and not _SENT_FROM.match(before):
        return False

    gathered = " ".join(lines[place : place + length])[: _LINE_CHARS * 2]
    if not _ENDS_ATTRIBUTION.search(gathered):
        return False
    return _could_begin(lines[place])


def _next_filled(lines: list[str], place: int) -> int:
    while place < len(lines) and not lines[place].strip():
        place += 1
    return place
