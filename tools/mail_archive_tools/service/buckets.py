"""Where exports go: a place in S3, what can be found out of it without changing anything, and what has to be allowed.

Mail Manager writes with the rights of whoever asks, and by a bucket policy of its own: both are needed
(Amazon SES Developer Guide, "Email archiving", export permissions). Loads nothing of the AWS SDK before it is called.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ON_BUCKET = ("s3:ListBucket", "s3:GetBucketLocation")
ON_OBJECTS = ("s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging", "s3:GetObject")
"""What an export needs on its bucket, and on what is put there."""

SERVICE = "ses.amazonaws.com"

_ALLOWED = "allowed"
_NEVER_WRITTEN = "mail-archive-mcp-never-writes-this"
_NO_SUCH_TAG = '"no object has this ETag"'
_DEFAULT_REGION = "us-east-1"


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

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        """The key of an object there."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def is_within(self, other: "Location") -> bool:
        """Whether it is that place, or one in it."""
        if self.bucket != other.bucket:
            return False
        return not other.prefix or f"{self.prefix}/".startswith(f"{other.prefix}/")


@dataclass(frozen=True)
class Attempt:
    """One thing that an export needs, tried: it works, it does not (`failed`), or nobody can say."""

    action: str
    failed: bool
    why: str

    @property
    def is_doubtful(self) -> bool:
        """Whether it may be in an export's way although it did not fail."""
        return not self.failed and self.why not in (_ALLOWED, NAMES_SERVICE)


@dataclass(frozen=True)
class Examined:
    """What was found out of a bucket, and of where it is: its Region ("" where that may not be known), and the
    partitions of AWS that it and whoever asks are in."""

    attempts: tuple[Attempt, ...]
    region: str = ""
    partition: str = "aws"
    own_partition: str = "aws"

    @property
    def is_there(self) -> bool:
        """Whether the bucket is one, as far as can be known."""
        return not any(each.why == _MISSING or each.why.startswith("NoSuchBucket") for each in self.attempts)

    @property
    def failures(self) -> list[Attempt]:
        return [each for each in self.attempts if each.failed]


class Buckets:
    """One identity's view of S3."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        """`connect` makes a boto3 client of `s3`; called in a worker thread."""
        self._connect = connect

    async def examine(self, location: Location) -> Examined:
        """Try what an export needs; nothing in the bucket is changed.

        Raises:
            ArchiveError: S3 cannot be asked at all.
        """
        # Imported here: commands that only ask what a location is need not wait for it.
        from anyio import to_thread

        return await to_thread.run_sync(self._examine, location, abandon_on_cancel=True)

    def _examine(self, location: Location) -> Examined:
        from mail_archive_tools.service.refusals import REFUSALS, refusal
        from mail_archive_tools.service.resources import Resource

        try:
            return examine(self._connect(), location)
        except REFUSALS as error:
            raise refusal(error, "HeadBucket", Resource(f"bucket {location.bucket}")) from error


def examine(client: Any, location: Location) -> Examined:
    """What an export does to its bucket, each tried so that it changes nothing. Without the bucket the rest is left
    out.

    Raises:
        BotoCoreError: there is no answer.
    """
    bucket = {"Bucket": location.bucket}
    reached, _ = _attempt("s3:ListBucket", lambda: client.head_bucket(**bucket))
    own_partition: str = client.meta.partition
    if reached.failed:
        return Examined((reached,), partition=own_partition, own_partition=own_partition)

    located, answer = _attempt("s3:GetBucketLocation", lambda: client.get_bucket_location(**bucket))
    # It is for an object that is not there to be changed: S3 asks for the right to write, and then writes nothing.
    never = {**bucket, "Key": location.key(_NEVER_WRITTEN), "Body": b"", "IfMatch": _NO_SUCH_TAG}
    written, _ = _attempt("s3:PutObject", lambda: client.put_object(**never), passed=_NOTHING_TO_CHANGE)
    region = "" if answer is None else answer.get("LocationConstraint") or _DEFAULT_REGION
    attempts = (reached, located, written, _policy_attempt(client, location))
    return Examined(attempts, region, _partition_of(region) or own_partition, own_partition)


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
) -> tuple[Attempt, dict[str, Any] | None]:
    """What became of a call, and its answer. The codes of `passed` come after rights were looked at."""
    from botocore.exceptions import ClientError

    from mail_archive_tools.service.sdk_errors import code_of, said_by

    try:
        answer = call()
    except ClientError as error:
        code = code_of(error)
        if code in passed:
            return Attempt(action, False, _ALLOWED), None
        return Attempt(action, True, _REASONS.get(code) or f"{code}: {said_by(error)}"), None
    return Attempt(action, False, _ALLOWED), answer


_NOTHING_TO_CHANGE = ("NoSuchKey", "PreconditionFailed", "404", "412")

_MISSING = "there is no such bucket"
_REASONS = {
    "301": "the bucket is in another Region, which sends its callers away",
    "403": "these credentials may not, or the bucket is another account's that does not let them",
    "404": _MISSING,
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
            return Attempt(POLICY, False, NO_POLICY)
        return Attempt(POLICY, False, "cannot be looked at with these credentials")
    return Attempt(POLICY, False, NAMES_SERVICE if SERVICE in policy else NO_POLICY)


POLICY, NAMES_SERVICE = "its policy", "names the service"
NO_POLICY = f"does not name {SERVICE}, so Mail Manager may not write there"


def _partition_of(region: str) -> str:
    """The partition of AWS that a Region is in; "" where it is not known."""
    import botocore.session
    from botocore.exceptions import UnknownRegionError

    try:
        return str(botocore.session.get_session().get_partition_for_region(region)) if region else ""
    except UnknownRegionError:
        return ""
