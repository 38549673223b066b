"""Where an export goes: what its first question takes for granted of the place, and what is found there after a yes.

Nothing is asked of S3 before somebody agreed: the name of a place may say things, and whoever owns the bucket reads it.
"""

from mail_archive_tools.calls.consent import Change
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.service.buckets import SERVICE, Buckets, Contents, Examined, Location, bucket_policy

_KEPT = {
    True: "the bucket keeps what was there before",
    False: "the bucket keeps nothing of what was there before",
    None: "whether the bucket keeps what was there before may not be looked at",
}


GRANTED = "Taken for granted"
"""Beside this stands what the first question says of a place that nobody has looked at."""


def taken_for_granted(region: str) -> str:
    """What the first question says of a place that nobody has looked at."""
    return (
        f"nothing is there yet, and the bucket is in {region or 'the Region of the archive'}; that is looked at after "
        "a yes, and asked about again where it is not so"
    )


async def second_question(
    first: Change, buckets: Buckets, location: Location, examined: Examined, region: str
) -> Change | None:
    """What has to be asked once more of an archive in `region`, now that the place was looked at: with all that the
    `first` question said, but what it took for granted. None: that is so.

    Raises:
        ArchiveError: S3 cannot be asked.
    """
    contents = await buckets.contents(location)
    found = {"Already there": _said_of(contents), "Region": _said_of_region(examined.region, region)}
    if not any(found.values()):
        return None

    async def counted() -> dict[str, str]:
        there = {}
        if contents.objects:
            more = " or more" if contents.has_more else ""
            there["Objects there"] = f"{contents.objects:,}{more}"
        return {**there, **await first.more()}

    what = "The destination is not what the first question said. Export all the same?"
    return Change(what, {**first.facts, GRANTED: "", **found}, counted)


def refuse_unusable(location: Location, examined: Examined) -> None:
    """
    Raises:
        InvalidArgument: nothing can be exported there.
    """
    if examined.failures:
        reasons = "; ".join(f"{each.action}: {each.why}" for each in examined.failures)
        sentence = (
            f"Nothing can be exported to {location} with this server's credentials ({reasons}). Nothing was started."
        )
        if examined.is_there:
            sentence += (
                f" Besides these rights, the bucket needs a policy for {SERVICE}, such as\n"
                f"{bucket_policy(location, examined.own_partition)}"
            )
        raise InvalidArgument(sentence)

    if examined.partition != examined.own_partition:
        raise InvalidArgument(
            f"Bucket {location.bucket} is in {examined.region}, of the partition {examined.partition}, and the "
            f"archives are in {examined.own_partition}: nothing is exported from one into the other. Name a bucket of "
            "the same one."
        )


def doubts_about(examined: Examined) -> list[str]:
    """What may be in the way of the export that was started."""
    doubts = "; ".join(f"{each.action} {each.why}" for each in examined.doubts)
    if not doubts:
        return []
    return [f"The bucket: {doubts}."]


def _said_of(contents: Contents) -> str:
    if contents.objects is None:
        return "whether anything is may not be looked at; what has the name of an exported object is overwritten"
    if contents.objects == 0:
        return ""
    return f"objects; those that have the name of an exported one are overwritten, and {_KEPT[contents.keeps_versions]}"


def _said_of_region(of_bucket: str, of_archive: str) -> str:
    if not of_bucket or not of_archive or of_bucket == of_archive:
        return ""
    return f"the bucket is in {of_bucket}, the archive in {of_archive}: the mail leaves its Region"
