"""S3 as one identity sees it, asked in the time of a call."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mail_archive_tools.service.buckets.examining import Examined, examine
from mail_archive_tools.service.buckets.locations import Location

OBJECTS_COUNTED = 1_000
"""Objects of a destination that are counted: what S3 lists at once."""
_SECONDS = 40.0
"""How long looking at a bucket may take where nobody says how long there is."""

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Contents:
    """What is at a place already: `objects` are counted up to `OBJECTS_COUNTED`, None where they may not be listed;
    `keeps_versions` is None where that may not be known, or was not asked since there is nothing."""

    objects: int | None
    has_more: bool = False
    keeps_versions: bool | None = None


class Buckets:
    """One identity's view of S3."""

    def __init__(self, connect: Callable[[], Any], refuse_nowhere: Callable[[], None] = lambda: None) -> None:
        """`connect` makes a boto3 client of `s3`; called in a worker thread. `refuse_nowhere` asks nobody, and raises
        Misconfigured where exports go nowhere as this program was set up."""
        self._connect = connect
        self.refuse_nowhere = refuse_nowhere

    async def examine(self, location: Location) -> Examined:
        """Try what an export needs; nothing in the bucket is changed.

        Raises:
            ArchiveError: S3 cannot be asked at all.
        """
        return await self._in_time(examine, location, "HeadBucket")

    def examine_now(self, location: Location) -> Examined:
        """The same; blocks."""
        return self._asked(examine, location, "HeadBucket")

    async def contents(self, location: Location) -> Contents:
        """What is there already.

        Raises:
            ArchiveError: S3 cannot be asked at all.
        """
        return await self._in_time(contents, location, "ListObjectsV2")

    async def _in_time(self, ask: Callable[[Any, Location], _Found], location: Location, operation: str) -> _Found:
        # Imported here: commands that only ask what a location is need not wait for it.
        import anyio
        from anyio import to_thread

        from mail_archive_tools.calls.patience import seconds_left
        from mail_archive_tools.calls.waiting import end_tries
        from mail_archive_tools.errors import Late, Unreachable

        left = max(0.0, seconds_left(_SECONDS))
        until = time.monotonic() + left

        def asked() -> _Found:
            # The thread is of this call alone: what is said in its context ends with it.
            end_tries(until)
            return self._asked(ask, location, operation)

        try:
            with anyio.move_on_after(left):
                return await to_thread.run_sync(asked, abandon_on_cancel=True)
        except Unreachable:
            if time.monotonic() < until:
                raise
            # The thread saw the end of its time first.
        raise Late(f"S3 did not say in the time of this call whether {location} can be used. Call again.")

    def _asked(self, ask: Callable[[Any, Location], _Found], location: Location, operation: str) -> _Found:
        from mail_archive_tools.service.once import no_try_too_late
        from mail_archive_tools.service.refusals.translating import REFUSALS, refusal
        from mail_archive_tools.service.resources import Resource

        try:
            client = self._connect()
            no_try_too_late(client)
            return ask(client, location)
        except REFUSALS as error:
            raise refusal(error, operation, Resource(f"bucket {location.bucket}")) from error


def contents(client: Any, location: Location) -> Contents:
    """What is at a place, and whether what is overwritten there is kept.

    Raises:
        BotoCoreError: there is no answer.
    """
    from botocore.exceptions import ClientError

    # With a slash at its end: what is beside the place, under a name that begins the same, is not in it.
    prefix = {"Prefix": f"{location.prefix}/"} if location.prefix else {}
    try:
        listed = client.list_objects_v2(Bucket=location.bucket, MaxKeys=OBJECTS_COUNTED, **prefix)
    except ClientError:
        return Contents(None)
    if not listed.get("Contents"):
        return Contents(0)

    try:
        versioning = client.get_bucket_versioning(Bucket=location.bucket).get("Status") == "Enabled"
    except ClientError:
        versioning = None
    return Contents(len(listed["Contents"]), bool(listed.get("IsTruncated")), versioning)
