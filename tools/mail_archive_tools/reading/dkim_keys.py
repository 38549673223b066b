"""Keys of DKIM signatures: from a file that the operator keeps, or from DNS where the operator allows it.

Looking one up tells the owner of a domain, who may be whoever wrote the mail, that somebody reads it. So it is off
unless it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from mail_archive_tools.calls.patience import seconds_left
from mail_archive_tools.system.places import why_not_read

FindKeys = Callable[[list[str]], Awaitable[Mapping[str, str]]]
"""Keys, as TXT records, by the names that they are published under; without those that are not found."""

KEYS_OF_A_FILE = 1_000
LOOKUPS_OF_A_MESSAGE = 8
LOOKUP_SECONDS = 4.0
"""How long all lookups of one message may take."""

_KEPT = 2_000
_LINE = re.compile(
    r"(?P<name>[\w.-]+\._domainkey\.[\w.-]+?)\.?\s+(?:\d+\s+)?(?:IN\s+)?(?:TXT\s+)?(?P<record>\S.*)", re.IGNORECASE
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NAME = re.compile(r"(?!-)[\w.-]{1,200}")


async def no_keys(_: list[str]) -> Mapping[str, str]:
    """No key is looked for."""
    return {}


def read_keys(text: str) -> dict[str, str]:
    """The keys of a file: a line for each, as in a zone file: `selector._domainkey.domain TXT "v=DKIM1; p=..."`; empty
    lines and those that begin with # or ; are passed over.

    Raises:
        ValueError: what is wrong, and in which line.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        written = line.strip()
        if not written or written[0] in "#;":
            continue
        match = _LINE.fullmatch(written)
        if match is None:
            raise ValueError(f'line {number} is no key: selector._domainkey.domain TXT "v=DKIM1; p=..." is one')

        record = match.group("record")
        if '"' in record:
            # In strings of up to 255 bytes, which belong together without a space (RFC 6376, 3.6.2.2).
            record = "".join(_QUOTED.findall(record))
        found[match.group("name").lower()] = record
        if len(found) > KEYS_OF_A_FILE:
            raise ValueError(f"it has more than {KEYS_OF_A_FILE} keys")
    return found


class Lookups:
    """Keys that are looked up in DNS, each once. Share it between identities: keys are public."""

    def __init__(self, nameservers: list[str] | None = None, port: int = 53) -> None:
        """The system's name servers are asked where none are named."""
        self._nameservers = nameservers
        self._port = port
        self._found: dict[str, str | None] = {}

    async def find(self, names: list[str]) -> Mapping[str, str]:
        """The keys of these names; what cannot be looked up in time is left out, and asked for anew the next time."""
        wanted = [name for name in names if _NAME.fullmatch(name)][:LOOKUPS_OF_A_MESSAGE]
        unknown = [name for name in wanted if name not in self._found]
        seconds = max(0.0, min(LOOKUP_SECONDS, seconds_left(LOOKUP_SECONDS)))
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as lookups:
                for name in unknown:
                    lookups.start_soon(self._look_up, name)

        records = {name: self._found.get(name) for name in wanted}
        return {name: record for name, record in records.items() if record is not None}

    async def _look_up(self, name: str) -> None:
        known, record = await to_thread.run_sync(partial(self._ask, name), abandon_on_cancel=True)
        if not known:
            return
        if len(self._found) >= _KEPT:
            self._found.clear()
        self._found[name] = record

    def _ask(self, name: str) -> tuple[bool, str | None]:
        """Whether the name servers know, and the key. Blocks."""
        # Imported here: only who allows it needs it.
        import dns.exception
        import dns.resolver

        resolver = dns.resolver.Resolver(configure=self._nameservers is None)
        if self._nameservers is not None:
            resolver.nameservers = list(self._nameservers)
            resolver.port = self._port
        try:
            answer = resolver.resolve(name, "TXT", lifetime=LOOKUP_SECONDS, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return True, None
        except (dns.exception.DNSException, OSError):
            return False, None

        for each in answer:
            record = b"".join(each.strings).decode("ascii", "replace")
            # The one tag that a key has to have (RFC 6376, 3.6.1).
            if "p=" in record:
                return True, record
        return True, None


def keys_of(path: Path) -> dict[str, str]:
    """The keys of a file.

    Raises:
        ValueError: what is wrong with it.
    """
    try:
        why = why_not_read(path)
        if why:
            raise ValueError(why)
        return read_keys(path.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
