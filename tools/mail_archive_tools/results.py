"""The rows of a finished search."""

from dataclasses import dataclass
from typing import Any

CACHED_ROWS = 10_000
"""Rows kept at most: ten searches that found all they may."""


@dataclass(frozen=True)
class Results:
    """A completed search: its rows as the API gave them, and how many it was allowed to find."""

    rows: list[dict[str, Any]]
    max_results: int

    @property
    def truncated(self) -> bool:
        """Whether there may be more messages than rows."""
        return len(self.rows) >= self.max_results
