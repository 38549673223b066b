"""Many messages leave an archive and come back the same, in memory that does not grow with them."""

import pytest

from tests import bench_exports
from tests.conftest import MEASURED

GROWTH_MB = 40.0
"""How much more memory many messages may take than few, once SQLite's caches (64 MB) are full, or far from it."""


def assert_flat(few: int, many: int) -> None:
    small, large = bench_exports.measure(few), bench_exports.measure(many)
    assert small.is_same and large.is_same
    for name in ("memory", "import_memory", "written_memory"):
        assert getattr(large, name) - getattr(small, name) < GROWTH_MB, (name, small, large)
    MEASURED.append(
        f"{many:,} messages: exported {large.exported:,.0f}, imported {large.imported:,.0f}, written "
        f"{large.written:,.0f} a second, at most {max(large.memory, large.import_memory, large.written_memory):,.0f} MB"
    )


@pytest.mark.slow
def test_messages_come_back_the_same_in_flat_memory() -> None:
    assert_flat(500, 4_000)


@pytest.mark.soak
def test_fifty_thousand_messages_come_back_the_same_in_flat_memory() -> None:
    assert_flat(20_000, 50_000)
