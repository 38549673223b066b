"""Archives, as ListArchives and GetArchive give them."""

from typing import Annotated, Literal

from pydantic import Field

from mail_archive_tools.models.base import MailLine, Output, described_text, member, optional
from mail_archive_tools.models.filters import Input
from mail_archive_tools.models.moments import Timestamp


class ArchiveSummary(Output):
    archive_id: str = member("The archive's id, which every other tool asks for.")
    archive_name: MailLine | None = optional("Its name.")
    archive_state: str | None = optional("ACTIVE, or PENDING_DELETION: nothing in it can be read any more.")
    last_updated_timestamp: Timestamp | None = optional("When its settings were last changed.")


class ArchiveList(Output):
    archives: list[ArchiveSummary] = member("The archives of the account and Region.")
    next_token: str | None = optional("There are more: call list_archives again with it as next_token.")
    notes: list[str] | None = optional("What to know before a search.")


class Retention(Output):
    retention_period: str | None = optional("How long a message is kept, such as SIX_MONTHS or PERMANENT.")


class ArchiveDetails(Output):
    archive_id: str = member("The archive's id.")
    archive_name: MailLine = member("Its name.")
    archive_arn: str = member("Its Amazon Resource Name, as IAM policies name it.")
    archive_state: str = member("ACTIVE, or PENDING_DELETION: nothing in it can be read any more.")
    retention: Retention = member("How long messages are kept.")
    created_timestamp: Timestamp | None = optional("When it was created.")
    last_updated_timestamp: Timestamp | None = optional("When its settings were last changed.")
    kms_key_arn: str | None = optional("The customer's key that encrypts it; absent when AWS owns the key.")


ArchiveName = Annotated[
    str,
    described_text("2 to 64 letters, digits, - and _; a letter or digit first and last."),
    Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9]$", max_length=64),
]
ArchiveArn = Annotated[
    str,
    described_text("An archive's ARN, which get_archive gives."),
    Field(
        pattern=r"^arn:aws(|-cn|-us-gov|-eusc):ses:[a-z0-9-]{1,20}:[0-9]{12}:mailmanager-archive/a-\w{1,64}$",
        max_length=1011,
    ),
]
KmsKeyArn = Annotated[
    str,
    described_text("A key of your own that is to encrypt it, by ARN. It cannot be changed later."),
    Field(pattern=r"^arn:aws(|-cn|-us-gov|-eusc):kms:[a-z0-9-]{1,20}:[0-9]{12}:(key|alias)/.+$"),
]
ClientToken = Annotated[
    str,
    described_text("What makes it once: the token that a call without an answer named, to call again."),
    Field(min_length=1, max_length=128),
]
# As the API has them: TagKey and TagValue.
TagKey = Annotated[str, Field(pattern=r"^[a-zA-Z0-9/_+=.:@-]+$", min_length=1, max_length=128)]
TagValue = Annotated[str, Field(pattern=r"^[a-zA-Z0-9/_+=.:@-]*$", max_length=256)]

RetentionPeriod = Literal[
    "THREE_MONTHS",
    "SIX_MONTHS",
    "NINE_MONTHS",
    "ONE_YEAR",
    "EIGHTEEN_MONTHS",
    "TWO_YEARS",
    "THIRTY_MONTHS",
    "THREE_YEARS",
    "FOUR_YEARS",
    "FIVE_YEARS",
    "SIX_YEARS",
    "SEVEN_YEARS",
    "EIGHT_YEARS",
    "NINE_YEARS",
    "TEN_YEARS",
    "PERMANENT",
]


class NewRetention(Input):
    retention_period: RetentionPeriod = Field(description="How long messages are kept from their receipt on.")


class NewTag(Input):
    key: TagKey = Field(description="Its name.")
    value: TagValue = Field(description="Its value, which may be empty.")


class Tag(Output):
    key: MailLine = member("Its name.")
    value: MailLine = member("Its value.")


class CreatedArchive(Output):
    archive_id: str = member("The new archive's id.")
    notes: list[str] | None = optional("What to know of it.")


class ChangedArchive(Output):
    archive_id: str = member("The archive that was changed.")
    notes: list[str] | None = optional("What to know of it.")


class DeletedArchive(Output):
    archive_id: str = member("The archive that is pending deletion now.")
    notes: list[str] | None = optional("When it is gone for good.")


class TaggedArchive(Output):
    resource_arn: str = member("The archive whose tags were changed.")
    notes: list[str] | None = optional("What to know of it.")


class ArchiveTags(Output):
    tags: list[Tag] = member("The archive's tags; IAM conditions may go by them (aws:ResourceTag).")
    notes: list[str] | None = optional("What was wrong with Mail Manager's answer.")
