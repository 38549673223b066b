"""What could not be read of a message, beside what could."""

from typing import NamedTuple


class Problem(NamedTuple):
    """`where` is a part's id or a header field's name; `what` goes on from it: "2.1: its base64 is broken off"."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
