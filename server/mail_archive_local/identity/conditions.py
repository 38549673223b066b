"""The Condition of a statement: operators, IfExists, ForAnyValue and ForAllValues.

Where AWS's documentation is silent [unknown], decided here:
- A value of the request that is no number, date or address matches no condition that wants one, a negated one either.
- ForAnyValue is false of a key that is absent, with IfExists too.
- A key of a set (aws:TagKeys) without ForAnyValue or ForAllValues is refused when the policy is loaded.
"""

import ipaddress
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from mail_archive_local.identity.condition_keys import is_set, is_single
from mail_archive_local.identity.patterns import Context, Pattern, Unsupported

Test = Callable[[str, Context], bool | None]
"""Whether a value of the request is the one of the policy; None: it is of another kind, and nothing is true of it."""

_ARN_FIELDS = 6


@dataclass(frozen=True)
class Operator:
    """How a value of a policy is read, once, and whether the condition holds where it does not match."""

    read: Callable[[str, bool], Test]
    negated: bool = False


@dataclass(frozen=True)
class Condition:
    """One operator on one key."""

    key: str
    tests: tuple[Test, ...]
    negated: bool
    if_exists: bool
    values: Literal["one", "any", "all"]

    def holds(self, context: Context) -> bool:
        found = context.get(self.key, ())
        if not found:
            return self._holds_for_none()
        held = [self._holds_for(each, context) for each in found]
        if self.values == "all":
            return all(held)
        return any(held)

    def _holds_for_none(self) -> bool:
        """Whether it holds where the request does not have the key."""
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        if self.values == "all":
            return True
        if self.values == "any":
            return False
        return self.if_exists or self.negated

    def _holds_for(self, value: str, context: Context) -> bool:
        results = [test(value, context) for test in self.tests]
        if True in results:
            return not self.negated
        if None in results:
            return False
        return self.negated


@dataclass(frozen=True)
class Null:
    """Whether a key is there at all."""

    key: str
    absent: bool

    def holds(self, context: Context) -> bool:
        return bool(context.get(self.key)) != self.absent


def read_conditions(document: Any, variables: bool) -> tuple[Condition | Null, ...]:
    """The conditions of a statement, all of which have to hold.

    Raises:
        Unsupported: one of them is not known here.
    """
    if not isinstance(document, dict):
        raise Unsupported("it must be an object of operators")
    conditions: list[Condition | Null] = []
    for name, keys in document.items():
        if not isinstance(keys, dict):
            raise Unsupported(f"{name} must be an object of condition keys")
        for key, value in keys.items():
            values = _values(name, key, value)
            conditions.append(_condition(name, key, values, variables))
    return tuple(conditions)


def _condition(name: str, key: str, values: list[str], variables: bool) -> Condition | Null:
    quantifier, _, bare = name.rpartition(":")
    if quantifier not in _QUANTIFIERS:
        raise Unsupported(f"{name}: {quantifier} is no word of conditions")
    _refuse_quantity(name, key, quantifier, bare)
    if not is_single(key) and not is_set(key):
        raise Unsupported(f"{name}: the condition key {key} is not known here")

    if bare == "Null":
        if quantifier or [each.lower() for each in values] not in (["true"], ["false"]):
            raise Unsupported("Null takes true or false")
        return Null(key.lower(), values[0].lower() == "true")

    plain = bare.removesuffix("IfExists")
    if plain not in _OPERATORS:
        raise Unsupported(f"the operator {name} is not known here")
    chosen = _OPERATORS[plain]
    tests = tuple(chosen.read(each, variables) for each in values)
    return Condition(key.lower(), tests, chosen.negated, plain != bare, _QUANTIFIERS[quantifier])


def _refuse_quantity(name: str, key: str, quantifier: str, bare: str) -> None:
    """Refuse a set without a quantifier, and what has one value with one. Null asks of both in the same way."""
    if bare == "Null":
        return
    if is_set(key) and not quantifier:
        raise Unsupported(f"{name}: {key} needs ForAnyValue or ForAllValues")
    if quantifier and not is_set(key):
        raise Unsupported(f"{name}: {key} has one value: leave the quantifier out")


def _values(name: str, key: str, value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = [_as_text(each) for each in values]
    if not texts or not all(isinstance(each, str) for each in texts):
        raise Unsupported(f"{name}: {key} must have a string or a list of strings")
    return texts


def _as_text(value: Any) -> Any:
    """What JSON has without quotation marks, as IAM reads it; all else as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return value


# Values as operators read them


def _text(text: str, variables: bool) -> Test:
    return Pattern.of(text, variables=variables, wildcards=False).matches


def _text_of_any_case(text: str, variables: bool) -> Test:
    return Pattern.of(text, variables=variables, wildcards=False, ignores_case=True).matches


def _like(text: str, variables: bool) -> Test:
    return Pattern.of(text, variables=variables).matches


def _arn(text: str, variables: bool) -> Test:
    """Each of an ARN's six fields by itself: a star does not reach into the next one."""
    fields = text.split(":", _ARN_FIELDS - 1)
    if len(fields) < _ARN_FIELDS or "${" in "".join(fields[:-1]):
        raise Unsupported(f"{text!r} is no ARN with its six fields, and variables in the last of them only")

    patterns = [Pattern.of(field, variables=variables) for field in fields]

    def test(value: str, context: Context) -> bool | None:
        found = value.split(":", _ARN_FIELDS - 1)
        if len(found) != _ARN_FIELDS:
            return None
        results = [pattern.matches(field, context) for pattern, field in zip(patterns, found, strict=True)]
        if None in results:
            return None
        return all(results)

    return test


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return number


def _moment(text: str) -> float | None:
    """Seconds since 1970, of an ISO 8601 date or as a number."""
    number = _number(text)
    if number is not None:
        return number
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None

    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def _compared(
    read: Callable[[str], float | None], kind: str, compare: Callable[[float, float], bool]
) -> Callable[[str, bool], Test]:
    def reader(text: str, variables: bool) -> Test:
        limit = read(text)
        if limit is None:
            raise Unsupported(f"{text!r} is no {kind}")

        def test(value: str, context: Context) -> bool | None:
            found = read(value)
            if found is None:
                return None
            return compare(found, limit)

        return test

    return reader


def _network(text: str, variables: bool) -> Test:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Unsupported(f"{text!r} is no IP address or range") from None

    def test(value: str, context: Context) -> bool | None:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return None

    return test


def _truth(text: str, variables: bool) -> Test:
    if text.lower() not in ("true", "false"):
        raise Unsupported(f"Bool takes true or false, not {text!r}")
    return lambda value, context: value.lower() == text.lower()


_QUANTIFIERS: dict[str, Literal["one", "any", "all"]] = {"": "one", "ForAnyValue": "any", "ForAllValues": "all"}

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _ordered(name: str, kind: str, read: Callable[[str], float | None]) -> dict[str, Operator]:
    """The operators of what can be put in order, whose names begin so."""
    equal = _compared(read, kind, operator.eq)
    operators = {
        f"{name}Equals": Operator(equal),
        f"{name}NotEquals": Operator(equal, negated=True),
    }
    for each, compare in _COMPARISONS.items():
        operators[f"{name}{each}"] = Operator(_compared(read, kind, compare))
    return operators


_OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(_text),
    "StringNotEquals": Operator(_text, negated=True),
    "StringEqualsIgnoreCase": Operator(_text_of_any_case),
    "StringNotEqualsIgnoreCase": Operator(_text_of_any_case, negated=True),
    "StringLike": Operator(_like),
    "StringNotLike": Operator(_like, negated=True),
    "ArnEquals": Operator(_arn),
    "ArnLike": Operator(_arn),
    "ArnNotEquals": Operator(_arn, negated=True),
    "ArnNotLike": Operator(_arn, negated=True),
    **_ordered("Numeric", "number", _number),
    **_ordered("Date", "date", _moment),
    "IpAddress": Operator(_network),
    "NotIpAddress": Operator(_network, negated=True),
    "Bool": Operator(_truth),
}
