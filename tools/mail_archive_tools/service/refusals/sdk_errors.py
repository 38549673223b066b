"""What an exception of the AWS SDK says, fit to stand within a sentence. Loads botocore."""

from botocore.exceptions import ClientError

from mail_archive_tools import errors
from mail_archive_tools.untrusted import clean_line, shorten


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def said_by(error: ClientError) -> str:
    return said(error.response.get("Error", {}).get("Message", ""))


def said(text: object) -> str:
    """What a service or the SDK says, fit to stand within a sentence."""
    return shorten(clean_line(str(text)), errors.REASON_BYTES).rstrip(". ")
