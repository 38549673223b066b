"""The client asks its user.

A client of the 2026-07-28 protocol gets the question as the answer of the call, and calls again with what the user
said; an older one is asked while the call waits. What the user agreed to is bound to what was asked: where that is no
longer what would be done, the user is asked again. Each agreement is good for one call; of a call that has two
questions, the second answer carries the first along.
"""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least

if TYPE_CHECKING:
    from mail_archive_tools.calls.consent import Change

USED_KEPT = 1_000
"""Used agreements that are remembered, the newest of them."""
_ASKS_IN_RESULTS = "2026-07-28"
_QUESTION = "consent"

_OTHER_WAYS = (
    "Whoever runs this server can start it at a terminal with --consent code (MAIL_ARCHIVE_CONSENT=code), which shows "
    "a person there what would happen, and a one-time code; or, where the host asks before each call, with --consent "
    "host."
)


class InputNeeded(Exception):
    """The call ends with a question: `result` is its answer for now."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("the user has to be asked")
        self.result = result


class Asking:
    """The questions of one call, put to its user by the client. `used` are the agreements that are spent."""

    def __init__(self, ctx: Context[Any, Any], used: OrderedDict[str, None]) -> None:
        self._ctx = ctx
        self._used = used
        self._agreed: set[str] = set()
        self._met: set[str] = set()
        """Those that were agreed to and are part of this very call."""
        self._answers: dict[str, ElicitResult] = {}
        self._was_taken_up = False

    async def __call__(self, change: Change, code: str | None = None, typed: str | None = None) -> list[str]:
        if not _can_ask(self._ctx):
            raise _refused("This client cannot ask its user", _OTHER_WAYS)
        if _asks_in_results(self._ctx):
            await self._by_result(change)
        else:
            await self._by_request(change)
        return []

    async def _by_request(self, change: Change) -> None:
        """Ask while the call waits."""
        # Imported here, as all that only calls need.
        from mail_archive_tools.calls.patience import waiting_for_a_person

        described = await change.described()
        with waiting_for_a_person():
            answer = await self._ctx.session.elicit_form(
                described, _form(change), related_request_id=self._ctx.request_id
            )
        _refuse_unless_agreed(answer, change)

    async def _by_result(self, change: Change) -> None:
        """Take what the user said to the questions of the calls before, or end this one with the question."""
        self._take_up()
        answer = self._answers.pop(change.digest, None)
        if answer is not None:
            _refuse_unless_agreed(answer, change)
            self._agreed.add(change.digest)
        if change.digest in self._agreed:
            self._met.add(change.digest)
            return

        described = await change.described()
        question = ElicitRequestFormParams(message=described, requested_schema=_form(change))
        # Sealed by the SDK: for this tool and these arguments, this caller, and ten minutes.
        state = json.dumps([sorted(self._met), change.digest, secrets.token_hex(8)])
        result = InputRequiredResult(
            input_requests={_QUESTION: ElicitRequest(params=question)},
            request_state=state,
        )
        raise InputNeeded(result)

    def _take_up(self) -> None:
        """What was agreed to before this call, and the answer that came with it, unless they are spent."""
        if self._was_taken_up or self._ctx.request_state is None:
            return
        self._was_taken_up = True

        agreed, asked, nonce = json.loads(self._ctx.request_state)
        if nonce in self._used:
            return
        self._used[nonce] = None
        if len(self._used) > USED_KEPT:
            self._used.popitem(last=False)

        self._agreed.update(agreed)
        answers = self._ctx.input_responses or {}
        answer = answers.get(_QUESTION)
        if isinstance(answer, ElicitResult):
            self._answers[asked] = answer


def _can_ask(ctx: Context[Any, Any]) -> bool:
    """Whether the client said that it asks its user, by a form, and there is a way to it."""
    capabilities = ctx.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        return False
    elicitation = capabilities.elicitation
    # One that names no kind is of a protocol that knew of forms alone.
    if elicitation.form is None and elicitation.url is not None:
        return False
    return _asks_in_results(ctx) or ctx.session.can_send_request


def _asks_in_results(ctx: Context[Any, Any]) -> bool:
    version = ctx.request_context.protocol_version
    return version is not None and is_version_at_least(version, _ASKS_IN_RESULTS)


def _form(change: Change) -> dict[str, Any]:
    """What the user fills in: nothing, or the name that has to be typed."""
    if not change.typed:
        return {"type": "object", "properties": {}}
    name = {"type": "string", "title": "Name", "description": "Type the archive's name to go on."}
    return {"type": "object", "properties": {"name": name}, "required": ["name"]}


def _refuse_unless_agreed(answer: ElicitResult, change: Change) -> None:
    if answer.action != "accept":
        said = "The question was closed without an answer"
        if answer.action == "decline":
            said = "The user declined"
        raise _refused(
            said, "Do not ask again unless the user wants to. If nobody was asked, the host declines by itself."
        )

    if not change.typed:
        return
    filled_in = answer.content or {}
    typed = str(filled_in.get("name", "")).strip()
    if typed != change.typed:
        raise _refused(f"The name that was typed is not {change.typed}, the archive's", "Call again to be asked again.")


def _refused(why: str, next_step: str) -> Exception:
    from mail_archive_tools.errors import NotConsented

    return NotConsented(f"{why}: nothing was changed. {next_step}")
