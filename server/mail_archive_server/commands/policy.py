"""`policy`: the smallest IAM policy for the tools and archives that a server is to have."""

import argparse
import re
from typing import TYPE_CHECKING

from mail_archive_server.identity.formats import FORMATS
from mail_archive_server.setting_values import one_of
from mail_archive_server.settings import SETTINGS, SettingError, add_flags, read_settings, read_value
from mail_archive_server.terminal import CommandError

if TYPE_CHECKING:
    from mail_archive_server.identity.policy import Document
    from mail_archive_server.settings import Settings

HELP = "print the smallest IAM policy for the tools and archives"

KINDS = {
    "identity": "of a user or role (by default)",
    "session": "to narrow a session with, short",
    "trust": "who may assume the role",
}

_ACCOUNT = re.compile(r"\d{12}")
_PRINCIPAL = re.compile(r"\d{12}|arn:aws[\w-]*:(?:iam|sts)::\d{12}:(?:root|(?:user|role|assumed-role)/[\w+=,.@/-]+)")
_SETTINGS = (
    *("local", "region", "profile", "role_arn", "external_id", "source_identity", "session_tag"),
    *("archive", "toolsets", "tools", "export_to"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", metavar="|".join(KINDS), default="identity", help=_kinds_help())
    parser.add_argument("--format", metavar="|".join(FORMATS), default="json", help="how to write it (json by default)")
    parser.add_argument("--account", metavar="ID", help="the account of the archives, where no setting says it")
    parser.add_argument(
        "--principal", metavar="ARN", help="with --kind trust: who may assume the role; the account by default"
    )
    add_flags(parser, tuple(setting for setting in SETTINGS if setting.name in _SETTINGS))


def _kinds_help() -> str:
    return "; ".join(f"{kind}: {meaning}" for kind, meaning in KINDS.items())


def run(arguments: argparse.Namespace) -> None:
    # Its other flags are no settings.
    settings = read_settings({name: getattr(arguments, name) for name in _SETTINGS})
    kind = read_value(one_of(*KINDS), "--kind", arguments.kind)
    written = read_value(one_of(*FORMATS), "--format", arguments.format)
    if arguments.account is not None and not _ACCOUNT.fullmatch(arguments.account):
        raise SettingError("--account must be an account's id: 12 digits.")
    if arguments.principal is not None and not _PRINCIPAL.fullmatch(arguments.principal):
        raise SettingError("--principal must be the ARN of a user or role, or an account's id.")

    document = _document(settings, kind, arguments.account, arguments.principal)
    if not isinstance(document, str):
        print(FORMATS[written](document))
        return
    if written != "json":
        raise SettingError("--kind session is written as json: it is given to STS, not attached.")
    print(document)


def _document(settings: "Settings", kind: str, account: str | None, principal: str | None) -> "Document | str":
    from dataclasses import replace

    from mail_archive_local import LocalArchiveError
    from mail_archive_server.backends import backend_of
    from mail_archive_server.hosting.published import chosen_tools, refuse_exports_to_anywhere
    from mail_archive_server.identity.connecting import Connection
    from mail_archive_server.identity.policy import ANY, identity_policy, session_policy, trust_policy
    from mail_archive_tools.errors import Misconfigured

    if kind != "trust":
        refuse_exports_to_anywhere(settings)
    tools = chosen_tools(settings)

    try:
        backend = backend_of(settings)
        arns = Connection(settings, backend).arns_now()
    except (LocalArchiveError, Misconfigured) as error:
        raise CommandError(str(error)) from error
    if account is not None:
        arns = replace(arns, account=account)

    if kind == "trust":
        if principal is not None:
            return trust_policy(principal, settings)
        if arns.account == ANY:
            raise SettingError("--kind trust needs to know who may assume the role: --principal ARN, or --account ID.")
        return trust_policy(f"arn:{arns.partition}:iam::{arns.account}:root", settings)
    if kind == "session":
        return session_policy(tools, settings.archive, arns)
    return identity_policy(tools, settings.archive, arns)
