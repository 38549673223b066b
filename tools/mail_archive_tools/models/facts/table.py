"""The table of facts: each is declared once. From its entry follow the member of `filter_here` that asks for it, the
name in `show` with its member of a row, the grouping of summaries, and what an index keeps and answers.

A new fact is a line of `Facts`, with how it is got, and an entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from mail_archive_tools.mime.evidence.finding_names import name_said
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.facts.getting import FileFact
from mail_archive_tools.untrusted import clean_line, shorten
from mail_archive_tools.words.globs import PatternKind

NONE = "(none)"
"""The group of messages that have no such fact."""
_VALUE_BYTES = 200
_SIZES = (
    (10_000, "under 10 KB"), (100_000, "10 to 100 KB"), (1_000_000, "100 KB to 1 MB"), (10_000_000, "1 to 10 MB"),
)  # fmt: skip
_LARGEST = "10 MB and more"
_SECONDS_OF_AN_HOUR = 3_600

Values = Callable[[Facts], Iterable[str]]
NumberName = Literal["size_bytes", "date_distance"]


@dataclass(frozen=True)
class Asked:
    """A member of `filter_here` that takes patterns: which values they are matched against, and how they are read."""

    says: str
    values: Values
    kind: PatternKind = "whole"


@dataclass(frozen=True)
class Bound:
    """A member of `filter_here` that takes a number, 0 being none: a number of the facts is to be within it."""

    member: str
    says: str
    number: NumberName
    unit: int = 1
    is_upper: bool = False
    is_strict: bool = True
    takes: type[int] | type[float] = int


@dataclass(frozen=True)
class Shown:
    """A name in `show`, and the member of a row that it makes."""

    says: str
    value: Callable[[Facts], Any]
    kind: Literal["texts", "text", "number", "hours"] = "texts"


@dataclass(frozen=True)
class Fact:
    """A fact by its name. `of_header_fields`: it is known of a message whose body cannot be read. `asked`, `shown` and
    `grouped` say how; what is None cannot be. `bounds` are for its number."""

    name: str
    of_header_fields: bool = False
    asked: Asked | None = None
    bounds: tuple[Bound, ...] = ()
    shown: Shown | None = None
    grouped: Values | None = None

    @property
    def group_name(self) -> str:
        """What an index keeps its groups by: where they are no values that can be asked for."""
        return f"{self.name} group"


def _each_once(values: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(values) or (NONE,)


def _hours(facts: Facts) -> float | None:
    if facts.date_distance is None:
        return None
    return round(facts.date_distance / _SECONDS_OF_AN_HOUR, 1)


def _size(facts: Facts) -> Iterable[str]:
    for limit, name in _SIZES:
        if facts.size_bytes < limit:
            return (name,)
    return (_LARGEST,)


def _return_path_domain(facts: Facts) -> list[str]:
    return [facts.return_path_domain] if facts.return_path_domain else []


def _file(file: FileFact) -> str:
    name = file.name or "(no name)"
    said = ", ".join((*file.kinds, f"{file.size:,} bytes"))
    return f"{name} ({said})"


def _file_kinds(facts: Facts) -> Iterable[str]:
    return [kind for file in facts.files for kind in file.kinds]


def _file_types(facts: Facts) -> Iterable[str]:
    """The types of the attachments; what their content shows goes before what was declared."""
    return _each_once(file.kinds[-1] for file in facts.attachments)


def _file_names(facts: Facts) -> Iterable[str]:
    return _each_once(_short(file.name) or "(no name)" for file in facts.attachments)


def _short(text: str) -> str:
    return shorten(clean_line(text), _VALUE_BYTES)


FACTS: tuple[Fact, ...] = (
    Fact(
        "size",
        of_header_fields=True,
        bounds=(
            Bound("larger_than", "Bytes.", "size_bytes"),
            Bound("smaller_than", "Bytes.", "size_bytes", is_upper=True),
        ),
        shown=Shown("Bytes of the raw message.", lambda facts: facts.size_bytes, "number"),
        grouped=_size,
    ),
    Fact(
        "date_differs",
        of_header_fields=True,
        bounds=(
            Bound(
                "date_differs",
                "Hours between Date and receipt, or more.",
                "date_distance",
                unit=_SECONDS_OF_AN_HOUR,
                is_strict=False,
                takes=float,
            ),
        ),
        shown=Shown("Hours between Date and receipt.", _hours, "hours"),
    ),
    Fact(
        "authentication",
        of_header_fields=True,
        asked=Asked("Patterns of results: dmarc=fail.", lambda facts: facts.checks),
        shown=Shown("Results; of trusted hosts where there are such.", lambda facts: list(facts.checks)),
        grouped=lambda facts: facts.checks or (NONE,),
    ),
    Fact(
        "from_domain",
        of_header_fields=True,
        shown=Shown("Domains of From.", lambda facts: list(facts.from_domains)),
    ),
    Fact(
        "reply_to_domain",
        of_header_fields=True,
        asked=Asked("Patterns of where answers go.", lambda facts: facts.reply_to_domains),
        shown=Shown("Domains of Reply-To.", lambda facts: list(facts.reply_to_domains)),
        grouped=lambda facts: facts.reply_to_domains or (NONE,),
    ),
    Fact(
        "return_path_domain",
        of_header_fields=True,
        shown=Shown("The domain of Return-Path.", _return_path_domain),
    ),
    Fact(
        "link_host",
        asked=Asked("Patterns; a domain is for those below it too.", lambda facts: facts.link_hosts, "host"),
        shown=Shown("Hosts that it links to.", lambda facts: list(facts.link_hosts)),
        grouped=lambda facts: facts.link_hosts or (NONE,),
    ),
    Fact("form_host", shown=Shown("Hosts that its forms are sent to.", lambda facts: list(facts.form_hosts))),
    Fact("image_host", shown=Shown("Hosts that pictures are loaded from.", lambda facts: list(facts.image_hosts))),
    Fact(
        "attachment",
        shown=Shown("Names, types and bytes of its attachments.", lambda facts: [_file(each) for each in facts.files]),
    ),
    Fact(
        "attachment_name",
        asked=Asked("Patterns, such as *.zip.", lambda facts: [file.name for file in facts.files]),
        grouped=_file_names,
    ),
    Fact(
        "attachment_type",
        asked=Asked("Patterns of types, declared or found.", _file_kinds),
        grouped=_file_types,
    ),
    Fact(
        "language",
        asked=Asked("Codes, such as de.", lambda facts: facts.languages, "language"),
        shown=Shown("Languages of its text.", lambda facts: list(facts.languages)),
        grouped=lambda facts: facts.languages or (NONE,),
    ),
    Fact(
        "finding",
        asked=Asked("Names (brand-name) or parts.", lambda facts: facts.findings, "finding"),
        shown=Shown("Findings.", lambda facts: list(facts.findings)),
        # By their short names: their sentences are different for each message.
        grouped=lambda facts: _each_once(map(name_said, facts.findings)),
    ),
    Fact("hidden_words", shown=Shown("Words that its HTML hides.", lambda facts: facts.hidden_words, "number")),
    Fact("problem", shown=Shown("What is wrong with it as mail.", lambda facts: list(facts.problems))),
    Fact(
        "body_hash",
        shown=Shown("DKIM: whether its body is what was signed.", lambda facts: list(facts.body_hashes)),
    ),
    Fact(
        "sha256",
        of_header_fields=True,
        shown=Shown("SHA-256 of the raw message.", lambda facts: facts.sha256, "text"),
    ),
)

BY_NAME = {fact.name: fact for fact in FACTS}
ASKED = tuple([fact for fact in FACTS if fact.asked])
SHOWN = tuple([fact for fact in FACTS if fact.shown])
GROUPED = tuple([fact for fact in FACTS if fact.grouped])
OF_HEADER_FIELDS = frozenset(fact.name for fact in FACTS if fact.of_header_fields)


def values_of(facts: Facts) -> dict[str, tuple[str, ...]]:
    """What an index keeps of a message: the values that can be asked for, and the groups that are others than these, by
    the names of the facts."""
    kept: dict[str, tuple[str, ...]] = {}
    for fact in FACTS:
        asked: tuple[str, ...] = ()
        if fact.asked is not None:
            asked = tuple(dict.fromkeys(fact.asked.values(facts)))
            kept[fact.name] = asked
        if fact.grouped is None:
            continue
        groups = tuple(dict.fromkeys(fact.grouped(facts)))
        # Where nothing else is kept, the values are the groups, and without values there is none.
        if groups != (asked or (NONE,)):
            kept[fact.group_name] = groups
    return kept
