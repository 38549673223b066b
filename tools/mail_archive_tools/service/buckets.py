"""Where exports go: a place in S3, what can be found out of it without changing anything, and what has to be allowed.

Mail Manager writes with the rights of whoever asks, and by a bucket policy of its own: both are needed
(Amazon SES Developer Guide, "Email archiving", export permissions). Loads nothing of the AWS SDK before it is called.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

ON_BUCKET = ("s3:ListBucket", "s3:GetBucketLocation")
ON_OBJECTS = ("s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging", "s3:GetObject")
NEEDED = (*ON_BUCKET, *ON_OBJECTS)
"""What an export needs on its bucket, and on what is put there."""

VERSIONING = "s3:GetBucketVersioning"
"""What it takes to see whether a bucket keeps what is overwritten; an export goes without."""

SERVICE = "ses.amazonaws.com"

OBJECTS_COUNTED = 1_000
"""Objects of a destination that are counted: what S3 lists at once."""
_SECONDS = 40.0
"""How long looking at a bucket may take where nobody says how long there is."""

ALLOWED = "allowed"
_NEVER_WRITTEN = "mail-archive-mcp-never-writes-this"
_NO_SUCH_TAG = '"no object has this ETag"'
_DEFAULT_REGION = "us-east-1"
_OLD_REGIONS = {"": _DEFAULT_REGION, "EU": "eu-west-1"}
"""What S3 says of buckets in its oldest Regions (GetBucketLocation in the S3 API reference)."""

_NAMED = re.compile(r"s3://([a-zA-Z0-9][a-zA-Z0-9.-]{1,61}[a-zA-Z0-9])(?:/([a-zA-Z0-9!_.'()/-]*))?")
_NAMED_HOW = (
    "a place in S3 such as s3://bucket/prefix, of letters, digits and !_.-'(), with no part between slashes that is "
    "empty, . or .."
)


_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Location:
    """`s3://bucket/prefix`. The prefix has no slash at its end."""

    bucket: str
    prefix: str

    @classmethod
    def of(cls, url: str) -> "Location":
        """From an S3Location, of the API's form."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return cls(bucket, prefix.strip("/"))

    @classmethod
    def named(cls, url: str) -> "Location":
        """From what somebody chose: a place that is what it looks like, to S3, to IAM and to whoever reads it. One
        slash may stand at its end.

        A `*` is refused, since in a policy it would stand for other places; a `%` too, since S3 takes it as it is and
        others decode it.

        Raises:
            ValueError: it is none; the text says what is one.
        """
        found = _NAMED.fullmatch(url)
        if found is None:
            raise ValueError(_broken_rule(url) or _NAMED_HOW)
        bucket, prefix = found[1], (found[2] or "").removesuffix("/")
        steps = prefix.split("/") if prefix else []
        if ".." in bucket or not {"", ".", ".."}.isdisjoint(steps):
            raise ValueError(_NAMED_HOW)
        return cls(bucket, prefix)

    @property
    def steps(self) -> tuple[str, ...]:
        """The parts of the prefix."""
        return tuple(self.prefix.split("/")) if self.prefix else ()

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        """The key of an object there."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def is_within(self, other: "Location") -> bool:
        """Whether it is that place, or one in it: part by part."""
        if self.bucket != other.bucket:
            return False
        return self.steps[: len(other.steps)] == other.steps


def _broken_rule(url: str) -> str:
    """What is wrong with the bucket of a URL; "" where it is something else. The rules are those of "General purpose
    bucket naming rules" in the Amazon S3 User Guide; old buckets may have capitals."""
    scheme, _, rest = url.partition("://")
    if scheme != "s3":
        return ""
    bucket = rest.partition("/")[0]
    what = "a place in S3 such as s3://bucket/prefix; the bucket's name has"
    if not 3 <= len(bucket) <= 63:
        return f"{what} 3 to 63 characters, and this one {len(bucket)}"
    if not re.fullmatch(r"[a-zA-Z0-9.-]+", bucket):
        return f"{what} letters a-z, digits, - and . alone, and this one others"
    if not (bucket[0].isalnum() and bucket[-1].isalnum()):
        return f"{what} a letter or digit at its beginning and end, and this one has not"
    return ""


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
        from mail_archive_tools.errors import Late

        with anyio.move_on_after(max(0.0, seconds_left(_SECONDS))):
            return await to_thread.run_sync(self._asked, ask, location, operation, abandon_on_cancel=True)
        raise Late(f"S3 did not say in the time of this call whether {location} can be used. Call again.")

    def _asked(self, ask: Callable[[Any, Location], _Found], location: Location, operation: str) -> _Found:
        from mail_archive_tools.service.refusals import REFUSALS, refusal
        from mail_archive_tools.service.resources import Resource

        try:
            return ask(self._connect(), location)
        except REFUSALS as error:
            raise refusal(error, operation, Resource(f"bucket {location.bucket}")) from error


def examine(client: Any, location: Location) -> Examined:
    """What an export does to its bucket, each tried so that it changes nothing. Without the bucket the rest is left
    out.

    Raises:
        BotoCoreError: there is no answer.
    """
    bucket = {"Bucket": location.bucket}
    own_partition: str = client.meta.partition
    reached, answer = _attempt(ON_BUCKET[0], lambda: client.head_bucket(**bucket))
    if reached.outcome == "fails":
        return Examined((reached,), answer not in _NO_BUCKET, partition=own_partition, own_partition=own_partition)

    located, answer = _attempt(ON_BUCKET[1], lambda: client.get_bucket_location(**bucket))
    region = "" if isinstance(answer, str) else _region_of(answer)
    # It is for an object that is not there to be changed: S3 asks for the right to write, and then writes nothing.
    never = {**bucket, "Key": location.key(_NEVER_WRITTEN), "Body": b"", "IfMatch": _NO_SUCH_TAG}
    written, _ = _attempt(ON_OBJECTS[0], lambda: client.put_object(**never), passed=_NOTHING_TO_CHANGE)
    attempts = (reached, located, written, _policy_attempt(client, location))
    partition = _partition_of(region) or own_partition
    return Examined(attempts, region=region, partition=partition, own_partition=own_partition)


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


def bucket_policy(location: Location, partition: str = "aws") -> str:
    """The bucket policy with which Mail Manager may write there, ready to paste."""
    bucket = f"arn:{partition}:s3:::{location.bucket}"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "MailManagerFindsTheBucket",
                "Effect": "Allow",
                "Principal": {"Service": SERVICE},
                "Action": list(ON_BUCKET),
                "Resource": bucket,
            },
            {
                "Sid": "MailManagerExportsHere",
                "Effect": "Allow",
                "Principal": {"Service": SERVICE},
                "Action": list(ON_OBJECTS),
                "Resource": f"{bucket}/{location.key('*')}",
            },
        ],
    }
    return json.dumps(document, indent=2)


def _attempt(
    action: str, call: Callable[[], dict[str, Any]], passed: tuple[str, ...] = ()
) -> tuple[Attempt, dict[str, Any] | str]:
    """What became of a call, and its answer, or the code of its refusal. Those of `passed` come after rights were
    looked at."""
    from botocore.exceptions import ClientError

    from mail_archive_tools.service.sdk_errors import code_of, said_by

    try:
        return Attempt(action, "works", ALLOWED), call()
    except ClientError as error:
        code = code_of(error)
        if code in passed:
            return Attempt(action, "works", ALLOWED), code
        return Attempt(action, "fails", _REASONS.get(code) or f"{code}: {said_by(error)}"), code


_NOTHING_TO_CHANGE = ("NoSuchKey", "PreconditionFailed", "404", "412")
_NO_BUCKET = ("404", "NoSuchBucket")

_REASONS = {
    "301": "the bucket is in another Region, which sends its callers away",
    "403": "these credentials may not, or the bucket is another account's that does not let them",
    "404": "there is no such bucket",
}
"""What HeadBucket is answered with, which has no body to say it."""


def _policy_attempt(client: Any, location: Location) -> Attempt:
    """Whether the bucket's policy names the service, where these credentials may read it."""
    from botocore.exceptions import ClientError

    from mail_archive_tools.service.sdk_errors import code_of

    try:
        policy = client.get_bucket_policy(Bucket=location.bucket)["Policy"]
    except ClientError as error:
        if code_of(error) == "NoSuchBucketPolicy":
            return Attempt(POLICY, "doubtful", NO_POLICY)
        return Attempt(POLICY, "doubtful", "cannot be looked at with these credentials")
    if SERVICE in policy:
        return Attempt(POLICY, "works", "names the service")
    return Attempt(POLICY, "doubtful", NO_POLICY)


POLICY = "its policy"
NO_POLICY = f"does not name {SERVICE}, so Mail Manager may not write there"


def _region_of(answer: dict[str, Any]) -> str:
    """The Region of a bucket, by the answer of GetBucketLocation."""
    said: str = answer.get("LocationConstraint") or ""
    return _OLD_REGIONS.get(said, said)


def _partition_of(region: str) -> str:
    """The partition of AWS that a Region is in; "" where it is not known."""
    import botocore.session
    from botocore.exceptions import UnknownRegionError

    try:
        return str(botocore.session.get_session().get_partition_for_region(region)) if region else ""
    except UnknownRegionError:
        return ""
