"""Arguments of a call as hosts and frameworks send them: what is not meant left out, what is unknown refused, what
does not fit said in a sentence."""

import json
from typing import Any, cast

from pydantic import ValidationError
from pydantic.alias_generators import to_snake

from mail_archive_tools.errors import InvalidArgument

Schema = dict[str, Any]

_SHOWN_VALUE = 80
_SHOWN_FAULTS = 3
_NO_OBJECT = ("model_type", "model_attributes_type", "dict_type")
"""What pydantic calls it where an object is wanted and something else was given."""


def meant(tool: str, arguments: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The arguments that a caller means. Frameworks that force every property send "", [], null, or an object of these
    for a property that is not meant.

    Raises:
        InvalidArgument: an argument is not one of the tool's, or an object has nothing in it at all.
    """
    known = schema["properties"]
    required = schema.get("required", [])
    kept: dict[str, Any] = {}
    for name, value in arguments.items():
        if name not in known:
            raise InvalidArgument(f"{tool} has no argument {_shown(name)}. It takes {', '.join(known)}.")

        if value == {} and known[name].get("type") == "object":
            # Some hosts strip what is nested: then the call would match everything.
            raise InvalidArgument(
                f"{name} has nothing in it; the host may have stripped its members. Leave {name} out to go without it, "
                f"or give some of {', '.join(known[name]['properties'])}."
            )
        if name in required:
            kept[name] = value
            continue

        cleared = _without_absent(value, known[name])
        if not _is_absent(cleared):
            kept[name] = cleared

    return kept


def sentence(tool: str, error: ValidationError, schema: Schema) -> str:
    """What is wrong with the arguments, and what they should be."""
    faults = [_fault(cast(dict[str, Any], each), schema) for each in error.errors(include_url=False)]
    sentences = [f"{tool} cannot use these arguments.", *dict.fromkeys(faults[:_SHOWN_FAULTS])]
    if len(faults) > _SHOWN_FAULTS:
        sentences.append(f"And {len(faults) - _SHOWN_FAULTS} more.")
    return " ".join(sentences)


_SECRETS = frozenset(("password",))
"""Arguments that no answer repeats."""


def _is_absent(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _without_absent(value: Any, schema: Schema) -> Any:
    """The value without the members of objects that are not meant. Members that are not known stay, to be refused."""
    if isinstance(value, list):
        return [_without_absent(each, schema.get("items", {})) for each in value]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        kept = {}
        for name, each in value.items():
            # The API's spelling is understood as well.
            of_member = known.get(to_snake(name))
            if of_member is None:
                kept[name] = _without_absent(each, {})
                continue
            cleared = _without_absent(each, of_member)
            if not _is_absent(cleared):
                kept[name] = cleared
        return kept

    return value


def _fault(fault: dict[str, Any], schema: Schema) -> str:
    path = [str(step) for step in fault["loc"]]
    name = ".".join(path) or "the arguments"
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_at(path[:-1], schema).get("properties", {}))
        return f"{'.'.join(path[:-1])} has no member {_shown(path[-1])}. It takes {known}."

    meaning = _at(path, schema).get("description") or _at(path[:1], schema).get("description", "")
    if fault["type"] == "missing":
        return f"{name} is missing. {meaning}".strip()

    value = _shown(fault["input"])
    if _SECRETS.intersection(path):
        value = "what was given"
    if fault["type"] == "string_pattern_mismatch":
        return f"{name} is {value}, which has not the form of one. {meaning}".strip()
    if fault["type"] in _NO_OBJECT:
        leaf, example = _example(_at(path, schema), fault["input"])
        return f"{name} is {value}, and takes an object: {'.'.join([name, *leaf])}, for instance {json.dumps(example)}."
    # Of a list that is too short or too long, pydantic also says when it counted.
    problem = fault["msg"].removeprefix("Value error, ").replace(" after validation", "")
    return f"{name} is {value}: {problem[0].lower()}{problem[1:]}. {meaning}".strip()


def _example(schema: Schema, given: Any) -> tuple[list[str], Any]:
    """The path to a first value in an object, and an object with it: what was given, where that may stand there."""
    members = schema.get("properties", {})
    if not members:
        return [], _example_value(schema, given)
    first = next(iter([*schema.get("required", []), *members]))
    path, value = _example(members[first], given)
    return [first, *path], {first: value}


def _example_value(schema: Schema, given: Any) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if isinstance(given, str) and schema.get("type") == "string":
        return given[:_SHOWN_VALUE]
    return "..."


def _at(path: list[str], schema: Schema) -> Schema:
    """The schema of what is at a path of names and places in lists."""
    for step in path:
        if step.isdigit():
            schema = schema.get("items", {})
            continue
        members = schema.get("properties", {})
        schema = members.get(step, {})
    return schema


def _shown(value: object) -> str:
    text = repr(value)
    if len(text) <= _SHOWN_VALUE:
        return text
    return text[:_SHOWN_VALUE] + "…"
