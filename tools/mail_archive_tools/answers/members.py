"""What a message is, apart from its text, as the members of an answer: those of the sections that are asked for, cut to
what an answer has room for."""

from collections.abc import Collection, Iterable
from typing import Any, Literal

from pydantic.alias_generators import to_pascal

from mail_archive_tools.models.reading import About, DeliveryReport, MessageHeaders

Section = Literal[
    "headers", "text", "new_text", "hidden_text", "attachments", "authentication", "route", "links", "findings"
]

_MEMBERS: dict[Section, tuple[str, ...]] = {
    "headers": ("headers",),
    "text": ("hidden_text", "delivery_report", "invitations"),
    "new_text": ("hidden_text", "delivery_report", "invitations"),
    "hidden_text": ("hidden_text",),
    "attachments": ("attachments",),
    "authentication": ("authentication", "dkim_signatures", "protection"),
    "route": ("route",),
    "links": ("links", "image_hosts"),
    "findings": ("findings",),
}
"""The members of `About` that each section shows."""
_ALWAYS = ("problems",)
"""Those that are shown whatever is asked for."""

_LISTED = 25
"""Members of a list that are shown, when there is room."""
_FEWEST_LISTED = 2
_MORE_LISTED = {"links": 100}
"""Of these lists more are: an investigator asks for all of them."""


class Shares:
    """How much of each list is shown, and what was left out. A smaller `share` shows less."""

    def __init__(self, share: float) -> None:
        self._share = share
        self.left_out: list[str] = []

    def some(self, values: Iterable[Any], name: str) -> list[Any] | None:
        """The first of the values; None where there are none."""
        listed = list(values)
        with_room = int(_MORE_LISTED.get(name, _LISTED) * self._share)
        limit = max(_FEWEST_LISTED, with_room)
        if len(listed) > limit:
            # Those that are Python's words have an underscore behind them: from_.
            shown_name = to_pascal(name).rstrip("_")
            self.left_out.append(f"{shown_name}: {limit} of {len(listed)} are shown.")
        return listed[:limit] or None


def members_about(about: About, sections: Collection[Section], share: float) -> tuple[dict[str, Any], list[str]]:
    """The members of `ReadMessage` that the sections show beside the text, and what was left out of them, as
    sentences. A smaller share shows less of each list."""
    shares = Shares(share)
    names = set(_ALWAYS)
    for section in sections:
        names.update(_MEMBERS[section])

    members: dict[str, Any] = {}
    for name, value in about:
        if name in names:
            members[name] = shares.some(value, name) if isinstance(value, list) else value

    if "headers" in members:
        members["headers"] = _some_of_each(about.headers, shares)
    if "delivery_report" in members and about.delivery_report is not None:
        members["delivery_report"] = _some_recipients(about.delivery_report, shares)
    if "attachments" in members and len(members["attachments"] or ()) < len(about.attachments):
        last = about.attachments[-1].attachment_id
        shares.left_out.append(f"read_archive_attachment reads the others too; the last is {last}.")
    return members, shares.left_out


def _some_of_each(headers: MessageHeaders, shares: Shares) -> MessageHeaders:
    """The header fields with some of the addresses and ids of each."""
    lists = {name: shares.some(value, name) for name, value in headers if isinstance(value, list)}
    return headers.model_copy(update=lists)


def _some_recipients(report: DeliveryReport, shares: Shares) -> DeliveryReport:
    recipients = shares.some(report.recipients, "delivery_report") or []
    return report.model_copy(update={"recipients": recipients})
