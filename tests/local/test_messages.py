"""The message operations, and the links that they hand out."""

from urllib.parse import parse_qsl

import httpx
import pytest

from mail_archive_local.download_links import BadLink, read_link, sign_link
from mail_archive_local.identity.sessions import StsSession
from tests.conftest import Clock, LocalApi, eml
from tests.local.test_searches import NOON, RANGE, add

RAW = eml(
    Return_Path="<ann@acme.example>",
    Delivered_To="bob@here.example",
    Received=(
        "from mx.acme.example (mx.acme.example [192.0.2.1]) by in.here.example with ESMTPS "
        "(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384) for <bob@here.example>; Sun, 1 Jun 2025 12:00:00 +0000"
    ),
    Subject="Invoice",
    Content_Type="text/plain; charset=iso-8859-1",
    Content_Transfer_Encoding="quoted-printable",
    body="Gr=FC=DFe\r\n",
)


def only_message(api: LocalApi) -> str:
    search_id = api.client.start_archive_search(ArchiveId=add(api, RAW), **RANGE, MaxResults=5)["SearchId"]
    api.clock.now += 10
    (row,) = api.client.get_archive_search_results(SearchId=search_id)["Rows"]
    return str(row["ArchivedMessageId"])


def test_metadata_and_envelope_are_what_the_headers_say(api: LocalApi) -> None:
    message = api.client.get_archive_message(ArchivedMessageId=only_message(api))
    assert message["Envelope"] == {"From": "ann@acme.example", "To": ["bob@here.example"], "Helo": "mx.acme.example"}
    assert message["Metadata"] == {
        "Timestamp": NOON,
        "SenderHostname": "mx.acme.example",
        "SenderIpAddress": "192.0.2.1",
        "TlsProtocol": "TLSv1.3",
        "TlsCipherSuite": "TLS_AES_256_GCM_SHA384",
    }


def test_content_is_decoded(api: LocalApi) -> None:
    body = api.client.get_archive_message_content(ArchivedMessageId=only_message(api))["Body"]
    assert body == {"Text": "Grüße\n", "MessageMalformed": False}


def test_the_link_gives_the_raw_bytes_until_it_expires(api: LocalApi, clock: Clock) -> None:
    link = api.client.get_archive_message(ArchivedMessageId=only_message(api))["MessageDownloadLink"]
    reply = httpx.get(link)
    assert (reply.status_code, reply.content) == (200, RAW)
    assert reply.headers["content-type"].startswith("message/rfc822")
    assert reply.headers["content-disposition"].startswith("attachment")
    clock.now += 59.5
    assert httpx.get(link).status_code == 200
    clock.now += 1
    assert httpx.get(link).status_code == 403


def test_a_link_ends_when_it_says(clock: Clock) -> None:
    session = StsSession("user", "ana", clock.now, clock.now + 60)
    query = dict(parse_qsl(sign_link(b"key", "message", session)))
    assert read_link(b"key", "message", query, clock.now + 59.9).name == "ana"
    for late in (60.1, 61, 119):
        with pytest.raises(BadLink):
            read_link(b"key", "message", query, clock.now + late)


def test_a_link_opens_its_message_only(api: LocalApi) -> None:
    message_id = only_message(api)
    link = api.client.get_archive_message(ArchivedMessageId=message_id)["MessageDownloadLink"]
    base, _, query = link.partition("?")
    tampered = [
        base,
        link.replace(message_id, "0" * 26),
        f"{base}?{query[:-1]}{'0' if query[-1] != '0' else '1'}",
        f"{base}?{query.replace('Expires=1', 'Expires=9')}",
        f"{base}?Expires=nan&Signature=x",
        f"{base}?Expires=inf&Signature=%C3%A9",
    ]
    assert [httpx.get(each).status_code for each in tampered] == [403] * len(tampered)


def test_unknown_messages_and_those_of_deleted_archives(api: LocalApi) -> None:
    message_id = only_message(api)
    for operation in ("get_archive_message", "get_archive_message_content"):
        assert api.code(operation, ArchivedMessageId="nothing") == "ValidationException"
    api.client.delete_archive(ArchiveId=api.store.archives()[0].archive_id)
    for operation in ("get_archive_message", "get_archive_message_content"):
        assert api.code(operation, ArchivedMessageId=message_id) == "ValidationException"
