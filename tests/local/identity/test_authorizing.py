"""Which operations a policy allows on what, and that a link obeys whoever asked for it."""

import threading
from typing import Any

import httpx

from tests.folder import NAMES, ROOT_OF_ACCOUNT, Folder, allow, policy, refused, role_arn, trust

JUNE = {"FromTimestamp": "2025-05-25T00:00:00Z", "ToTimestamp": "2025-06-10T00:00:00Z", "MaxResults": 10}
DENIED = "AccessDeniedException"


def test_a_policy_for_one_archive_opens_that_and_nothing_of_the_other(folder: Folder, door: str | None) -> None:
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:*", on=folder.arn(folder.legal))]}])
    owner, ana = folder.client("mailmanager", url=door), folder.client("mailmanager", "ana", url=door)
    of_board = owner.start_archive_search(ArchiveId=folder.board, **JUNE)["SearchId"]

    found = ana.start_archive_search(ArchiveId=folder.legal, **JUNE)["SearchId"]
    assert len(ana.get_archive_search_results(SearchId=found)["Rows"]) == 2
    assert ana.get_archive_message_content(ArchivedMessageId=folder.messages["legal"][0])["Body"]["Text"]
    # The service has no resource for it; granted on the archive is good enough.
    assert ana.list_archive_searches(ArchiveId=folder.legal)["Searches"]

    code, message = refused(ana.get_archive, ArchiveId=folder.board)
    assert code == DENIED
    assert message == (
        "User: arn:aws:iam::000000000000:user/ana is not authorized to perform: ses:GetArchive on resource: "
        f"{folder.arn(folder.board)} because no identity-based policy allows the ses:GetArchive action"
    )
    for call, members in (
        (ana.start_archive_search, {"ArchiveId": folder.board, **JUNE}),
        (ana.list_archive_searches, {"ArchiveId": folder.board}),
        (ana.get_archive_search, {"SearchId": of_board}),
        (ana.get_archive_search_results, {"SearchId": of_board}),
        (ana.stop_archive_search, {"SearchId": of_board}),
        (ana.get_archive_message, {"ArchivedMessageId": folder.messages["board"][0]}),
        (ana.get_archive_message_content, {"ArchivedMessageId": folder.messages["board"][0]}),
        (ana.delete_archive, {"ArchiveId": folder.board}),
        (ana.list_archives, {}),
    ):
        assert refused(call, **members)[0] == DENIED
    # That an id is none says nothing of the other archive.
    assert refused(ana.get_archive_message, ArchivedMessageId="none")[0] == "ValidationException"


def test_a_deny_on_an_archive_keeps_its_searches_from_a_right_to_all_lists(folder: Folder) -> None:
    never = {"Effect": "Deny", "Action": "ses:ListArchiveSearches", "Resource": folder.arn(folder.legal)}
    every = {"Effect": "Allow", "Action": "ses:ListArchiveSearches", "Resource": "*"}
    folder.identities(Users=[{"UserName": "ana", "Policies": [policy(every, never)]}])
    ana = folder.client("mailmanager", "ana")
    assert "Searches" in ana.list_archive_searches(ArchiveId=folder.board)
    code, words = refused(ana.list_archive_searches, ArchiveId=folder.legal)
    assert code == DENIED and "explicit deny" in words


def test_tags_of_archives_and_users_are_conditions(folder: Folder) -> None:
    same_team = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    folder.identities(
        Users=[{"UserName": "ana", "Tags": {"team": "board"}, "Policies": [allow("ses:Get*", Condition=same_team)]}]
    )
    ana = folder.client("mailmanager", "ana")
    assert ana.get_archive(ArchiveId=folder.board)["ArchiveName"] == "board"
    assert refused(ana.get_archive, ArchiveId=folder.legal)[0] == DENIED


def test_tags_that_an_archive_is_to_have_are_conditions(folder: Folder) -> None:
    only = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "StringEquals": {"aws:RequestTag/team": "legal"}}
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:CreateArchive", Condition=only)]}])
    ana = folder.client("mailmanager", "ana")
    assert refused(ana.create_archive, ArchiveName="new")[0] == DENIED
    more = [{"Key": "team", "Value": "legal"}, {"Key": "cost", "Value": "1"}]
    assert refused(ana.create_archive, ArchiveName="new", Tags=more)[0] == DENIED
    assert ana.create_archive(ArchiveName="new", Tags=more[:1])["ArchiveId"]


def test_from_where_and_when_are_conditions(folder: Folder, door: str | None) -> None:
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "DateLessThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"}}
    elsewhere = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    folder.identities(
        Users=[
            {"UserName": "ana", "Policies": [allow("ses:ListArchives", Condition=here)]},
            {"UserName": "bob", "Policies": [allow("ses:ListArchives", Condition=elsewhere)]},
        ]
    )
    assert folder.client("mailmanager", "ana", url=door).list_archives()
    assert refused(folder.client("mailmanager", "bob", url=door).list_archives)[0] == DENIED


def test_a_boundary_and_a_deny_bound(folder: Folder) -> None:
    never = policy({"Effect": "Deny", "NotAction": "ses:ListArchives", "Resource": "*"})
    folder.identities(
        Users=[
            {"UserName": "ana", "Policies": [allow("ses:*")], "PermissionsBoundary": allow("ses:ListArchives")},
            {"UserName": "bob", "Policies": [allow("ses:*"), never]},
        ]
    )
    for user, words in (("ana", "no permissions boundary allows"), ("bob", "explicit deny in an identity-based")):
        client = folder.client("mailmanager", user)
        assert client.list_archives()["Archives"]
        assert words in refused(client.get_archive, ArchiveId=folder.legal)[1]


def link_of(client: Any, message_id: str) -> str:
    return str(client.get_archive_message(ArchivedMessageId=message_id)["MessageDownloadLink"])


def test_a_link_obeys_whoever_asked_for_it(folder: Folder, door: str | None) -> None:
    reading = {"UserName": "ana", "Policies": [allow("ses:GetArchiveMessage", on=folder.arn(folder.legal))]}
    folder.identities(Users=[reading])
    link = link_of(folder.client("mailmanager", "ana", url=door), folder.messages["legal"][0])
    assert b"Only legal may read this." in httpx.get(link).content
    assert httpx.get(link.replace("ana", "owner")).status_code == 403
    folder.identities(Users=[{**reading, "Policies": []}])
    assert "may not read the message any more" in httpx.get(link).text
    folder.identities(Users=[])
    assert httpx.get(link).status_code == 403


def test_a_link_of_a_session_knows_its_tags(folder: Folder) -> None:
    by_tag = allow("ses:GetArchiveMessage", Condition={"StringEquals": {"aws:PrincipalTag/team": "legal"}})
    role = {
        "RoleName": "analyst",
        "Policies": [by_tag],
        "AssumeRolePolicyDocument": trust(ROOT_OF_ACCOUNT, "sts:AssumeRole", "sts:TagSession"),
    }
    folder.identities(Roles=[role])
    for team, status in (("legal", 200), ("board", None)):
        session = folder.client("sts").assume_role(
            RoleArn=role_arn("analyst"), RoleSessionName="ana", Tags=[{"Key": "team", "Value": team}]
        )["Credentials"]
        client = folder.client("mailmanager", **{name: session[name] for name in NAMES})
        if status is None:
            assert refused(client.get_archive_message, ArchivedMessageId=folder.messages["legal"][0])[0] == DENIED
        else:
            assert httpx.get(link_of(client, folder.messages["legal"][0])).status_code == status


def test_many_at_once_are_told_apart(folder: Folder) -> None:
    folder.identities(
        Users=[
            {"UserName": name, "Policies": [allow("ses:GetArchive", on=folder.arn(getattr(folder, name)))]}
            for name in ("legal", "board")
        ]
    )
    wrong: list[str] = []

    def ask(user: str, other: str) -> None:
        client = folder.client("mailmanager", user)
        for _ in range(20):
            if client.get_archive(ArchiveId=getattr(folder, user))["ArchiveName"] != user:
                wrong.append(user)
            if refused(client.get_archive, ArchiveId=getattr(folder, other))[0] != DENIED:
                wrong.append(other)

    threads = [threading.Thread(target=ask, args=each) for each in (("legal", "board"), ("board", "legal")) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
