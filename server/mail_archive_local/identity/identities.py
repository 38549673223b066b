"""The users, roles and providers of an archive's folder, as its `identity.json` names them.

    {
      "Users": [{"UserName": "ana", "Policies": ["analyst.json"], "PermissionsBoundary": {...}, "Tags": {"team": "a"}}],
      "Roles": [{"RoleName": "analyst", "AssumeRolePolicyDocument": {...}, "Policies": [{...}]}],
      "OpenIDConnectProviders": [{"Url": "https://idp.example", "ClientIDList": ["mail"], "Keys": {"keys": [...]}}]
    }

Names are IAM's own; a role may also have PermissionsBoundary, Tags and MaxSessionDuration. A policy is a document, or
the name of a file beside `identity.json` that holds one. Whatever is not known refuses to load, and the place is named.
Nothing secret is in it: access keys are made from the folder's own.

Beside them there is always `owner`, the user whose key pair is the folder's: it may do everything.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mail_archive_local.arns import ACCOUNT
from mail_archive_local.identity import IDENTITIES, OWNER
from mail_archive_local.identity.failures import IdentityError
from mail_archive_local.identity.policies import Policy, PolicyError, read_policy, read_trust_policy

_MOST_BYTES = 1_000_000
_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_TAG_KEY, _TAG_VALUE = re.compile(r"[\w\s.:/=+@-]{1,128}"), re.compile(r"[\w\s.:/=+@-]{0,256}")
_SHORTEST_SESSION, _DEFAULT_SESSION, _LONGEST_SESSION = 900, 3600, 43_200
_EVERYTHING = read_policy(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, OWNER
)
_NOBODY = Policy(())


@dataclass(frozen=True)
class Principal:
    """A user or a role: who a caller is before any session."""

    name: str
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class User(Principal):
    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:user/{self.name}"

    @property
    def unique_id(self) -> str:
        return _unique_id("AIDA", self.name)


@dataclass(frozen=True)
class Role(Principal):
    trust: Policy = _NOBODY
    longest_session: int = _DEFAULT_SESSION

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/{self.name}"

    @property
    def unique_id(self) -> str:
        return _unique_id("AROA", self.name)


@dataclass(frozen=True)
class Provider:
    """Who vouches for web identities: the issuer of tokens, for whom they may be meant, and the keys that sign them."""

    url: str
    audiences: tuple[str, ...]
    keys: dict[str, Any]

    @property
    def host(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.netloc}{parts.path}".rstrip("/")

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{self.host}"


@dataclass(frozen=True)
class Identities:
    """All of them, by their names."""

    users: dict[str, User]
    roles: dict[str, Role] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)


class IdentityFile:
    """The identities of a folder, read anew when a file changed that they came from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._stamp: object = None
        self._read: Identities | None = None

    def identities(self) -> Identities:
        """
        Raises:
            IdentityError: the file cannot be used.
        """
        with self._lock:
            stamp = self._stamp_now()
            if self._read is not None and stamp == self._stamp:
                return self._read
            self._read = _Reading(self._folder).identities()
            self._stamp = stamp
            return self._read

    def _stamp_now(self) -> object:
        """What changes with any file that identities come from."""
        try:
            found = {path.name: path.stat() for path in self._folder.glob("*.json")}
        except OSError as error:
            raise IdentityError(f"{self._folder} cannot be read ({error.strerror}). Try again.") from None
        return {name: (stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in found.items()}


class _Reading:
    """One reading of the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def identities(self) -> Identities:
        path = self._folder / IDENTITIES
        owner = User(OWNER, (_EVERYTHING,))
        if not path.exists():
            return Identities({OWNER: owner})
        try:
            document = self._file(IDENTITIES)
            _expect(document, IDENTITIES, set(), {"Users", "Roles", "OpenIDConnectProviders"})
            users = [self._user(each, place) for place, each in _listed(document, "Users")]
            roles = [self._role(each, place) for place, each in _listed(document, "Roles")]
            providers = [self._provider(each, place) for place, each in _listed(document, "OpenIDConnectProviders")]
            return Identities(
                _by_name([owner, *users], "user"),
                _by_name(roles, "role"),
                {each.host: each for each in providers},
            )
        except PolicyError as error:
            raise IdentityError(f"{path} cannot be used: {error}. Mend it; nobody is let in meanwhile.") from None

    def _user(self, document: Any, place: str) -> User:
        _expect(document, place, {"UserName"}, {"Policies", "PermissionsBoundary", "Tags"})
        return User(
            _name(document["UserName"], f"{place}.UserName"),
            self._policies(document, place),
            self._boundary(document, place),
            _tags(document, place),
        )

    def _role(self, document: Any, place: str) -> Role:
        needed = {"RoleName", "AssumeRolePolicyDocument"}
        _expect(document, place, needed, {"Policies", "PermissionsBoundary", "Tags", "MaxSessionDuration"})

        longest = document.get("MaxSessionDuration", _DEFAULT_SESSION)
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
        if not isinstance(longest, int) or not _DEFAULT_SESSION <= longest <= _LONGEST_SESSION:
            raise PolicyError(
                f"{place}.MaxSessionDuration must be a number of seconds from {_DEFAULT_SESSION} to {_LONGEST_SESSION}"
            )

        trust, where = self._document(document["AssumeRolePolicyDocument"], f"{place}.AssumeRolePolicyDocument")
        return Role(
            _name(document["RoleName"], f"{place}.RoleName"),
            self._policies(document, place),
            self._boundary(document, place),
            _tags(document, place),
            read_trust_policy(trust, where),
            longest,
        )

    def _provider(self, document: Any, place: str) -> Provider:
        _expect(document, place, {"Url", "ClientIDList", "Keys"}, set())
        url, audiences = document["Url"], document["ClientIDList"]
        if not _is_https(url):
            raise PolicyError(f"{place}.Url must be a URL with https")
        if not _are_strings(audiences):
            raise PolicyError(f"{place}.ClientIDList must be a list of strings")

        keys, where = self._document(document["Keys"], f"{place}.Keys")
        # RFC 7517, 5: a set of keys is an object whose member "keys" is a list of them.
        if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
            raise PolicyError(f"{where} must be a set of JSON Web Keys: an object with keys")
        return Provider(url, tuple(audiences), keys)

    def _policies(self, document: dict[str, Any], place: str) -> tuple[Policy, ...]:
        given = document.get("Policies", [])
        if not isinstance(given, list):
            raise PolicyError(f"{place}.Policies must be a list of policies")

        policies = []
        for number, each in enumerate(given):
            document, where = self._document(each, f"{place}.Policies[{number}]")
            policies.append(read_policy(document, where))
        return tuple(policies)

    def _boundary(self, document: dict[str, Any], place: str) -> Policy | None:
        if "PermissionsBoundary" not in document:
            return None
        boundary, where = self._document(document["PermissionsBoundary"], f"{place}.PermissionsBoundary")
        return read_policy(boundary, where)

    def _document(self, given: Any, place: str) -> tuple[Any, str]:
        """A document and how its place is named: it stands here, or in the file that is named here."""
        if isinstance(given, str):
            return self._file(given), given
        return given, place

    def _file(self, name: str) -> Any:
        if Path(name).name != name:
            raise PolicyError(f"{name!r} must be the name of a file beside {IDENTITIES}")

        try:
            with (self._folder / name).open("rb") as opened:
                text = opened.read(_MOST_BYTES + 1)
        except OSError as error:
            raise PolicyError(f"{name} cannot be read ({error.strerror})") from None
        if len(text) > _MOST_BYTES:
            raise PolicyError(f"{name} is larger than {_MOST_BYTES:,} bytes")

        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise PolicyError(f"{name} is not JSON ({error})") from None


def _by_name(principals: list[Any], kind: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    known: set[str] = set()
    for each in principals:
        # IAM takes names that differ by case alone for the same.
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
        lower = each.name.lower()
        if lower in known and lower == OWNER:
            raise PolicyError(f"the {kind} {each.name} is the folder's own user, who is always there")
        if lower in known:
            raise PolicyError(f"the {kind} {each.name} occurs twice")
        known.add(lower)
        named[each.name] = each
    return named


def _expect(document: Any, place: str, needed: Set[str], optional: Set[str]) -> None:
    if not isinstance(document, dict):
        raise PolicyError(f"{place} must be an object")
    unknown = sorted(document.keys() - needed - optional)
    if unknown:
        known = ", ".join(sorted(needed | optional))
        raise PolicyError(f"{place} has {unknown[0]}, which is not known here; it may have {known}")
    missing = sorted(needed - document.keys())
    if missing:
        raise PolicyError(f"{place} has no {missing[0]}")


def _listed(document: dict[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """What stands in a list, each with the name of its place."""
    value = document.get(name, [])
    if not isinstance(value, list):
        raise PolicyError(f"{name} must be a list")
    for number, each in enumerate(value):
        yield f"{name}[{number}]", each


def _is_https(url: Any) -> bool:
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.netloc)


def _are_strings(value: Any) -> bool:
    """Whether it is a list of strings, and not empty."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(each, str) for each in value)


def _name(value: Any, place: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise PolicyError(f"{place} must be 1 to 64 letters, digits and +=,.@-")
    return value


def _tags(document: dict[str, Any], place: str) -> dict[str, str]:
    tags = document.get("Tags", {})
    if not isinstance(tags, dict):
        raise PolicyError(f"{place}.Tags must be an object of keys and values")
    for key, value in tags.items():
        if not _TAG_KEY.fullmatch(key) or not _is_tag_value(value):
            raise PolicyError(f"{place}.Tags: {key!r} or its value is none that a tag may have")
    return tags


def _is_tag_value(value: Any) -> bool:
    return isinstance(value, str) and _TAG_VALUE.fullmatch(value) is not None


def _unique_id(prefix: str, name: str) -> str:
    return prefix + hashlib.sha256(name.encode()).hexdigest()[:17].upper()
