"""JSON schemas as a model should see them, made from the types of the tools.

python -m mail_archive_server.hosting.schemas     writes what is published of each tool (`make schemas`)
"""

import inspect
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from mail_archive_server.hosting.published import FILE, VIEW
from mail_archive_server.viewer import URI
from mail_archive_tools.catalog import CATALOG, CatalogTool

_DEFINITIONS = "$defs"


class TidyJsonSchema(GenerateJsonSchema):
    """Without automatic titles, and without unions with null, which some hosts refuse: what may be absent is not
    required, and that says it."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        made.pop("title", None)
        # google-genai converts no schema that has it. What a tool does not know, the server refuses all the same.
        made.pop("additionalProperties", None)
        return made


def tidy_schema(model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, Any]:
    """The schema of what a model takes (`validation`) or gives (`serialization`)."""
    return model.model_json_schema(mode=mode, schema_generator=TidyJsonSchema)


def in_place(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with its definitions written where they are referred to: some frameworks lose them otherwise."""
    definitions = schema.get(_DEFINITIONS, {})

    def written_out(value: Any) -> Any:
        if isinstance(value, list):
            return [written_out(each) for each in value]
        if not isinstance(value, dict):
            return value
        members = {name: written_out(each) for name, each in value.items() if name not in ("$ref", _DEFINITIONS)}
        if "$ref" not in value:
            return members

        definition = written_out(definitions[value["$ref"].rpartition("/")[2]])
        # What is said where it is used goes before what is said where it is defined.
        return definition | members

    written: dict[str, Any] = written_out(schema)
    return written


def published(entry: CatalogTool) -> dict[str, Any]:
    """A tool as a client sees it, by MCP's names."""
    # Imported here: only those who make schemas, or call a tool, need its types.
    from mail_archive_server.hosting.hosted import argument_model

    result = inspect.signature(entry.function, eval_str=True).return_annotation
    told = {
        "name": entry.name,
        "title": entry.title,
        "description": entry.description,
        "toolset": entry.toolset,
        "iamActions": list(entry.iam_actions),
        "annotations": _hints(entry),
        "inputSchema": in_place(tidy_schema(argument_model(entry), "validation")),
        "outputSchema": tidy_schema(result, "serialization"),
    }
    if entry.toolset == VIEW:
        # VS Code shows no view of a tool with annotations.
        told["annotations"] = {}
        # Some hosts know the older spelling of the key alone.
        told["meta"] = {"ui": {"resourceUri": URI}, "ui/resourceUri": URI}
    return told


def _hints(entry: CatalogTool) -> dict[str, bool]:
    return {
        "readOnlyHint": entry.read_only,
        "destructiveHint": entry.destructive,
        "idempotentHint": entry.idempotent,
        "openWorldHint": entry.open_world,
    }


def published_text() -> str:
    """All tools, as the file of the package has them."""
    return json.dumps([published(entry) for entry in CATALOG], indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name(FILE).write_text(published_text(), "utf-8")
