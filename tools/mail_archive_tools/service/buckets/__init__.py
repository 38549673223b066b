"""Where exports go: a place in S3, what can be found out of it without changing anything, and what has to be allowed.

Mail Manager writes with the rights of whoever asks, and by a bucket policy of its own: both are needed
(Amazon SES Developer Guide, "Email archiving", export permissions). Loads nothing of the AWS SDK before it is called.
"""

from mail_archive_tools.service.buckets.asking import OBJECTS_COUNTED, Buckets, Contents, contents
from mail_archive_tools.service.buckets.examining import ALLOWED, NO_POLICY, POLICY, Attempt, Examined, examine
from mail_archive_tools.service.buckets.granting import (
    NEEDED,
    ON_BUCKET,
    ON_OBJECTS,
    SERVICE,
    VERSIONING,
    bucket_policy,
)
from mail_archive_tools.service.buckets.locations import Location

__all__ = [
    "ALLOWED",
    "NEEDED",
    "NO_POLICY",
    "OBJECTS_COUNTED",
    "ON_BUCKET",
    "ON_OBJECTS",
    "POLICY",
    "SERVICE",
    "VERSIONING",
    "Attempt",
    "Buckets",
    "Contents",
    "Examined",
    "Location",
    "bucket_policy",
    "contents",
    "examine",
]
