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
class IamRequest:
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

    def applies(self, asked: IamRequest) -> bool:
        if not self.actions.holds(asked.action, asked.context):
            return False
        # A trust policy names no resource: it is about the role that it belongs to.
        if self.resources is not None and not self.resources.holds(asked.resource, asked.context):
            return False
        return all(each.holds(asked.context) for each in self.conditions)


@dataclass(frozen=True)
class Policy:
    """A document that was read."""

    statements: tuple[Statement, ...]

    def effect(self, asked: IamRequest) -> Effect | None:
        """What it says to that; a Deny wins, and None says nothing."""
        effects = {each.effect for each in self.statements if each.applies(asked)}
        if "Deny" in effects:
            return "Deny"
        if effects:
            return "Allow"
        return None


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

    # One statement may stand for a list of it.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyError(f"{place}.Statement must be a list of statements")

    # Variables came with the second version; before it they are the text that they are.
    variables = version == _VERSIONS[1]
    read = [
        _statement(each, f"{place}.Statement[{number}]", members, variables) for number, each in enumerate(statements)
    ]
    return Policy(tuple(read))


def _statement(document: Any, place: str, members: set[str], variables: bool) -> Statement:
    _only_known(document, members, place)
    effect = document.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{place}.Effect must be Allow or Deny")

    actions = _choice(document, "Action", place, variables)
    if members is _OF_TRUST:
        conditions = _conditions(document, place, variables)
        return Statement(effect, actions, None, conditions, _principals(document, place))
    resources = _choice(document, "Resource", place, variables)
    return Statement(effect, actions, resources, _conditions(document, place, variables))


def _choice(document: dict[str, Any], name: str, place: str, variables: bool) -> Choice:
    negation = f"Not{name}"
    if (name in document) == (negation in document):
        raise PolicyError(f"{place} must have either {name} or {negation}")
    negated = negation in document
    chosen = negation if negated else name
    where = f"{place}.{chosen}"

    texts = _listed(document[chosen])
    if not texts or not all(isinstance(each, str) for each in texts):
        raise PolicyError(f"{where} must be a string or a list of strings")
    if name == "Action":
        return Choice(_actions(texts, where), negated)
    return Choice(_resources(texts, where, variables), negated)


def _actions(texts: list[str], where: str) -> tuple[Pattern, ...]:
    for each in texts:
        if not _ACTION.fullmatch(each):
            raise PolicyError(f"{where}: {each!r} is no action, such as ses:GetArchive")

    # Actions know no case, and no variables.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
    return tuple(Pattern.of(each, variables=False, ignores_case=True) for each in texts)


def _resources(texts: list[str], where: str, variables: bool) -> tuple[Pattern, ...]:
    for each in texts:
        if each != "*" and not _ARN.fullmatch(each):
            raise PolicyError(f"{where}: {each!r} is neither * nor an ARN with its six fields")

    try:
        return tuple(Pattern.of(each, variables=variables) for each in texts)
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

    texts = [text for value in principal.values() for text in _listed(value)]
    if not all(isinstance(each, str) and each for each in texts):
        raise PolicyError(f"{where} must name ARNs or accounts")
    for each in texts:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
        if "*" in each and each != "*":
            raise PolicyError(f"{where}: {each!r} has a wildcard, which principals do not take")
    return tuple(texts)


def _listed(value: Any) -> list[Any]:
    """What may stand as one or as a list, as a list."""
    if isinstance(value, list):
        return value
    return [value]


def _only_known(document: Any, members: set[str], place: str) -> None:
    if not isinstance(document, dict):
        raise PolicyError(f"{place} must be an object")
    unknown = sorted(document.keys() - members)
    if unknown:
        known = ", ".join(sorted(members))
        raise PolicyError(f"{place} has {unknown[0]}, which is not known here; it may have {known}")
