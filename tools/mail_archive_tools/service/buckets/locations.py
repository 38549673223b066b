"""A place in S3 that exports go to."""

import re
from dataclasses import dataclass

_NAMED = re.compile(r"s3://([a-zA-Z0-9][a-zA-Z0-9.-]{1,61}[a-zA-Z0-9])(?:/([a-zA-Z0-9!_.'()/-]*))?")
_NAMED_HOW = (
    "a place in S3 such as s3://bucket/prefix, of letters, digits and !_.-'(), with no part between slashes that is "
    "empty, . or .."
)


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
        location = cls(bucket, prefix)
        if ".." in bucket or not {"", ".", ".."}.isdisjoint(location.steps):
            raise ValueError(_NAMED_HOW)
        return location

    @property
    def steps(self) -> tuple[str, ...]:
        """The parts of the prefix."""
        if not self.prefix:
            return ()
        return tuple(self.prefix.split("/"))

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
