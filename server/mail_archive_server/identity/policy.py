"""The smallest IAM policies for chosen tools and archives, derived from what the catalog says that each tool needs.

Resources are those of AWS's Service Authorization Reference: all actions on archives authorize on the archive's ARN,
those that list archives, searches and exports on `*`, since they have no resource type, and those of S3 on a bucket or
on what is in it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mail_archive_server.hosting.published import PublishedTool
from mail_archive_server.settings import Settings
from mail_archive_tools.service.buckets import ON_BUCKET, ON_OBJECTS, VERSIONING, Location

SESSION_POLICY_CHARACTERS = 2_048
"""The longest session policy that STS takes."""

ANY = "*"

_VERSION = "2012-10-17"

Document = dict[str, Any]


@dataclass(frozen=True)
class Arns:
    """The ARNs of what a policy is about. Where archives are, `*` is what is not known; exports go nowhere else than
    named."""

    partition: str = "aws"
    region: str = ANY
    account: str = ANY
    export_to: tuple[Location, ...] = ()

    def archive(self, archive_id: str) -> str:
        return f"arn:{self.partition}:ses:{self.region}:{self.account}:mailmanager-archive/{archive_id}"

    def buckets(self) -> list[str]:
        """The buckets that exports may go to."""
        names = dict.fromkeys(each.bucket for each in self.export_to)
        return [f"arn:{self.partition}:s3:::{name}" for name in names]

    def objects(self) -> list[str]:
        """What exports may put there."""
        keys = dict.fromkeys(f"{each.bucket}/{each.key(ANY)}" for each in self.export_to)
        return [f"arn:{self.partition}:s3:::{key}" for key in keys]


def arns_of(settings: Settings, region: str | None, partition: str | None = None, account: str | None = None) -> Arns:
    """Where the archives of these settings are, in that Region and, where no role says another one, that account."""
    export_to = tuple(Location.named(each) for each in settings.export_to)
    arns = Arns(account=account or ANY, region=region or ANY, export_to=export_to)
    if settings.role_arn is not None:
        _, role_partition, _, _, role_account, *_ = settings.role_arn.split(":")
        arns = replace(arns, partition=role_partition, account=role_account)
    if partition is not None:
        arns = replace(arns, partition=partition)
    return arns


def actions_of(tools: Iterable[PublishedTool]) -> list[str]:
    """The IAM actions that these tools need, each once, in the catalog's order."""
    return list(dict.fromkeys(action for tool in tools for action in tool.iam_actions))


def identity_policy(tools: Iterable[PublishedTool], archives: Sequence[str], arns: Arns) -> Document:
    """What a user or role needs."""
    if not archives:
        archives = [ANY]
    resources = {
        "UseMailArchives": [arns.archive(each) for each in archives],
        # The id of an archive is not known before there is one.
        "MakeMailArchives": [arns.archive(ANY)],
        "ListMailArchives": [ANY],
        "FindExportBuckets": arns.buckets(),
        "WriteExports": arns.objects(),
    }
    actions: dict[str, list[str]] = {sid: [] for sid in resources}
    for action in actions_of(tools):
        actions[_statement_of(action)].append(action)

    statements = []
    for sid, named in resources.items():
        # What is on nothing allows nothing, and IAM takes no such statement.
        if actions[sid] and named:
            statements.append(_statement(sid, actions[sid], named))
    return {"Version": _VERSION, "Statement": statements}


def session_policy(tools: Iterable[PublishedTool], archives: Sequence[str], arns: Arns) -> str:
    """The same to narrow a session with: as short as can be, since STS counts its characters."""
    document = identity_policy(tools, archives, arns)
    for statement in document["Statement"]:
        # A Sid is for people, and a list of one may stand as that one.
        del statement["Sid"]
        for name in ("Action", "Resource"):
            if len(statement[name]) == 1:
                (statement[name],) = statement[name]
    return json.dumps(document, separators=(",", ":"))


def trust_policy(principal: str, settings: Settings) -> Document:
    """Who may assume the role, and what of a session they may set: what these settings set."""
    # To tag a session, or name who stands behind it, has to be allowed by itself.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
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
    # Without it, whoever can make another customer's server call could use the role (the "confused deputy").
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    if settings.external_id is not None:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": settings.external_id}}
    return {"Version": _VERSION, "Statement": [statement]}


def _statement_of(action: str) -> str:
    """The statement that an action stands in."""
    if action in (*ON_BUCKET, VERSIONING):
        return "FindExportBuckets"
    if action in ON_OBJECTS:
        return "WriteExports"
    if action == "ses:CreateArchive":
        return "MakeMailArchives"
    if action in _ON_EVERYTHING:
        return "ListMailArchives"
    return "UseMailArchives"


_ON_EVERYTHING = ("ses:ListArchives", "ses:ListArchiveSearches", "ses:ListArchiveExports")


def _statement(sid: str, actions: list[str], resources: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
