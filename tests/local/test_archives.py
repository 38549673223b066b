"""The archive operations, as a boto3 client meets them."""

from tests.conftest import Clock, LocalApi

DAY = 86_400


def test_an_archive_has_what_it_was_made_with(api: LocalApi) -> None:
    made = api.client.create_archive(
        ArchiveName="legal", Retention={"RetentionPeriod": "TEN_YEARS"}, Tags=[{"Key": "team", "Value": "legal"}]
    )
    archive = api.client.get_archive(ArchiveId=made["ArchiveId"])
    assert made["ArchiveId"].startswith("a-") and len(made["ArchiveId"]) == 28
    assert archive["ArchiveName"] == "legal"
    assert archive["ArchiveState"] == "ACTIVE"
    assert archive["Retention"] == {"RetentionPeriod": "TEN_YEARS"}
    assert archive["ArchiveArn"].endswith(f":mailmanager-archive/{made['ArchiveId']}")
    assert archive["CreatedTimestamp"].timestamp() == api.clock.now
    assert "KmsKeyArn" not in archive


def test_retention_is_six_months_unless_said(api: LocalApi) -> None:
    made = api.client.create_archive(ArchiveName="plain")
    assert api.client.get_archive(ArchiveId=made["ArchiveId"])["Retention"] == {"RetentionPeriod": "SIX_MONTHS"}


def test_names_of_active_archives_are_unique(api: LocalApi) -> None:
    first = api.client.create_archive(ArchiveName="legal")
    assert api.code("create_archive", ArchiveName="legal") == "ConflictException"
    api.client.delete_archive(ArchiveId=first["ArchiveId"])
    assert api.client.create_archive(ArchiveName="legal")["ArchiveId"] != first["ArchiveId"]


def test_a_client_token_makes_one_archive(api: LocalApi) -> None:
    first = api.client.create_archive(ArchiveName="legal", ClientToken="once")
    assert api.client.create_archive(ArchiveName="legal", ClientToken="once")["ArchiveId"] == first["ArchiveId"]
    assert api.code("create_archive", ArchiveName="other", ClientToken="once") == "ConflictException"


def test_an_eleventh_active_archive_is_over_the_quota(api: LocalApi) -> None:
    for number in range(10):
        api.client.create_archive(ArchiveName=f"archive-{number}")
    assert api.code("create_archive", ArchiveName="eleventh") == "ServiceQuotaExceededException"


def test_lists_are_paged_in_the_order_of_making(api: LocalApi) -> None:
    names = [f"archive-{number}" for number in range(7)]
    for name in names:
        api.client.create_archive(ArchiveName=name)
    pages = list(api.client.get_paginator("list_archives").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Archives"]) for page in pages] == [3, 3, 1]
    assert [archive["ArchiveName"] for page in pages for archive in page["Archives"]] == names
    assert api.code("list_archives", NextToken="bm9uc2Vuc2U=") == "ValidationException"


def test_what_is_deleted_is_shown_as_pending_and_gone_after_thirty_days(api: LocalApi, clock: Clock) -> None:
    archive_id = api.client.create_archive(ArchiveName="legal")["ArchiveId"]
    api.client.delete_archive(ArchiveId=archive_id)
    assert api.client.get_archive(ArchiveId=archive_id)["ArchiveState"] == "PENDING_DELETION"
    assert api.code("delete_archive", ArchiveId=archive_id) == "ConflictException"
    assert api.code("update_archive", ArchiveId=archive_id, ArchiveName="again") == "ConflictException"
    clock.now += 31 * DAY
    assert api.client.list_archives()["Archives"] == []
    assert api.code("get_archive", ArchiveId=archive_id) == "ResourceNotFoundException"


def test_deleting_what_never_was_succeeds(api: LocalApi) -> None:
    api.client.delete_archive(ArchiveId="a-nosucharchive")
    assert api.client.list_archives()["Archives"] == []


def test_retention_changes_once_a_week(api: LocalApi, clock: Clock) -> None:
    archive_id = api.client.create_archive(ArchiveName="legal")["ArchiveId"]
    api.client.update_archive(ArchiveId=archive_id, Retention={"RetentionPeriod": "ONE_YEAR"}, ArchiveName="legal-2")
    again = {"ArchiveId": archive_id, "Retention": {"RetentionPeriod": "TWO_YEARS"}}
    assert api.code("update_archive", **again) == "ServiceQuotaExceededException"
    clock.now += 8 * DAY
    api.client.update_archive(**again)
    archive = api.client.get_archive(ArchiveId=archive_id)
    assert archive["Retention"]["RetentionPeriod"] == "TWO_YEARS"
    assert archive["ArchiveName"] == "legal-2"
    assert archive["LastUpdatedTimestamp"].timestamp() == clock.now


def test_a_renamed_archive_may_not_take_anothers_name(api: LocalApi) -> None:
    api.client.create_archive(ArchiveName="legal")
    other = api.client.create_archive(ArchiveName="sales")["ArchiveId"]
    assert api.code("update_archive", ArchiveId=other, ArchiveName="legal") == "ConflictException"
    assert api.code("update_archive", ArchiveId="a-none", ArchiveName="x1") == "ResourceNotFoundException"
