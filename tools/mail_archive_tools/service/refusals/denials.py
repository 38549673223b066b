"""What IAM does not allow: who, what, on which resource, why, and the statement that would allow it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from mail_archive_tools.errors import REASON_BYTES
from mail_archive_tools.untrusted import clean_line, shorten

_SAID = re.compile(
    r"User: (?P<user>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))?(?: (?P<why>.*))?",
    re.DOTALL,
)
"""AWS's own words, which all of its services use."""


@dataclass(frozen=True)
class Denial:
    """One refusal of IAM; `why` is AWS's reason, "" where it gives none."""

    who: str
    action: str
    resource: str
    why: str

    @property
    def statement(self) -> str:
        """What would allow it, as a policy has it."""
        return json.dumps({"Effect": "Allow", "Action": self.action, "Resource": self.resource})

    def sentence(self, do: str) -> str:
        """Who may not `do` that, and what helps."""
        refused = f"{self.who} may not {do}: IAM does not allow {self.action} on {self.resource}"
        # AWS's words for its reasons: "Access denied error messages" in the IAM User Guide.
        if "explicit deny" in self.why:
            return f"{refused}, {self.why}, which nothing overrules. Whoever administers the account can take it away."
        if "session policy" in self.why:
            return (
                f"{refused} within this session, whose own policy keeps to the server's --archive and --tools, or to "
                f"what another one set. In that, {self.statement} would allow it."
            )

        mend = f"Whoever administers the account can allow it with {self.statement}."
        # That no policy of the identity allows it is what the sentence says already.
        if not self.why or "identity-based" in self.why:
            return f"{refused}. {mend}"
        return f"{refused} ({self.why}). {mend}"


def denial_of(error: Any, action: str) -> Denial:
    """What a ClientError says of a refused `action`; its own words go first where it has them."""
    message = str(error.response.get("Error", {}).get("Message", ""))
    found = _SAID.match(message)
    if found is None:
        return Denial("This identity, which `mail-archive-mcp doctor` names,", action, "*", "")
    return Denial(
        who=_line(found["user"]),
        action=_line(found["action"]),
        resource=_line(found["resource"] or "*"),
        why=_line(found["why"] or ""),
    )


def _line(text: str) -> str:
    return shorten(clean_line(text), REASON_BYTES).rstrip(". ")
