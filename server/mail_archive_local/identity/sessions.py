"""Temporary credentials: everything about a session is in its token, sealed with the folder's key. Nothing is kept."""

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from mail_archive_local.storage.database import KeyPair

_SEAL_BYTES = 32
TOKEN_BYTES = 8_192
"""The largest token: its policies are in it."""


class NoSession(ValueError):
    """A token that is none of this folder's."""


@dataclass(frozen=True)
class StsSession:
    """What a session token stands for. Times are seconds since 1970; `policies` are documents as JSON, each of which
    has to allow; the last `scoped` of them narrowed the session after it was made."""

    kind: Literal["user", "role"]
    name: str
    issued: float
    expires: float
    session_name: str = ""
    policies: list[str] = field(default_factory=list)
    scoped: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    source_identity: str = ""

    def narrowed(self, policy: str | None, expires: float) -> "StsSession":
        """The same identity within a policy more, and for a shorter time."""
        if policy is None:
            return replace(self, expires=expires)
        return replace(self, policies=[*self.policies, policy], scoped=self.scoped + 1, expires=expires)


@dataclass(frozen=True)
class Sealed:
    """A session's credentials."""

    keys: KeyPair
    token: str


class Seal:
    """Makes key pairs and tokens of one folder, and knows its own."""

    def __init__(self, folder_key: bytes) -> None:
        self._key = hmac.digest(folder_key, b"sessions and access keys", "sha256")

    def user_keys(self, name: str) -> KeyPair:
        """The access key of a user: made from the folder's key, so that no file holds it."""
        return self._keys("LOCAL", f"user {name}")

    def seal(self, session: StsSession) -> Sealed:
        members = json.dumps(asdict(session), separators=(",", ":"))
        content = zlib.compress(members.encode(), 9)
        token = base64.urlsafe_b64encode(self._mac(content) + content).decode()
        return Sealed(self._keys("LSIA", token), token)

    def open(self, token: str) -> tuple[KeyPair, StsSession]:
        """The key pair that goes with a token, and its session.

        Raises:
            NoSession: it was not made here, or was changed.
        """
        try:
            sealed = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise NoSession from None

        mac, content = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        # Compared before it is unpacked: what is not ours is not looked at.
        if not hmac.compare_digest(mac, self._mac(content)):
            raise NoSession
        try:
            return self._keys("LSIA", token), StsSession(**json.loads(zlib.decompress(content)))
        except TypeError:
            # Made by another version, which noted other things.
            raise NoSession from None

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self._key, b"session " + content, "sha256")

    def _keys(self, prefix: str, what: str) -> KeyPair:
        digest = hmac.digest(self._key, b"keys of " + hashlib.sha256(what.encode()).digest(), "sha512")
        # As long as AWS's: an id of 20 characters, a secret of 40.
        access_key_id = f"{prefix}{digest[:8].hex().upper()}"[:20]
        return KeyPair(access_key_id, base64.b64encode(digest[32:62]).decode())
