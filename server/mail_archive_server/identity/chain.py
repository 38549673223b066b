"""botocore's chain of credentials as it is, with nothing in it that asks a person or reads what is not for it.

A server's stdin belongs to the protocol and nobody sits at its terminal: a prompt for an MFA code, or a credential
process that reads or never ends, would take the protocol's bytes or hang for ever.
"""

import json
import subprocess
from functools import partial
from typing import Any

from botocore.credentials import Credentials
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError
from botocore.session import Session

from mail_archive_tools.service.refusals.causes import MfaWanted

PROCESS_SECONDS = 30
"""How long a credential process may take."""

_PROCESS = "custom-process"


def session_of_chain(profile: str | None, region: str | None, process_seconds: float = PROCESS_SECONDS) -> Session:
    """A new session with the user's own AWS files and variables; its credentials are looked for when first needed. A
    credential process may take so many seconds."""
    session = Session(profile=profile)
    if region is not None:
        session.set_config_variable("region", region)
    never_ask(session, process_seconds)
    return session


def chain_of(session: Session) -> Credentials:
    """What the chain of that session gives now: a login may have been renewed since it was last looked at.

    Raises:
        NoCredentialsError: nothing.
    """
    found = session.get_component("credential_provider").load_credentials()
    if found is None:
        raise NoCredentialsError
    return found


def never_ask(session: Session, process_seconds: float) -> None:
    """Replace what would ask. botocore takes both when it makes its providers, and offers no other way to give them."""
    start = partial(_ProcessProvider, process_seconds)
    for provider in session.get_component("credential_provider").providers:
        if provider.METHOD == _PROCESS:
            provider._popen = start
        if provider.METHOD == "assume-role":
            provider._prompter = _no_code
            builder = provider._profile_provider_builder
            builder._create_process_provider = _started_with(start, builder._create_process_provider)


def _started_with(start: Any, make: Any) -> Any:
    """A maker of process providers, for the profile that another one has its credentials from."""

    def made(profile_name: str) -> Any:
        provider = make(profile_name)
        provider._popen = start
        return provider

    return made


def _no_code(_: str) -> str:
    raise MfaWanted


class _ProcessProvider:
    """A credential process: apart from our terminal and stdin, for a limited time, and JSON or nothing."""

    def __init__(self, seconds: float, command: list[str], **_: Any) -> None:
        self._seconds, self._command = seconds, command
        self.returncode = 0

    def communicate(self) -> tuple[bytes, bytes]:
        """Its output and what it complains of.

        Raises:
            CredentialRetrievalError: it cannot be run, takes too long, or prints no JSON object.
        """
        try:
            done = subprocess.run(
                self._command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._seconds,
                start_new_session=True,
                check=False,
            )
        except OSError as error:
            raise _failed(f"{self._command[0]} cannot be run ({error.strerror})") from None
        except subprocess.TimeoutExpired:
            raise _failed(f"{self._command[0]} took longer than {self._seconds:.0f} s") from None

        self.returncode = done.returncode
        if done.returncode == 0 and not _is_object(done.stdout):
            raise _failed(f"{self._command[0]} printed no JSON object")
        # What a program says of itself last is why it ended; a trace above it is of no use to a model.
        lines = done.stderr.decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return done.stdout, last.encode()


def _failed(reason: str) -> CredentialRetrievalError:
    return CredentialRetrievalError(provider=_PROCESS, error_msg=reason)


def _is_object(output: bytes) -> bool:
    try:
        return isinstance(json.loads(output), dict)
    except ValueError:
        return False
