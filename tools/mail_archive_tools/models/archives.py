"""Archives, as ListArchives and GetArchive give them."""

from mail_archive_tools.models.base import MailLine, Output, member, optional
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
