"""`doctor`: who the server is to AWS, what it may, and what protects it here."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mail_archive_server.settings import SettingError, Settings, add_flags, read_settings
from mail_archive_server.terminal import CommandError, number_of, shown

if TYPE_CHECKING:
    from mail_archive_server.identity.doctor import Examination, Permission

HELP = "say who the server is to AWS, what it may, and what protects it here"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.add_argument(
        "--try-search", action="store_true", help="also start a search, which takes the only slot for a moment"
    )
    add_flags(parser)


def run(arguments: argparse.Namespace) -> None:
    """Exit status 0: nothing is missing; 1: something is."""
    settings = read_settings(vars(arguments))

    from mail_archive_local import LocalArchiveError
    from mail_archive_server.backends import open_backend
    from mail_archive_server.identity.doctor import examine
    from mail_archive_server.identity.report import lines
    from mail_archive_server.machine import left, protections, versions
    from mail_archive_tools.sandbox.pool import NotRead

    try:
        found = examine(settings, open_backend(settings), arguments.try_search)
    except LocalArchiveError as error:
        raise CommandError(str(error)) from error

    try:
        missing = protections()
    except NotRead:
        missing = {"reading": "the processes that read mail do not start; install the package anew"}
    issuer = _issuer(settings)
    consent = _consent(settings)
    index = _index(settings)

    if arguments.json:
        print(json.dumps(_members(found, issuer, consent, index, missing, versions()), indent=2))
    else:
        for line in lines(found):
            print(shown(line))
        for line in _lines(issuer, consent, index, missing, left()):
            print(f"\n{line}")
        print(", ".join(f"{name} {version}" for name, version in versions().items()))

    is_here_well = "reading" not in missing and "Problem" not in issuer | consent | index
    if not is_here_well or not found.is_well:
        sys.stdout.flush()
        sys.exit(1)


def _lines(
    issuer: dict[str, Any], consent: dict[str, str], index: dict[str, Any], missing: dict[str, str], left: str
) -> Iterator[str]:
    """What was found here, for a person."""
    yield from _lines_on(index)
    if "Problem" in issuer:
        yield shown(issuer["Problem"])
    elif issuer:
        yield shown(f"Access tokens are verified with {number_of(issuer['Keys'], 'key')} of {issuer['Url']}.")
    if consent:
        yield f"Changes: {consent['Meaning']}. {consent.get('Problem', '')}".rstrip()

    kept = ", ".join(name for name, why in missing.items() if not why)
    lacking = "; ".join(f"{name}: {why}" for name, why in missing.items() if why)
    sentences = [f"Mail is read in processes kept from: {kept or 'nothing'}."]
    if lacking:
        sentences.append(f"Missing: {lacking}.")
    sentences.append(f"They can still learn {left}.")
    yield " ".join(sentences)


def _consent(settings: Settings) -> dict[str, str]:
    """How the user agrees to what changes something, where a tool does."""
    from mail_archive_server.hosting.consenting import FORMS, consents_of
    from mail_archive_server.hosting.published import change_something, chosen_tools

    if not change_something(chosen_tools(settings)):
        return {}

    told = {"Form": settings.consent, "Meaning": FORMS[settings.consent]}
    try:
        consents_of(settings.consent)
    except SettingError as error:
        told["Problem"] = str(error)
    return told


def _index(settings: Settings) -> dict[str, Any]:
    """What is in the index of content, where there is one."""
    from mail_archive_server.backends import dkim_keys_of
    from mail_archive_server.commands.indexing.status import held_in, members_of
    from mail_archive_server.indexes import opener, place_of
    from mail_archive_tools.errors import IndexUnusable

    open_index = opener(settings, dkim_keys_of(settings))
    place = place_of(settings)
    if open_index is None or place is None:
        return {}
    try:
        # As the server opens it: one that was made of something else answers nothing.
        open_index().close()
        return {"Place": str(place), "Archives": [members_of(each) for each in held_in(place)]}
    except IndexUnusable as error:
        return {"Place": str(place), "Problem": str(error)}


def _lines_on(index: dict[str, Any]) -> Iterator[str]:
    if "Problem" in index:
        yield shown(index["Problem"])
    elif index:
        yield f"Index of content: {shown(index['Place'])}"
    for each in index.get("Archives", ()):
        whole = ", ".join(f"{one['FromTimestamp']} to {one['ToTimestamp']}" for one in each["Whole"])
        unread = f", {each['Unread']:,} of them not read" if each["Unread"] else ""
        yield (
            f"Archive {each['ArchiveId']}: {number_of(each['Messages'], 'message')}{unread}, added to last at "
            f"{each['AddedAt']}; held whole: {whole or 'nothing'}."
        )


def _issuer(settings: Settings) -> dict[str, Any]:
    """What is found of the issuer of callers' access tokens, where there is one."""
    if settings.issuer is None:
        return {}

    import anyio

    from mail_archive_server.transport.issuer_keys import IssuerUnavailable, Keys

    try:
        keys = anyio.run(Keys(settings.issuer).fetch)
    except IssuerUnavailable as error:
        return {"Url": settings.issuer, "Problem": str(error)}
    if not keys:
        problem = f"{settings.issuer} publishes no key that tokens could be verified with."
        return {"Url": settings.issuer, "Problem": problem}
    return {"Url": settings.issuer, "Keys": keys}


def _members(
    found: "Examination",
    issuer: dict[str, Any],
    consent: dict[str, str],
    index: dict[str, Any],
    missing: dict[str, str],
    versions: dict[str, str],
) -> dict[str, Any]:
    until = ""
    if found.until is not None:
        until = found.until.isoformat()
    members: dict[str, Any] = {
        "Well": found.is_well,
        "Identity": {
            "Arn": found.arn,
            "Account": found.account,
            "Credentials": found.credentials,
            "Until": until,
        },
        "Region": found.region,
        "KeptTo": found.kept_to,
        "Archives": found.archives,
        "Permissions": [_permission(each) for each in found.permissions],
        "Notes": found.notes,
        "Problem": found.problem,
        "Issuer": issuer,
        "Consent": consent,
        "Index": index,
        "Protections": {name: why or "holds" for name, why in missing.items()},
        "Versions": versions,
    }
    told: dict[str, Any] = _without_empty(members)
    return told


def _permission(permission: "Permission") -> dict[str, str]:
    where = "ArchiveId"
    if permission.archive_id.startswith("s3://"):
        where = "Place"
    return {
        "Action": permission.action,
        where: permission.archive_id,
        "Result": permission.result,
        "How": permission.how,
        "Resource": permission.resource,
    }


def _without_empty(value: Any) -> Any:
    """No member that says nothing."""
    if isinstance(value, dict):
        return {name: _without_empty(each) for name, each in value.items() if each not in ("", [], {})}
    if isinstance(value, list):
        return [_without_empty(each) for each in value]
    return value
