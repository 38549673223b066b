"""The question shows what will be done: each condition, each value as it is, how many messages of how many."""

import dataclasses
import re
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp_types import ElicitResult

from mail_archive_server.app import build_server
from mail_archive_server.hosting.published import published_tools
from mail_archive_tools.access import Access
from mail_archive_tools.archives import tag_archive
from mail_archive_tools.calls.consent import QUESTION_CHARACTERS, Change, nothing_more
from mail_archive_tools.calls.patience import silent
from mail_archive_tools.errors import InvalidArgument, NotConsented
from mail_archive_tools.exporting.counting import how_many
from mail_archive_tools.exporting.starting import ExportRequest
from mail_archive_tools.exports import start_archive_export
from mail_archive_tools.models.archives import NewTag
from mail_archive_tools.models.exports import ExportDestination
from mail_archive_tools.models.filters import ArchiveFilters
from mail_archive_tools.service.filters import request_filters
from tests.buckets import export_access
from tests.conftest import Sample, text_of
from tests.tools.test_quoting import DECEIVING, read_back

BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
DESTINATION = ExportDestination.model_validate({"s3": {"s3_location": "s3://evidence/case"}})


@pytest.fixture(scope="module")
def access(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Access:
    buckets = tmp_path_factory.mktemp("buckets")
    (buckets / "evidence").mkdir()
    return export_access(sample.folder, buckets)


async def question(access: Access, archive_id: str, filters: ArchiveFilters | None) -> str:
    """What the user is asked, without what is counted."""
    changes: list[Change] = []

    async def decline(change: Change, code: str | None = None, typed: str | None = None) -> list[str]:
        changes.append(change)
        raise NotConsented("no")

    with pytest.raises(NotConsented):
        await start_archive_export(archive_id, BEGIN, END, DESTINATION, filters, access=access, consent=decline)
    return await dataclasses.replace(changes[0], more=nothing_more).described()


def contains(attribute: str, *values: str) -> dict[str, Any]:
    expression = {"Evaluate": {"Attribute": attribute}, "Operator": "CONTAINS", "Values": list(values)}
    return {"StringExpression": expression}


# Half a surrogate pair is in no argument: where a request has one, it is read as U+FFFD.
SENDABLE = [text for text in DECEIVING if not any("\ud800" <= each <= "\udfff" for each in text)]
VALUES = st.one_of(st.sampled_from(SENDABLE), st.text(min_size=1, max_size=8), st.sampled_from(["or", '" or "', "nor"]))
STRINGS = st.builds(
    lambda attribute, values: contains(attribute, *values),
    st.sampled_from(["TO", "FROM", "CC", "SUBJECT", "ENVELOPE_TO", "ENVELOPE_FROM"]),
    st.lists(VALUES, min_size=1, max_size=3),
)
BOOLEANS = st.builds(
    lambda operator: {"BooleanExpression": {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": operator}},
    st.sampled_from(["IS_TRUE", "IS_FALSE"]),
)
CONDITIONS = st.lists(st.one_of(STRINGS, BOOLEANS), max_size=3)


def conditions_in(asked: str) -> list[str]:
    """The lines of the conditions; none where all messages are meant."""
    lines = asked.split("\n")
    if "Which of these: all messages" in lines:
        return []
    first = lines.index("Which of these:") + 1
    last = next(place for place in range(first, len(lines)) if not lines[place].startswith("- "))
    return [line.removeprefix("- ") for line in lines[first:last]]


def filters_in(asked: str) -> dict[str, Any]:
    """The filters that a question tells of, as a person understands them."""
    found: dict[str, Any] = {}
    for line in conditions_in(asked):
        attribute, _, rest = line.partition(" ")
        if '"' not in rest:
            truth = {"true": "IS_TRUE", "false": "IS_FALSE"}[rest.rpartition(" ")[2]]
            condition = {"BooleanExpression": {"Evaluate": {"Attribute": attribute}, "Operator": truth}}
            is_left_out = rest.startswith("is not ")
        else:
            values = [read_back(literal) for literal in re.findall(r'"[^"]*"', rest)]
            condition = contains(attribute, *values)
            is_left_out = not re.match(r'contains "', rest)
        found.setdefault("Unless" if is_left_out else "Include", []).append(condition)
    return found


@settings(max_examples=60)
@given(CONDITIONS, CONDITIONS)
def test_a_question_is_read_back_into_the_filters_that_are_sent(
    access: Access, sample: Sample, include: list[Any], unless: list[Any]
) -> None:
    filters = ArchiveFilters.model_validate({"include": include, "unless": unless})

    async def ask() -> str:
        return await question(access, sample.archive_id, filters)

    asked = anyio.run(ask)
    assert filters_in(asked) == (request_filters(filters) or {})
    # A label a line, whatever the values say.
    labels = [line.partition(":")[0] for line in asked.split("\n")[1:] if not line.startswith("- ")]
    assert labels == [
        "Archive", "Received", "Which of these", "At most", "Destination", "Beside each message", "Taken for granted",
    ]  # fmt: skip


@pytest.mark.anyio
async def test_a_value_cannot_pass_for_a_second_condition(access: Access, sample: Sample) -> None:
    forged = 'x.example"; SUBJECT contains "invoice 17'
    filters = ArchiveFilters.model_validate({"include": [contains("FROM", forged, ".")]})
    asked = await question(access, sample.archive_id, filters)
    assert conditions_in(asked) == [
        r'FROM contains "x.example\N{QUOTATION MARK}; SUBJECT contains \N{QUOTATION MARK}invoice 17" or "."'
    ]


@pytest.mark.anyio
async def test_how_many_values_are_left_out_is_said_as_a_person_says_it(access: Access, sample: Sample) -> None:
    unless = [contains("SUBJECT", "a"), contains("FROM", "b", "c")]
    asked = await question(access, sample.archive_id, ArchiveFilters.model_validate({"unless": unless}))
    assert conditions_in(asked) == ['SUBJECT does not contain "a"', 'FROM contains neither "b" nor "c"']


# All of it, or nothing


@pytest.mark.anyio
async def test_what_nobody_would_read_to_its_end_is_refused(access: Access, sample: Sample) -> None:
    """What matters stood behind the ellipsis."""
    values = ["x" * 500] * 9 + ["."]
    asked: list[str] = []

    async def accept(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={})

    arguments = {
        "archive_id": sample.archive_id,
        "from_timestamp": "2025-01-01",
        "to_timestamp": "2025-12-31",
        "export_destination_configuration": {"s3": {"s3_location": "s3://evidence/case"}},
        "filters": {"include": [contains("FROM", *values)]},
    }
    async with Client(build_server(lambda: access, tools=published_tools()), elicitation_callback=accept) as client:
        result = await client.call_tool("start_archive_export", arguments)
    assert result.is_error and "too long to be agreed to" in text_of(result) and "4,000" in text_of(result)
    assert asked == []


@pytest.mark.anyio
async def test_a_question_is_whole_up_to_its_limit_and_refused_beyond_it() -> None:
    room = QUESTION_CHARACTERS - len("Do it?\nWhat: ")
    assert (await Change("Do it?", {"What": "x" * room}).described()).endswith("x" * room)
    with pytest.raises(InvalidArgument, match="too long to be agreed to: the question would have 4,001 characters"):
        await Change("Do it?", {"What": "x" * (room + 1)}).described()


# How many of how many


@pytest.mark.anyio
async def test_a_question_says_how_many_of_how_many(access: Access, sample: Sample) -> None:
    asked: list[str] = []

    async def decline(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="decline")

    arguments = {
        "archive_id": sample.archive_id,
        "from_timestamp": "2025-01-01",
        "to_timestamp": "2025-12-31",
        "export_destination_configuration": {"s3": {"s3_location": "s3://evidence/case"}},
        "filters": {"include": [contains("SUBJECT", "invoice")]},
    }
    async with Client(build_server(lambda: access, tools=published_tools()), elicitation_callback=decline) as client:
        await client.call_tool("start_archive_export", arguments)
    found = re.search(r"^Messages: (\d+) of 300 that were received in that time, counted just now$", asked[0], re.M)
    assert found and 0 < int(found[1]) < 300


@pytest.mark.anyio
async def test_what_there_was_no_time_to_count_is_said(access: Access, sample: Sample) -> None:
    filters = request_filters(ArchiveFilters.model_validate({"include": [contains("SUBJECT", "invoice")]}))
    request = ExportRequest(sample.archive_id, BEGIN, END, filters, 250_000, "s3://evidence", False)
    said = await how_many(access.searcher, request, silent, seconds=0)
    assert said == (
        "at least 0 of at least 0 that were received in that time, counted just now; there was no time to count more"
    )


@pytest.mark.anyio
async def test_tags_are_shown_one_a_line_and_cannot_pass_for_others(access: Access, sample: Sample) -> None:
    arn = str((await access.client.get_archive(sample.archive_id))["ArchiveArn"])
    asked: list[str] = []

    async def decline(change: Change, code: str | None = None, typed: str | None = None) -> list[str]:
        asked.append(await change.described())
        raise NotConsented("no")

    with pytest.raises(NotConsented):
        await tag_archive(
            arn, [NewTag(key="a=b", value="c"), NewTag(key="a", value="")], access=access, consent=decline
        )
    assert '- "a=b" is "c"\n- "a" is ""' in asked[0]


@pytest.mark.anyio
async def test_the_archive_of_another_account_does_not_pass_for_the_one_with_its_id(
    access: Access, sample: Sample
) -> None:
    arn = str((await access.client.get_archive(sample.archive_id))["ArchiveArn"])
    asked: list[Change] = []

    async def note(change: Change, code: str | None = None, typed: str | None = None) -> list[str]:
        asked.append(change)
        return []

    with pytest.raises(InvalidArgument, match="no archive of this account and Region"):
        await tag_archive(
            arn.replace("000000000000", "999999999999"), [NewTag(key="a", value="b")], access=access, consent=note
        )
    assert asked == []
