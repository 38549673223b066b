"""The condition keys that requests of the local archive have. A policy that asks for another one is not loaded."""

import re

SINGLE = {
    "aws:currenttime",
    "aws:epochtime",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:sourceidentity",
    "aws:sourceip",
    "aws:userid",
    "aws:username",
    "sts:externalid",
    "sts:rolesessionname",
    "sts:sourceidentity",
}
"""Keys of one value."""

SETS = {"aws:tagkeys"}
"""Keys of any number of values, which a condition asks for with ForAnyValue or ForAllValues."""

_TAGS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")
_OF_TOKEN = re.compile(r"[a-z0-9.-]+\.[a-z]{2,}(?:/[\w./-]*)?:(?:aud|sub)")
"""What a web identity token says: `idp.example:sub`."""


def is_single(key: str) -> bool:
    """Whether it is the key of what has one value, where it has any."""
    # Condition keys know no case.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
    lower = key.lower()
    if lower in SINGLE or _OF_TOKEN.fullmatch(lower):
        return True
    # A prefix without the key of a tag names nothing.
    return lower.startswith(_TAGS) and lower not in _TAGS


def is_set(key: str) -> bool:
    return key.lower() in SETS
