"""What all renderings are made of: the dispatch by type, tables, labelled values."""

from collections.abc import Callable, Iterable, Iterator
from functools import singledispatch
from typing import Any, TypeVar, get_type_hints

from mail_archive_tools.models import Output
from mail_archive_tools.untrusted import fence_counted, new_nonce

BAR_CHARACTERS = 8
"""How long the longest bar is."""

_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")

_Lines = TypeVar("_Lines", bound=Callable[[Any], Iterator[str]])


@singledispatch
def render(result: Output) -> str:
    """The text of a tool's result."""
    return "\n".join(labelled(result.structured()))


def line_by_line(function: _Lines) -> _Lines:
    """Makes of a function that yields lines the rendering of what it takes, its parameter `result`."""

    def rendering(result: Any) -> str:
        return "\n".join(function(result))

    render.register(get_type_hints(function)["result"], rendering)
    return function


def from_mail(lines: Iterable[str]) -> str:
    """Lines that hold what strangers wrote, between marks that none of them can forge."""
    fenced, places = fence_counted("\n".join(lines), new_nonce())
    if not places:
        return fenced
    return (
        f"{fenced}\nA space was put into {number_of(places, 'place')} above that would act as markup; structured "
        "content has addresses whole."
    )


def marked(lines: Iterable[str]) -> Iterator[str]:
    """What stands among lines of ours: each line with a mark before it, so that none can pass for one."""
    for each in lines:
        for line in each.split("\n"):
            yield f"| {line}"


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A line for each row, tabs between cells."""
    return "\n".join("\t".join(cells) for cells in [columns, *rows])


def bar(count: int, most: int) -> str:
    """A count as block characters, beside the largest: for those who read a column faster than numbers."""
    if not count:
        return ""
    eighths = max(1, round(count / most * BAR_CHARACTERS * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8]


def labelled(members: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """A line for each value: `Status.State: RUNNING`."""
    for name, value in members.items():
        label = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from labelled(value, f"{label}.")
        elif isinstance(value, list):
            yield from _labelled_list(value, label)
        else:
            yield f"{label}: {plain(value)}"


def _labelled_list(values: list[Any], label: str) -> Iterator[str]:
    for number, each in enumerate(values, 1):
        if isinstance(each, dict):
            yield from labelled(each, f"{label}[{number}].")
        else:
            yield f"{label}[{number}]: {plain(each)}"


def plain(value: object) -> str:
    """A value as text: booleans as in JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def number_of(count: int, thing: str) -> str:
    """A number and what there are so many of: `1 search`, `2 searches`, `3 entries`."""
    if count == 1:
        return f"1 {thing}"
    if thing.endswith("y"):
        return f"{count} {thing[:-1]}ies"
    if thing.endswith("ch"):
        return f"{count} {thing}es"
    return f"{count} {thing}s"
