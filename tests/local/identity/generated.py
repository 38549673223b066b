"""Policies and requests by chance, out of a vocabulary in which they often meet."""

import json
import random
from dataclasses import dataclass
from typing import Any

ACCOUNT = "000000000000"
ARCHIVE = f"arn:aws:ses:us-east-1:{ACCOUNT}:mailmanager-archive/"
ANA = f"arn:aws:iam::{ACCOUNT}:user/ana"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/legal/ana"

ACTIONS = ("ses:GetArchive", "ses:GetArchiveMessage", "ses:StartArchiveSearch", "ses:ListArchives", "sts:AssumeRole")
ACTION_PATTERNS = (*ACTIONS, "*", "ses:*", "ses:Get*", "SES:getarchive", "ses:Get?rchive", "ses:*Search")
RESOURCES = (f"{ARCHIVE}a-1", f"{ARCHIVE}a-2", f"{ARCHIVE}legal-ana", f"{ARCHIVE}a-11")
RESOURCE_PATTERNS = (
    *RESOURCES,
    *("*", f"{ARCHIVE}*", f"{ARCHIVE}a-?", f"{ARCHIVE}*1", f"arn:aws:ses:*:{ACCOUNT}:mailmanager-archive/a-1"),
    *("arn:*:ses:*:*:mailmanager-archive/*-1", "arn:aws:ses:us-west-2:*:*", f"{ARCHIVE}A-1"),
    *(f"{ARCHIVE}*-${{aws:username}}", f"{ARCHIVE}${{aws:PrincipalTag/archive}}", f"{ARCHIVE}a-${{*}}"),
    f"{ARCHIVE}${{aws:PrincipalTag/archive, 'a-2'}}",
)

STRINGS = ("legal", "Legal", "sales", "le*", "*a*", "?egal", "${aws:username}", "${aws:PrincipalTag/team}", "ana", "")
NUMBERS = ("1", "2", "2.0", "10", "-1")
DATES = ("2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z", "2027-01-01T00:00:00Z")
"""As text: the simulator takes a number of seconds for one of milliseconds."""

NETWORKS = ("127.0.0.1/32", "127.0.0.0/8", "10.0.0.0/8", "192.0.2.7/32", "::1/128", "2001:db8::/32")
"""With their lengths: the simulator says of an IPv4 address that it is not other than a bare IPv6 one."""

ARNS = (
    ANA,
    f"arn:aws:iam::{ACCOUNT}:user/*",
    "arn:aws:iam::*:role/*",
    "arn:*:*:*:*:*",
    f"arn:aws:iam::{ACCOUNT}:user/a??",
)
COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OF_STRINGS = tuple(
    f"String{each}" for each in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
)
TEXT_KEYS = (
    "aws:PrincipalTag/team",
    "aws:ResourceTag/team",
    "aws:RequestTag/team",
    "aws:username",
    "AWS:PrincipalTag/team",
)


@dataclass(frozen=True)
class Case:
    """A request, and all policies that apply to it."""

    action: str
    resource: str
    context: dict[str, str | list[str]]
    identity: list[dict[str, Any]]
    boundary: dict[str, Any] | None
    session: dict[str, Any] | None


def cases(seed: int, count: int) -> list[Case]:
    chance = random.Random(seed)
    return [_case(chance) for _ in range(count)]


def _case(chance: random.Random) -> Case:
    session = _policy(chance) if chance.random() < 0.25 else None
    context = _context(chance)
    if session is not None:
        # No action on an archive has it, and the simulator then passes it over.
        context.pop("aws:RequestTag/team", None)
    return Case(
        action=chance.choice(ACTIONS[:3]),
        resource=chance.choice(RESOURCES),
        context=context,
        identity=[_policy(chance) for _ in range(chance.randint(1, 2))],
        boundary=_policy(chance) if chance.random() < 0.25 else None,
        session=session,
    )


def _context(chance: random.Random) -> dict[str, str | list[str]]:
    might: dict[str, str | list[str]] = {
        "aws:PrincipalTag/team": chance.choice(("legal", "Legal", "sales", "ana")),
        "aws:PrincipalTag/archive": chance.choice(("a-1", "a-2", "a-*")),
        "aws:PrincipalTag/level": chance.choice((*NUMBERS, "many")),
        "aws:ResourceTag/team": chance.choice(("legal", "sales")),
        "aws:RequestTag/team": chance.choice(("legal", "sales")),
        "aws:TagKeys": chance.choice((["team"], ["team", "cost"], ["cost"])),
        "aws:SourceIp": chance.choice(("127.0.0.1", "10.1.2.3", "192.0.2.7", "2001:db8::1")),
        "aws:CurrentTime": chance.choice(DATES),
        "aws:username": "ana",
        "aws:userid": "AIDAANA",
    }
    present = {key: value for key, value in might.items() if chance.random() < 0.7}
    return present | {"aws:PrincipalArn": ANA}


def _policy(chance: random.Random) -> dict[str, Any]:
    statements = [_statement(chance) for _ in range(chance.randint(1, 3))]
    # The simulator takes variables in documents of the first version as well, which had none.
    first = "${" not in json.dumps(statements) and chance.random() < 0.2
    return {"Version": "2008-10-17" if first else "2012-10-17", "Statement": statements}


def _statement(chance: random.Random) -> dict[str, Any]:
    action = "NotAction" if chance.random() < 0.2 else "Action"
    resource = "NotResource" if chance.random() < 0.2 else "Resource"
    statement: dict[str, Any] = {
        "Effect": "Allow" if chance.random() < 0.75 else "Deny",
        action: _some(chance, ACTION_PATTERNS),
        resource: _some(chance, RESOURCE_PATTERNS),
    }
    if chance.random() < 0.6:
        conditions: dict[str, dict[str, Any]] = {}
        for _ in range(chance.randint(1, 2)):
            operator, key, values = _condition(chance)
            conditions.setdefault(operator, {})[key] = values
        statement["Condition"] = conditions
    return statement


def _condition(chance: random.Random) -> tuple[str, str, Any]:
    kind = chance.choice(("text", "text", "text", "set", "arn", "number", "date", "address", "bool", "null"))
    if kind == "null":
        return "Null", chance.choice((*TEXT_KEYS[:3], "aws:TagKeys", "aws:SourceIp")), chance.choice(("true", "false"))
    optional = "IfExists" if chance.random() < 0.3 else ""
    if kind == "set":
        quantifier = chance.choice(("ForAnyValue", "ForAllValues"))
        return (
            f"{quantifier}:{chance.choice(OF_STRINGS)}{optional}",
            "aws:TagKeys",
            _some(chance, ("team", "cost", "t*")),
        )
    if kind == "arn":
        operator = chance.choice(("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"))
        return f"{operator}{optional}", "aws:PrincipalArn", _some(chance, ARNS)
    if kind == "number":
        operator = f"Numeric{chance.choice(COMPARISONS)}{optional}"
        return operator, "aws:PrincipalTag/level", _some(chance, NUMBERS)
    if kind == "date":
        return f"Date{chance.choice(COMPARISONS)}{optional}", "aws:CurrentTime", _some(chance, DATES)
    if kind == "address":
        return f"{chance.choice(('IpAddress', 'NotIpAddress'))}{optional}", "aws:SourceIp", _some(chance, NETWORKS)
    if kind == "bool":
        return f"Bool{optional}", "aws:PrincipalTag/team", chance.choice(("true", "false"))
    return f"{chance.choice(OF_STRINGS)}{optional}", chance.choice(TEXT_KEYS), _some(chance, STRINGS)


def _some(chance: random.Random, choices: tuple[str, ...]) -> str | list[str]:
    """One of them, or a few in a list."""
    if chance.random() < 0.6:
        return chance.choice(choices)
    return chance.sample(choices, chance.randint(1, 3))
