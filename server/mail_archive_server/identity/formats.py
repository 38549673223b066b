"""A policy as those write it who will attach it: JSON, Terraform, a CloudFormation template."""

import json
from typing import Any

from mail_archive_server.identity.policy import Document

NAME = "MailArchive"


def as_json(document: Document) -> str:
    return json.dumps(document, indent=2)


def as_terraform(document: Document) -> str:
    """A data source, in Terraform's own language."""
    blocks = "\n\n".join(_terraform_statement(each) for each in document["Statement"])
    return f'data "aws_iam_policy_document" "mail_archive" {{\n{blocks}\n}}'


def as_cloudformation(document: Document) -> str:
    """A template: a managed policy, or the role itself where the document says who may assume it."""
    name, kind, member = f"{NAME}Policy", "AWS::IAM::ManagedPolicy", "PolicyDocument"
    if "Principal" in document["Statement"][0]:
        name, kind, member = f"{NAME}Role", "AWS::IAM::Role", "AssumeRolePolicyDocument"
    resource = {"Type": kind, "Properties": {member: document}}
    # The only version that there is.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/format-version-structure.html
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {name: resource}}, indent=2)


FORMATS = {"json": as_json, "terraform": as_terraform, "cloudformation": as_cloudformation}


def _terraform_statement(statement: dict[str, Any]) -> str:
    lines = []
    if "Sid" in statement:
        lines.append(f"sid       = {_text(statement['Sid'])}")
    lines.append(f"effect    = {_text(statement['Effect'])}")
    lines.append(f"actions   = {_texts(statement['Action'])}")
    if "Resource" in statement:
        lines.append(f"resources = {_texts(statement['Resource'])}")
    for kind, names in statement.get("Principal", {}).items():
        lines += _block("principals", {"type": _text(kind), "identifiers": _texts(names)})
    for test, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            lines += _block("condition", {"test": _text(test), "variable": _text(key), "values": _texts(values)})

    inner = "\n".join(f"    {line}" for line in lines)
    return f"  statement {{\n{inner}\n  }}"


def _block(name: str, members: dict[str, str]) -> list[str]:
    width = max(map(len, members))
    inner = [f"  {key:<{width}} = {value}" for key, value in members.items()]
    return [f"{name} {{", *inner, "}"]


def _texts(values: str | list[str]) -> str:
    if isinstance(values, str):
        values = [values]
    return f"[{', '.join(_text(each) for each in values)}]"


def _text(text: str) -> str:
    """A string: what would be a template in it is written as it is."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")
