"""Who is calling, where an issuer of access tokens says it. What one caller was given is of no use to another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import principal_components

if TYPE_CHECKING:
    from collections.abc import Callable

    from mail_archive_tools.access import Access


def caller() -> str:
    """The client, the issuer and the subject of the token that this call came with; empty where callers are not told
    apart."""
    token = get_access_token()
    if token is None:
        return ""
    return json.dumps(principal_components(token))


def for_each_caller(access: Callable[[], Access]) -> Callable[[], Access]:
    """The same access to the archives for all callers, and for each of them cursors and workers of
    their own."""

    def of_caller() -> Access:
        shared = access()
        who = caller()
        # The same rooms of what was read; what is read for one caller is read by workers of that caller.
        reader = replace(shared.reader, caller=who)
        return replace(shared, cursors=shared.cursors.of(who), reader=reader)

    return of_caller
