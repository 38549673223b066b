"""Requests and replies on the wire: the service model's types and constraints."""

import json
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from mail_archive_local.api_errors import ApiError
from mail_archive_local.choosing import ARCHIVE_NAME, ARCHIVE_NAME_LENGTH
from mail_archive_local.endpoint import OPERATIONS, PERSONAL, handle
from mail_archive_local.wire.protocol import STATUSES, write_error
from tests.conftest import LocalApi

ARCHIVE_ID = "a-" + "x" * 26
SEARCH = {"ArchiveId": ARCHIVE_ID, "FromTimestamp": 1.0, "ToTimestamp": 2.0, "MaxResults": 10}


def answer(api: LocalApi, operation: str, request: Any) -> tuple[int, dict[str, Any]]:
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return said(api, f"MailManagerSvc.{operation}", body)


def said(api: LocalApi, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
    ring = api.local.key_ring()
    try:
        reply = handle(api.local, ring.user(ring.identities.users["owner"]), target, body)
    except ApiError as error:
        reply = write_error(error)
    return reply.status, json.loads(reply.body)


@pytest.mark.parametrize(
    ("operation", "request_", "complaint"),
    [
        ("GetArchive", {}, "archiveId"),
        ("GetArchive", {"ArchiveId": "x" * 67}, "length less than or equal to 66"),
        ("GetArchiveSearch", {"SearchId": ""}, "length greater than or equal to 1"),
        ("ListArchives", {"PageSize": 51}, "value less than or equal to 50"),
        ("ListArchives", {"PageSize": 0}, "value greater than or equal to 1"),
        ("StartArchiveSearch", SEARCH | {"ArchiveId": "b-1"}, "regular expression pattern"),
        ("StartArchiveSearch", SEARCH | {"ArchiveId": ARCHIVE_ID + "\n"}, "regular expression pattern"),
        ("StartArchiveSearch", SEARCH | {"MaxResults": 1001}, "less than or equal to 1000"),
        ("StartArchiveSearch", SEARCH | {"Filters": {"Include": [{}]}}, "Exactly one member"),
        ("StartArchiveSearch", SEARCH | {"Filters": {"Include": [{"StringExpression": {}}] * 11}}, "equal to 10"),
        ("CreateArchive", {"ArchiveName": "-x"}, "regular expression pattern"),
        ("CreateArchive", {"ArchiveName": "ok", "Retention": {"RetentionPeriod": "EVER"}}, "enum value set"),
    ],
)
def test_what_breaks_a_constraint_is_named(api: LocalApi, operation: str, request_: Any, complaint: str) -> None:
    status, error = answer(api, operation, request_)
    assert (status, error["__type"]) == (400, "ValidationException")
    assert complaint in error["Message"]


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetArchive", b"{"),
        ("GetArchive", b"[" * 100_000),
        ("GetArchive", []),
        ("GetArchive", {"ArchiveId": 5}),
        ("ListArchives", {"PageSize": True}),
        ("ListArchives", {"PageSize": "5"}),
        ("StartArchiveSearch", SEARCH | {"FromTimestamp": "2025-01-01"}),
        ("StartArchiveSearch", SEARCH | {"FromTimestamp": 1e300}),
        ("StartArchiveSearch", SEARCH | {"Filters": {"Include": {}}}),
    ],
)
def test_what_is_of_another_type_is_refused(api: LocalApi, operation: str, request_: Any) -> None:
    status, error = answer(api, operation, request_)
    assert (status, error["__type"]) == (400, "SerializationException")


def test_every_failing_constraint_is_counted(api: LocalApi) -> None:
    _, error = answer(api, "StartArchiveSearch", SEARCH | {"ArchiveId": "b", "MaxResults": 5000})
    # Too short an id, one that breaks its pattern, and too many results.
    assert error["Message"].startswith("3 validation errors detected")


def test_members_that_the_model_does_not_have_are_passed_over(api: LocalApi) -> None:
    assert answer(api, "ListArchives", {"PageSize": 5, "Future": {"x": 1}}) == (200, {"Archives": []})


def test_unknown_operations_and_targets_are_refused(api: LocalApi) -> None:
    for target in ("MailManagerSvc.Nothing", "Other.GetArchive", "", "MailManagerSvc.CreateRelay"):
        _, error = said(api, target, b"{}")
        assert error["__type"] == "UnknownOperationException"


def test_the_table_has_the_archive_operations_of_the_service_and_no_other() -> None:
    model = ServiceModel(Loader().load_service_model("mailmanager", "service-2"))
    archive = {name for name in model.operation_names if "Archive" in name}
    tags = {"TagResource", "UntagResource", "ListTagsForResource"}
    assert {*OPERATIONS, *PERSONAL} == archive | tags
    assert len(OPERATIONS) + len(PERSONAL) == 19


def test_the_import_command_knows_the_models_archive_names() -> None:
    shape = ServiceModel(Loader().load_service_model("mailmanager", "service-2")).shape_for("ArchiveNameString")
    assert (shape.metadata["pattern"], shape.metadata["max"]) == (ARCHIVE_NAME, ARCHIVE_NAME_LENGTH)


def test_statuses_are_the_models() -> None:
    model = ServiceModel(Loader().load_service_model("mailmanager", "service-2"))
    declared = {shape.name: shape.metadata.get("error", {}) for shape in model.error_shapes}
    assert set(STATUSES) == set(declared)
    for name, error in declared.items():
        assert error.get("httpStatusCode", STATUSES[name]) == STATUSES[name]
