"""JSON schemas as a model should see them."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema


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
        return made


def tidy_schema(model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, Any]:
    """The schema of what a model takes (`validation`) or gives (`serialization`)."""
    return model.model_json_schema(mode=mode, schema_generator=TidyJsonSchema)
