"""What an export needs to be allowed: to whoever asks for it, and to Mail Manager by the policy of the bucket."""

import json

from mail_archive_tools.service.buckets.locations import Location

ON_BUCKET = ("s3:ListBucket", "s3:GetBucketLocation")
ON_OBJECTS = ("s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging", "s3:GetObject")
NEEDED = (*ON_BUCKET, *ON_OBJECTS)
"""What an export needs on its bucket, and on what is put there."""

VERSIONING = "s3:GetBucketVersioning"
"""What it takes to see whether a bucket keeps what is overwritten; an export goes without."""

SERVICE = "ses.amazonaws.com"


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
