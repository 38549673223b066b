"""Nothing is changed before the user agreed: asked by the client on both eras, or by a one-time code."""

import re
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult

from mail_archive_server.app import build_server
from mail_archive_server.hosting.consenting import Consents
from mail_archive_server.hosting.published import published_tools
from mail_archive_tools.access import Access
from mail_archive_tools.catalog import CATALOG
from mail_archive_tools.errors import NotConsented
from tests.buckets import export_access, folder_objects
from tests.conftest import ERAS, Sample, text_of

pytestmark = pytest.mark.anyio

Answer = Callable[[Any], ElicitResult]


def accept(params: Any) -> ElicitResult:
    """Type what has to be typed, and agree."""
    named = params.requested_schema["properties"]
    return ElicitResult(action="accept", content={"name": "tidewater-2025"} if named else {})


def decline(params: Any) -> ElicitResult:
    return ElicitResult(action="decline")


def cancel(params: Any) -> ElicitResult:
    return ElicitResult(action="cancel")


class Host:
    """A client over the sample, and what its user was asked."""

    def __init__(self, client: Client, asked: list[Any], access: Access) -> None:
        self.client, self.asked, self.access = client, asked, access

    async def call(self, tool: str, **arguments: Any) -> tuple[bool, str, dict[str, Any]]:
        result = await self.client.call_tool(tool, arguments)
        return bool(result.is_error), text_of(result), result.structured_content or {}


@pytest.fixture
def buckets(tmp_path: Path) -> Path:
    (tmp_path / "buckets" / "evidence").mkdir(parents=True)
    return tmp_path / "buckets"


@pytest.fixture
def access(own_sample: Sample, buckets: Path) -> Iterator[Access]:
    made = export_access(own_sample.folder, buckets)
    client = made.client._connected()
    arn = client.get_archive(ArchiveId=own_sample.archive_id)["ArchiveArn"]
    # What is not there is not asked about: there is a tag to remove.
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "old", "Value": ""}])
    yield made
    made.reader.sandbox.close()


@asynccontextmanager
async def host(access: Access, era: Any, answer: Answer | None, form: Literal["ask", "host"] = "ask") -> Any:
    """A client whose user answers so; None: it cannot ask."""
    asked: list[Any] = []

    async def ask(context: Any, params: Any) -> ElicitResult:
        asked.append(params)
        assert answer is not None
        return answer(params)

    server = build_server(lambda: access, tools=published_tools(), consents=Consents(form))
    async with Client(server, mode=era, elicitation_callback=None if answer is None else ask) as client:
        yield Host(client, asked, access)


async def state_of(access: Access, sample: Sample, buckets: Path) -> Any:
    """All that a tool could have changed."""
    details = await access.client.get_archive(sample.archive_id)
    tags = await access.client.list_archive_tags(details["ArchiveArn"])
    exports = await access.client.list_archive_exports(sample.archive_id, 50)
    archives = await access.client.list_archives(50)
    gone = ("ResponseMetadata",)
    return [
        {name: value for name, value in each.items() if name not in gone}
        for each in (details, tags, exports, archives, folder_objects(buckets))
    ]


def changes(sample: Sample, arn: str) -> dict[str, dict[str, Any]]:
    """Arguments of each tool that changes something, the deletion last."""
    archive = {"archive_id": sample.archive_id}
    return {
        "start_archive_export": {
            **archive,
            "from_timestamp": "2025-01-01",
            "to_timestamp": "2025-12-31",
            "export_destination_configuration": {"s3": {"s3_location": "s3://evidence/case"}},
        },
        "create_archive": {"archive_name": "new-one"},
        "update_archive": {**archive, "retention": {"retention_period": "TEN_YEARS"}},
        "tag_archive": {"resource_arn": arn, "tags": [{"key": "team", "value": "legal"}]},
        "untag_archive": {"resource_arn": arn, "tag_keys": ["old"]},
        "delete_archive": archive,
    }


async def arn_of(access: Access, sample: Sample) -> str:
    return str((await access.client.get_archive(sample.archive_id))["ArchiveArn"])


WRITING = {entry.name for entry in CATALOG if entry.toolset != "read" and not entry.read_only}


@pytest.mark.parametrize("era", ERAS)
async def test_what_the_user_agrees_to_is_done(access: Access, own_sample: Sample, era: Any) -> None:
    arguments = changes(own_sample, await arn_of(access, own_sample))
    assert {*arguments, "stop_archive_export"} == WRITING
    async with host(access, era, accept) as user:
        for tool, given in arguments.items():
            failed, text, structured = await user.call(tool, **given)
            assert not failed, (tool, text)
            if tool == "start_archive_export":
                export_id = structured["ExportId"]
                failed, text, _ = await user.call("stop_archive_export", export_id=export_id)
                assert not failed, text
                await user.call("get_archive_export", export_id=export_id, wait_seconds=20)
    messages = [params.message for params in user.asked]
    assert len(messages) == len(WRITING)
    named = [message for message in messages if own_sample.archive_id in message]
    assert len(named) == len(WRITING) - 1
    assert '"tidewater-2025" (' in named[0] and "s3://evidence/case" in named[0]
    assert "Messages: 300, which is all that was received in that time, counted just now" in named[0]
    assert (await access.client.get_archive(own_sample.archive_id))["ArchiveState"] == "PENDING_DELETION"


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("answer", [decline, cancel, None], ids=["declined", "closed", "not to be asked"])
async def test_without_the_users_word_nothing_is_changed(
    access: Access, own_sample: Sample, buckets: Path, era: Any, answer: Answer | None
) -> None:
    before = await state_of(access, own_sample, buckets)
    async with host(access, era, answer) as user:
        for tool, given in changes(own_sample, await arn_of(access, own_sample)).items():
            failed, text, structured = await user.call(tool, **given)
            assert failed and structured == {}
            assert "nothing was changed" in text
            # Other ways to ask are for whoever runs a server whose clients cannot.
            assert ("--consent code" in text and "MAIL_ARCHIVE_CONSENT=code" in text) == (answer is None)
            # A code is the other way: none is handed out where it was not chosen.
            assert "consent_code=" not in text
    assert await state_of(access, own_sample, buckets) == before


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("typed", ["", "tidewater", "TIDEWATER-2025", "yes"])
async def test_a_deletion_wants_the_name_typed(access: Access, own_sample: Sample, era: Any, typed: str) -> None:
    def types(params: Any) -> ElicitResult:
        assert params.requested_schema["required"] == ["name"]
        return ElicitResult(action="accept", content={"name": typed})

    async with host(access, era, types) as user:
        failed, text, _ = await user.call("delete_archive", archive_id=own_sample.archive_id)
    assert failed and "is not tidewater-2025" in text and "nothing was changed" in text and "--consent" not in text
    (params,) = user.asked
    assert "cannot be taken back" in params.message and "30 days" in params.message
    assert (await access.client.get_archive(own_sample.archive_id))["ArchiveState"] == "ACTIVE"


async def test_what_is_no_longer_what_was_asked_is_asked_anew(access: Access, own_sample: Sample) -> None:
    """The archive is renamed while the user reads the question."""
    asked: list[str] = []

    def rename_first(params: Any) -> ElicitResult:
        asked.append(params.message)
        if len(asked) == 1:
            client = access.client._connected()
            client.update_archive(ArchiveId=own_sample.archive_id, ArchiveName="renamed")
        return accept(params)

    arn = await arn_of(access, own_sample)
    async with host(access, "auto", rename_first) as user:
        failed, text, _ = await user.call("tag_archive", resource_arn=arn, tags=[{"key": "a", "value": "b"}])
    assert not failed, text
    assert '"tidewater-2025" (' in asked[0] and '"renamed" (' in asked[1]


async def test_an_agreement_is_good_for_one_call(access: Access, own_sample: Sample) -> None:
    """A host that sends the user's answer once more is asked once more."""
    arn = await arn_of(access, own_sample)
    arguments = {"resource_arn": arn, "tags": [{"key": "a", "value": "b"}]}
    async with host(access, "auto", accept) as user:
        session = user.client.session
        first = await session.call_tool("tag_archive", arguments, allow_input_required=True)
        again = {"input_responses": {"consent": accept(first.input_requests["consent"].params)}}
        state = {"request_state": first.request_state}
        done = await session.call_tool("tag_archive", arguments, allow_input_required=True, **again, **state)
        # As it was before: there is something to change again.
        access.client._connected().untag_resource(ResourceArn=arn, TagKeys=["a"])
        replayed = await session.call_tool("tag_archive", arguments, allow_input_required=True, **again, **state)
        assert done.result_type == "complete" and replayed.result_type == "input_required"
        # The same word for something else is none.
        other = {"resource_arn": arn, "tags": [{"key": "a", "value": "c"}]}
        with pytest.raises(MCPError):
            await session.call_tool("tag_archive", other, allow_input_required=True, **again, **state)


# By a code


def code_in(text: str) -> str:
    found = re.search(r"consent_code=([a-z0-9]{8})\b", text)
    assert found, text
    return found[1]


@pytest.mark.parametrize("era", ERAS)
async def test_a_code_lets_the_second_call_do_it(access: Access, own_sample: Sample, buckets: Path, era: Any) -> None:
    before = await state_of(access, own_sample, buckets)
    async with host(access, era, None, "host") as user:
        arguments = changes(own_sample, await arn_of(access, own_sample))
        for tool, given in arguments.items():
            failed, text, _ = await user.call(tool, **given)
            assert failed and "Nothing was changed yet" in text and code_in(text)
        assert await state_of(access, own_sample, buckets) == before
        for tool, given in arguments.items():
            _, text, _ = await user.call(tool, **given)
            typed = {"archive_name": "tidewater-2025"} if tool == "delete_archive" else {}
            failed, text, structured = await user.call(tool, **given, **typed, consent_code=code_in(text))
            assert not failed, (tool, text)
            if tool == "start_archive_export":
                await user.call("get_archive_export", export_id=structured["ExportId"], wait_seconds=20)
    assert (await access.client.get_archive(own_sample.archive_id))["ArchiveState"] == "PENDING_DELETION"


async def test_a_code_is_good_once_and_for_exactly_that(access: Access, own_sample: Sample) -> None:
    arn = await arn_of(access, own_sample)
    async with host(access, "auto", None, "host") as user:

        async def tag(value: str, code: str | None = None) -> tuple[bool, str]:
            more = {"consent_code": code} if code else {}
            tags = [{"key": "case", "value": value}]
            failed, text, _ = await user.call("tag_archive", resource_arn=arn, tags=tags, **more)
            return failed, text

        code = code_in((await tag("7"))[1])
        failed, text = await tag("8", code)
        assert failed and "shown for something else" in text and code_in(text) != code
        assert (await tag("7", f" {code.upper()} "))[0] is False
        tags = (await access.client.list_archive_tags(arn))["Tags"]
        assert {"Key": "case", "Value": "7"} in tags
        # As it was before: there is something to change again.
        access.client._connected().untag_resource(ResourceArn=arn, TagKeys=["case"])
        failed, text = await tag("7", code)
        assert failed and "was used already" in text
        assert (await tag("9", "guessed1"))[0] is True
    tags = (await access.client.list_archive_tags(arn))["Tags"]
    assert tags == [{"Key": "old", "Value": ""}]


async def test_a_code_gets_too_old(access: Access, own_sample: Sample) -> None:
    from mail_archive_tools.calls.consent import Change

    class Caller:
        """The context of a call, where a code needs nothing of it."""

    consent = Consents("host", code_seconds=0).of(Caller())  # type: ignore[arg-type]
    change = Change("Do it?", {"What": "this"})
    with pytest.raises(NotConsented) as refused:
        await consent(change)
    with pytest.raises(NotConsented, match="too old"):
        await consent(change, code_in(str(refused.value)))


async def test_each_answer_and_the_log_say_that_the_host_alone_asks(
    access: Access, own_sample: Sample, caplog: pytest.LogCaptureFixture
) -> None:
    arn = await arn_of(access, own_sample)
    arguments: dict[str, dict[str, Any]] = {
        "create_archive": {"archive_name": "new-one"},
        "update_archive": {"archive_id": own_sample.archive_id, "archive_name": "renamed"},
        "tag_archive": {"resource_arn": arn, "tags": [{"key": "team", "value": "legal"}]},
        "untag_archive": {"resource_arn": arn, "tag_keys": ["team"]},
    }
    async with host(access, "auto", None, "host") as user:
        for tool, given in arguments.items():
            _, asked, _ = await user.call(tool, **given)
            assert "No person was asked by this server" in asked and "--consent host" in asked
            caplog.clear()
            failed, text, structured = await user.call(tool, **given, consent_code=code_in(asked))
            assert not failed and "No person was asked by this server" in text
            assert any("No person was asked by this server" in note for note in structured["Notes"])
            assert "Agreed to by --consent host" in caplog.text and "legal" not in caplog.text
    async with host(access, "auto", accept) as user:
        failed, text, structured = await user.call("tag_archive", **arguments["tag_archive"])
        assert not failed and "Notes" not in structured and "No person" not in text


async def test_a_change_has_one_code_at_a_time(access: Access, own_sample: Sample) -> None:
    """A model that asks a thousand times has not a thousand codes to guess."""
    tag = {"resource_arn": await arn_of(access, own_sample), "tags": [{"key": "a", "value": "b"}]}
    async with host(access, "auto", None, "host") as user:
        codes = [code_in((await user.call("tag_archive", **tag))[1]) for _ in range(3)]
        for code in codes[:2]:
            failed, text, _ = await user.call("tag_archive", **tag, consent_code=code)
            assert failed and "a newer one took its place" in text and code_in(text) == codes[2]


@pytest.mark.parametrize("wrong", [1, 2, 3])
async def test_a_code_outlasts_two_wrong_ones_and_its_end_is_said(
    access: Access, own_sample: Sample, wrong: int
) -> None:
    tag = {"resource_arn": await arn_of(access, own_sample), "tags": [{"key": "a", "value": "b"}]}
    async with host(access, "auto", None, "host") as user:
        code = code_in((await user.call("tag_archive", **tag))[1])
        for left in ("2 more wrong ones", "one more wrong one", "")[:wrong]:
            failed, text, _ = await user.call("tag_archive", **tag, consent_code="abcdefgh")
            assert failed and "That code is not the one that was given for this." in text
            assert (f"is still good; after {left} it is void" in text) == bool(left)
            assert ("is void after 3 wrong ones; a new one takes its place" in text) != bool(left)
        newest = code_in(text)
        failed, text, _ = await user.call("tag_archive", **tag, consent_code=code)
        assert failed == (wrong == 3)
        if failed:
            # The wrong ones before counted for the code that ended with them.
            assert "That code is void after 3 wrong ones. The one that was given for this is still good" in text
            assert (await user.call("tag_archive", **tag, consent_code=newest))[0] is False


async def test_a_wrong_code_does_not_void_that_of_a_second_question(
    access: Access, own_sample: Sample, buckets: Path
) -> None:
    """The second code stands for both questions of an export."""
    (buckets / "evidence" / "case").mkdir()
    (buckets / "evidence" / "case" / "old.eml").write_bytes(b"")
    export = changes(own_sample, "")["start_archive_export"]
    async with host(access, "auto", None, "host") as user:
        first = code_in((await user.call("start_archive_export", **export))[1])
        _, second, _ = await user.call("start_archive_export", **export, consent_code=first)
        failed, text, _ = await user.call("start_archive_export", **export, consent_code="abcdefgh")
        assert failed and "is still good" in text and "Export all the same?" in text
        assert code_in(text) == code_in(second)
        assert (await user.call("start_archive_export", **export, consent_code=code_in(text)))[0] is False


async def test_a_code_that_was_tried_on_something_else_lets_nothing_happen_later(
    access: Access, own_sample: Sample
) -> None:
    arn = await arn_of(access, own_sample)

    def tag(value: str) -> dict[str, Any]:
        return {"resource_arn": arn, "tags": [{"key": "case", "value": value}]}

    async with host(access, "auto", None, "host") as user:
        of_seven = code_in((await user.call("tag_archive", **tag("7")))[1])
        of_eight = code_in((await user.call("tag_archive", **tag("8"), consent_code=of_seven))[1])
        assert (await user.call("tag_archive", **tag("7"), consent_code=of_eight))[0]
    assert (await access.client.list_archive_tags(arn))["Tags"] == [{"Key": "old", "Value": ""}]


@pytest.mark.parametrize("name", ["", "tidewater", None])
async def test_a_code_deletes_nothing_without_the_name(access: Access, own_sample: Sample, name: str | None) -> None:
    async with host(access, "auto", None, "host") as user:
        archive = {"archive_id": own_sample.archive_id}
        _, text, _ = await user.call("delete_archive", **archive)
        assert "archive_name, as the user types it" in text and "tidewater-2025" in text
        given = {**archive, "consent_code": code_in(text), "archive_name": name}
        failed, text, _ = await user.call("delete_archive", **given)
    assert failed and "is not the archive's" in text
    assert (await access.client.get_archive(own_sample.archive_id))["ArchiveState"] == "ACTIVE"


async def test_mail_has_no_word_in_a_question(access: Access, own_sample: Sample) -> None:
    """What an archive is called may have been chosen by others: a question stays a line for each fact."""
    arn = await arn_of(access, own_sample)
    async with host(access, "auto", decline) as user:
        await user.call("tag_archive", resource_arn=arn, tags=[{"key": "a", "value": "b"}])
    lines = user.asked[0].message.splitlines()
    assert lines[0] == "Set tags of this archive?" and lines[1].startswith("Archive: ")
    assert [line.partition(":")[0] for line in lines[1:]] == ["Archive", "Tags", '- "a" is "b"', "Mind"]
