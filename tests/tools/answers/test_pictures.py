"""Pictures of counts and conversations, and bars of block characters, as a client gets them."""

import base64
import io
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.server import MCPServer
from PIL import Image

from mail_archive_tools.answers.pictures import MOST_PIXELS, WIDTH, chart, tree
from mail_archive_tools.answers.rendering.base import BAR_CHARACTERS, bar
from mail_archive_tools.models.summary import Summary, SummaryGroup
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
