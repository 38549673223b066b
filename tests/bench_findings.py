"""Of how many messages a finding is told, by kind of mail: the collections of the corpus that is here.

python -m tests.bench_findings [FOLDER ...]   prints the shares; of other folders with mail too, each a kind of its own
"""

import hashlib
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mail_archive_tools.mime.evidence.finding_names import FINDINGS, Weight
from mail_archive_tools.mime.message import read_message
from mail_archive_tools.reading.describing import describe
from tests.conftest import CORPUS

KINDS = {
    "spam, half looked at": "spamassassin/spam-*",
    "spam, half measured": "spamassassin/spam-*",
    "list mail and letters": "spamassassin/easy-ham-*",
    "newsletters (hard ham)": "spamassassin/hard-ham-*",
}
"""The kinds of mail, and their folders. Spam of 2002 stands for phishing, of which the corpus has no collection."""

_HALVES = {"spam, half looked at": 0, "spam, half measured": 1}
_MOST_NAMES = 6


@dataclass
class Shares:
    """Of `messages`, so many have a finding other than a changed body, and one that is heavy. `names` counts each."""

    messages: int = 0
    with_one: int = 0
    with_heavy: int = 0
    names: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        return self.with_one / max(1, self.messages)

    @property
    def heavy_share(self) -> float:
        return self.with_heavy / max(1, self.messages)

    def __str__(self) -> str:
        frequent = ", ".join(f"{name} {count}" for name, count in self.names.most_common(_MOST_NAMES))
        return f"{self.share:.3f} of {self.messages:,} (heavy {self.heavy_share:.3f}): {frequent}"


def shares(messages: Iterable[bytes]) -> Shares:
    """Bodies changed after they were signed do not count: a collection that was anonymised is full of them."""
    found = Shares()
    for raw in messages:
        told = describe(read_message(raw))["about"]["findings"]
        names = {each["name"] for each in told} - {"body-changed"}
        found.messages += 1
        found.with_one += bool(names)
        found.with_heavy += any(FINDINGS[name].weight == Weight.HEAVY for name in names)
        found.names.update(names)
    return found


def half_of(path: Path) -> int:
    """0 or 1, by a hash of the file's name: what is changed after a look at one half is measured on the other."""
    return hashlib.sha256(path.name.encode()).digest()[0] % 2


def of_kind(corpus: Path, kind: str) -> Iterator[bytes]:
    half = _HALVES.get(kind)
    for path in sorted(corpus.glob(f"{KINDS[kind]}/*")):
        if half is None or half_of(path) == half:
            yield path.read_bytes()


def by_kind(corpus: Path) -> dict[str, Shares]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {kind: shares(of_kind(corpus, kind)) for kind in KINDS}


if __name__ == "__main__":
    for kind, found in by_kind(CORPUS).items():
        print(f"{kind}: {found}")
    for folder in sys.argv[1:]:
        paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        print(f"{folder}: {shares(path.read_bytes() for path in paths)}")
