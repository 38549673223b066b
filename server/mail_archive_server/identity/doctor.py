"""Who the server is to AWS, and what it may: each permission that its tools need, tried by a call that changes nothing.

StartArchiveSearch takes the only slot of the account and Region, so it is tried only when asked for. What works on a
search or a message needs one that is there: of the searches that the archive lists, and what they found.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any, Literal

from botocore import xform_name
from botocore.exceptions import ClientError

from mail_archive_server.hosting.published import chosen_tools
from mail_archive_server.identity.connecting import Backend, Connection
from mail_archive_server.identity.policy import actions_of
from mail_archive_server.settings import Settings
from mail_archive_tools.errors import AccessDenied, ArchiveError
from mail_archive_tools.service import resources
from mail_archive_tools.service.buckets import NEEDED, ON_BUCKET, POLICY, Attempt, Buckets, Examined, Location
from mail_archive_tools.service.refusals.denials import denial_of
from mail_archive_tools.service.refusals.translating import REFUSALS, refusal
from mail_archive_tools.service.shapes import state_of

Result = Literal["allowed", "denied", "untried", "failed"]

ARCHIVES_TRIED = 3
"""Archives whose permissions are tried, where none is named."""
SEARCH_SECONDS = 15
"""How long a search that was started is waited for."""

EXPORTS = "s3://"
"""How the places begin that permissions of S3 are tried on."""

_LISTED = 50
_RANGE = timedelta(days=30)
_FEW = 10
_SEARCHES_TRIED = 5
_ENDED = ("COMPLETED", "FAILED", "CANCELLED")
_NO_SEARCH = "no search is there to try it on; --try-search starts one"
_NO_MESSAGE = "no search has found a message to try it on; --try-search looks for one"

_CREDENTIALS = {
    "assume-role": "a role of the profile",
    "assume-role-with-web-identity": "a web identity token",
    "container-role": "this container's role",
    "custom-process": "a credential process",
    "env": "environment variables",
    "explicit": "the keys of a user of the local archive",
    "iam-role": "this machine's role",
    "login": "aws login",
    "shared-credentials-file": "the AWS credentials file",
    "config-file": "the AWS config file",
    "sso": "IAM Identity Center (SSO)",
}
"""What botocore calls the places that credentials come from."""


@dataclass(frozen=True)
class Permission:
    """One action, on an archive or on none: how it stands, and how that was found out."""

    action: str
    archive_id: str
    """The archive, or the place in S3, that it was tried on; "" for one on none."""
    result: Result
    how: str
    resource: str = ""
    """Of one that is denied: on what it would have to be allowed."""


@dataclass
class Examination:
    """All that was found out. `problem` is why it ended early, "" where it did not."""

    arn: str = ""
    account: str = ""
    credentials: str = ""
    until: datetime | None = None
    region: str = ""
    kept_to: str = ""
    archives: list[dict[str, str]] = field(default_factory=list)
    permissions: list[Permission] = field(default_factory=list)
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    """What else should be known."""

    @property
    def is_well(self) -> bool:
        if self.problem:
            return False
        return not any(each.result in ("denied", "failed") for each in self.permissions)


def examine(settings: Settings, backend: Backend, try_search: bool) -> Examination:
    """Ask STS who the server is, and Mail Manager what that identity may."""
    found = Examination(notes=backend.notes())
    connection = Connection(settings, backend)
    try:
        core = connection.session()
        _identify(found, connection, core)
        found.kept_to = _kept_to(settings, connection)
        client = connection.client_of(core, "mailmanager", endpoint_url=backend.endpoint_url)
    except REFUSALS as error:
        found.problem = str(refusal(error, "GetCallerIdentity", resources.ARCHIVES))
        return found
    except ArchiveError as error:
        found.problem = str(error)
        return found

    needed = [action.removeprefix("ses:") for action in actions_of(chosen_tools(settings))]
    _Trial(found, client, needed, try_search).run(settings.archive)
    if any(action in needed for action in NEEDED):
        _try_buckets(found, Buckets(lambda: backend.s3(connection)), settings)
    return found


def _try_buckets(found: Examination, buckets: Buckets, settings: Settings) -> None:
    """What exports need of S3, where they may go."""
    for url in settings.export_to:
        location = Location.named(url)
        try:
            examined = buckets.examine_now(location)
        except ArchiveError as error:
            found.permissions.append(Permission(NEEDED[0], str(location), "failed", str(error)))
            continue

        tried = {attempt.action: attempt for attempt in examined.attempts}
        for action in NEEDED:
            permission = _s3_permission(action, location, tried.get(action), examined)
            found.permissions.append(permission)
        if POLICY in tried:
            found.notes.append(f"Bucket {location.bucket}: {POLICY} {tried[POLICY].why}.")


def _s3_permission(action: str, location: Location, attempt: Attempt | None, examined: Examined) -> Permission:
    if attempt is None:
        why = "there is no such bucket"
        if examined.is_there:
            why = "it would have to change something"
        return Permission(action, str(location), "untried", why)
    if attempt.outcome == "works":
        return Permission(action, str(location), "allowed", attempt.why)
    if not examined.is_there:
        return Permission(action, str(location), "failed", attempt.why)

    resource = f"arn:{examined.own_partition}:s3:::{location.bucket}"
    if action not in ON_BUCKET:
        resource = f"{resource}/{location.key('*')}"
    return Permission(action, str(location), "denied", attempt.why, resource)


def _identify(found: Examination, connection: Connection, core: Any) -> None:
    found.region = core.get_config_variable("region") or ""
    try:
        who = connection.client_of(core, "sts").get_caller_identity()
        found.arn, found.account = who["Arn"], who["Account"]
    finally:
        own = connection.own or core.get_credentials()
        if own is not None:
            found.credentials = _CREDENTIALS.get(own.method, own.method)

    called_with = core.get_credentials()
    # botocore says no other way until when those are good that it renews; others have no end.
    found.until = getattr(called_with, "_expiry_time", None)
    found.credentials += _steps(connection)


def _steps(connection: Connection) -> str:
    """What was made of the credentials that were found."""
    narrowing = connection.narrowing
    if narrowing is not None and narrowing.how:
        return f", then {narrowing.how} with a policy for this session"
    if connection.assumes_role:
        return ", then AssumeRole"
    return ""


def _kept_to(settings: Settings, connection: Connection) -> str:
    narrowing = connection.narrowing
    if narrowing is None:
        return ""

    named = ", ".join(settings.archive)
    if narrowing.how:
        return f"{named}: by AWS ({narrowing.how}), and by this server"

    why = ""
    if narrowing.refused is not None:
        why = f" ({refusal(narrowing.refused, 'GetScopedCredentials', resources.ARCHIVES)})"
    return f"{named}: by this server alone, which is weaker{why}"


class _Trial:
    """The calls, one after another; what one finds is what the next is tried on."""

    def __init__(self, found: Examination, client: Any, needed: list[str], try_search: bool) -> None:
        self._found, self._client, self._needed, self._try_search = found, client, needed, try_search

    def run(self, named: tuple[str, ...]) -> None:
        listed = self._call("ListArchives", "", PageSize=_LISTED) or {}
        by_id = {each.get("ArchiveId", ""): each for each in listed.get("Archives", [])}
        tried = named
        others: tuple[str, ...] = ()
        if not named:
            ids = tuple(by_id)
            tried, others = ids[:ARCHIVES_TRIED], ids[ARCHIVES_TRIED:]

        for archive_id in tried:
            known = by_id.get(archive_id, {})
            name, state = known.get("ArchiveName", ""), known.get("ArchiveState", "")
            self._found.archives.append({"ArchiveId": archive_id, "ArchiveName": name, "ArchiveState": state})
            self._archive(archive_id)
        self._found.archives += [{"ArchiveId": each} for each in others]

    def _archive(self, archive_id: str) -> None:
        archive = self._call("GetArchive", archive_id, ArchiveId=archive_id) or {}
        listed = self._call("ListArchiveSearches", archive_id, ArchiveId=archive_id, PageSize=_FEW) or {}
        started = self._start(archive_id)
        searches = listed.get("Searches", [])
        # To stop one that is under way would take it from whoever waits for it.
        ended = [each["SearchId"] for each in searches if state_of(each) in _ENDED]
        rows = self._search(archive_id, started, ended)

        message_id = next((row["ArchivedMessageId"] for row in rows if "ArchivedMessageId" in row), None)
        for operation in ("GetArchiveMessage", "GetArchiveMessageContent"):
            if message_id is None:
                self._note(operation, archive_id, "untried", _NO_MESSAGE)
            else:
                self._call(operation, archive_id, "on a message that a search found", ArchivedMessageId=message_id)

        self._exports(archive_id)
        self._changes(archive_id, archive.get("ArchiveArn"))

    def _exports(self, archive_id: str) -> None:
        """What works on an export is tried on one that has ended."""
        if not any("Export" in operation for operation in self._needed):
            return
        self._note("StartArchiveExport", archive_id, "untried", "it would copy mail out of the archive")

        listed = self._call("ListArchiveExports", archive_id, ArchiveId=archive_id, PageSize=_FEW) or {}
        exports = listed.get("Exports", [])
        # To stop one that is under way would change something.
        ended = [each["ExportId"] for each in exports if state_of(each) in _ENDED]
        for operation in ("GetArchiveExport", "StopArchiveExport"):
            if not ended:
                self._note(operation, archive_id, "untried", "no export that has ended is there to try it on")
            else:
                self._call(operation, archive_id, "on an export that has ended", ExportId=ended[0])

    def _changes(self, archive_id: str, arn: str | None) -> None:
        """What changes archives: tags are tried with none of them, the rest is not tried."""
        # AWS has no dry run of these operations.
        for operation in ("CreateArchive", "UpdateArchive", "DeleteArchive"):
            self._note(operation, archive_id, "untried", "it would change something")
        if arn is None:
            for operation in ("TagResource", "UntagResource", "ListTagsForResource"):
                self._note(operation, archive_id, "untried", "the archive's ARN is not known")
            return

        self._call_needed("ListTagsForResource", archive_id, "called", ResourceArn=arn)
        how = "with no tags, which changes nothing"
        self._call_needed("TagResource", archive_id, how, ResourceArn=arn, Tags=[])
        self._call_needed("UntagResource", archive_id, how, ResourceArn=arn, TagKeys=[])

    def _call_needed(self, operation: str, archive_id: str, how: str, **members: Any) -> None:
        if operation in self._needed:
            self._call(operation, archive_id, how, **members)

    def _start(self, archive_id: str) -> str | None:
        """A search of the last days, which was waited for; None where none was started."""
        if not self._try_search:
            self._note("StartArchiveSearch", archive_id, "untried", "it takes the only slot; --try-search tries it")
            return None

        now = datetime.now(UTC)
        started = self._call(
            "StartArchiveSearch",
            archive_id,
            "a search of the last 30 days",
            ArchiveId=archive_id,
            FromTimestamp=now - _RANGE,
            ToTimestamp=now,
            MaxResults=_FEW,
        )
        if started is None:
            return None

        search_id: str | None = started.get("SearchId")
        end = monotonic() + SEARCH_SECONDS
        with suppress(*REFUSALS):
            while search_id and monotonic() < end:
                if state_of(self._client.get_archive_search(SearchId=search_id)) not in ("QUEUED", "RUNNING"):
                    break
                sleep(0.5)
        return search_id

    def _search(self, archive_id: str, started: str | None, ended: list[str]) -> list[dict[str, Any]]:
        """What one of these searches found, the first that found something and may be looked at."""
        search_ids = ended
        how = "on a search that has ended, where it does nothing"
        if started:
            search_ids = [started, *ended]
            how = "on the search that was started"
        if not search_ids:
            for operation in ("GetArchiveSearch", "GetArchiveSearchResults", "StopArchiveSearch"):
                self._note(operation, archive_id, "untried", _NO_SEARCH)
            return []

        self._call("GetArchiveSearch", archive_id, SearchId=search_ids[0])
        answer = self._call("GetArchiveSearchResults", archive_id, SearchId=search_ids[0])
        self._call("StopArchiveSearch", archive_id, how, SearchId=search_ids[0])
        if answer is None:
            return []

        rows: list[dict[str, Any]] = answer.get("Rows", [])
        for search_id in search_ids[1:_SEARCHES_TRIED]:
            if rows:
                break
            with suppress(*REFUSALS):
                rows = self._client.get_archive_search_results(SearchId=search_id).get("Rows", [])
        return rows

    def _call(self, operation: str, archive_id: str, how: str = "called", **members: Any) -> dict[str, Any] | None:
        """The answer; None where there is none. What an answer, or a refusal for another reason, shows is noted."""
        """What the call answers; None where it is refused. How it went is noted."""
        call = getattr(self._client, xform_name(operation))
        try:
            answer: dict[str, Any] = call(**members)
        except REFUSALS as error:
            self._note_refusal(error, operation, archive_id, how)
            return None
        self._note(operation, archive_id, "allowed", how)
        return answer

    def _note_refusal(self, error: Exception, operation: str, archive_id: str, how: str) -> None:
        resource = resources.ARCHIVES
        if archive_id:
            resource = resources.archive(archive_id)
        said = refusal(error, operation, resource)

        is_answer = isinstance(error, ClientError)
        if is_answer and isinstance(said, AccessDenied):
            denial = denial_of(error, f"ses:{operation}")
            self._note(operation, archive_id, "denied", denial.why or "AccessDeniedException", denial.resource)
        elif is_answer and _passed(error):
            self._note(operation, archive_id, "allowed", f"{how}; refused, but for another reason")
        else:
            self._note(operation, archive_id, "failed", str(said))

    def _note(self, operation: str, archive_id: str, result: Result, how: str, resource: str = "") -> None:
        if operation in self._needed:
            self._found.permissions.append(Permission(f"ses:{operation}", archive_id, result, how, resource))


def _passed(error: ClientError) -> bool:
    """Whether the refusal came after rights were looked at."""
    code = error.response.get("Error", {}).get("Code")
    return code in ("ConflictException", "ServiceQuotaExceededException")
