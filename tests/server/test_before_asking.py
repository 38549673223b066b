"""What cannot be done is refused before the user is asked for it; what is asked says where it is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import ElicitResult

from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.hosting.published import published_tools
from mail_archive_server.settings import Settings
from mail_archive_tools.service.buckets import Location
from tests.buckets import BUCKETS
from tests.conftest import Sample, text_of
from tests.folder import Folder, allow

pytestmark = pytest.mark.anyio

PLACE = "in account 000000000000, Region us-east-1"


class Asked:
    """Calls over the archives of these settings, and what their user was asked, who declines."""

    def __init__(self, settings: Settings) -> None:
        self.questions: list[str] = []
        access = open_access(settings)
        self._server = build_server(lambda: access, tools=published_tools())

    async def call(self, tool: str, **arguments: Any) -> str:
        async def decline(context: Any, params: Any) -> ElicitResult:
            self.questions.append(params.message)
            return ElicitResult(action="decline")

        async with Client(self._server, elicitation_callback=decline) as client:
            return text_of(await client.call_tool(tool, arguments))


@pytest.fixture
async def user(own_sample: Sample) -> AsyncIterator[Asked]:
    yield Asked(Settings(local=own_sample.folder, search_seconds=0))


def export(sample: Sample) -> dict[str, Any]:
    return {
        "archive_id": sample.archive_id,
        "from_timestamp": "2025-01-01",
        "to_timestamp": "2025-12-31",
        "export_destination_configuration": {"s3": {"s3_location": "s3://evidence/case"}},
    }


@pytest.mark.parametrize("folder", [None, "missing", "file"])
async def test_an_export_that_would_go_nowhere_is_refused_without_a_question(
    own_sample: Sample, tmp_path: Path, folder: str | None
) -> None:
    (tmp_path / "file").write_bytes(b"")
    where = tmp_path / folder if folder else None
    user = Asked(Settings(local=own_sample.folder, search_seconds=0, export_folder=where, export_to=BUCKETS))
    said = await user.call("start_archive_export", **export(own_sample))
    assert "--export-folder DIR" in said and user.questions == []
    assert ("which is no folder" in said) == (folder is not None)


async def test_a_name_that_is_taken_is_refused_without_a_question(user: Asked, own_sample: Sample) -> None:
    said = await user.call("create_archive", archive_name="tidewater-2025")
    assert f'There is an archive "tidewater-2025" already ({own_sample.archive_id})' in said
    assert user.questions == []
    # Whoever comes with a token may have lost the answer of the call that made it.
    await user.call("create_archive", archive_name="tidewater-2025", client_token="a" * 32)
    assert len(user.questions) == 1


async def test_what_changes_nothing_is_refused_without_a_question(user: Asked, own_sample: Sample) -> None:
    archive = {"archive_id": own_sample.archive_id}
    kept = (await user.call("get_archive", **archive)).split("RetentionPeriod: ")[1].split()[0]
    same = {"archive_name": "tidewater-2025", "retention": {"retention_period": kept}}
    for name, value in same.items():
        said = await user.call("update_archive", **archive, **{name: value})
        assert "nothing to change" in said
    assert "nothing to change" in await user.call("update_archive", **archive, **same)
    assert user.questions == []


async def test_tags_that_are_there_are_not_set_again_nor_others_removed(folder: Folder) -> None:
    user = Asked(folder.settings())
    arn = folder.arn(folder.legal)
    owner = folder.client("mailmanager")
    owner.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "legal"}])

    set_again = await user.call("tag_archive", resource_arn=arn, tags=[{"key": "team", "value": "legal"}])
    assert "has these tags already" in set_again
    removed = await user.call("untag_archive", resource_arn=arn, tag_keys=["case", "Team"])
    assert "has none of these tags" in removed
    assert user.questions == []

    # One of two is reason enough to ask.
    both = [{"key": "team", "value": "legal"}, {"key": "case", "value": "9"}]
    await user.call("tag_archive", resource_arn=arn, tags=both)
    await user.call("tag_archive", resource_arn=arn, tags=[{"key": "team", "value": "other"}])
    await user.call("untag_archive", resource_arn=arn, tag_keys=["team", "case"])
    assert len(user.questions) == 3


async def test_whoever_may_not_list_tags_is_asked_all_the_same(folder: Folder) -> None:
    actions = ("ses:GetArchive", "ses:UntagResource")
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow(*actions)]}])
    user = Asked(folder.settings(profile="ana"))
    await user.call("untag_archive", resource_arn=folder.arn(folder.legal), tag_keys=["never-there"])
    assert len(user.questions) == 1


async def test_a_question_has_only_what_changes(user: Asked, own_sample: Sample) -> None:
    given = {"archive_id": own_sample.archive_id, "archive_name": "tidewater-2025"}
    await user.call("update_archive", **given, retention={"retention_period": "TEN_YEARS"})
    (question,) = user.questions
    assert "Mail is kept for: ten years, instead of" in question and "New name" not in question


async def test_whoever_may_not_list_archives_is_asked_all_the_same(folder: Folder) -> None:
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:CreateArchive")]}])
    user = Asked(folder.settings(profile="ana"))
    await user.call("create_archive", archive_name="new-one")
    assert len(user.questions) == 1


async def test_a_server_that_keeps_to_its_archives_makes_none_and_asks_nobody(own_sample: Sample) -> None:
    user = Asked(Settings(local=own_sample.folder, search_seconds=0, archive=(own_sample.archive_id,)))
    said = await user.call("create_archive", archive_name="new-one")
    assert "keeps to the archives that --archive names" in said and user.questions == []


async def test_each_question_says_in_which_account_and_region_its_archive_is(
    own_sample: Sample, tmp_path: Path
) -> None:
    settings = Settings(local=own_sample.folder, search_seconds=0, export_folder=tmp_path, export_to=BUCKETS)
    user = Asked(settings)
    archive = {"archive_id": own_sample.archive_id}
    arn = f"arn:aws:ses:us-east-1:000000000000:mailmanager-archive/{own_sample.archive_id}"
    calls: dict[str, dict[str, Any]] = {
        "start_archive_export": export(own_sample),
        "update_archive": {**archive, "archive_name": "other"},
        "delete_archive": archive,
        "tag_archive": {"resource_arn": arn, "tags": [{"key": "a", "value": "b"}]},
        "untag_archive": {"resource_arn": arn, "tag_keys": ["old"]},
    }
    open_access(settings).client._connected().tag_resource(ResourceArn=arn, Tags=[{"Key": "old", "Value": ""}])
    for tool, given in calls.items():
        await user.call(tool, **given)
        assert f'\nArchive: "tidewater-2025" ({own_sample.archive_id}) {PLACE}\n' in f"{user.questions[-1]}\n"
    await user.call("create_archive", archive_name="other")
    assert "\nRegion: us-east-1\n" in user.questions[-1]
    assert len(user.questions) == len(calls) + 1


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("s3://b/p/", "3 to 63 characters, and this one 1"),
        ("s3://B_/x", "3 to 63 characters, and this one 2"),
        ("s3://my_bucket/x", "letters a-z, digits, - and . alone, and this one others"),
        ("s3://-bucket/x", "a letter or digit at its beginning and end"),
        ("s3://bucket/a//b", "no part between slashes that is empty"),
    ],
)
def test_a_place_is_refused_with_the_rule_that_it_breaks(url: str, rule: str) -> None:
    with pytest.raises(ValueError) as refused:
        Location.named(url)
    assert rule in str(refused.value)


async def test_a_text_in_the_place_of_an_object_is_answered_with_the_object(user: Asked, own_sample: Sample) -> None:
    given = {**export(own_sample), "export_destination_configuration": "s3://evidence/case"}
    said = await user.call("start_archive_export", **given)
    assert "export_destination_configuration.s3.s3_location, for instance" in said
    assert '{"s3": {"s3_location": "s3://evidence/case"}}' in said and "ExportDestination" not in said
    said = await user.call("create_archive", archive_name="new-one", retention="TEN_YEARS")
    assert "takes an object: retention.retention_period, for instance" in said and "NewRetention" not in said
    assert user.questions == []
