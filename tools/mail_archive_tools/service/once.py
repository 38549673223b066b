"""A call that the SDK makes once only where it is not known what became of it, or where nobody waits for it any more.

boto3 makes a failed call again by itself. A StartArchiveSearch whose answer was lost has started a search, which holds
the only slot: whoever asked looks for it before another is started.
"""

import threading
from typing import Any

from mail_archive_tools.calls.waiting import tries_left


def never_twice(client: Any, operation: str) -> None:
    """Let this client's tries of `operation` end with the first one that may have been done: one without an answer,
    or with a failure of the service. What was refused is made again as always."""
    last = threading.local()
    name = f"{client.meta.service_model.service_id.hyphenize()}.{operation}"

    def note(response: Any = None, caught_exception: BaseException | None = None, **_: Any) -> None:
        last.failure = caught_exception
        # botocore gives the HTTP response, and what was parsed of it.
        if response is not None and response[0].status_code >= 500:
            last.failure = _failed(response[1], operation)

    def refuse_another(request: Any, **_: Any) -> None:
        attempt = request.context.get("retries", {}).get("attempt", 1)
        if attempt > 1 and last.failure is not None:
            raise last.failure

    client.meta.events.register(f"needs-retry.{name}", note)
    client.meta.events.register(f"request-created.{name}", refuse_another)


def no_try_too_late(client: Any) -> None:
    """Let this client's calls be sent, and tried again, only while whoever asked still waits. Each try waits for its
    answer no longer than that: the thread that makes it ends with the call."""
    from botocore.exceptions import ReadTimeoutError

    longest = client.meta.config.read_timeout

    def bound(request: Any, **_: Any) -> None:
        left = tries_left()
        # The first try, too: loading the SDK, or getting credentials, may have taken all the time.
        if left <= 0:
            raise ReadTimeoutError(endpoint_url=request.url)
        # botocore takes the time-out of a single request from here, since 1.44.8 at the latest.
        request.context["read_timeout"] = min(longest, left)

    # One that is given out again is bound once.
    client.meta.events.register("request-created", bound, unique_id="no-try-too-late")


def _failed(parsed: dict[str, Any], operation: str) -> BaseException:
    from botocore.exceptions import ClientError

    failure: BaseException = ClientError(parsed, operation)
    return failure
