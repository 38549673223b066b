"""What the processes that are killed are forked from has loaded: S3, as botocore describes it."""

from mail_archive_local.wire.s3 import s3_client

# The session that boto3 keeps has read the service's model from then on; nothing is sent.
s3_client("http://127.0.0.1:9", "test", "test")
