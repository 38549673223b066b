"""The tools on archives themselves."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.calls.consent import Change, Consent, ConsentCode, Fact, named
from mail_archive_tools.calls.quoting import quoted
from mail_archive_tools.errors import AccessDenied, InvalidArgument, NotReady, ServiceFailed, Unreachable
from mail_archive_tools.models import ArchiveDetails, ArchiveList
from mail_archive_tools.models.archives import (
    ArchiveArn,
    ArchiveName,
    ArchiveTags,
    ChangedArchive,
    ClientToken,
    CreatedArchive,
    DeletedArchive,
    KmsKeyArn,
    NewRetention,
    NewTag,
    TaggedArchive,
    TagKey,
)
from mail_archive_tools.models.base import ArchiveId, NextToken, PageSize, described_text
from mail_archive_tools.service.retention import longest_kept
from mail_archive_tools.service.wire.lists import NOTES

MAX_TAGS = 200
"""Tags that an archive may have (the API's TagList)."""
PENDING_DELETION = timedelta(days=30)
"""How long an archive that was deleted is still shown (the API's DeleteArchive)."""
_PAGE_SIZE = 50
"""As many archives as ListArchives gives at once."""
_MOST_PAGES = 20
"""Pages of archives that are looked through for a name."""
MIND_TAGS = "IAM policies may go by tags: who may use the archive can change with them"

ABOUT_SEARCHING = [
    "Searched are words of From, To, Cc, Subject and SMTP addresses; not bodies, Bcc, Message-IDs, attachments' names, "
    "sizes. filter_here matches patterns, Message-IDs and bodies on what is found.",
    "Ranges are of when mail was received; Date may differ. recipient is To, not Cc; participant is From, To or Cc.",
    "A search covers 30 days, one runs at a time: a year takes 12 to 13.",
]
NOT_NARROWED = (
    "AWS would give these credentials more archives; only this server's own check keeps to those that are listed."
)


async def list_archives(
    page_size: PageSize = 50, next_token: NextToken | None = None, *, access: Access
) -> ArchiveList:
    """List the mail archives of this account and Region. Start here: every search needs an archive's id."""
    response = await access.client.list_archives(page_size, next_token)
    notes: list[str] = []
    if next_token is None and response.get("Archives"):
        # Said once, where every investigation begins.
        notes += ABOUT_SEARCHING

    scope = access.client.scope
    if scope is not None and scope.alone:
        notes.append(NOT_NARROWED)
    notes += response.get(NOTES, [])
    return ArchiveList.of(**{**response, NOTES: notes or None})


async def get_archive(archive_id: ArchiveId, *, access: Access) -> ArchiveDetails:
    """Get one archive's name, state, retention, key and ARN."""
    return ArchiveDetails.of(**await access.client.get_archive(archive_id))


async def create_archive(
    archive_name: ArchiveName,
    retention: Annotated[NewRetention, Field(description="How long mail is kept; six months where absent.")]
    | None = None,
    kms_key_arn: KmsKeyArn | None = None,
    tags: Annotated[list[NewTag], Field(max_length=MAX_TAGS, description="Its tags.")] | None = None,
    client_token: ClientToken | None = None,
    consent_code: ConsentCode = None,
    *,
    access: Access,
    consent: Consent,
) -> CreatedArchive:
    """Make an archive. The user is asked first. Rule sets and configuration sets then say what mail goes into it."""
    access.client.refuse_new_archive()
    taken_by = await _whose_name(archive_name, access)
    # With the token of a call whose answer was lost, the archive may be there, and be the one that is meant.
    if taken_by is not None and client_token is None:
        raise _name_taken(archive_name, taken_by)

    token = client_token or secrets.token_hex(16)
    request = {
        "ArchiveName": archive_name,
        "Retention": _as_retention(retention),
        "KmsKeyArn": kms_key_arn,
        "Tags": _as_tags(tags or []) or None,
        "ClientToken": token,
    }
    facts: dict[str, Fact] = {
        "Name": quoted(archive_name),
        "Region": access.client.region,
        "Mail is kept for": _period("SIX_MONTHS"),
        "Key": "AWS's own",
        "Tags": _said_of_tags(tags or []),
    }
    if retention is not None:
        facts["Mail is kept for"] = _period(retention.retention_period)
    if kms_key_arn is not None:
        facts["Key"] = quoted(kms_key_arn)
    notes = await consent(Change("Create an archive?", facts), consent_code)

    try:
        archive_id = await access.client.create_archive(request)
    except (Unreachable, ServiceFailed) as error:
        raise type(error)(
            f"{error} It may have been made all the same: call again with client_token={token}, which makes it once."
        ) from error
    notes.append("No mail goes into it before a rule set or configuration set says so.")
    return CreatedArchive(archive_id=archive_id, notes=notes)


async def update_archive(
    archive_id: ArchiveId,
    archive_name: ArchiveName | None = None,
    retention: Annotated[NewRetention, Field(description="How long mail is to be kept; once a week.")] | None = None,
    consent_code: ConsentCode = None,
    *,
    access: Access,
    consent: Consent,
) -> ChangedArchive:
    """Rename an archive, or change how long it keeps mail. The user is asked first."""
    if archive_name is None and retention is None:
        raise InvalidArgument("There is nothing to change: give archive_name, retention, or both.")
    archive = await access.client.get_archive(archive_id)
    if archive.get("ArchiveState") == "PENDING_DELETION":
        raise NotReady(f"Archive {archive_id} is pending deletion: it cannot be changed any more.")

    kept = archive.get("Retention", {}).get("RetentionPeriod", "")
    if archive_name == archive.get("ArchiveName"):
        archive_name = None
    if retention is not None and retention.retention_period == kept:
        retention = None
    if archive_name is None and retention is None:
        raise InvalidArgument(
            f"Archive {archive_id} is called that and keeps mail that long already: nothing to change."
        )
    if archive_name is not None:
        taken_by = await _whose_name(archive_name, access)
        if taken_by is not None:
            raise _name_taken(archive_name, taken_by)

    facts = {"Archive": named(archive)}
    if archive_name is not None:
        facts["New name"] = quoted(archive_name)
    if retention is not None:
        facts["Mail is kept for"] = f"{_period(retention.retention_period)}, instead of {_period(kept)}"
        facts["Mind"] = _lost_by(kept, retention.retention_period)
    notes = await consent(Change("Change this archive?", facts), consent_code)
    changes = {"ArchiveName": archive_name, "Retention": _as_retention(retention)}
    await access.client.update_archive(archive_id, changes)
    return ChangedArchive(archive_id=archive_id, notes=notes or None)


async def delete_archive(
    archive_id: ArchiveId,
    archive_name: Annotated[
        str | None, described_text("With consent_code: the archive's name, as the user typed it."), Field(max_length=64)
    ] = None,
    consent_code: ConsentCode = None,
    *,
    access: Access,
    consent: Consent,
) -> DeletedArchive:
    """Delete an archive with all its mail. It cannot be taken back. The user is asked first, and types its name."""
    archive = await access.client.get_archive(archive_id)
    if archive.get("ArchiveState") == "PENDING_DELETION":
        raise NotReady(f"Archive {archive_id} is pending deletion already. There is nothing left to do.")

    final = (datetime.now(UTC) + PENDING_DELETION).date()
    facts = {
        "Archive": named(archive),
        "What happens": "its mail can be read no more from now on",
        "When it is final": f"{final:%Y-%m-%d}, {PENDING_DELETION.days} days from now; it cannot be taken back before "
        "either",
    }
    name = str(archive.get("ArchiveName", ""))
    change = Change("Delete this archive and all its mail?", facts, typed=name)
    notes = await consent(change, consent_code, archive_name)
    await access.client.delete_archive(archive_id)
    notes.append(f"It and its mail are gone for good on {final:%Y-%m-%d}.")
    return DeletedArchive(archive_id=archive_id, notes=notes)


async def tag_archive(
    resource_arn: ArchiveArn,
    tags: Annotated[list[NewTag], Field(min_length=1, max_length=MAX_TAGS, description="Those to set.")],
    consent_code: ConsentCode = None,
    *,
    access: Access,
    consent: Consent,
) -> TaggedArchive:
    """Set tags of an archive: new ones, or new values of those it has. IAM conditions may go by them. The user is asked
    first."""
    archive = await _of_arn(resource_arn, access)
    known = await _tags_if_seen(resource_arn, access)
    if known is not None:
        new = [tag for tag in tags if known.get(tag.key) != tag.value]
        if not new:
            raise InvalidArgument(f"{resource_arn} has these tags already, with these values: nothing to change.")

    facts: dict[str, Fact] = {
        "Archive": archive,
        "Tags": _said_of_tags(tags),
        "Mind": MIND_TAGS,
    }
    notes = await consent(Change("Set tags of this archive?", facts), consent_code)
    await access.client.tag_archive(resource_arn, _as_tags(tags))
    return TaggedArchive(resource_arn=resource_arn, notes=notes or None)


async def untag_archive(
    resource_arn: ArchiveArn,
    tag_keys: Annotated[
        list[TagKey], Field(min_length=1, max_length=MAX_TAGS, description="Names of those to remove.")
    ],
    consent_code: ConsentCode = None,
    *,
    access: Access,
    consent: Consent,
) -> TaggedArchive:
    """Remove tags of an archive. IAM conditions may go by them. The user is asked first."""
    archive = await _of_arn(resource_arn, access)
    known = await _tags_if_seen(resource_arn, access)
    if known is not None and known.keys().isdisjoint(tag_keys):
        raise InvalidArgument(
            f"{resource_arn} has none of these tags: nothing to change. list_archive_tags shows its tags."
        )

    facts: dict[str, Fact] = {
        "Archive": archive,
        "Tags": tuple(map(quoted, tag_keys)),
        "Mind": MIND_TAGS,
    }
    notes = await consent(Change("Remove tags of this archive?", facts), consent_code)
    await access.client.untag_archive(resource_arn, tag_keys)
    return TaggedArchive(resource_arn=resource_arn, notes=notes or None)


async def list_archive_tags(resource_arn: ArchiveArn, *, access: Access) -> ArchiveTags:
    """List an archive's tags, by which IAM policies may say who may use it."""
    response = await access.client.list_archive_tags(resource_arn)
    return ArchiveTags.of(**{"Tags": [], **response})


async def _of_arn(resource_arn: str, access: Access) -> str:
    """The archive that an ARN names, for a question.

    Raises:
        InvalidArgument: it names the archive of another account or Region, which has the id of one that is here.
    """
    archive = await access.client.get_archive(resource_arn.rpartition("/")[2])
    if archive.get("ArchiveArn") != resource_arn:
        raise InvalidArgument(
            f"{resource_arn} is the ARN of no archive of this account and Region. get_archive gives an archive's ARN."
        )
    return named(archive)


async def _tags_if_seen(resource_arn: str, access: Access) -> dict[str, str] | None:
    """The tags that an archive has; None where they may not be listed."""
    try:
        response = await access.client.list_archive_tags(resource_arn)
    except AccessDenied:
        return None
    return {str(each.get("Key", "")): str(each.get("Value", "")) for each in response.get("Tags", [])}


async def _whose_name(name: str, access: Access) -> str | None:
    """The id of the archive that has that name, where one may be seen that has."""
    token = None
    for _ in range(_MOST_PAGES):
        try:
            response = await access.client.list_archives(_PAGE_SIZE, token)
        except AccessDenied:
            # Whoever may not list archives is told by CreateArchive or UpdateArchive.
            return None
        for each in response.get("Archives", []):
            # The name of one that is pending deletion is free.
            is_active = each.get("ArchiveState") == "ACTIVE"
            if is_active and each.get("ArchiveName") == name:
                return str(each.get("ArchiveId", ""))

        token = response.get("NextToken")
        if token is None:
            return None
    return None


def _name_taken(name: str, archive_id: str) -> InvalidArgument:
    return InvalidArgument(
        f"There is an archive {quoted(name)} already ({archive_id}): nothing was changed. Give another name."
    )


def _period(retention_period: str) -> str:
    if retention_period == "PERMANENT":
        return "ever"
    return retention_period.lower().replace("_", " ")


def _lost_by(before: str, after: str) -> str:
    """What is lost by a change of retention."""
    old = longest_kept(before)
    new = longest_kept(after)
    if new is None:
        return ""
    if old is not None and new >= old:
        return ""
    return "mail that is older than that is deleted, and cannot be brought back"


def _as_retention(retention: NewRetention | None) -> dict[str, str] | None:
    """The API's Retention."""
    if retention is None:
        return None
    return retention.model_dump(by_alias=True)


def _as_tags(tags: list[NewTag]) -> list[dict[str, str]]:
    """The API's Tags."""
    return [tag.model_dump(by_alias=True) for tag in tags]


def _said_of_tags(tags: list[NewTag]) -> tuple[str, ...]:
    return tuple(f"{quoted(tag.key)} is {quoted(tag.value)}" for tag in tags)
