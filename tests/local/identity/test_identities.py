"""`identity.json`: what it may hold, what refuses to load, and that a change is taken up at once."""

import json
from typing import Any

import pytest

from mail_archive_local.identity.failures import IdentityError
from mail_archive_local.identity.identities import IdentityFile
from tests.folder import Folder, allow, refused, trust

ROLE = {"RoleName": "analyst", "AssumeRolePolicyDocument": trust()}
PROVIDER = {"Url": "https://idp.example", "ClientIDList": ["mail"], "Keys": {"keys": []}}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"Groups": []}, r"identity\.json has Groups, which is not known here"),
        ({"Users": {}}, "Users must be a list"),
        ({"Users": [{}]}, r"Users\[0\] has no UserName"),
        ({"Users": [{"UserName": "a b"}]}, r"Users\[0\]\.UserName must be 1 to 64 letters"),
        ({"Users": [{"UserName": "a", "AccessKeys": []}]}, r"Users\[0\] has AccessKeys, which is not known here"),
        ({"Users": [{"UserName": "owner"}]}, "the user owner is the folder's own user, who is always there"),
        ({"Users": [{"UserName": "ana"}, {"UserName": "Ana"}]}, "the user Ana occurs twice"),
        ({"Users": [{"UserName": "a", "Tags": {"x": 1}}]}, r"Users\[0\]\.Tags: 'x' or its value"),
        ({"Users": [{"UserName": "a", "Policies": {}}]}, r"Users\[0\]\.Policies must be a list of policies"),
        ({"Users": [{"UserName": "a", "Policies": [{}]}]}, r"Users\[0\]\.Policies\[0\]\.Statement must be a list"),
        ({"Users": [{"UserName": "a", "Policies": ["../x"]}]}, r"'\.\./x' must be the name of a file beside"),
        ({"Users": [{"UserName": "a", "Policies": ["none.json"]}]}, r"none\.json cannot be read \(No such file"),
        ({"Users": [{"UserName": "a", "PermissionsBoundary": 1}]}, r"PermissionsBoundary must be an object"),
        ({"Roles": [{"RoleName": "a"}]}, r"Roles\[0\] has no AssumeRolePolicyDocument"),
        ({"Roles": [{**ROLE, "AssumeRolePolicyDocument": allow("sts:*")}]}, "has Resource, which is not known here"),
        ({"Roles": [{**ROLE, "MaxSessionDuration": 60}]}, r"MaxSessionDuration must be a number of seconds from 3600"),
        ({"OpenIDConnectProviders": [{**PROVIDER, "Url": "http://idp"}]}, r"\[0\]\.Url must be a URL with https"),
        ({"OpenIDConnectProviders": [{**PROVIDER, "ClientIDList": []}]}, "ClientIDList must be a list of strings"),
        ({"OpenIDConnectProviders": [{**PROVIDER, "Keys": {}}]}, "Keys must be a set of JSON Web Keys"),
    ],
)
def test_what_is_not_known_refuses_to_load(folder: Folder, members: dict[str, Any], words: str) -> None:
    folder.identities(**members)
    with pytest.raises(IdentityError, match=words):
        IdentityFile(folder.path).identities()


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff", b"[" * 200_000])
def test_what_is_no_json_object_refuses_to_load(folder: Folder, text: bytes) -> None:
    (folder.path / "identity.json").write_bytes(text)
    with pytest.raises(IdentityError, match=r"identity\.json.*Mend it; nobody is let in meanwhile"):
        IdentityFile(folder.path).identities()


def test_without_the_file_the_owner_may_do_everything(folder: Folder) -> None:
    assert list(IdentityFile(folder.path).identities().users) == ["owner"]
    assert folder.client("mailmanager").list_archives()["Archives"]


def test_a_policy_may_stand_in_a_file_of_its_own(folder: Folder) -> None:
    (folder.path / "analyst.json").write_text(json.dumps(allow("ses:GetArchive", on=folder.arn(folder.legal))))
    folder.identities(Users=[{"UserName": "ana", "Policies": ["analyst.json"]}])
    ana = folder.client("mailmanager", "ana")
    assert ana.get_archive(ArchiveId=folder.legal)["ArchiveName"] == "legal"
    assert refused(ana.get_archive, ArchiveId=folder.board)[0] == "AccessDeniedException"


def test_a_change_holds_at_once_and_a_broken_file_lets_nobody_in(folder: Folder) -> None:
    ana = {"UserName": "ana", "Policies": [allow("ses:ListArchives")]}
    folder.identities(Users=[ana])
    client = folder.client("mailmanager", "ana")
    assert len(client.list_archives()["Archives"]) == 2
    folder.identities(Users=[{**ana, "Policies": []}])
    assert refused(client.list_archives)[0] == "AccessDeniedException"
    folder.identities(Users=[{**ana, "Policies": 1}])
    code, message = refused(client.list_archives)
    assert code == "LocalArchiveUnavailable" and "Users[0].Policies must be a list" in message
    folder.identities(Users=[])
    assert refused(client.list_archives)[0] == "UnrecognizedClientException"
