"""The tags of archives, and what IAM policies make of them."""

from typing import Any

import pytest

from tests.conftest import LocalApi
from tests.folder import Folder, refused

DENIED = "AccessDeniedException"


def arn_of(api: LocalApi, archive_id: str) -> str:
    return str(api.client.get_archive(ArchiveId=archive_id)["ArchiveArn"])


def tags_of(api: LocalApi, arn: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in api.client.list_tags_for_resource(ResourceArn=arn)["Tags"]}


def test_tags_are_set_changed_and_removed(api: LocalApi) -> None:
    arn = arn_of(api, api.client.create_archive(ArchiveName="legal", Tags=[{"Key": "team", "Value": "x"}])["ArchiveId"])
    assert tags_of(api, arn) == {"team": "x"}
    api.client.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "legal"}, {"Key": "case", "Value": ""}])
    assert tags_of(api, arn) == {"team": "legal", "case": ""}
    api.client.untag_resource(ResourceArn=arn, TagKeys=["team", "never-there"])
    assert tags_of(api, arn) == {"case": ""}
    api.client.tag_resource(ResourceArn=arn, Tags=[])
    assert tags_of(api, arn) == {"case": ""}


def test_an_archive_has_two_hundred_tags_at_most(api: LocalApi) -> None:
    arn = arn_of(api, api.client.create_archive(ArchiveName="legal")["ArchiveId"])
    api.client.tag_resource(ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(200)])
    assert api.code("tag_resource", ResourceArn=arn, Tags=[{"Key": "more", "Value": ""}]) == (
        "ServiceQuotaExceededException"
    )
    api.client.tag_resource(ResourceArn=arn, Tags=[{"Key": "k7", "Value": "again"}])
    assert len(tags_of(api, arn)) == 200


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:ses:us-east-1:000000000000:mailmanager-archive/a-none",
        "arn:aws:ses:eu-west-1:000000000000:mailmanager-archive/a-none",
        "arn:aws:ses:us-east-1:000000000000:mailmanager-rule-set/rs-1",
    ],
)
def test_what_is_no_archive_here_is_not_found(api: LocalApi, arn: str) -> None:
    assert api.code("list_tags_for_resource", ResourceArn=arn) == "ResourceNotFoundException"
    assert api.code("tag_resource", ResourceArn=arn, Tags=[]) == "ResourceNotFoundException"
    assert api.code("untag_resource", ResourceArn=arn, TagKeys=[]) == "ResourceNotFoundException"


def test_tags_of_an_archive_that_is_pending_deletion_can_only_be_seen(api: LocalApi) -> None:
    archive_id = api.client.create_archive(ArchiveName="legal", Tags=[{"Key": "team", "Value": "x"}])["ArchiveId"]
    arn = arn_of(api, archive_id)
    api.client.delete_archive(ArchiveId=archive_id)
    assert tags_of(api, arn) == {"team": "x"}
    assert api.code("tag_resource", ResourceArn=arn, Tags=[{"Key": "a", "Value": ""}]) == "ConflictException"
    assert api.code("untag_resource", ResourceArn=arn, TagKeys=["team"]) == "ConflictException"


def allow(*actions: str, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def test_rights_follow_a_tag_as_it_is_now(folder: Folder) -> None:
    by_tag = allow("ses:GetArchive", StringEquals={"aws:ResourceTag/team": "legal"})
    folder.identities(Users=[{"UserName": "ana", "Policies": [by_tag]}])
    ana, owner = folder.client("mailmanager", "ana"), folder.client("mailmanager")
    arn = ana.get_archive(ArchiveId=folder.legal)["ArchiveArn"]
    owner.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "board"}])
    assert refused(ana.get_archive, ArchiveId=folder.legal)[0] == DENIED


def test_who_may_set_which_tags_is_a_matter_of_conditions(folder: Folder) -> None:
    only_cases = {"ForAllValues:StringEquals": {"aws:TagKeys": ["case"]}}
    policy = allow("ses:TagResource", "ses:UntagResource", **only_cases)
    folder.identities(Users=[{"UserName": "ana", "Policies": [policy]}])
    ana = folder.client("mailmanager", "ana")
    arn = folder.client("mailmanager").get_archive(ArchiveId=folder.legal)["ArchiveArn"]
    ana.tag_resource(ResourceArn=arn, Tags=[{"Key": "case", "Value": "7"}])
    assert refused(ana.tag_resource, ResourceArn=arn, Tags=[{"Key": "team", "Value": "board"}])[0] == DENIED
    assert refused(ana.untag_resource, ResourceArn=arn, TagKeys=["team"])[0] == DENIED
    ana.untag_resource(ResourceArn=arn, TagKeys=["case"])
    assert refused(ana.list_tags_for_resource, ResourceArn=arn)[0] == DENIED


def test_who_exports_may_write_to_the_bucket(folder: Folder) -> None:
    """Asked before whether the local archive delivers anywhere: who may not need not know."""
    exporting = allow("ses:StartArchiveExport", "s3:ListBucket", "s3:GetBucketLocation", "s3:Put*", "s3:GetObject")
    request = {
        "ArchiveId": folder.legal,
        "FromTimestamp": "2025-01-01T00:00:00Z",
        "ToTimestamp": "2026-01-01T00:00:00Z",
        "ExportDestinationConfiguration": {"S3": {"S3Location": "s3://evidence/case"}},
    }
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:StartArchiveExport")]}])
    code, message = refused(folder.client("mailmanager", "ana").start_archive_export, **request)
    assert code == DENIED and "s3:ListBucket on resource: arn:aws:s3:::evidence " in message
    folder.identities(Users=[{"UserName": "ana", "Policies": [exporting]}])
    assert refused(folder.client("mailmanager", "ana").start_archive_export, **request)[0] == "ValidationException"
