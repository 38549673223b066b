"""Pictures of counts and conversations, and bars of block characters, as a client gets them."""

import base64
import io
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.server import MCPServer
from PIL import Image

from mail_archive_tools.answers.calendar import in_a_row
from mail_archive_tools.answers.pictures import MOST_PIXELS, WIDTH, chart, tree
from mail_archive_tools.answers.rendering.base import BAR_CHARACTERS, bar
from mail_archive_tools.models.summary import Summary, SummaryGroup, SummaryOthers
from mail_archive_tools.models.thread import ThreadMessage
from tests.conftest import ERAS, Sample, text_of

BLUE = (59, 125, 196)


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def height_of_bar(image: Image.Image, x: int) -> int:
    """How many pixels of a column of the picture are of a bar."""
    return sum(image.getpixel((x, y)) == BLUE for y in range(image.height))


@pytest.mark.anyio
@pytest.mark.parametrize("era", ERAS)
async def test_a_picture_comes_with_the_text_where_it_is_asked_for(
    server: MCPServer[Any], sample: Sample, era: Any
) -> None:
    year = {"archive_id": sample.archive_id, "from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}
    async with Client(server, mode=era) as client:
        counted = await client.call_tool("summarize_archive_search", {**year, "group_by": ["month"], "picture": True})
        without = await client.call_tool("summarize_archive_search", {**year, "group_by": ["month"]})
        found = await client.call_tool("search_archive", {**year, "subject": ["new bank"]})
        message_id = (found.structured_content or {})["Rows"][-1]["ArchivedMessageId"]
        which = {"archive_id": sample.archive_id, "archived_message_id": message_id, "picture": True}
        thread = await client.call_tool("get_archive_thread", which)
    assert [block.type for block in without.content] == ["text"]
    for answer in (counted, thread):
        text, picture = answer.content
        assert text.type == "text" and picture.type == "image" and picture.mime_type == "image/png"
        image = opened(base64.b64decode(picture.data))
        assert image.width == WIDTH and len(picture.data) < 60_000
    assert counted.structured_content == without.structured_content

    # The columns are as high as the counts say.
    rows = [each["Rows"] for each in (counted.structured_content or {})["Summaries"][0]["Top"]]
    assert counted.content[1].type == "image"
    image = opened(base64.b64decode(counted.content[1].data))
    step = (WIDTH - 32) / 12
    heights = [height_of_bar(image, int(16 + step * (place + 0.5))) for place in range(12)]
    assert heights.index(max(heights)) == rows.index(max(rows)) == 3
    for height, count in zip(heights, rows, strict=True):
        assert abs(height / max(heights) - count / max(rows)) < 0.03
    lines = [line.split("\t") for line in text_of(counted).splitlines() if line.startswith("2025-")]
    assert [line[2] for line in lines if line[1] == "30"] == ["█" * BAR_CHARACTERS]


@pytest.mark.anyio
async def test_nothing_found_has_no_picture(server: MCPServer[Any], sample: Sample) -> None:
    asked = {"archive_id": sample.archive_id, "from_timestamp": "2024-01-01", "to_timestamp": "2024-02-01"}
    async with Client(server) as client:
        answer = await client.call_tool("summarize_archive_search", {**asked, "picture": True})
    assert [block.type for block in answer.content] == ["text"] and not answer.is_error


values = st.text(min_size=1, max_size=200)


@given(
    by=st.sampled_from(["sender", "month", "pair", "subject"]),
    counts=st.lists(st.integers(1, 10**9), max_size=60),
    value=values,
)
def test_any_counts_can_be_drawn(by: str, counts: list[int], value: str) -> None:
    top = [SummaryGroup(value=f"{value} → {number}", rows=count) for number, count in enumerate(counts)]
    image = opened(chart([Summary(by=by, groups=len(counts), top=top)] * 3))
    assert image.width == WIDTH and 0 < image.height <= MOST_PIXELS


def by_day(*counts: tuple[str, int], others: SummaryOthers | None = None) -> Summary:
    top = [SummaryGroup(value=day, rows=rows) for day, rows in counts]
    return Summary(by="day", groups=len(top), top=top, others=others)


def test_times_without_mail_are_gaps_where_that_is_known() -> None:
    days = (("2025-02-27", 2), ("2025-03-02", 1))
    image = opened(chart([by_day(*days)]))
    # Four days: the first and the last have columns, in the middle is as much room as they take.
    lit = [x for x in range(16, WIDTH - 16) if height_of_bar(image, x)]
    assert lit[0] < 16 + 868 / 4 and lit[-1] > 16 + 868 * 3 / 4
    assert not [x for x in lit if 16 + 868 / 4 < x < 16 + 868 * 3 / 4]

    cut = opened(chart([by_day(*days, others=SummaryOthers(groups=1, rows=1))]))
    assert sum(bool(height_of_bar(cut, x)) for x in range(WIDTH)) > 1.5 * len(lit)


def test_what_is_not_complete_says_so_in_the_picture() -> None:
    whole, part = (opened(chart([by_day(("2025-02-27", 2))], complete)) for complete in (True, False))
    assert part.height > whole.height


@given(
    by=st.sampled_from(["day", "week", "month", "year"]),
    first=st.dates(date(1000, 1, 1)),
    days=st.integers(0, 500),
)
def test_times_in_a_row_are_those_of_the_calendar(by: str, first: date, days: int) -> None:
    first = min(first, date.max - timedelta(days=days))
    labels: dict[str, Callable[[date], str]] = {
        "day": str,
        "week": lambda day: f"{day - timedelta(days=day.weekday())}",
        "month": lambda day: f"{day:%Y-%m}",
        "year": lambda day: f"{day:%Y}",
    }
    every = list(dict.fromkeys(labels[by](first + timedelta(days=day)) for day in range(days + 1)))
    found = in_a_row(by, list(dict.fromkeys([every[0], every[-1], "(no time)"])), 400)
    assert found == ([*every, "(no time)"] if len(every) < 400 else None)


def test_hours_and_days_of_the_week_are_all_shown() -> None:
    assert len(in_a_row("hour", ["09:00"], 400) or ()) == 24
    assert (in_a_row("weekday", ["Friday", "Sunday"], 400) or [""])[0] == "Monday"


@pytest.mark.parametrize("labels", [["2025-02-30"], ["2025-13"], ["9999-99-99 x"], ["1 → 0", "2"]])
@pytest.mark.parametrize("by", ["day", "week", "month", "year"])
def test_what_is_no_time_is_in_no_row(by: str, labels: list[str]) -> None:
    assert in_a_row(by, labels, 400) is None


def test_groupings_that_have_no_room_are_left_out_whole() -> None:
    """What is cut in its middle would pass for all there is."""
    top = [SummaryGroup(value=f"a{number}", rows=number) for number in range(1, 31)]
    heights = [opened(chart([Summary(by="sender", groups=30, top=top)] * count)).height for count in (1, 5, 6, 20)]
    one = heights[0] - 16
    assert heights[1] == 5 * one + 16 and heights[2] == heights[3] < 5 * one + 60 <= MOST_PIXELS


@given(
    depths=st.lists(st.integers(1, 200), min_size=1, max_size=90), subject=st.text(max_size=300), found=st.booleans()
)
def test_any_conversation_can_be_drawn(depths: list[int], subject: str, found: bool) -> None:
    messages = [
        ThreadMessage.of(Number=number, Parent=number - 1 or None, Depth=depth, Found=found, From=subject)
        for number, depth in enumerate(depths, 1)
    ]
    assert opened(tree(subject, messages)).height <= MOST_PIXELS


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_bar_is_as_long_as_its_count(count: int, most: int) -> None:
    count = min(count, most)
    made = bar(count, most)
    assert (made == "") is (count == 0) and len(made) <= BAR_CHARACTERS
    assert bar(most, most) == "█" * BAR_CHARACTERS
    assert len(bar(max(count - 1, 0), most)) <= len(made)


def test_what_draws_is_loaded_when_a_picture_is_asked_for() -> None:
    program = "import mail_archive_tools.catalog, sys; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
