"""What the clients of other frameworks share. Each runs in an environment of its own, so only the standard library is
here; what they are told comes as JSON in the first argument, what they found goes out as JSON on stdout."""

import json
import sys
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

APRIL = {"from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"}


@dataclass(frozen=True)
class Told:
    """How to start the server, and what is in its archive."""

    command: str
    args: list[str]
    archive_id: str
    archived_message_id: str

    @property
    def calls(self) -> list[tuple[str, dict[str, Any], str]]:
        """Three calls: tool, what is meant by its arguments, and words of the answer."""
        return [
            ("list_archives", {}, self.archive_id),
            (
                "search_archive",
                {"archive_id": self.archive_id, **APRIL, "sender": ["brightwel1"], "subject": ["bank"]},
                self.archived_message_id,
            ),
            ("read_archive_message", {"archived_message_id": self.archived_message_id}, "our new account"),
        ]


def told() -> Told:
    return Told(**json.loads(sys.argv[1]))


def properties(schema: Schema, path: str = "") -> set[str]:
    """All properties of a schema, nested ones too, by their paths."""
    found: set[str] = set()
    for name, below in schema.get("properties", {}).items():
        found |= {f"{path}.{name}"} | properties(below, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        found |= properties(schema["items"], f"{path}[]")
    return found


def forced(schema: Schema, meant: dict[str, Any], published: Schema | None = None) -> dict[str, Any]:
    """What a model sends that must give every required property: what is meant, and for the rest the default that the
    schema tells (or `published`, where the conversion only describes it), else what is nearest to nothing."""
    defaults = (published or schema).get("properties", {})
    return {
        name: meant[name] if name in meant else _nothing({**below, **_default(defaults.get(name, {}))})
        for name, below in schema.get("properties", {}).items()
        if name in meant or name in schema.get("required", [])
    }


def _default(schema: Schema) -> Schema:
    return {"default": schema["default"]} if "default" in schema else {}


def _nothing(schema: Schema) -> Any:
    if "default" in schema:
        return schema["default"]
    kind = schema.get("type")
    if kind == "object":
        return forced(schema, {})
    if "enum" in schema:
        return schema["enum"][0]
    return {"string": "", "array": [], "boolean": False, "integer": schema.get("minimum", 0), "number": 0}[str(kind)]


def same_properties(name: str, before: Schema, after: Schema) -> None:
    """A conversion drops no property."""
    assert properties(before) <= properties(after), (name, sorted(properties(before) - properties(after)))


def report(converted: list[str], called: list[str]) -> None:
    print(json.dumps({"converted": converted, "called": called}))
