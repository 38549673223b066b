"""The search operations: states, limits, what is found."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail_archive_local.importing.record import describe
from mail_archive_tools.index.contains import fold
from tests.conftest import Clock, LocalApi, eml

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
RANGE = {"FromTimestamp": NOON - timedelta(days=1), "ToTimestamp": NOON + timedelta(days=1)}


def add(api: LocalApi, *raws: bytes, archive_name: str = "mail") -> str:
    known = {archive.name: archive for archive in api.store.archives()}
    if archive_name not in known:
        api.client.create_archive(ArchiveName=archive_name)
        known = {archive.name: archive for archive in api.store.archives()}
    archive = known[archive_name]
    api.store.add_messages(archive, [describe(raw, archive.archive_id, NOON.timestamp()) for raw in raws])
    return archive.archive_id


def contains(attribute: str, *values: str) -> dict[str, Any]:
    return {"StringExpression": {"Evaluate": {"Attribute": attribute}, "Operator": "CONTAINS", "Values": list(values)}}


def test_a_short_value_beside_a_long_one_is_looked_for_as_well(api: LocalApi) -> None:
    archive_id = add(api, eml(Subject="an invoice"), eml(Subject="to be or"), eml(Subject="elsewhere"))
    for values in (("invoice", "or"), ("or", "invoice")):
        found = subjects(api, archive_id, Filters={"Include": [contains("SUBJECT", *values)]})
        assert sorted(found) == ["an invoice", "to be or"]


def attachments(operator: str) -> dict[str, Any]:
    return {"BooleanExpression": {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": operator}}


def subjects(api: LocalApi, archive_id: str, **more: Any) -> list[str]:
    """Start a search, let it finish, and give the subjects that it found."""
    started = api.client.start_archive_search(**({"ArchiveId": archive_id, **RANGE, "MaxResults": 1000} | more))
    api.clock.now += 10
    rows = api.client.get_archive_search_results(SearchId=started["SearchId"])["Rows"]
    return [row.get("Subject", "") for row in rows]


def test_a_search_is_queued_then_running_then_completed(api: LocalApi, clock: Clock) -> None:
    archive_id = add(api, eml(Subject="one"))
    search_id = api.client.start_archive_search(ArchiveId=archive_id, **RANGE, MaxResults=5)["SearchId"]

    def state() -> str:
        return str(api.client.get_archive_search(SearchId=search_id)["Status"]["State"])

    assert state() == "QUEUED"
    assert api.code("get_archive_search_results", SearchId=search_id) == "ConflictException"
    clock.now += 5
    assert state() == "RUNNING"
    assert "CompletionTimestamp" not in api.client.get_archive_search(SearchId=search_id)["Status"]
    assert api.code("get_archive_search_results", SearchId=search_id) == "ConflictException"
    clock.now += 5
    search = api.client.get_archive_search(SearchId=search_id)
    assert search["Status"]["State"] == "COMPLETED"
    assert search["Status"]["CompletionTimestamp"].timestamp() == clock.now
    assert search["ArchiveId"] == archive_id
    assert search["MaxResults"] == 5
    assert (search["FromTimestamp"], search["ToTimestamp"]) == (RANGE["FromTimestamp"], RANGE["ToTimestamp"])


def test_one_search_runs_at_a_time_in_all_archives(api: LocalApi, clock: Clock) -> None:
    first, other = add(api, archive_name="first"), add(api, archive_name="other")
    running = api.client.start_archive_search(ArchiveId=first, **RANGE, MaxResults=5)["SearchId"]
    assert api.code("start_archive_search", ArchiveId=other, **RANGE, MaxResults=5) == "ServiceQuotaExceededException"
    api.client.stop_archive_search(SearchId=running)
    assert api.client.get_archive_search(SearchId=running)["Status"]["State"] == "CANCELLED"
    assert api.code("get_archive_search_results", SearchId=running) == "ConflictException"
    api.client.start_archive_search(ArchiveId=other, **RANGE, MaxResults=5)


def test_stopping_a_finished_search_changes_nothing(api: LocalApi, clock: Clock) -> None:
    search_id = api.client.start_archive_search(ArchiveId=add(api), **RANGE, MaxResults=5)["SearchId"]
    clock.now += 10
    api.client.stop_archive_search(SearchId=search_id)
    assert api.client.get_archive_search(SearchId=search_id)["Status"]["State"] == "COMPLETED"


def test_ranges_that_the_service_does_not_search(api: LocalApi) -> None:
    archive_id = add(api)
    backwards = {"FromTimestamp": NOON, "ToTimestamp": NOON - timedelta(seconds=1)}
    too_long = {"FromTimestamp": NOON, "ToTimestamp": NOON + timedelta(days=30, seconds=1)}
    for wrong in (backwards, too_long):
        assert api.code("start_archive_search", ArchiveId=archive_id, MaxResults=5, **wrong) == "ValidationException"
    longest = {"FromTimestamp": NOON, "ToTimestamp": NOON + timedelta(days=30)}
    assert api.client.start_archive_search(ArchiveId=archive_id, MaxResults=5, **longest)["SearchId"]


def test_unknown_ids(api: LocalApi) -> None:
    assert api.code("start_archive_search", ArchiveId="a-none", **RANGE, MaxResults=5) == "ResourceNotFoundException"
    assert api.code("list_archive_searches", ArchiveId="a-none") == "ResourceNotFoundException"
    for operation in ("get_archive_search", "get_archive_search_results", "stop_archive_search"):
        assert api.code(operation, SearchId="nothing") == "ValidationException"


def test_an_archive_pending_deletion_is_not_searched(api: LocalApi) -> None:
    archive_id = add(api)
    api.client.delete_archive(ArchiveId=archive_id)
    assert api.code("start_archive_search", ArchiveId=archive_id, **RANGE, MaxResults=5) == "ConflictException"


def test_searches_are_listed_newest_first_a_page_at_a_time(api: LocalApi, clock: Clock) -> None:
    archive_id = add(api)
    started = []
    for _ in range(5):
        started.append(api.client.start_archive_search(ArchiveId=archive_id, **RANGE, MaxResults=5)["SearchId"])
        clock.now += 10
    pages = api.client.get_paginator("list_archive_searches").paginate(
        ArchiveId=archive_id, PaginationConfig={"PageSize": 2}
    )
    assert [search["SearchId"] for page in pages for search in page["Searches"]] == started[::-1]


def test_both_ends_of_the_range_belong_to_it_and_rows_come_newest_first(api: LocalApi) -> None:
    archive_id = add(
        api, *(eml(Subject=str(second), Date=f"Sun, 1 Jun 2025 12:00:{second:02d} +0000") for second in range(10))
    )
    found = subjects(
        api,
        archive_id,
        FromTimestamp=NOON + timedelta(seconds=2),
        ToTimestamp=NOON + timedelta(seconds=5, milliseconds=900),
    )
    assert found == ["5", "4", "3", "2"]
    assert subjects(api, archive_id, MaxResults=3) == ["9", "8", "7"]
    assert subjects(api, archive_id, MaxResults=0) == []


def test_conditions(api: LocalApi) -> None:
    archive_id = add(
        api,
        eml(Subject="Invoice 7", From="Ann <ann@acme.example>", To="bob@here.example", Return_Path="<b@acme.example>"),
        eml(Subject="Invoice 8", From="Eve <eve@evil.example>", To="bob@here.example", Cc="kim@here.example"),
        eml(Subject="Lunch", From="ann@ACME.example", To="kim@here.example", Delivered_To="kim@deep.example"),
        eml(
            Subject="Photo",
            From="bob@here.example",
            Content_Type='multipart/mixed; boundary="x"',
            body='--x\r\n\r\nhi\r\n--x\r\nContent-Disposition: attachment; filename="p.png"\r\n\r\npng\r\n--x--\r\n',
        ),
    )

    def found(**filters: Any) -> set[str]:
        return set(subjects(api, archive_id, Filters=filters))

    assert found(Include=[contains("SUBJECT", "invoice")]) == {"Invoice 7", "Invoice 8"}
    assert found(Include=[contains("FROM", "acme.example")]) == {"Invoice 7", "Lunch"}
    assert found(Include=[contains("SUBJECT", "invoice"), contains("FROM", "acme")]) == {"Invoice 7"}
    assert found(Include=[contains("SUBJECT", "lunch", "photo")]) == {"Lunch", "Photo"}
    assert found(Include=[contains("CC", "kim")]) == {"Invoice 8"}
    assert found(Include=[contains("TO", "kim@")]) == {"Lunch"}
    assert found(Include=[contains("ENVELOPE_FROM", "b@acme")]) == {"Invoice 7"}
    assert found(Include=[contains("ENVELOPE_TO", "deep")]) == {"Lunch"}
    assert found(Include=[attachments("IS_TRUE")]) == {"Photo"}
    assert found(Include=[attachments("IS_FALSE"), contains("SUBJECT", "n")]) == {"Invoice 7", "Invoice 8", "Lunch"}
    assert found(Unless=[contains("SUBJECT", "invoice"), attachments("IS_TRUE")]) == {"Lunch"}
    assert found(Include=[contains("SUBJECT", "invoice")], Unless=[contains("FROM", "evil", "nobody")]) == {"Invoice 7"}
    assert found(Include=[contains("SUBJECT", "no such words at all")]) == set()


@pytest.mark.parametrize(
    ("subject", "value"),
    [
        ("=?utf-8?q?=C3=9Cberweisung?=", "überweisung"),
        ("=?iso-8859-1?q?Stra=DFe?=", "STRASSE"),
        ("=?iso-2022-jp?b?GyRCQEE1YT1xGyhC?=", "請求書"),
        ("a 100% bargain", "100%"),
        ('she said "yes"', '"yes"'),
        ("x_y", "x_y"),
        ("ab", "b"),
        ("ab", "ab"),
        ("tab\there", "tab\there"),
        ("NEAR AND NOT OR *", "and not or *"),
        ("e\u0301t\u00e9", "\u00e9te\u0301"),
    ],
)
def test_values_are_substrings_of_decoded_headers_in_any_case(api: LocalApi, subject: str, value: str) -> None:
    archive_id = add(api, eml(Subject=subject), eml(Subject="something else"))
    assert len(subjects(api, archive_id, Filters={"Include": [contains("SUBJECT", value)]})) == 1


TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=st.lists(TEXT, min_size=1, max_size=6), value=TEXT.filter(bool), unless=st.none() | TEXT.filter(bool))
def test_a_search_finds_what_a_look_at_every_message_finds(
    api: LocalApi, headers: list[str], value: str, unless: str | None
) -> None:
    archive_id = f"probe-{api.clock.now:.0f}"
    for archive in api.store.archives():
        with api.store.writing() as db:
            api.store.remove_archive(db, archive.number)
    archive_id = add(api, *(eml(Subject=f"{text} #{number}") for number, text in enumerate(headers)))

    def holds(subject: str, wanted: str) -> bool:
        plain = unicodedata.normalize("NFC", unicodedata.normalize("NFC", subject).casefold())
        return unicodedata.normalize("NFC", unicodedata.normalize("NFC", wanted).casefold()) in plain

    expected = {
        subject
        for number, text in enumerate(headers)
        if holds(subject := f"{text} #{number}".strip(), value) and not (unless and holds(subject, unless))
    }
    filters: dict[str, Any] = {"Include": [contains("SUBJECT", value)]}
    if unless:
        filters["Unless"] = [contains("SUBJECT", unless)]
    assert {fold(each) for each in subjects(api, archive_id, Filters=filters)} == {fold(each) for each in expected}
