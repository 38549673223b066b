"""What `doctor` says, and that it says no more than it found out."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mail_archive_server.backends import open_access, open_backend
from mail_archive_server.cli import main
from mail_archive_server.hosting import consoles
from mail_archive_server.identity.doctor import Examination, examine
from mail_archive_server.identity.report import lines
from mail_archive_tools.sandbox.confinement import PROTECTIONS
from tests.buckets import YEAR, destination, ended
from tests.folder import Folder, allow, policy, role_arn, trust

JUNE = {"FromTimestamp": "2025-05-25T00:00:00Z", "ToTimestamp": "2025-06-10T00:00:00Z", "MaxResults": 10}


def examined(folder: Folder, try_search: bool = False, **settings: Any) -> Examination:
    chosen = folder.settings(**settings)
    return examine(chosen, open_backend(chosen), try_search)


def results(found: Examination, archive_id: str) -> dict[str, str]:
    return {
        each.action.removeprefix("ses:"): each.result for each in found.permissions if each.archive_id == archive_id
    }


def test_who_and_how_and_until_when(folder: Folder) -> None:
    folder.identities(
        Roles=[{"RoleName": "analyst", "AssumeRolePolicyDocument": trust(), "Policies": [allow("ses:*")]}]
    )
    plain = examined(folder)
    assert (plain.arn, plain.account) == ("arn:aws:iam::000000000000:user/owner", "000000000000")
    assert (plain.region, plain.until, plain.kept_to) == ("us-east-1", None, "")
    narrow = examined(folder, archive=(folder.legal,), role_arn=role_arn("analyst"))
    assert narrow.arn == "arn:aws:sts::000000000000:assumed-role/analyst/mail-archive-mcp"
    assert narrow.credentials.endswith("then AssumeRole with a policy for this session")
    assert narrow.until is not None
    assert narrow.kept_to == f"{folder.legal}: by AWS (AssumeRole), and by this server"
    assert narrow.is_well


def test_each_permission_is_tried_on_what_is_there(folder: Folder) -> None:
    found = examined(folder, archive=(folder.legal,))
    assert results(found, "") == {"ListArchives": "allowed"}
    assert results(found, folder.legal) == {
        "GetArchive": "allowed",
        "ListArchiveSearches": "allowed",
        "StartArchiveSearch": "untried",
        "GetArchiveSearch": "allowed",
        "GetArchiveSearchResults": "allowed",
        "StopArchiveSearch": "allowed",
        "GetArchiveMessage": "allowed",
        "GetArchiveMessageContent": "allowed",
    }
    assert found.is_well
    searches = folder.client("mailmanager").list_archive_searches(ArchiveId=folder.legal)["Searches"]
    assert len(searches) == 1


def test_a_search_is_started_when_asked_for(folder: Folder) -> None:
    assert results(examined(folder, True, archive=(folder.legal,)), folder.legal)["StartArchiveSearch"] == "allowed"
    assert len(folder.client("mailmanager").list_archive_searches(ArchiveId=folder.legal)["Searches"]) == 2


def test_without_a_search_what_works_on_one_is_untried(folder: Folder) -> None:
    new = folder.client("mailmanager").create_archive(ArchiveName="new")["ArchiveId"]
    untried = {name for name, result in results(examined(folder, archive=(new,)), new).items() if result == "untried"}
    assert untried == {
        "StartArchiveSearch",
        "GetArchiveSearch",
        "GetArchiveSearchResults",
        "StopArchiveSearch",
        "GetArchiveMessage",
        "GetArchiveMessageContent",
    }


def test_what_is_denied_is_said_with_what_allows_it(folder: Folder) -> None:
    but = ["ses:GetArchiveMessage", "ses:GetArchive"]
    denying = policy({"Effect": "Deny", "Action": but[0], "Resource": "*"})
    others = [allow("ses:StartArchiveSearch", "ses:GetArchiveSearch*", "ses:List*", "ses:StopArchiveSearch")]
    folder.identities(
        Users=[{"UserName": "ana", "Policies": [*others, allow("ses:GetArchiveMessageContent"), denying]}]
    )
    found = examined(folder, profile="ana", archive=())
    assert not found.is_well
    on_legal = results(found, folder.legal)
    assert {name for name, result in on_legal.items() if result == "denied"} == {"GetArchive", "GetArchiveMessage"}
    text = "\n".join(lines(found))
    assert "denied   ses:GetArchiveMessage         with an explicit deny in an identity-based policy" in text
    assert f'"Action": ["ses:GetArchive", "ses:GetArchiveMessage"], "Resource": "{folder.arn(folder.legal)}"' in text


def test_only_what_the_chosen_tools_need_is_tried(folder: Folder) -> None:
    found = examined(folder, tools=("get_archive",), archive=(folder.legal,))
    assert [(each.action, each.result) for each in found.permissions] == [("ses:GetArchive", "allowed")]


def test_the_weaker_form_is_named(folder: Folder) -> None:
    never = policy({"Effect": "Deny", "Action": "sts:GetScopedCredentials", "Resource": "*"})
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:*"), never]}])
    found = examined(folder, profile="ana", archive=(folder.legal,), unscoped_ok=True)
    assert f"{folder.legal}: by this server alone, which is weaker (STS refused GetScopedCredentials" in found.kept_to
    refused = examined(folder, profile="ana", archive=(folder.legal,))
    assert "--unscoped-ok" in refused.problem and not refused.is_well and refused.permissions == []


def test_an_archive_that_is_not_there_has_failed(folder: Folder) -> None:
    found = examined(folder, archive=("a-none",))
    assert results(found, "a-none")["GetArchive"] == "failed"
    assert not found.is_well


def test_the_command_says_it_in_one_screen_and_by_its_status(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["doctor", "--local", str(folder.path), "--archive", folder.legal])
    text = capsys.readouterr().out
    assert "Identity      arn:aws:iam::000000000000:user/owner" in text
    assert "Mail is read in processes kept from: " in text
    assert "mail-archive-mcp 0.1.0, Python 3." in text
    assert len(text.splitlines()) <= 24
    folder.identities(Users=[{"UserName": "ana"}])
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--local", str(folder.path), "--archive", folder.legal, "--profile", "ana", "--json"])
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert told["Well"] is False
    assert {"Action": "ses:ListArchives", "Result": "denied", "Resource": "*"}.items() <= told["Permissions"][0].items()
    assert set(told["Protections"]) == set(PROTECTIONS)


def test_without_credentials_that_is_the_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--region", "eu-west-1"])
    text = capsys.readouterr().out
    assert "Identity      unknown" in text and "Problem       No AWS credentials were found." in text


def test_what_is_not_found_out_is_not_called_well() -> None:
    assert not dataclasses.replace(Examination(), problem="x").is_well


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("ask", "Changes: the client asks its user before each change (--consent ask)"),
        ("host", "Changes: the model is given the one-time code itself (--consent host)"),
    ],
)
def test_how_users_agree_is_said_where_something_can_be_changed(
    folder: Folder, capsys: pytest.CaptureFixture[str], form: str, said: str
) -> None:
    words = ["doctor", "--local", str(folder.path), "--archive", folder.legal, "--consent", form]
    main([*words, "--toolsets", "admin"])
    assert said in capsys.readouterr().out
    main([*words, "--toolsets", "admin", "--json"])
    assert json.loads(capsys.readouterr().out)["Consent"]["Form"] == form
    main(words)
    assert "Changes:" not in capsys.readouterr().out


def test_a_server_that_would_not_start_is_not_well(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consoles, "_PATH", "/dev/nowhere")
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--local", str(folder.path), "--toolsets", "admin", "--consent", "code"])
    assert ended.value.code == 1
    assert "--consent code shows its codes on the terminal that starts the server, and there is none" in (
        capsys.readouterr().out
    )


# Exports and changes


def test_what_exports_and_changes_need_is_tried_so_that_nothing_changes(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "buckets" / "evidence").mkdir(parents=True)
    more: dict[str, Any] = {"export_folder": tmp_path / "buckets", "toolsets": ("export", "admin")}
    more["export_to"] = ("s3://evidence/case", "s3://missing")
    access = open_access(folder.settings(**more))
    owner = access.client._connected()
    before = owner.get_archive(ArchiveId=folder.legal)
    found = examined(folder, archive=(folder.legal,), **more)
    there = results(found, "s3://evidence/case")
    assert (there["s3:ListBucket"], there["s3:PutObject"], there["s3:GetObject"]) == ("allowed", "allowed", "untried")
    missing = [each for each in found.permissions if each.archive_id == "s3://missing"]
    assert (missing[0].result, {each.result for each in missing[1:]}) == ("failed", {"untried"})
    assert not found.is_well
    on_archive = results(found, folder.legal)
    assert on_archive["ListTagsForResource"] == on_archive["TagResource"] == on_archive["UntagResource"] == "allowed"
    assert (
        on_archive["StartArchiveExport"] == on_archive["GetArchiveExport"] == on_archive["DeleteArchive"] == "untried"
    )
    told = "\n".join(lines(found))
    assert "Exports to s3://evidence/case" in told and "there is no such bucket" in told
    after = owner.get_archive(ArchiveId=folder.legal)
    assert all(before[name] == after[name] for name in ("ArchiveName", "ArchiveState", "Retention"))
    assert owner.list_tags_for_resource(ResourceArn=before["ArchiveArn"])["Tags"] == [{"Key": "team", "Value": "legal"}]
    assert list((tmp_path / "buckets" / "evidence").iterdir()) == []


def test_exports_that_have_ended_are_what_the_others_are_tried_on(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "buckets" / "evidence").mkdir(parents=True)
    more: dict[str, Any] = {
        "export_folder": tmp_path / "buckets",
        "toolsets": ("export",),
        "export_to": ("s3://evidence",),
    }
    client = open_access(folder.settings(**more)).client._connected()
    export_id = client.start_archive_export(
        ArchiveId=folder.legal, **YEAR, ExportDestinationConfiguration=destination("s3://evidence/case")
    )["ExportId"]
    ended(client, export_id)
    found = examined(folder, archive=(folder.legal,), **more)
    on_archive = results(found, folder.legal)
    assert on_archive["GetArchiveExport"] == on_archive["StopArchiveExport"] == "allowed"
    assert results(found, "s3://evidence")["s3:GetObject"] == "untried"
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:List*"), allow("ses:GetArchive")]}])
    denied = examined(folder, archive=(folder.legal,), profile="ana", **more)
    assert results(denied, folder.legal)["GetArchiveExport"] == "denied"
