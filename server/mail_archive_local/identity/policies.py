"""IAM policy documents: read once, then asked about requests.

Whatever is not known here refuses to load, and the place is named: a policy that is half understood allows what it
should not, or refuses what it should not.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from mail_archive_local.identity.conditions import Condition, Null, read_conditions
from mail_archive_local.identity.patterns import Context, Pattern, Unsupported

Effect = Literal["Allow", "Deny"]

_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", re.DOTALL)
_VERSIONS = ("2008-10-17", "2012-10-17")
_IN_POLICY = {"Version", "Id", "Statement"}
_IN_STATEMENT = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_OF_TRUST = {"Sid", "Effect", "Action", "NotAction", "Principal", "Condition"}
_PRINCIPALS = {"AWS", "Federated"}
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


class PolicyError(ValueError):
    """A policy document that cannot be used; the text names the place and what is wrong there."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants to do: an action on a resource, and all that conditions may ask about."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """`Action`, `Resource`, or their negations: any of the patterns, or none of them. What cannot be said, since a
    variable has no value, holds neither way."""

    patterns: tuple[Pattern, ...]
    negated: bool

    def holds(self, text: str, context: Context) -> bool:
        found = [each.matches(text, context) for each in self.patterns]
        if self.negated:
            return not any(each is None or each for each in found)
        return True in found


@dataclass(frozen=True)
class Statement:
    effect: Effect
    actions: Choice
    resources: Choice | None
    conditions: tuple[Condition | Null, ...]
    principals: tuple[str, ...] = ()

    def applies(self, asked: Asked) -> bool:
        return (
            self.actions.holds(asked.action, asked.context)
            and (self.resources is None or self.resources.holds(asked.resource, asked.context))
            and all(each.holds(asked.context) for each in self.conditions)
        )


@dataclass(frozen=True)
class Policy:
    """A document that was read."""

    statements: tuple[Statement, ...]

    def effect(self, asked: Asked) -> Effect | None:
        """What it says to that; a Deny wins, and None says nothing."""
        effects = {each.effect for each in self.statements if each.applies(asked)}
        if "Deny" in effects:
            return "Deny"
        return "Allow" if effects else None


def read_policy(document: Any, place: str) -> Policy:
    """A policy that is attached to somebody; `document` is an object or its JSON.

    Raises:
        PolicyError: it cannot be used.
    """
    return _read(document, place, _IN_STATEMENT)


def read_trust_policy(document: Any, place: str) -> Policy:
    """The policy of a role that says who may assume it: `principals` in each statement, and no resource.

    Raises:
        PolicyError: it cannot be used.
    """
    return _read(document, place, _OF_TRUST)


def _read(document: Any, place: str, members: set[str]) -> Policy:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            raise PolicyError(f"{place} is not JSON") from None
    _only_known(document, _IN_POLICY, place)
    version = document.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise PolicyError(f"{place}.Version must be one of {', '.join(_VERSIONS)}")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyError(f"{place}.Statement must be a list of statements")
    # Variables came with the second version; before it they are the text that they are.
    variables = version == _VERSIONS[1]
    return Policy(
        tuple(
            _statement(each, f"{place}.Statement[{number}]", members, variables)
            for number, each in enumerate(statements)
        )
    )


def _statement(document: Any, place: str, members: set[str], variables: bool) -> Statement:
    _only_known(document, members, place)
    effect = document.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{place}.Effect must be Allow or Deny")
    return Statement(
        effect,
        _choice(document, "Action", place, variables),
        _choice(document, "Resource", place, variables) if members is _IN_STATEMENT else None,
        _conditions(document, place, variables),
        _principals(document, place) if members is _OF_TRUST else (),
    )


def _choice(document: dict[str, Any], name: str, place: str, variables: bool) -> Choice:
    negation = f"Not{name}"
    if (name in document) == (negation in document):
        raise PolicyError(f"{place} must have either {name} or {negation}")
    chosen = name if name in document else negation
    texts = document[chosen] if isinstance(document[chosen], list) else [document[chosen]]
    where = f"{place}.{chosen}"
    if not texts or not all(isinstance(each, str) for each in texts):
        raise PolicyError(f"{where} must be a string or a list of strings")
    if name == "Action":
        if wrong := next((each for each in texts if not _ACTION.fullmatch(each)), None):
            raise PolicyError(f"{where}: {wrong!r} is no action, such as ses:GetArchive")
        return Choice(tuple(Pattern.of(each, variables=False, ignores_case=True) for each in texts), chosen != name)
    if wrong := next((each for each in texts if each != "*" and not _ARN.fullmatch(each)), None):
        raise PolicyError(f"{where}: {wrong!r} is neither * nor an ARN with its six fields")
    try:
        return Choice(tuple(Pattern.of(each, variables=variables) for each in texts), chosen != name)
    except Unsupported as error:
        raise PolicyError(f"{where}: {error}") from None


def _conditions(document: dict[str, Any], place: str, variables: bool) -> tuple[Condition | Null, ...]:
    try:
        return read_conditions(document.get("Condition", {}), variables)
    except Unsupported as error:
        raise PolicyError(f"{place}.Condition: {error}") from None


def _principals(document: dict[str, Any], place: str) -> tuple[str, ...]:
    principal = document.get("Principal")
    if principal == "*":
        return ("*",)
    where = f"{place}.Principal"
    if not isinstance(principal, dict) or not principal:
        raise PolicyError(f"{where} must be * or an object with AWS or Federated")
    _only_known(principal, _PRINCIPALS, where)
    texts = [text for value in principal.values() for text in (value if isinstance(value, list) else [value])]
    if not all(isinstance(each, str) and each for each in texts):
        raise PolicyError(f"{where} must name ARNs or accounts")
    if wrong := next((each for each in texts if "*" in each and each != "*"), None):
        raise PolicyError(f"{where}: {wrong!r} has a wildcard, which principals do not take")
    return tuple(texts)


def _only_known(document: Any, members: set[str], place: str) -> None:
    if not isinstance(document, dict):
        raise PolicyError(f"{place} must be an object")
    if unknown := sorted(document.keys() - members):
        raise PolicyError(
            f"{place} has {unknown[0]}, which is not known here; it may have {', '.join(sorted(members))}"
        )
