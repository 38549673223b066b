"""What was found out of the server's identity, for a person."""

import json
from collections.abc import Iterator

from mail_archive_server.identity.doctor import EXPORTS, Examination


def lines(found: Examination) -> Iterator[str]:
    """What was found out, for a person."""
    credentials = found.credentials
    if found.until is not None:
        credentials = f"{credentials}; until {found.until:%Y-%m-%d %H:%M} UTC"
    yield from _labelled(
        ("Identity", found.arn or "unknown"),
        ("Account", found.account),
        ("Credentials", credentials),
        ("Region", found.region),
        ("Kept to", found.kept_to),
    )
    if found.problem:
        yield f"Problem       {found.problem}"
        return

    if any(not each.archive_id for each in found.permissions):
        yield from _permissions(found, "", "All archives")
    for archive in found.archives:
        told = " ".join(archive.get(name, "") for name in ("ArchiveId", "ArchiveName", "ArchiveState")).rstrip()
        yield from _permissions(found, archive["ArchiveId"], f"Archive {told}")
    places = [each.archive_id for each in found.permissions if each.archive_id.startswith(EXPORTS)]
    for place in dict.fromkeys(places):
        yield from _permissions(found, place, f"Exports to {place}")
    yield from found.notes


def _permissions(found: Examination, archive_id: str, title: str) -> Iterator[str]:
    """Those on one archive; "" for those on none."""
    permissions = [each for each in found.permissions if each.archive_id == archive_id]
    yield ""
    if permissions:
        yield title
    else:
        yield f"{title}: not tried; --archive names those that are"

    width = max((len(each.action) for each in found.permissions), default=0)
    yield from (f"  {each.result:<8} {each.action:<{width}}  {each.how}" for each in permissions)

    denied = [each for each in permissions if each.resource]
    for resource in dict.fromkeys(each.resource for each in denied):
        actions = [each.action for each in denied if each.resource == resource]
        statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
        yield f"  What allows it: {json.dumps(statement)}"


def _labelled(*pairs: tuple[str, str]) -> Iterator[str]:
    for label, text in pairs:
        if text:
            yield f"{label:<14}{text}"
