"""What a reader knows beside the message: whose word is trusted, who writes here, and the keys of those who sign."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mail_archive_tools.mime.fields.addresses import Mailbox, read_addresses


@dataclass(frozen=True)
class Context:
    """What is known of the world, of the delivery, and of the search that found the message.

    - `trusted_ids` are the authserv-ids of servers whose results of checks are trusted.
    - `known` are correspondents: domains, addresses, or `Name <address>`.
    - `keys` are TXT records of DKIM keys by their names (`selector._domainkey.domain`).
    - `received_from` is the address that the service received the message from, as the service itself noted it; None
      of a message that it did not receive.
    - `told` is what the row of a search says of the message, by the row's members; None: no row is known.
    - `envelope_from` is the sender of the envelope that the service noted; None: none is known.
    """

    trusted_ids: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    received_from: str | None = None
    told: Mapping[str, str] | None = None
    envelope_from: str | None = None

    @cached_property
    def known_people(self) -> list[Mailbox]:
        people: list[Mailbox] = []
        for value in self.known:
            if "@" in value:
                people += [mailbox for mailbox in read_addresses(value) if mailbox.domain]

        return people

    @cached_property
    def known_domains(self) -> set[str]:
        named = {value.lower().strip(". ") for value in self.known if "@" not in value}
        return named | {mailbox.domain for mailbox in self.known_people}


NOTHING_KNOWN = Context()
