"""Our models against botocore's service model, member by member, in both directions."""

import inspect
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from pydantic import TypeAdapter

from mail_archive_server.hosting.schemas import tidy_schema
from mail_archive_tools import archives, exports, models
from mail_archive_tools.archives import get_archive, list_archives
from mail_archive_tools.messages import get_archive_message, get_archive_message_content
from mail_archive_tools.models import checking, filters, reading, summary, thread
from mail_archive_tools.models.base import Output
from mail_archive_tools.searches import (
    get_archive_search,
    get_archive_search_results,
    list_archive_searches,
    start_archive_search,
    stop_archive_search,
)

MODEL = ServiceModel(Loader().load_service_model("mailmanager", "service-2"))

MIRRORS: dict[type[Output], tuple[str, set[str]]] = {
    models.ArchiveList: ("ListArchivesResponse", {"Notes"}),
    models.ArchiveSummary: ("Archive", set()),
    models.ArchiveDetails: ("GetArchiveResponse", set()),
    models.Retention: ("ArchiveRetention", set()),
    models.StartedSearch: ("StartArchiveSearchResponse", {"Notes"}),
    models.StoppedSearch: ("StopArchiveSearchResponse", {"SearchId"}),
    models.ArchiveSearch: ("GetArchiveSearchResponse", {"SearchId", "Notes"}),
    models.SearchStatus: ("SearchStatus", set()),
    models.ArchiveSearchList: ("ListArchiveSearchesResponse", {"Notes"}),
    models.SearchSummary: ("SearchSummary", set()),
    models.SearchResults: (
        "GetArchiveSearchResultsResponse",
        {"SearchId", "TotalRows", "Truncated", "NextCursor", "Complete", "Notes"},
    ),
    models.SearchResultRow: ("Row", set()),
    models.ArchivedMessage: ("GetArchiveMessageResponse", {"ArchivedMessageId", "Notes"}),
    models.Metadata: ("Metadata", set()),
    models.Envelope: ("Envelope", set()),
    models.ArchivedMessageContent: (
        "GetArchiveMessageContentResponse",
        {"ArchivedMessageId", "TextFromHtml", "Offset", "TotalChars", "NextOffset", "Notes"},
    ),
    models.MessageBody: ("MessageBody", set()),
    models.CreatedArchive: ("CreateArchiveResponse", {"Notes"}),
    models.ChangedArchive: ("UpdateArchiveResponse", {"ArchiveId", "Notes"}),
    models.DeletedArchive: ("DeleteArchiveResponse", {"ArchiveId", "Notes"}),
    models.TaggedArchive: ("TagResourceResponse", {"ResourceArn", "Notes"}),
    models.ArchiveTags: ("ListTagsForResourceResponse", {"Notes"}),
    models.Tag: ("Tag", set()),
    models.StartedExport: ("StartArchiveExportResponse", {"Notes"}),
    models.ArchiveExport: ("GetArchiveExportResponse", {"ExportId", "Notes", "BucketPolicy"}),
    models.ExportStatus: ("ExportStatus", set()),
    models.Destination: ("ExportDestinationConfiguration", set()),
    models.S3Destination: ("S3ExportDestinationConfiguration", set()),
    models.ArchiveExportList: ("ListArchiveExportsResponse", {"Notes"}),
    models.ExportSummary: ("ExportSummary", set()),
    models.StoppedExport: ("StopArchiveExportResponse", {"ExportId", "Notes"}),
}
"""Each mirror of a shape of the API, and the members that are our own."""

TYPES = {"string": "string", "integer": "integer", "boolean": "boolean", "list": "array", "structure": "object"}


OURS = (
    models.ArchiveSearchPage,
    models.ArchiveSearchSummary,
    models.ArchiveThread,
    models.FilteredHere,
    models.FoundRow,
    models.TimeRange,
    models.ReadMessage,
    models.ReadAttachment,
    *(
        each
        for module in (checking, reading, summary, thread)
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, Output) and each != Output
    ),
)
"""Models that mirror no shape of the API."""


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return dict(root["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:  # an enumeration that may grow
        return {"type": schema["anyOf"][-1]["type"]}
    return schema


def mistyped(shape: Shape, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    schema = resolved(schema, root)
    if shape.type_name == "timestamp":
        return (schema.get("type"), schema.get("format")) != ("string", "date-time")
    if schema.get("type") != TYPES[shape.type_name]:
        return True
    return shape.type_name == "list" and mistyped(shape.member, schema["items"], root)


@pytest.mark.parametrize("model", MIRRORS, ids=lambda model: model.__name__)
def test_a_mirror_has_the_members_of_its_shape_and_no_others(model: type[Output]) -> None:
    name, own = MIRRORS[model]
    shape, schema = MODEL.shape_for(name), tidy_schema(model, "serialization")
    properties = schema["properties"]
    assert set(properties) - own - {"Warning"} == set(shape.members)
    assert [member for member, of in shape.members.items() if mistyped(of, properties[member], schema)] == []


def test_the_documented_members_are_all_there() -> None:
    assert len(models.SearchResultRow.model_fields) == 19
    assert len(models.Metadata.model_fields) == 13
    assert set(tidy_schema(models.Envelope, "serialization")["properties"]) == {"Helo", "From", "To"}


@pytest.mark.parametrize("model", [*MIRRORS, *OURS], ids=lambda model: model.__name__)
def test_every_output_member_is_described(model: type[Output]) -> None:
    root = tidy_schema(model, "serialization")

    def described(schema: dict[str, Any]) -> bool:
        # A description that the member's type has already is not said twice.
        return bool(schema.get("description") or resolved(schema, root).get("description"))

    assert [name for name, schema in root["properties"].items() if not described(schema)] == []


def test_every_mirror_of_the_package_is_compared() -> None:
    outputs = {
        each for each in vars(models).values() if inspect.isclass(each) and issubclass(each, Output) and each != Output
    }
    assert outputs <= set(MIRRORS) | set(OURS)
    assert set(MIRRORS) <= outputs


def filter_shapes() -> list[tuple[type[Any], str]]:
    return [
        (filters.ArchiveFilters, "ArchiveFilters"),
        (filters.FilterCondition, "ArchiveFilterCondition"),
        (filters.StringExpression, "ArchiveStringExpression"),
        (filters.BooleanExpression, "ArchiveBooleanExpression"),
        (filters.StringToEvaluate, "ArchiveStringToEvaluate"),
        (filters.BooleanToEvaluate, "ArchiveBooleanToEvaluate"),
    ]


@pytest.mark.parametrize(("model", "name"), filter_shapes(), ids=lambda each: getattr(each, "__name__", each))
def test_filters_mirror_the_api_both_ways(model: type[Any], name: str) -> None:
    shape = MODEL.shape_for(name)
    sent = tidy_schema(model, "serialization")
    taken = tidy_schema(model, "validation")
    assert set(sent["properties"]) == set(shape.members)
    assert set(taken["properties"]) == {xform_name(member) for member in shape.members}
    for member, of in shape.members.items():
        schema = resolved(taken["properties"][xform_name(member)], taken)
        if "enum" in of.metadata:
            assert schema.get("enum", [schema.get("const")]) == of.metadata["enum"]
        if of.type_name == "list":
            assert (schema["maxItems"], schema.get("minItems", 0)) == (of.metadata["max"], of.metadata["min"])


OPERATIONS: list[tuple[Any, str, set[str]]] = [
    (list_archives, "ListArchives", set()),
    (get_archive, "GetArchive", set()),
    (start_archive_search, "StartArchiveSearch", set()),
    (get_archive_search, "GetArchiveSearch", set()),
    (get_archive_search_results, "GetArchiveSearchResults", {"page_size", "cursor", "detail"}),
    (list_archive_searches, "ListArchiveSearches", set()),
    (stop_archive_search, "StopArchiveSearch", set()),
    (get_archive_message, "GetArchiveMessage", set()),
    (get_archive_message_content, "GetArchiveMessageContent", {"format", "offset", "max_chars"}),
    (archives.create_archive, "CreateArchive", {"consent_code"}),
    (archives.update_archive, "UpdateArchive", {"consent_code"}),
    (archives.delete_archive, "DeleteArchive", {"consent_code", "archive_name"}),
    (archives.tag_archive, "TagResource", {"consent_code"}),
    (archives.untag_archive, "UntagResource", {"consent_code"}),
    (archives.list_archive_tags, "ListTagsForResource", set()),
    (exports.start_archive_export, "StartArchiveExport", {"consent_code"}),
    (exports.get_archive_export, "GetArchiveExport", {"wait_seconds"}),
    (exports.list_archive_exports, "ListArchiveExports", set()),
    (exports.stop_archive_export, "StopArchiveExport", {"consent_code"}),
]
"""Each tool that is an operation, and the arguments that are our own."""


ARN = f"arn:aws:ses:eu-west-1:{'1' * 12}:mailmanager-archive/a-"

OURS_INSTEAD: dict[str, dict[str, Any]] = {
    "ExportMaxResults": {"min": 1, "max": 250_000},
    "ArchiveIdString": {"prefix": "a-"},
    "TaggableResourceArn": {"prefix": ARN, "longest": len(ARN) + 64},
}
"""Where the model says less than its documentation: limits of it, and what of a shape is an archive's."""


@pytest.mark.parametrize(("function", "operation", "own"), OPERATIONS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_tool_takes_what_its_operation_takes(function: Any, operation: str, own: set[str]) -> None:
    shape = MODEL.operation_model(operation).input_shape
    parameters = inspect.signature(function, eval_str=True).parameters
    offered = set(parameters) - own - {"access", "consent", "progress"}
    assert offered == {xform_name(member) for member in shape.members}
    for member, of in shape.members.items():
        parameter = parameters[xform_name(member)]
        adapter = TypeAdapter(parameter.annotation)
        assert_limits(adapter, of)


def assert_limits(adapter: TypeAdapter[Any], shape: Shape) -> None:
    """What the model's maximum and minimum allow is taken, what is one over or under is not."""

    def taken(value: Any) -> bool:
        try:
            adapter.validate_python(value)
        except ValueError:
            return False
        return True

    rules = shape.metadata
    own = OURS_INSTEAD.get(shape.name, {})
    if shape.type_name == "integer":
        low, high = own.get("min", rules.get("min")), own.get("max", rules.get("max"))
        assert (taken(low - 1), taken(low), taken(high), taken(high + 1)) == (False, True, True, False)
    elif shape.type_name == "string" and "max" in rules:
        prefix = own.get("prefix", "a-" if "ArchiveId" in shape.name else "")
        longest = prefix + "x" * (own.get("longest", rules["max"]) - len(prefix))
        assert (taken(longest), taken(longest + "x"), taken("")) == (True, False, False)
    if "pattern" in rules:
        assert not taken("-b" + "x" * 10)
