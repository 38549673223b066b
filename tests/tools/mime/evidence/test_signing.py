"""Signatures of DKIM and ARC with keys that are known: published examples, and messages that are signed here."""

import base64
import hashlib
import re
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mail_archive_tools.mime.evidence.dkim import Signature, read_signatures
from mail_archive_tools.mime.evidence.findings import find
from mail_archive_tools.mime.evidence.route import read_route
from mail_archive_tools.mime.fields.headers import read_headers
from mail_archive_tools.mime.message import read_message

# The example of RFC 8463, A.2 and A.3.
PUBLISHED = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")
PUBLISHED_KEY = {
    "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
}
NAME = "k._domainkey.b.example"


@cache
def private_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def record(bits: int = 2048) -> str:
    public = private_key(bits).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def signature_of(data: bytes, bits: int = 2048) -> bytes:
    return base64.b64encode(private_key(bits).sign(data, padding.PKCS1v15(), hashes.SHA256()))


HEADERS = b"From: Ann <ann@b.example>\r\nSubject: The  offer\r\nDate: Mon, 3 Mar 2025 10:00:00 +0000\r\n"
BODY = b"The sum is 12.\r\n"


def signed(form: bytes = b"simple", bits: int = 2048, names: bytes = b"from:subject") -> bytes:
    """A message with a signature over these fields, whose canonical form is written out by hand."""
    bh = base64.b64encode(hashlib.sha256(BODY).digest())
    own = b"v=1; a=rsa-sha256; c=%s/simple; d=b.example; s=k; h=%s; bh=%s; b=" % (form, names, bh)
    if form == b"simple":
        data = b"From: Ann <ann@b.example>\r\nSubject: The  offer\r\nDKIM-Signature: " + own
    else:
        data = b"from:Ann <ann@b.example>\r\nsubject:The offer\r\ndkim-signature:" + own
    return b"DKIM-Signature: " + own + signature_of(data, bits) + b"\r\n" + HEADERS + b"\r\n" + BODY


def read(raw: bytes, keys: dict[str, str]) -> list[Signature]:
    return read_signatures(raw, read_headers(raw), keys)


def test_the_published_example_is_verified() -> None:
    (found,) = read(PUBLISHED, PUBLISHED_KEY)
    assert (found.state, found.body_hash) == ("verified", "match")
    (unknown,) = read(PUBLISHED, {})
    assert (unknown.state, unknown.body_hash) == (None, "match")
    (changed,) = read(PUBLISHED.replace(b"Is dinner ready?", b"Is lunch ready?"), PUBLISHED_KEY)
    assert (changed.state, changed.body_hash) == ("broken", "match")


@pytest.mark.parametrize("form", [b"simple", b"relaxed"])
def test_header_fields_are_minded_as_they_were_signed(form: bytes) -> None:
    raw = signed(form)
    assert read(raw, {NAME: record()})[0].state == "verified"
    with_lf = raw.replace(b"\r\n", b"\n")
    assert read(with_lf, {NAME: record()})[0].state == "verified"
    respaced = raw.replace(b"The  offer", b"The offer")
    assert read(respaced, {NAME: record()})[0].state == ("verified" if form == b"relaxed" else "broken")
    assert read(raw.replace(b"Date: Mon", b"Date: Tue"), {NAME: record()})[0].state == "verified"
    assert read(raw.replace(b"The  offer", b"The  other"), {NAME: record()})[0].state == "broken"


@pytest.mark.parametrize(
    ("key", "state"),
    [
        ("v=DKIM1; p=", "key revoked"),
        ("v=DKIM1", "key unusable"),
        ("v=DKIM1; p=AAAA", "key unusable"),
        ("v=DKIM1; p=!", "key unusable"),
    ],
)
def test_keys_that_are_none(key: str, state: str) -> None:
    assert read(signed(), {NAME: key})[0].state == state


def test_another_key_and_one_that_is_too_short() -> None:
    assert read(signed(bits=1024), {NAME: record()})[0].state == "broken"
    assert read(signed(bits=1024), {NAME: record(1024)})[0].state == "verified"


def test_a_signature_that_leaves_the_author_out_is_none() -> None:
    assert read(signed(names=b"subject"), {NAME: record()})[0].state == "broken"


def test_a_second_author_above_the_signed_one_is_not_taken_for_it() -> None:
    """What a signature names is taken from below, as RFC 6376, 5.4.2 says."""
    raw = signed().replace(b"From: Ann", b"From: Eve <eve@evil.example>\r\nFrom: Ann")
    assert read(raw, {NAME: record()})[0].state == "verified"


def arc_set(instance: int, below: bytes) -> bytes:
    """A set of ARC's fields on top of a message, signed and sealed in their relaxed form."""
    results = b"ARC-Authentication-Results: i=%d; b.example; spf=pass\r\n" % instance
    bh = base64.b64encode(hashlib.sha256(BODY).digest())
    own = b"i=%d; a=rsa-sha256; c=relaxed/simple; d=b.example; s=k; h=from; bh=%s; b=" % (instance, bh)
    message = b"from:Ann <ann@b.example>\r\narc-message-signature:" + own
    ams = b"ARC-Message-Signature: " + own + signature_of(message) + b"\r\n"
    seal = b"i=%d; a=rsa-sha256; cv=none; d=b.example; s=k; b=" % instance
    earlier = b""
    for number in range(1, instance):
        for name in (b"ARC-Authentication-Results", b"ARC-Message-Signature", b"ARC-Seal"):
            value = re.search(rb"^%s: (i=%d;[^\r]*)" % (name, number), below, re.MULTILINE)
            assert value
            earlier += name.lower() + b":" + value.group(1) + b"\r\n"
    data = earlier + b"arc-authentication-results:" + results[28:].strip() + b"\r\n"
    data += b"arc-message-signature:" + ams[23:].strip() + b"\r\narc-seal:" + seal
    return b"ARC-Seal: " + seal + signature_of(data) + b"\r\n" + ams + results + below


def test_seals_of_arc_are_verified_over_all_sets() -> None:
    raw = arc_set(2, arc_set(1, HEADERS + b"\r\n" + BODY))
    found = read(raw, {NAME: record()})
    assert [(each.field, each.state) for each in found] == [
        ("ARC-Message-Signature i=2", "verified"),
        ("ARC-Message-Signature i=1", "verified"),
        ("ARC-Seal i=2", "verified"),
        ("ARC-Seal i=1", "verified"),
    ]
    forged = raw.replace(b"i=1; b.example; spf=pass", b"i=1; b.example; spf=fail")
    assert [each.state for each in read(forged, {NAME: record()}) if "Seal" in each.field] == ["broken", "broken"]
    without = raw.replace(b"ARC-Authentication-Results: i=1", b"X-Other: i=1")
    assert [each.state for each in read(without, {NAME: record()}) if "Seal" in each.field] == ["broken", "broken"]


def test_a_broken_signature_is_a_finding_unless_another_holds() -> None:
    def said(raw: bytes) -> str:
        message = read_message(raw)
        signatures = read_signatures(raw, message.headers, {NAME: record()})
        return "\n".join(each.sentence for each in find(message, read_route(message.headers), [], signatures))

    changed = signed().replace(b"The  offer", b"The  other")
    assert "The header fields are not those that b.example signed (DKIM)." in said(changed)
    assert "signed" not in said(signed())
    assert "header fields" not in said(
        changed.replace(b"From: Ann", b"Return-Path: <l-bounces@l.example>\r\nList-Id: <l.example>\r\nFrom: Ann")
    )


@pytest.mark.parametrize(
    "fields",
    [
        b"DKIM-Signature: " + b"h=" + b"a:" * 20_000 + b"; d=b.example; s=k; a=rsa-sha256; bh=AA==; b=AA==\r\n",
        b"DKIM-Signature: d=b.example; s=k; b=" + b"A" * 500_000 + b"\r\n",
        b"ARC-Seal: i=50; d=b.example; s=k; a=rsa-sha256; b=AA==\r\n" * 50,
        b"ARC-Seal: i=x; d=b.example; s=k\r\n",
    ],
)
def test_hostile_signatures_are_broken_at_most(fields: bytes) -> None:
    raw = fields + HEADERS + b"\r\n" + BODY
    assert {each.state for each in read(raw, {NAME: record()})} <= {"broken", "key unusable"}
