"""Every finding by its short name: what it is about, how much it weighs beside others, and a line that says what it is.

The names are what `filter_here.finding` asks for and what summaries group by. A name stays when its sentence changes.
"""

from enum import IntEnum
from typing import Final, Literal, NamedTuple

FindingAbout = Literal[
    "authentication",
    "sender",
    "domain",
    "link",
    "text",
    "file",
    "date",
    "route",
    "archive",
]

ABOUT_ROUTE: Final = "route"
"""Of a message with such a finding the route is shown, whether it was asked for or not."""


class Weight(IntEnum):
    """How much a finding matters beside others: heavy is what attacks have and honest mail hardly ever has."""

    HEAVY = 0
    USUAL = 1
    LIGHT = 2
    LEAST = 3


class Named(NamedTuple):
    """A sort of finding. `line` is what the documentation says of it."""

    about: FindingAbout
    weight: Weight
    line: str


_HEAVY = Weight.HEAVY
_USUAL = Weight.USUAL
_LIGHT = Weight.LIGHT

FINDINGS: dict[str, Named] = {
    "search-differs": Named("archive", _HEAVY, "The search showed another value of a header field."),
    "dmarc-failed": Named("authentication", _HEAVY, "A trusted host says that DMARC failed."),
    "compauth-failed": Named("authentication", _HEAVY, "A trusted host says that its composite check failed."),
    "spf-failed": Named(
        "authentication", _HEAVY, "A trusted host says that SPF failed, and no signature outweighs it."
    ),
    "spam-failed": Named("authentication", _HEAVY, "The service's check for spam failed."),
    "virus-failed": Named("authentication", _HEAVY, "The service's check for viruses failed."),
    "fields-changed": Named("authentication", _HEAVY, "The header fields are not those that were signed."),
    "part-unsigned": Named("authentication", _USUAL, "The end of the body was left out of the signature (DKIM, l=)."),
    "body-changed": Named(
        "authentication",
        Weight.LEAST,
        "The body was changed after it was signed, by the sender's enemy, a list or whoever stored it.",
    ),
    "hidden-address": Named("sender", _HEAVY, "From is written so that programs miss its address."),
    "brand-name": Named("sender", _HEAVY, "The display name is a brand's, and the address is not."),
    "known-name": Named("sender", _HEAVY, "The display name is a known correspondent's, and the address is not."),
    "address-in-name": Named("sender", _HEAVY, "The display name shows another address."),
    "reply-elsewhere": Named("sender", _HEAVY, "Reply-To is of another domain than From."),
    "sender-elsewhere": Named("sender", _HEAVY, "Sender is of another domain than From."),
    "styled-letters": Named("sender", _HEAVY, "A name or the subject is written in mathematical letters."),
    "mixed-letters": Named("sender", _USUAL, "A word of a name or the subject mixes letters of several scripts."),
    "reply-to-list": Named("sender", _LIGHT, "Reply-To is of a list that no signature vouches for."),
    "several-authors": Named("sender", _USUAL, "From names several addresses."),
    "no-address": Named("sender", _USUAL, "From names no address."),
    "lookalike": Named("domain", _HEAVY, "A domain looks like one that sends or receives the message."),
    "known-lookalike": Named("domain", _HEAVY, "A domain looks like a known correspondent's."),
    "brand-domain": Named("domain", _HEAVY, "A domain has a brand's name in it, and is another's."),
    "many-domains": Named("domain", _HEAVY, "There are more domains than were compared with each other."),
    "mixed-domain": Named("domain", _USUAL, "A domain mixes letters of several scripts."),
    "disguised-domain": Named("domain", _USUAL, "A domain is written in letters that look like Latin ones."),
    "link-runs": Named("link", _HEAVY, "A link runs or opens something: javascript:, data:, vbscript:, file:."),
    "link-elsewhere": Named("link", _HEAVY, "A link shows one host and leads to another's."),
    "link-user": Named("link", _HEAVY, "A link has a user name before its host, which passes for the host."),
    "disguised-ip": Named("link", _HEAVY, "A link leads to an IP address in octal, hexadecimal or as one number."),
    "bare-ip": Named("link", _USUAL, "A link leads to a public IP address."),
    "links-elsewhere": Named("link", _USUAL, "Every link of the HTML leads to another owner than the sender."),
    "shortener": Named("link", _USUAL, "A link leads to a shortener, which hides where it goes on to."),
    "free-host": Named("link", _USUAL, "A link leads to a public bucket or a host that anybody may use."),
    "only-pictures": Named("text", _USUAL, "A reader sees pictures and links, and hardly a word."),
    "styled-text": Named("text", _USUAL, "Words of the text are written in mathematical letters."),
    "hidden-words": Named("text", _LIGHT, "The HTML hides more words than the line that newsletters hide."),
    "texts-differ": Named("text", _LIGHT, "The HTML and the plain text say different things."),
    "invisible": Named("text", _USUAL, "Words, the subject or From have invisible characters between their letters."),
    "runs": Named("file", _HEAVY, "A file is of a kind that can run."),
    "program": Named("file", _HEAVY, "A file is a program, whatever its name says."),
    "runs-in-zip": Named("file", _HEAVY, "A zip holds a file that can run."),
    "turned-name": Named("file", _HEAVY, "A file's name has characters that turn the reading direction."),
    "html-form": Named("file", _HEAVY, "An HTML file has a form, which sends what is typed elsewhere."),
    "type-differs": Named("file", _USUAL, "A file is of another type than is declared."),
    "several-names": Named("file", _USUAL, "A file has several names in its header fields."),
    "path-in-name": Named("file", _USUAL, "A file's name has a path in it."),
    "content-elsewhere": Named("file", _USUAL, "A file's content is elsewhere, and was not fetched."),
    "no-date": Named("date", _USUAL, "There is no Date field."),
    "bad-date": Named("date", _USUAL, "Date is no date."),
    "date-differs": Named("date", _USUAL, "Date and the time of the first host are days apart."),
    "times-backwards": Named(ABOUT_ROUTE, _USUAL, "A hop has an earlier time than the one before it."),
    "more": Named("text", Weight.LEAST, "How many findings are not told."),
}
"""All sorts of findings, by their names."""


def name_said(told: str) -> str:
    """The name of "name: sentence"; "" where there is none that is known."""
    name = told.partition(": ")[0]
    return name if name in FINDINGS else ""
