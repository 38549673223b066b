"""What workers tell of hostile bytes, as the server takes it: checked and cleaned, since a mail may have taken a worker
over."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from mail_archive_tools.mime.quotes import new_text
from mail_archive_tools.models.base import MailLine
from mail_archive_tools.models.reading import About
from mail_archive_tools.sandbox.pool import NotRead
from mail_archive_tools.untrusted import clean_text

MailText = Annotated[str, AfterValidator(clean_text)]
"""A text of a mail. The worker has cleaned it; whether it has is not for the worker to say."""

Place = Annotated[int, Field(ge=0)]

_Told = TypeVar("_Told", bound="_Checked")


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def of(cls: type[_Told], told: Any) -> _Told:
        """What a worker told.

        Raises:
            NotRead: it is not what a worker tells.
        """
        try:
            return cls.model_validate(told)
        except ValidationError:
            raise NotRead("broke the program that reads it") from None


class HiddenPiece(_Checked):
    """Words that a reader of a message does not see, cleaned, and why. They are hidden, or shown by some programs
    elsewhere, or the version of the text that is not the one shown here."""

    kind: Literal["hidden", "elsewhere", "version"]
    reason: MailLine
    text: MailText


class ShownText(_Checked):
    """A message's text, cleaned. `quoted` are the lines of it that repeat earlier mail: the first of each passage, and
    how many. `written` is how it stands in the mail, not cleaned, since it is shown to nobody: words are looked for in
    it. None: the same as whole. `hidden` is what a reader does not see of it, and `other_words` how many words a
    version that is not shown has which this one lacks."""

    whole: MailText
    written: str | None
    quoted: list[tuple[Place, Place]]
    source: MailLine | None
    hidden: list[HiddenPiece] = []
    other_words: int = 0

    @property
    def new(self) -> str:
        """The text without what it quotes, of which a note says how many lines there were."""
        if not self.quoted:
            return self.whole
        return new_text(self.whole, self.quoted)

    @property
    def quoted_lines(self) -> int:
        return sum([lines for _, lines in self.quoted])


_OF_A_BODY = ("attachments", "hidden_text", "dkim_signatures", "links", "image_hosts")
"""The members of `About` that nothing is known of without a body."""


class MessageReading(_Checked):
    """What a message is. `row` has its header fields by the names of a search's row. They are decoded but not cleaned,
    since others are compared with them; so are the names of files and the Message-IDs. What of them is shown is cleaned
    by its model.

    `compared` are the members of the row that a search found which were compared with the message, None where no such
    row is known; `differing` are those of them that are others in the message. `breaks_off` says what of its text is
    missing at its end. `languages` are ISO 639-1 codes; `minhash` is told of in `wording`. `unread` says why no more
    than the header fields was read, where that is so."""

    text: ShownText
    row: dict[str, str]
    has_header_section: bool
    compared: list[str] | None
    differing: list[str]
    moment: datetime | None
    in_reply_to: list[str]
    references: list[str]
    file_names: list[str]
    about: About
    languages: list[MailLine]
    minhash: MailLine
    breaks_off: MailLine | None = None
    unread: MailLine | None = None

    def key_names(self) -> list[str]:
        """Where the keys of its signatures are published, those that were not verified with one."""
        names: dict[str, None] = {}
        for each in self.about.dkim_signatures:
            if each.selector and not each.signature:
                # RFC 6376, 3.6.2.1.
                names[f"{each.selector}._domainkey.{each.domain}".lower()] = None
        return list(names)

    def without_content(self, why: str) -> Self:
        """What is left of a reading by the header fields alone: nothing of it tells of a body."""
        unknown: dict[str, list[str]] = {name: [] for name in _OF_A_BODY}
        problem = f"message: {why}; no more than its header fields was read"
        about = self.about.model_copy(update={**unknown, "problems": [problem]})
        return self.model_copy(update={"about": about, "file_names": [], "unread": why})


class FileReading(_Checked):
    """`text` is cleaned, and None where a file has none; the notes say why, and what was cut."""

    text: MailText | None
    notes: list[MailLine] = []


class AllFilesReading(_Checked):
    """What all files of a message say, cleaned; `is_cut`: some of it is not here."""

    text: MailText = ""
    is_cut: bool = False


class HtmlReading(_Checked):
    text: MailText
    hidden_words: int
    cut: MailLine | None
