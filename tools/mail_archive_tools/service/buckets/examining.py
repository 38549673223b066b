"""What an export does to its bucket, each tried so that it changes nothing. Loads botocore when it is called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from mail_archive_tools.service.buckets.granting import ON_BUCKET, ON_OBJECTS, SERVICE
from mail_archive_tools.service.buckets.locations import Location

ALLOWED = "allowed"
POLICY = "its policy"
NO_POLICY = f"does not name {SERVICE}, so Mail Manager may not write there"

_NEVER_WRITTEN = "mail-archive-mcp-never-writes-this"
_NO_SUCH_TAG = '"no object has this ETag"'
_DEFAULT_REGION = "us-east-1"
_OLD_REGIONS = {"": _DEFAULT_REGION, "EU": "eu-west-1"}
"""What S3 says of buckets in its oldest Regions (GetBucketLocation in the S3 API reference)."""

_NOTHING_TO_CHANGE = ("NoSuchKey", "PreconditionFailed", "404", "412")
_NO_BUCKET = ("404", "NoSuchBucket")

_REASONS = {
    "301": "the bucket is in another Region, which sends its callers away",
    "403": "these credentials may not, or the bucket is another account's that does not let them",
    "404": "there is no such bucket",
}
"""What HeadBucket is answered with, which has no body to say it."""


@dataclass(frozen=True)
class Attempt:
    """One thing that an export needs, tried: it works, it fails, or it may be in the way although it did not fail."""

    action: str
    outcome: Literal["works", "fails", "doubtful"]
    why: str


@dataclass(frozen=True)
class Examined:
    """What was found out of a bucket, and of where it is: its Region ("" where that may not be known), and the
    partitions of AWS that it and whoever asks are in."""

    attempts: tuple[Attempt, ...]
    is_there: bool = True
    region: str = ""
    partition: str = "aws"
    own_partition: str = "aws"

    @property
    def failures(self) -> list[Attempt]:
        return [each for each in self.attempts if each.outcome == "fails"]

    @property
    def doubts(self) -> list[Attempt]:
        return [each for each in self.attempts if each.outcome == "doubtful"]


def examine(client: Any, location: Location) -> Examined:
    """Try what an export needs. Without the bucket the rest is left out.

    Raises:
        BotoCoreError: there is no answer.
    """
    bucket = {"Bucket": location.bucket}
    own_partition: str = client.meta.partition

    reached, answer = _attempt(ON_BUCKET[0], lambda: client.head_bucket(**bucket))
    if reached.outcome == "fails":
        is_there = answer not in _NO_BUCKET
        return Examined((reached,), is_there, partition=own_partition, own_partition=own_partition)

    located, answer = _attempt(ON_BUCKET[1], lambda: client.get_bucket_location(**bucket))
    region = "" if isinstance(answer, str) else _region_of(answer)

    # It is for an object that is not there to be changed: S3 asks for the right to write, and then writes nothing.
    never = {**bucket, "Key": location.key(_NEVER_WRITTEN), "Body": b"", "IfMatch": _NO_SUCH_TAG}
    written, _ = _attempt(ON_OBJECTS[0], lambda: client.put_object(**never), passed=_NOTHING_TO_CHANGE)

    attempts = (reached, located, written, _policy_attempt(client, location))
    partition = _partition_of(region) or own_partition
    return Examined(attempts, region=region, partition=partition, own_partition=own_partition)


def _attempt(
    action: str, call: Callable[[], dict[str, Any]], passed: tuple[str, ...] = ()
) -> tuple[Attempt, dict[str, Any] | str]:
    """What became of a call, and its answer, or the code of its refusal. Those of `passed` come after rights were
    looked at."""
    from botocore.exceptions import ClientError

    from mail_archive_tools.service.refusals.sdk_errors import code_of, said_by

    try:
        return Attempt(action, "works", ALLOWED), call()
    except ClientError as error:
        code = code_of(error)
        if code in passed:
            return Attempt(action, "works", ALLOWED), code
        why = _REASONS.get(code) or f"{code}: {said_by(error)}"
        return Attempt(action, "fails", why), code


def _policy_attempt(client: Any, location: Location) -> Attempt:
    """Whether the bucket's policy names the service, where these credentials may read it."""
    from botocore.exceptions import ClientError

    from mail_archive_tools.service.refusals.sdk_errors import code_of

    try:
        policy = client.get_bucket_policy(Bucket=location.bucket)["Policy"]
    except ClientError as error:
        if code_of(error) == "NoSuchBucketPolicy":
            return Attempt(POLICY, "doubtful", NO_POLICY)
        return Attempt(POLICY, "doubtful", "cannot be looked at with these credentials")

    if SERVICE in policy:
        return Attempt(POLICY, "works", "names the service")
    return Attempt(POLICY, "doubtful", NO_POLICY)


def _region_of(answer: dict[str, Any]) -> str:
    """The Region of a bucket, by the answer of GetBucketLocation."""
    said: str = answer.get("LocationConstraint") or ""
    return _OLD_REGIONS.get(said, said)


def _partition_of(region: str) -> str:
    """The partition of AWS that a Region is in; "" where it is not known."""
    if not region:
        return ""

    import botocore.session
    from botocore.exceptions import UnknownRegionError

    try:
        return str(botocore.session.get_session().get_partition_for_region(region))
    except UnknownRegionError:
        return ""
