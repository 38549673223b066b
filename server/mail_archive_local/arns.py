"""The account that a local archive is in, and what things in it are called."""

ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"


def archive_arn(region: str, archive_id: str) -> str:
    """The ARN of an archive; `*` stands for all of them."""
    return f"arn:aws:ses:{region}:{ACCOUNT}:mailmanager-archive/{archive_id}"


def archive_of_arn(region: str, arn: str) -> str | None:
    """The id of the archive that an ARN names; None: it names none of this account and Region."""
    prefix = archive_arn(region, "")
    if not arn.startswith(prefix):
        return None
    return arn.removeprefix(prefix) or None
