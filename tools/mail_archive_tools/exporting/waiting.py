"""Waiting for an export's end, and what to say of how it ended."""

import anyio

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.searching.polling import FIRST_DELAY, growing
from mail_archive_tools.service.buckets import NO_POLICY, SERVICE, Examined, Location
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.shapes import Export, is_unfinished_export, state_of

# What S3 and Mail Manager say in messages, in small letters: of rights, and of a bucket that is not there.
_DENIED = ("denied", "not authorized", "forbidden", "403", "permission", "policy")
_MISSING = ("nosuchbucket", "no such bucket", "does not exist", "there is no bucket", "404", "not found")


async def wait_for_export(client: MailManager, export_id: str, patience: Patience) -> Export:
    """The GetArchiveExport response once the export has ended, or as it is when the time is up.

    Raises:
        ArchiveError: the export cannot be looked at.
    """
    export = await client.get_archive_export(export_id)
    with anyio.move_on_after(max(patience.left, 0)):
        # An export may take long: it is looked at less and less often.
        for delay in growing(FIRST_DELAY):
            if not is_unfinished_export(export):
                break
            await patience.pause(delay, f"Export {export_id} is {state_of(export)}")
            export = await client.get_archive_export(export_id)
    return export


def location_of(export: Export) -> Location | None:
    """Where an export goes; None where the service does not say."""
    url = export.get("ExportDestinationConfiguration", {}).get("S3", {}).get("S3Location", "")
    if not url.startswith("s3://"):
        return None
    return Location.of(url)


def is_about_rights(export: Export, examined: Examined | None) -> bool:
    """Whether a failed export may have failed for want of a right to write."""
    said = export.get("Status", {}).get("ErrorMessage", "").lower()
    if any(word in said for word in _MISSING):
        return False
    if examined is not None and any(each.why == NO_POLICY for each in examined.doubts):
        return True
    if not said:
        return True
    return any(word in said for word in _DENIED)


def what_to_do(export: Export, examined: Examined | None) -> list[str]:
    """What to do next; of an export that failed, the cause as far as it can be seen."""
    state = state_of(export)
    location = location_of(export)
    if is_unfinished_export(export):
        return ["It runs: call get_archive_export again with wait_seconds, or stop_archive_export to end it."]
    if state == "CANCELLED":
        return ["It was stopped: what was delivered until then is at its destination, the rest is not."]
    if state == "COMPLETED":
        return [f"All of it is at {location}. `mail-archive-mcp import DIR {location}` reads it back, with a manifest."]
    if state != "FAILED":
        return ["In which state it is cannot be told from this answer: look again with get_archive_export."]

    notes = []
    if examined is not None:
        in_the_way = [*examined.failures, *examined.doubts]
        notes += [f"{each.action} on {location}: {each.why}." for each in in_the_way]
    if is_about_rights(export, examined):
        notes.append(
            f"Mail Manager has to be allowed to write there, both by the rights of whoever starts the export and by "
            f"the bucket's policy, for {SERVICE}: BucketPolicy is one that does. Once it is set, start the export "
            "again."
        )
    else:
        notes.append("Mend what the message says, then start the export again; what was delivered is overwritten.")
    return notes
