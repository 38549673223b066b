"""How the user is asked: by the client, in the way of its protocol, or with a one-time code that has to come back.

A client of the 2026-07-28 protocol gets the question as the answer of the call, and calls again with what the user
said; an older one is asked while the call waits. What the user agreed to is bound to what was asked: where that is no
longer what would be done, the user is asked again. Each agreement is good for one call.
"""

from __future__ import annotations

import json
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mcp.server.mcpserver import Context
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least

from mail_archive_server.hosting.callers import caller

if TYPE_CHECKING:
    from mail_archive_tools.calls.consent import Change, Consent

CODE_SECONDS = 600.0
"""How long a one-time code is good, and a question of the newer protocol."""
_KEPT = 1_000
"""Codes and used agreements that are remembered, the newest of them."""
_ASKS_IN_RESULTS = "2026-07-28"
_QUESTION = "consent"
_CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_LENGTH = 8

_OTHER_WAY = (
    "Whoever runs this server can start it with --consent code (MAIL_ARCHIVE_CONSENT=code): then the first call says "
    "what would happen, and a one-time code lets the second one do it."
)


class InputNeeded(Exception):
    """The call ends with a question: `result` is its answer for now."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("the user has to be asked")
        self.result = result


@dataclass(frozen=True)
class _Code:
    digest: str
    expires_at: float


class Consents:
    """The agreements of one server's callers."""

    def __init__(self, mode: Literal["ask", "code"], code_seconds: float = CODE_SECONDS) -> None:
        self._mode = mode
        self._code_seconds = code_seconds
        self._codes: OrderedDict[tuple[str, str], _Code] = OrderedDict()
        """By the caller that a code was given to."""
        self._used: OrderedDict[str, None] = OrderedDict()

    def of(self, ctx: Context[Any, Any]) -> Consent:
        """What asks the user of that call."""

        async def consent(change: Change, code: str | None = None, typed: str | None = None) -> None:
            if self._mode == "code":
                await self._by_code(change, code, typed)
            elif not _can_ask(ctx):
                raise _refused("This client cannot ask its user", "")
            elif _asks_in_results(ctx):
                await self._by_result(ctx, change)
            else:
                await self._by_request(ctx, change)

        return consent

    async def _by_request(self, ctx: Context[Any, Any], change: Change) -> None:
        """Ask while the call waits."""
        # Imported here, as all that only calls need.
        from mail_archive_tools.calls.patience import waiting_for_a_person

        described = await change.described()
        with waiting_for_a_person():
            answer = await ctx.session.elicit_form(described, _form(change), related_request_id=ctx.request_id)
        _refuse_unless_agreed(answer, change)

    async def _by_result(self, ctx: Context[Any, Any], change: Change) -> None:
        """Take what the user said to the question of a call before, or end this one with the question."""
        answer = (ctx.input_responses or {}).get(_QUESTION)
        if isinstance(answer, ElicitResult) and self._is_of(ctx.request_state, change):
            _refuse_unless_agreed(answer, change)
            return

        question = ElicitRequestFormParams(message=await change.described(), requested_schema=_form(change))
        state = json.dumps([change.digest, secrets.token_hex(8)])
        raise InputNeeded(
            InputRequiredResult(
                input_requests={_QUESTION: ElicitRequest(params=question)},
                # Sealed by the SDK: for this tool and these arguments, this caller, and ten minutes.
                request_state=state,
            )
        )

    def _is_of(self, state: str | None, change: Change) -> bool:
        """Whether that question was about this change, and was not answered before."""
        if state is None:
            return False
        digest, nonce = json.loads(state)
        if digest != change.digest or nonce in self._used:
            return False
        self._used[nonce] = None
        if len(self._used) > _KEPT:
            self._used.popitem(last=False)
        return True

    async def _by_code(self, change: Change, code: str | None, typed: str | None) -> None:
        """Take a code that a call before named for this change, or refuse with one."""
        if code is None:
            raise _refused_with_code(await change.described(), change, self._new_code(change))
        known = self._codes.pop((caller(), code.strip().lower()), None)
        if known is None or known.digest != change.digest or time.monotonic() > known.expires_at:
            why = "That code is not one for exactly this, was used, or is too old. "
            raise _refused_with_code(why + await change.described(), change, self._new_code(change))
        if change.typed and (typed or "").strip() != change.typed:
            raise _refused("The name that was typed is not the archive's", "Ask the user to type it.")

    def _new_code(self, change: Change) -> str:
        code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
        self._codes[caller(), code] = _Code(change.digest, time.monotonic() + self._code_seconds)
        if len(self._codes) > _KEPT:
            self._codes.popitem(last=False)
        return code


def _can_ask(ctx: Context[Any, Any]) -> bool:
    """Whether the client said that it asks its user, by a form, and there is a way to it."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    # One that names no kind is of a protocol that knew of forms alone.
    has_forms = elicitation is not None and (elicitation.form is not None or elicitation.url is None)
    return has_forms and (_asks_in_results(ctx) or ctx.session.can_send_request)


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
        said = "The user declined" if answer.action == "decline" else "The question was closed without an answer"
        raise _refused(
            said, "Do not ask again unless the user wants to. If nobody was asked, the host declines by itself."
        )
    typed = str((answer.content or {}).get("name", "")).strip()
    if change.typed and typed != change.typed:
        raise _refused(f"The name that was typed is not {change.typed}, the archive's", "Call again to be asked again.")


def _refused(why: str, next_step: str) -> Exception:
    from mail_archive_tools.errors import NotConsented

    return NotConsented(f"{why}: nothing was changed. {next_step} {_OTHER_WAY}".replace("  ", " "))


def _refused_with_code(described: str, change: Change, code: str) -> Exception:
    from mail_archive_tools.errors import NotConsented

    typed = " and archive_name, as the user types it" if change.typed else ""
    return NotConsented(
        f"Nothing was changed yet. Show the user what would happen:\n{described}\nIf the user agrees, call again with "
        f"the same arguments and consent_code={code}{typed}. The code is good once, for exactly this, for ten minutes."
    )
