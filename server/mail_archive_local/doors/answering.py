"""One HTTP request of the API, by whichever door it came: who asks, may they, and the answer.

Mail Manager's operations have an X-Amz-Target; what has none is the query protocol of STS.
"""

import time

from mail_archive_local.api_errors import ApiError
from mail_archive_local.context import Local
from mail_archive_local.endpoint import handle
from mail_archive_local.identity import LOOPBACK, sts
from mail_archive_local.identity.callers import KeyRing
from mail_archive_local.identity.query_protocol import read_form, write_query_error, write_result
from mail_archive_local.identity.signatures import SignatureScope, signed_by
from mail_archive_local.storage.failures import StoreError
from mail_archive_local.wire.protocol import HttpRequest, Reply, write_error

_TARGET = "x-amz-target"
_SIGNED = frozenset({"host", "x-amz-date"})


def answer(local: Local, request: HttpRequest, source_ip: str = LOOPBACK) -> Reply:
    """The reply to a request. Blocks; any thread may call it."""
    is_for_mail_manager = _TARGET in request.headers
    try:
        ring = local.key_ring(source_ip)
        if is_for_mail_manager:
            return _answer_mail_manager(local, ring, request)
        return _answer_sts(ring, request)
    except ApiError as error:
        refusal = error
    except StoreError as error:
        # A status below 500 on purpose: SDKs would repeat the call, and each try waits for the lock.
        refusal = ApiError("LocalArchiveUnavailable", str(error))

    if is_for_mail_manager:
        return write_error(refusal)
    return write_query_error(refusal)


def _answer_mail_manager(local: Local, ring: KeyRing, request: HttpRequest) -> Reply:
    scope = SignatureScope("ses", local.region, _SIGNED | {_TARGET})
    caller = signed_by(request, scope, time.time(), ring.find)
    return handle(local, caller, request.headers[_TARGET], request.body)


def _answer_sts(ring: KeyRing, request: HttpRequest) -> Reply:
    operation, members = read_form(request.body)
    function = sts.OPERATIONS.get(operation.name)
    if function is None:
        raise ApiError("InvalidAction", f"The local archive does not offer {operation.name}.")

    caller = None
    if operation.name not in sts.UNSIGNED:
        scope = SignatureScope("sts", ring.region, _SIGNED)
        caller = signed_by(request, scope, time.time(), ring.find)
    return write_result(operation, function(ring, caller, members))
