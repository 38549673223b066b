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
    """The arguments that a caller means. Frameworks that force every property send "", [], null, or an object of such
    for what is not meant.

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
    more = f" And {len(faults) - _SHOWN_FAULTS} more." if len(faults) > _SHOWN_FAULTS else ""
    return f"{tool} cannot use these arguments. {' '.join(dict.fromkeys(faults[:_SHOWN_FAULTS]))}{more}"


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
        # The API's spelling is understood as well.
        schemas = {name: known.get(to_snake(name)) for name in value}
        cleared = {name: _without_absent(each, schemas[name] or {}) for name, each in value.items()}
        return {name: each for name, each in cleared.items() if schemas[name] is None or not _is_absent(each)}

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
    value = "what was given" if _SECRETS.intersection(path) else _shown(fault["input"])
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
        fits = isinstance(given, str) and schema.get("type") == "string" and "enum" not in schema
        return [], given[:_SHOWN_VALUE] if fits else schema.get("enum", ["..."])[0]
    first = next(iter([*schema.get("required", []), *members]))
    path, value = _example(members[first], given)
    return [first, *path], {first: value}


def _at(path: list[str], schema: Schema) -> Schema:
    """The schema of what is at a path of names and places in lists."""
    for step in path:
        schema = schema.get("items", {}) if step.isdigit() else schema.get("properties", {}).get(step, {})
    return schema


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_VALUE else text[:_SHOWN_VALUE] + "…"
