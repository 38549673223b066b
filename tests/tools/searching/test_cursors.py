"""Cursors: opaque, bound to their query, small, and sealed where there is a key."""

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.access import Access
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.search import search_archive
from mail_archive_tools.searches import get_archive_search_results
from mail_archive_tools.searching.cursors import Cursors, RowPlace, fingerprint
from mail_archive_tools.searching.gathering.page import Judged, PageState
from mail_archive_tools.searching.sweeping.counts import Counts
from mail_archive_tools.searching.sweeping.points import Rank, SweepPoint
from mail_archive_tools.searching.windows import DAY
from tests.conftest import Sample
from tests.tools.searching.timelines import Timeline, moment

QUERY = fingerprint("any", "query")
LARGEST = PageState(
    SweepPoint(
        edge=253_402_300_799,
        length=10**12,
        search_ids=("s" * 64, "t" * 64, "u" * 64),
        far=-62_135_596_800,
        entered=Rank(253_402_300_799_000, "f" * 16),
        after=Rank(-62_135_596_800_000, "f" * 16),
    ),
    Counts(searches=10**12, rows=10**12, messages=10**12, overflowed=(253_402_300_799,) * 6),
    Judged(10**12, 10**12, 10**12, 10**12),
)


@pytest.mark.parametrize("key", [None, b"0123456789abcdef"])
@pytest.mark.parametrize("state", [RowPlace("s" * 64, 999), PageState(SweepPoint(None)), LARGEST], ids=str)
def test_a_cursor_leads_back_to_its_place(key: bytes | None, state: tuple[Any, ...]) -> None:
    cursor = Cursors(key).write(state, QUERY)
    assert Cursors(key).read(cursor, type(state), QUERY) == state
    assert len(cursor) < 800


NOT_CURSORS = ["x", "é", "W10", "WzFd", "bnVsbA", "W1tbW1tb" * 200, "eyJhIjoxfQ"]


@pytest.mark.parametrize("key", [None, b"0123456789abcdef"])
@pytest.mark.parametrize("cursor", NOT_CURSORS)
def test_a_cursor_that_is_none_is_refused(cursor: str, key: bytes | None) -> None:
    with pytest.raises(InvalidArgument, match="cursor"):
        Cursors(key).read(cursor, RowPlace, "q")


def encoded(content: Any) -> str:
    packed = zlib.compress(json.dumps(content).encode(), wbits=-15)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


@pytest.mark.parametrize(
    "state", [[], ["s"], ["s", -1], ["s", 1.5], ["s", "x"], ["", 1], ["s" * 65, 1], ["s", 1, 2], [None, 1], ["s", [1]]]
)
def test_a_state_that_is_none_is_refused(state: list[Any]) -> None:
    with pytest.raises(InvalidArgument, match="damaged"):
        Cursors().read(encoded([4, QUERY, 0, *state]), RowPlace, QUERY)


def test_other_versions_and_other_queries_are_told_apart() -> None:
    with pytest.raises(InvalidArgument, match="another version"):
        Cursors().read(encoded([3, QUERY, "s", 0]), RowPlace, QUERY)
    with pytest.raises(InvalidArgument, match="other arguments"):
        Cursors().read(encoded([4, "other", 0, "s", 0]), RowPlace, QUERY)


@pytest.mark.anyio
async def test_a_cursor_made_by_hand_leads_into_no_other_search(access: Access, sample: Sample) -> None:
    """Without a key nobody is kept from making one; what it may name is checked all the same."""
    forged = Cursors().write(RowPlace("another-search", 1), fingerprint("results", "asked-for"))
    with pytest.raises(InvalidArgument, match="leads into another search"):
        await get_archive_search_results("asked-for", cursor=forged, access=access)


def test_a_cursor_is_of_use_to_its_caller_alone_and_for_a_time() -> None:
    key = b"0123456789abcdef"
    cursor = Cursors(key, caller="ann", live_seconds=60).write(RowPlace("s", 1), QUERY)
    assert Cursors(key, caller="ann", live_seconds=60).read(cursor, RowPlace, QUERY) == RowPlace("s", 1)
    with pytest.raises(InvalidArgument, match="changed, or is none"):
        Cursors(key, caller="bob", live_seconds=60).read(cursor, RowPlace, QUERY)
    old = Cursors(key, caller="ann", live_seconds=-1).write(RowPlace("s", 1), QUERY)
    with pytest.raises(InvalidArgument, match="too old"):
        Cursors(key, caller="ann", live_seconds=60).read(old, RowPlace, QUERY)


@given(place=st.integers(0, 200), change=st.integers(1, 255))
def test_whoever_changes_a_sealed_cursor_is_found_out(place: int, change: int) -> None:
    cursors = Cursors(b"0123456789abcdef")
    sealed = bytearray(base64.urlsafe_b64decode(cursors.write(RowPlace("search", 7), QUERY) + "=="))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(InvalidArgument, match=r"changed|damaged"):
        cursors.read(base64.urlsafe_b64encode(sealed).decode().rstrip("="), RowPlace, QUERY)


def test_servers_with_other_keys_or_without_refuse_each_others_cursors() -> None:
    for writer, reader in ((b"a" * 16, b"b" * 16), (None, b"b" * 16), (b"a" * 16, None)):
        with pytest.raises(InvalidArgument, match="cursor"):
            Cursors(reader).read(Cursors(writer).write(RowPlace("s", 1), QUERY), RowPlace, QUERY)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "place",
    [
        SweepPoint(edge=10**12),
        SweepPoint(edge=-5),
        SweepPoint(edge=500, far=10**12, search_ids=("x",)),
        SweepPoint(edge=500, far=900, search_ids=("x",)),
        SweepPoint(edge=500, far=0, search_ids=("another range's",)),
        SweepPoint(edge=90 * DAY, far=60 * DAY - 1, search_ids=("x",)),
    ],
    ids=str,
)
async def test_a_place_outside_the_range_is_refused_or_searched_anew(tmp_path: Any, place: SweepPoint) -> None:
    timeline = Timeline(tmp_path / "archive")
    timeline.put([50, 100])
    access = timeline.access()
    end = 100 * DAY if place.edge == 90 * DAY else 1_000
    timeline.put([end])
    arguments = (timeline.archive_id, moment(0), moment(end))
    query = fingerprint(*arguments, (None,), None, "newest_first", "copies")
    if place.search_ids == ("another range's",):
        other = await search_archive(timeline.archive_id, moment(0), moment(90), access=access)
        assert other.search_id
        place = place._replace(search_ids=(other.search_id,))
    cursor = access.cursors.write(PageState(place), query)
    with pytest.raises(InvalidArgument, match=r"cursor is damaged"):
        await search_archive(*arguments, cursor=cursor, access=timeline.access())


@pytest.mark.anyio
async def test_a_key_is_a_setting(tmp_path: Any) -> None:
    timeline = Timeline(tmp_path / "archive")
    timeline.put([100, 200])
    first, second = (timeline.access(cursor_key="a key for two servers") for _ in range(2))
    page = await search_archive(timeline.archive_id, moment(0), moment(1_000), limit=1, access=first)
    arguments = {"limit": 1, "cursor": page.next_cursor}
    rest = await search_archive(timeline.archive_id, moment(0), moment(1_000), **arguments, access=second)  # type: ignore[arg-type]
    assert len(rest.rows) == 1 and rest.next_cursor is None
    with pytest.raises(InvalidArgument, match="none of this server"):
        await search_archive(timeline.archive_id, moment(0), moment(1_000), **arguments, access=timeline.access())  # type: ignore[arg-type]
