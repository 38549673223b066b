"""How the user is asked, as the operator chose (`--consent`).

- `ask`: by the client, in the way of its protocol. A client that cannot ask changes nothing.
- `code`: on the terminal that started the server, with a one-time code that has to come back. A person sees it there,
  and the model does not.
- `host`: with a one-time code that the model itself is given. Nothing but the host's own question before the second
  call stands between the model and the change; so each answer says.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context

from mail_archive_server.hosting.asking import Asking
from mail_archive_server.hosting.codes import CODE_SECONDS, ByCode, Codes
from mail_archive_server.hosting.consoles import NO_CONSOLE, Console
from mail_archive_server.settings import SettingError

if TYPE_CHECKING:
    from mail_archive_server.settings import Consent as Form
    from mail_archive_tools.calls.consent import Consent

FORMS: dict[Form, str] = {
    "ask": "the client asks its user before each change (--consent ask); one that cannot changes nothing",
    "code": (
        "the terminal that starts the server shows each change with a one-time code (--consent code), without which "
        "nothing is changed"
    ),
    "host": (
        "the model is given the one-time code itself (--consent host): the host's own question before the second call "
        "is all there is, and this server does not know whether there is one"
    ),
}
"""How a user agrees, as the log and `doctor` say it."""


class Consents:
    """The agreements of one server's callers."""

    def __init__(self, form: Form = "ask", console: Console | None = None, code_seconds: float = CODE_SECONDS) -> None:
        """`console` is where the codes of the form `code` are shown."""
        assert (form == "code") == (console is not None)
        self.form = form
        self._console = console
        self._codes = Codes(code_seconds)
        self._used: OrderedDict[str, None] = OrderedDict()

    def of(self, ctx: Context[Any, Any]) -> Consent:
        """What asks the user of that call."""
        if self.form == "ask":
            return Asking(ctx, self._used)
        return ByCode(self._codes, self._console)


def consents_of(form: Form) -> Consents:
    """The agreements of a server that was started with that form.

    Raises:
        SettingError: codes are to be shown on a terminal, and none started this server.
    """
    if form != "code":
        return Consents(form)
    try:
        return Consents(form, Console())
    except OSError:
        raise SettingError(NO_CONSOLE) from None
