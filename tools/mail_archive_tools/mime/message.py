"""One message, read: header fields as values, the text that a person would read, the files that came with it.

`read_message` never raises, whatever the bytes. What it could not understand is a `Problem` beside what it could.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from mail_archive_tools.mime.bodies import Bodies, choose_bodies
from mail_archive_tools.mime.codecs.transfer import BASE64_BREAKS_OFF
from mail_archive_tools.mime.fields.addresses import Mailbox, hides_its_address, read_addresses, read_authors
from mail_archive_tools.mime.fields.dates import MailDate, read_date
from mail_archive_tools.mime.fields.headers import HEADER_BYTES, HEADER_FIELDS, Headers
from mail_archive_tools.mime.fields.message_ids import answered_ids, message_ids
from mail_archive_tools.mime.files import MAX_FILES, File, files_of
from mail_archive_tools.mime.problems import Problem
from mail_archive_tools.mime.structure import Part, read_structure
from mail_archive_tools.mime.texts import Text, read_texts

LONG_OUTSIDE = 200
"""What stands outside the parts of a multipart is a notice to old programs, unless it is longer than this (bytes)."""

# A message has these once at most (RFC 5322, 3.6).
_OCCURRING_ONCE = (
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
)

_OF_AUTHORS = ("from", "sender", "reply-to", "return-path")


@dataclass(frozen=True)
class Message:
    """A message. `raw` is what was read, `root` its tree of parts, `files` all that came with its text."""

    raw: bytes
    root: Part
    bodies: Bodies
    text: Text
    files: tuple[File, ...]

    @property
    def headers(self) -> Headers:
        return self.root.headers

    @property
    def subject(self) -> str | None:
        return self.headers.text("subject")

    @cached_property
    def date(self) -> MailDate | None:
        found = self.headers.first("date")
        if found is None:
            return None
        return read_date(found.unfolded)

    def addresses(self, name: str) -> list[Mailbox]:
        """The mailboxes of all fields of that name (`from`, `to`, `cc`, `reply-to`, ...)."""
        if name not in self._mailboxes:
            read = read_authors if name in _OF_AUTHORS else read_addresses
            found: list[Mailbox] = []
            for field in self.headers.all(name):
                found += read(field.unfolded)
            self._mailboxes[name] = found

        return self._mailboxes[name]

    @cached_property
    def _mailboxes(self) -> dict[str, list[Mailbox]]:
        return {}

    @cached_property
    def hides_its_author(self) -> bool:
        """Whether From is written so that programs miss the address that a person sees."""
        return any(hides_its_address(field.unfolded) for field in self.headers.all("from"))

    @property
    def message_id(self) -> str | None:
        """The id without its angle brackets; what stands in its place where it has none."""
        found = self.headers.first("message-id")
        if found is None:
            return None

        ids = message_ids(found.unfolded)
        if ids:
            return ids[0]
        # Some programs leave out the brackets.
        return found.unfolded or None

    @property
    def in_reply_to(self) -> list[str]:
        found = self.headers.first("in-reply-to")
        return answered_ids(found.unfolded) if found else []

    @property
    def references(self) -> list[str]:
        found = self.headers.first("references")
        if found is None:
            return []
        return message_ids(found.unfolded)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read, was read by a guess, or was cut, in the order of the message."""
        return (*self._header_problems(), *self.bodies.problems, *self.text.problems, *self._file_problems())

    @property
    def breaks_off(self) -> Problem | None:
        """The first problem that says that the text lacks its end; None where nothing shows that it does."""
        if self.bodies.breaks_off:
            return self.bodies.breaks_off[0]

        for problem in self.text.problems:
            if problem.what == BASE64_BREAKS_OFF:
                return problem
        return None

    def _header_problems(self) -> Iterator[Problem]:
        headers = self.headers
        if not headers.fields:
            yield Problem("headers", "there is no header section: this is not a message as RFC 5322 knows it")
        if len(headers.fields) >= HEADER_FIELDS or headers.body_start >= HEADER_BYTES:
            yield Problem(
                "headers", f"longer than {HEADER_BYTES:,} bytes or {HEADER_FIELDS:,} fields: the rest was not read"
            )

        for name in _OCCURRING_ONCE:
            count = len(headers.all(name))
            if count > 1:
                yield Problem(name.title(), f"occurs {count} times, and may occur once: the first was taken")

        yield from self._author_problems()
        if self.date is not None and self.date.moment is None:
            yield Problem("Date", "is no date")
        if len(headers.all("content-type")) > 1:
            yield Problem("Content-Type", "occurs several times: the first that names a type was taken")

        for part in self.root.walk():
            if part.outside > LONG_OUTSIDE:
                yield Problem(part.id or "structure", f"{part.outside} bytes stand outside its parts and are not shown")

    def _author_problems(self) -> Iterator[Problem]:
        """By the letter of RFC 5322, `Doe, Jane <j@a.example>` is two mailboxes, of which the first has no address."""
        if self.hides_its_author:
            author = self.addresses("from")[0]
            yield Problem("From", f"is malformed, and was read as a person reads it: {str(author)[:80]!r}")

    def _file_problems(self) -> Iterator[Problem]:
        for file in self.files:
            for problem in file.problems:
                yield Problem(file.id, problem)
        if len(self.files) == MAX_FILES:
            yield Problem("files", f"{MAX_FILES} are listed; there may be more")


def read_message(raw: bytes, id: str = "") -> Message:
    """The message in `raw`. An attached message is read with the `id` of its part, so that the ids of its own parts
    are those that the outer message gives them."""
    root = read_structure(raw, id)
    bodies = choose_bodies(root)
    text = read_texts(bodies)
    return Message(raw, root, bodies, text, tuple(files_of(bodies, text)))
