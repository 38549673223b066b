"""What can go wrong in a tool, as one tree. The text of each is for the model: the thing and the next step.

    ToolError
    └── ArchiveError
        ├── InvalidArgument      an argument is not what the tool takes
        ├── NotFound             no such archive, search or message
        ├── NotReady             the search has no results yet, or the archive is pending deletion
        ├── SearchEnded          the search failed or was cancelled: it has no results
        ├── SlotTaken            another search, or another export, is running; one may
        ├── OverQuota            the service allows no more of these
        ├── NotConsented         the user did not agree, or could not be asked: nothing was changed
        ├── AccessDenied         IAM does not allow it
        │   └── OutOfScope       the server keeps to other archives
        ├── CredentialsRefused   none, expired, or not known
        ├── Misconfigured        the server's own settings are wrong
        ├── Throttled            too many calls
        ├── Unreachable          no answer
        │   └── Late             none in the time of the call
        ├── DownloadFailed       the raw message could not be fetched
        │   └── NotThisMessage   what came is another, or none, or not all of it
        ├── Unreadable           what came cannot be read within the limits
        ├── IndexUnusable        the index of content cannot answer: messages are read instead
        └── ServiceFailed        an answer that is the service's own fault, or one that nobody expected

Anything else that a tool raises is a defect: the model sees only that it failed, and the log has the trace.
"""

from mcp.server.mcpserver.exceptions import ToolError

REASON_BYTES = 500
"""How much of what a service says of itself stands in an error, in bytes of UTF-8."""


class ArchiveError(ToolError):
    """A call that could not be answered, said in a sentence."""


class InvalidArgument(ArchiveError):
    """An argument is not what the tool takes."""


class NotFound(ArchiveError):
    """No such archive, search or message."""


class NotReady(ArchiveError):
    """The search has no results yet, or the archive is pending deletion."""


class SearchEnded(ArchiveError):
    """The search failed or was cancelled."""


class SlotTaken(ArchiveError):
    """Another search, or another export, is running in the account and Region, and only one may."""


class OverQuota(ArchiveError):
    """The service allows no more archives, tags or changes of retention."""


class NotConsented(ArchiveError):
    """The user did not agree to a change, or could not be asked. Nothing was changed."""


class AccessDenied(ArchiveError):
    """IAM does not allow the action."""


class OutOfScope(AccessDenied):
    """It is of an archive that the server does not keep to."""


class CredentialsRefused(ArchiveError):
    """There are no credentials, or they have expired or are not known."""


class Misconfigured(ArchiveError):
    """The server's settings do not lead to an archive."""


class Throttled(ArchiveError):
    """The service asks for fewer calls: for a pause of `retry_after` seconds, where it says so."""

    retry_after: float | None = None


class Unreachable(ArchiveError):
    """The service did not answer."""


class Late(Unreachable):
    """The service did not answer in the time that the call had."""


class DownloadFailed(ArchiveError):
    """The raw message could not be fetched."""


class NotThisMessage(DownloadFailed):
    """What came is not the message that was asked for, but `what`."""

    what: str = ""


class Unreadable(ArchiveError):
    """A message, or its HTML, could not be read within the limits of time, memory and size."""


class ServiceFailed(ArchiveError):
    """The service failed, or answered what nobody expected."""


class IndexUnusable(ArchiveError):
    """The index of content cannot answer. Messages are read instead."""
