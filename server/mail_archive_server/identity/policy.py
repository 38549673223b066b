"""The smallest IAM policies for chosen tools and archives, derived from what the catalog says that each tool needs.

Resources are those of AWS's Service Authorization Reference: all actions on archives authorize on the archive's ARN,
and the List actions on `*`, since they have no resource type.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mail_archive_server.hosting.published import PublishedTool
from mail_archive_server.settings import Settings

SESSION_POLICY_CHARACTERS = 2_048
"""The longest session policy that STS takes."""

ANY = "*"

_VERSION = "2012-10-17"

Document = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where archives are; `*` is what is not known."""

    partition: str = "aws"
    region: str = ANY
    account: str = ANY

    def archive(self, archive_id: str) -> str:
        return f"arn:{self.partition}:ses:{self.region}:{self.account}:mailmanager-archive/{archive_id}"


def place_of(settings: Settings, region: str | None, partition: str | None = None, account: str | None = None) -> Place:
    """Where the archives of these settings are, in that Region and, where no role says another one, that account."""
    _, role_partition, _, _, role_account, *_ = (settings.role_arn or f"arn:aws:iam::{account or ANY}:").split(":")
    return Place(partition or role_partition, region or ANY, role_account)


def actions_of(tools: Iterable[PublishedTool]) -> list[str]:
    """The IAM actions that these tools need, each once, in the catalog's order."""
    return list(dict.fromkeys(action for tool in tools for action in tool.iam_actions))


def identity_policy(tools: Iterable[PublishedTool], archives: Sequence[str], place: Place) -> Document:
    """What a user or role needs."""
    on_archives, on_everything = _parted(actions_of(tools))
    statements = []
    if on_archives:
        resources = [place.archive(each) for each in archives or [ANY]]
        statements.append(_statement("UseMailArchives", on_archives, resources))
    if on_everything:
        statements.append(_statement("ListMailArchives", on_everything, [ANY]))
    return {"Version": _VERSION, "Statement": statements}


def session_policy(tools: Iterable[PublishedTool], archives: Sequence[str], place: Place) -> str:
    """The same to narrow a session with: as short as can be, since STS counts its characters."""
    document = identity_policy(tools, archives, place)
    for statement in document["Statement"]:
        del statement["Sid"]
        for name in ("Action", "Resource"):
            if len(statement[name]) == 1:
                (statement[name],) = statement[name]
    return json.dumps(document, separators=(",", ":"))


def trust_policy(principal: str, settings: Settings) -> Document:
    """Who may assume the role, and what of a session they may set: what these settings set."""
    actions = ["sts:AssumeRole"]
    if settings.session_tag:
        actions.append("sts:TagSession")
    if settings.source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    statement: Document = {
        "Sid": "AssumeTheRole",
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": actions,
    }
    if settings.external_id is not None:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": settings.external_id}}
    return {"Version": _VERSION, "Statement": [statement]}


def _parted(actions: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those on an archive, and those on everything."""
    on_archives: list[str] = []
    on_everything: list[str] = []
    for action in actions:
        (on_everything if action.startswith("ses:List") else on_archives).append(action)
    return on_archives, on_everything


def _statement(sid: str, actions: list[str], resources: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
