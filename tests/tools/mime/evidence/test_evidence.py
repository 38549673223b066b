"""What an investigator asks of a message: who checked the sender, the way it came, what does not fit together."""

import io
import zipfile
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mail_archive_tools.mime.carried.calendar import read_calendar
from mail_archive_tools.mime.evidence.authentication import MethodResult, read_authentication
from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.mime.evidence.dkim import Signature, read_signatures
from mail_archive_tools.mime.evidence.finding import MAX_FINDINGS
from mail_archive_tools.mime.evidence.findings import find
from mail_archive_tools.mime.evidence.lookalikes import Lookalikes, is_disguised, looks_like, mixes_scripts
from mail_archive_tools.mime.evidence.passing_on import signed_by
from mail_archive_tools.mime.evidence.route import read_route
from mail_archive_tools.mime.fields.headers import read_headers
from mail_archive_tools.mime.message import read_message
from mail_archive_tools.mime.reports import read_report
from mail_archive_tools.mime.structure import read_structure
from tests.conftest import eml

AUTHENTICATED = b"""\
Authentication-Results: mx.tidewater.example 1; spf=pass (sender (IP is 192.0.2.1)) smtp.mailfrom=a.example;
 dkim=fail reason="bad; signature" header.d=a.example; dmarc=none
Received: from a.example ([192.0.2.1]) by mx.tidewater.example with ESMTPS; Mon, 10 Mar 2025 18:00:05 +0100
Authentication-Results: mx.tidewater.example; dmarc=pass
ARC-Authentication-Results: i=1; relay.example; spf=pass
Received-SPF: softfail (x) client-ip=192.0.2.7; envelope-from="b@a.example"; helo=h
X-SES-Spam-Verdict: PASS
From: b@a.example
Date: Mon, 10 Mar 2025 18:00:00 +0100

x
"""


def test_results_of_checks_and_whether_the_sender_may_have_forged_them() -> None:
    own, forged, arc, spf, verdict = read_authentication(read_headers(AUTHENTICATED))
    # Of a message that was imported nothing is known but itself: its sender may have written this, too.
    assert own.authserv_id == "mx.tidewater.example" and not own.trusted
    assert own.results == (
        MethodResult("spf", "pass", {"smtp.mailfrom": "a.example"}),
        MethodResult("dkim", "fail", {"reason": "bad; signature", "header.d": "a.example"}),
        MethodResult("dmarc", "none", {}),
    )
    assert not forged.trusted and forged.results == (MethodResult("dmarc", "pass", {}),)
    assert (arc.instance, arc.authserv_id) == (1, "relay.example")
    assert spf.results[0].properties == {"client-ip": "192.0.2.7", "envelope-from": "b@a.example", "helo": "h"}
    assert verdict.results == (MethodResult("spam", "pass", {}),) and not verdict.trusted


BY_SES = b"""\
Return-Path: <b@a.example>
Received: from a.example (a.example [192.0.2.1]) by inbound-smtp.eu-west-1.amazonaws.com with SMTP id x1;
 Mon, 10 Mar 2025 18:00:05 +0000 (UTC)
X-SES-Spam-Verdict: PASS
X-SES-Virus-Verdict: FAIL
Received-SPF: fail (spfCheck: domain of a.example) client-ip=192.0.2.1; envelope-from=b@a.example; helo=a.example;
Authentication-Results: amazonses.com; spf=fail (spfCheck: no) client-ip=192.0.2.1; envelope-from=b@a.example;
 helo=a.example; dkim=none; dmarc=fail header.from=bank.example;
X-SES-RECEIPT: abc
X-SES-DKIM-SIGNATURE: a=rsa-sha256; q=dns/txt; b=abc
"""
FORGED = b"Authentication-Results: amazonses.com; spf=pass; dmarc=pass header.from=bank.example\n"
DATE = "Mon, 10 Mar 2025 18:00:00 +0100"
CLIENT = "192.0.2.1"
REST = b"From: b@bank.example\nDate: Mon, 10 Mar 2025 18:00:00 +0000\n\nx\n"


def test_what_the_service_wrote_itself_is_trusted_and_what_pretends_to_be_is_not() -> None:
    found = read_authentication(read_headers(BY_SES + FORGED + REST), received_from=CLIENT)
    assert [(each.name, each.trusted) for each in found] == [
        ("x-ses-spam-verdict", True),
        ("x-ses-virus-verdict", True),
        ("received-spf", True),
        ("authentication-results", True),
        ("authentication-results", False),
    ]
    own = found[3].results
    assert [(each.method, each.result) for each in own] == [("spf", "fail"), ("dkim", "none"), ("dmarc", "fail")]
    assert own[0].properties == {"client-ip": "192.0.2.1", "envelope-from": "b@a.example", "helo": "a.example"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"by inbound-smtp.eu-west-1.amazonaws.com", b"by ec2-192-0-2-1.eu-west-1.compute.amazonaws.com"),
        (b"by inbound-smtp.eu-west-1.amazonaws.com", b"by mx.example.com (by inbound-smtp.eu-west-1.amazonaws.com.x)"),
        (b"by inbound-smtp.eu-west-1.amazonaws.com", b"by amazonses.com.evil.example"),
        (b"X-SES-Spam-Verdict: PASS", b"Subject: x\nX-SES-Spam-Verdict: PASS"),
    ],
)
def test_fields_that_the_service_did_not_write_in_its_row_are_not_trusted(before: bytes, after: bytes) -> None:
    found = read_authentication(read_headers(BY_SES.replace(before, after) + REST), received_from=CLIENT)
    assert len(found) == 4 and not any(each.trusted for each in found)


def test_a_second_field_of_a_kind_ends_the_services_row() -> None:
    doubled = BY_SES.replace(b"X-SES-Virus-Verdict: FAIL", b"X-SES-Spam-Verdict: FAIL")
    found = read_authentication(read_headers(doubled + REST), received_from=CLIENT)
    # Nothing in what is left of the row says whom it is about.
    assert not any(each.trusted for each in found)
    doubled = BY_SES.replace(b"X-SES-RECEIPT: abc", b"X-SES-Spam-Verdict: FAIL")
    found = read_authentication(read_headers(doubled + REST), received_from=CLIENT)
    assert [each.trusted for each in found] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("raw", "noted"),
    [
        (BY_SES, None),
        (BY_SES, "198.51.100.9"),
        (BY_SES, "no address"),
        (BY_SES.replace(b"client-ip=192.0.2.1", b"client-ip=198.51.100.9"), "192.0.2.1"),
        (BY_SES, ""),
        (BY_SES.partition(b"X-SES-Spam")[0] + FORGED, "192.0.2.1"),
        (FORGED + BY_SES.partition(b"X-SES-Spam")[0], "192.0.2.1"),
        (BY_SES.replace(b"[192.0.2.1]", b"[198.51.100.9]"), "192.0.2.1"),
        (b"Received: from x (x [192.0.2.1]) by mx.evil.example; x\n" + BY_SES, "192.0.2.1"),
    ],
    ids=[
        "imported", "of another delivery", "no address noted", "about another client", "an empty one noted",
        "a forged field where the service wrote none", "one above", "a Received of another", "one on top",
    ],
)  # fmt: skip
def test_a_row_that_is_not_about_this_delivery_is_not_trusted(raw: bytes, noted: str | None) -> None:
    found = read_authentication(read_headers(raw + REST), received_from=noted)
    assert found and not any(each.trusted for each in found)


def test_an_address_is_the_same_in_whatever_form_it_is_written() -> None:
    raw = BY_SES.replace(b"192.0.2.1", b"2001:DB8:0::1").replace(b"[2001", b"[IPv6:2001")
    assert any(each.trusted for each in read_authentication(read_headers(raw + REST), received_from="2001:db8::1"))


def test_a_server_that_is_named_is_trusted() -> None:
    raw = b"Received: by mx.example; Mon, 10 Mar 2025 18:00:05 +0000\n" + AUTHENTICATED
    found = read_authentication(read_headers(raw), ["MX.Tidewater.example"])
    assert [each.trusted for each in found] == [True, True, False, False, False]
    assert not any(each.trusted for each in read_authentication(read_headers(raw)))


def test_without_a_received_field_nobody_vouches() -> None:
    (result,) = read_authentication(read_headers(FORGED + REST))
    assert not result.trusted


def test_a_trusted_failure_is_a_finding_and_a_claimed_one_is_not() -> None:
    def failures(raw: bytes) -> list[str]:
        message = read_message(raw)
        checks = read_authentication(message.headers, received_from=CLIENT)
        found = find(message, read_route(message.headers), checks)
        return [each.sentence for each in found if each.about == "authentication"]

    assert failures(BY_SES + REST) == [
        "The service's virus check failed.",
        "SPF failed (by the last host).",
        "DMARC failed for bank.example (by amazonses.com).",
    ]
    assert failures(FORGED.replace(b"pass", b"fail") + REST) == []
    # A signature that holds outweighs SPF, which forwarding breaks: where the same field says so.
    signed = BY_SES.replace(b"dkim=none", b"dkim=pass header.i=@a.example")
    assert "SPF failed (by the last host)." in failures(signed + REST)
    alone = b"".join(line for line in signed.splitlines(True) if not line.startswith(b"Received-SPF"))
    assert failures(alone + REST) == [
        "The service's virus check failed.",
        "DMARC failed for bank.example (by amazonses.com).",
    ]
    of_its_own = alone.replace(b"header.i=@a.example", b"header.i=@evil.example")
    assert "SPF failed (by amazonses.com)." in failures(of_its_own + REST)


FORGED_BELOW = (
    b"Authentication-Results: amazonses.com; spf=%s client-ip=192.0.2.1; dkim=pass header.i=@bank.example;"
    b" dmarc=pass header.from=bank.example\nX-SES-RECEIPT: abc\nX-SES-DKIM-SIGNATURE: a=rsa-sha256; b=abc\n"
)


@pytest.mark.parametrize("spf", ["pass", "softfail", "fail"])
def test_what_stands_below_a_failure_outweighs_it_never(spf: str) -> None:
    above, _, _ = BY_SES.partition(b"Authentication-Results:")
    raw = above + FORGED_BELOW % spf.encode() + REST
    found = sentences(raw, Context(received_from=CLIENT))
    assert "SPF failed (by the last host)." in found
    fields = read_authentication(read_headers(raw), received_from=CLIENT)
    # What agrees with the service's own result may be its own.
    assert [each.trusted for each in fields if each.name == "authentication-results"] == [spf == "fail"]


def test_a_field_of_the_services_name_that_does_not_say_whom_it_checked_is_not_its_own() -> None:
    above, _, _ = BY_SES.partition(b"Authentication-Results:")
    fields = read_authentication(read_headers(above + FORGED + REST), received_from=CLIENT)
    assert [each.trusted for each in fields] == [True, True, True, False]


def test_a_signature_that_was_verified_outweighs_a_failure_of_spf() -> None:
    message = read_message(BY_SES + REST)
    checks = read_authentication(message.headers, received_from=CLIENT)

    def is_told(*signatures: Signature) -> bool:
        return any("SPF" in each.sentence for each in find(message, [], checks, list(signatures)))

    assert not is_told(Signature("bank.example", "s", "match", state="verified"))
    assert not is_told(Signature("a.example", "s", "match", state="verified"))
    # Whoever sends can sign for a domain of their own.
    assert is_told(Signature("evil.example", "s", "match", state="verified"))
    assert is_told(Signature("bank.example", "s", "match"))
    assert is_told(Signature("bank.example", "s", "match", state="broken"))
    assert is_told(Signature("bank.example", "s", "cut by l=", state="verified"))


@given(st.text(alphabet='a=;"().\\ i1', max_size=60))
def test_no_authentication_field_raises(value: str) -> None:
    for name in ("Authentication-Results", "ARC-Authentication-Results", "Received-SPF"):
        read_authentication(read_headers(f"{name}: {value}\n\n".encode()))


@pytest.mark.parametrize(
    ("clause", "address"),
    [
        ("a.example (192.0.2.1) by b with X", "192.0.2.1"),
        ("a (10.1.2.3) by b (2603:10b6:208:1::15) with mapi id 15", "10.1.2.3"),
        ("a (a.example [192.0.2.1]) by b", "192.0.2.1"),
        ("a.example [192.0.2.1]\tby localhost with IMAP (fetchmail-5.9.0)", "192.0.2.1"),
        ("[192.0.2.1] (helo=x) by b", "192.0.2.1"),
        ("unknown (HELO foo) (192.0.2.1) by b with SMTP", "192.0.2.1"),
        ("unknown (HELO foo) (user@192.0.2.1) by b", "192.0.2.1"),
        ("x ([192.0.2.1]:4567 helo=foo) by b", "192.0.2.1"),
        ("a (HELO b) (192.0.2.1:25) by b", "192.0.2.1"),
        ("a (Sender IP is 192.0.2.1, Port 25) by b", "192.0.2.1"),
        ("192.0.2.1 (EHLO x) by b", "192.0.2.1"),
        ("a (2001:db8::1) by b", "2001:db8::1"),
        ("a (a. [IPv6:2001:DB8::1]) by b (8.17.1)", "2001:db8::1"),
        ("a (a. [::ffff:192.0.2.1]) by b", "192.0.2.1"),
        ("a ([2001:db8::1]) (using TLSv1.2 with cipher X (256/256 bits)) by b", "2001:db8::1"),
        ("198.51.100.7 (a [192.0.2.1]) by b", "192.0.2.1"),
        ("a by b (192.0.2.9)", None),
        ("a (qmail 1.2.3.4.5) by b", None),
        ("a (version 10.2.3.4-rc1) by b", None),
        ("a (201.357.369.35) by b", None),
        ("a with mapi id 15.2.3.4 by x", None),
        ("a (at 12:30:45) by b", None),
    ],
)
def test_addresses_are_read_in_the_forms_that_servers_write(clause: str, address: str | None) -> None:
    (hop,) = read_route(read_headers(f"Received: from {clause}; Mon, 10 Mar 2025 18:00:30 +0100\n\n".encode()))
    assert hop.from_ip == address


def test_the_way_from_the_first_host_to_the_last() -> None:
    raw = (
        b"Received: from relay.example (relay.example [192.0.2.2]) by mx.example with ESMTPS id 1\n"
        b" for <a@b.example>; Mon, 10 Mar 2025 18:00:30 +0100\n"
        b"Received: from [10.0.0.1] (helo=laptop) by relay.example; Mon, 10 Mar 2025 17:00:00 +0000\n"
        b"Received: nonsense\n\n"
    )
    broken, first, last = read_route(read_headers(raw))
    assert broken.time is None and broken.by is None
    assert (first.from_ip, first.by, first.delay) == ("10.0.0.1", "relay.example", None)
    assert (last.from_host, last.from_ip, last.by, last.protocol) == (
        "relay.example",
        "192.0.2.2",
        "mx.example",
        "ESMTPS",
    )
    assert (last.recipient, last.delay) == ("a@b.example", 30.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paypa1.example", "paypal.example"),
        ("rnicrosoft.example", "microsoft.example"),
        ("brightwel1-optics.example", "brightwell-optics.example"),
        ("tidewatter.example", "tidewater.example"),
        ("tidewtaer.example", "tidewater.example"),
        ("xn--80ak6aa92e.example", "apple.example"),
    ],
)
def test_domains_that_look_alike(one: str, other: str) -> None:
    assert looks_like(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.example", "a.example"),
        ("mail.a.example", "a.example"),
        ("tidewater.example", "harbour.example"),
        ("", "a.example"),
    ],
)
def test_domains_that_do_not(one: str, other: str) -> None:
    assert not looks_like(one, other)


def test_scripts_that_are_mixed_or_disguised() -> None:
    assert mixes_scripts("раypal.example")  # Cyrillic and Latin
    assert not mixes_scripts("пример.example") and not mixes_scripts("日本go.example")
    assert is_disguised("аррӏе.example") and not is_disguised("пример.example") and not is_disguised("apple.example")


HASH_OF_NONE = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""SHA-256 of nothing: of a body without a line (RFC 6376, 3.4.4)."""


def sentences(raw: bytes, context: Context = NOTHING_KNOWN) -> str:
    message = read_message(raw)
    checks = read_authentication(message.headers, received_from=context.received_from)
    signatures = read_signatures(message.raw, message.headers)
    found = find(message, read_route(message.headers), checks, signatures, context)
    return "\n".join(each.sentence for each in found)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"from": "a@b.example", "reply_to": "x@evil.example"}, "Reply-To is x@evil.example"),
        ({"from": "a@b.co.uk", "reply_to": "x@evil.co.uk"}, "Reply-To is x@evil.co.uk"),
        ({"from": '"ceo@bank.example" <x@evil.example>'}, "The display name shows ceo@bank.example"),
        ({"from": '"ceo\uff20bank.example" <x@evil.example>'}, "The display name shows ceo@bank.example"),
        ({"from": "a@b.example, c@d.example"}, "2 authors"),
        ({"from": ""}, "names no address"),
        ({"from": "a@paypa1.example", "to": "b@paypal.example"}, "paypa1.example looks like paypal.example"),
        ({"from": "a@b.example", "subject": "pay\u200bment"}, "invisible characters"),
        ({"from": "a@b.example", "date": "never"}, "Date is no date"),
    ],
)
def test_what_does_not_fit_together_is_said(headers: dict[str, str], said: str) -> None:
    assert said in sentences(eml(**{"date": DATE, **headers}))


@pytest.mark.parametrize(
    "headers",
    [
        {"from": "a@b.example", "return_path": "<bounce-7@sending-service.example>"},
        {
            "from": "a@b.example",
            "reply_to": "l@lists.example",
            "list_id": "A list <l.lists.example>",
            "return_path": "<l-bounces@lists.example>",
            "dkim_signature": f"v=1; a=rsa-sha256; c=relaxed/relaxed; d=lists.example; s=s; bh={HASH_OF_NONE}; b=YQ==",
        },
        {
            "from": "a@www.lists.example",
            "reply_to": "l@lists.example",
            "list_id": "<l.lists.example>",
            "return_path": "<l@lists.example>",
        },
        {"from": "a@mail.b.co.uk", "reply_to": "a@www.b.co.uk"},
        {
            "from": "a@b.example",
            "sender": "owner@lists.example",
            "mailing_list": "contact l-help@lists.example; run by ezmlm",
            "return_path": "<l-return-7@lists.example>",
        },
        # As an mbox of a list's archive has it, which has no Return-Path.
        {"from": "a@b.example", "sender": "l-bounces@lists.example", "list_id": "<l.lists.example>"},
    ],
)
def test_what_honest_mail_has_is_no_finding(headers: dict[str, str]) -> None:
    assert sentences(eml(Date="Mon, 10 Mar 2025 18:00:00 +0100", body="", **headers)) == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"list_id": ""},
        {"list_id": "x"},
        {"mailing_list": "contact x"},
        {"resent_from": "me@b.example"},
        {"list_id": "<l.lists.example>", "return_path": "<x@lists.example>"},
        {"list_id": "<l.evil.example>"},
        {"list_id": "<l.evil.example>", "return_path": "<x@b.example>"},
        {"list_post": "<mailto:l@evil.example>", "return_path": "<>"},
    ],
    ids=str,
)
def test_a_field_of_lists_excuses_no_reply_to_of_another(fields: dict[str, str]) -> None:
    raw = eml(Date=DATE, From="ceo@b.example", Reply_To="x@evil.example", **fields)
    assert "Reply-To is x@evil.example: another domain." in sentences(raw)


def test_a_list_excuses_no_sender_of_another_domain() -> None:
    raw = eml(Date=DATE, From="a@b.example", Sender="x@evil.example", List_Id="<l.lists.example>")
    assert "Sender is x@evil.example: another domain." in sentences(raw)


OWN_LIST = {
    "from": "ceo@bank.example",
    "reply_to": "ceo@evil.example",
    "list_id": "<news.evil.example>",
    "return_path": "<bounce@evil.example>",
}


@pytest.mark.parametrize("noted", [None, "bounce@evil.example"])
def test_a_list_of_the_senders_own_excuses_no_reply_to_by_itself(noted: str | None) -> None:
    said = "From is ceo@bank.example, but Reply-To is ceo@evil.example: another domain"
    context = Context(envelope_from=noted)
    assert said in sentences(eml(date=DATE, **OWN_LIST), context)
    # A signature of another, one of another body, one that is broken.
    for domain, bh in (("bank.example", HASH_OF_NONE), ("evil.example", "YQ==")):
        signature = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s; bh={bh}; b=YQ=="
        assert said in sentences(eml(date=DATE, body="", dkim_signature=signature, **OWN_LIST), context)
    assert not signed_by([Signature("evil.example", "s", "match", state="broken")], [])


def test_what_the_service_noted_of_the_envelope_stands_above_what_the_mail_says() -> None:
    signature = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d=evil.example; s=s; bh={HASH_OF_NONE}; b=YQ=="
    raw = eml(date=DATE, body="", dkim_signature=signature, **OWN_LIST)
    assert sentences(raw) == sentences(raw, Context(envelope_from="bounce@evil.example")) == ""
    for noted in ("bounce@other.example", ""):
        assert "another domain." in sentences(raw, Context(envelope_from=noted))


def test_a_list_is_vouched_for_by_the_services_own_check() -> None:
    row = (
        BY_SES.replace(b"dkim=none", b"dkim=pass header.i=@l.lists.example")
        .replace(b"=fail", b"=pass")
        .replace(b": fail (", b": pass (")
    )
    rest = (
        b"From: b@bank.example\nReply-To: l@lists.example\nList-Id: <l.lists.example>\nDate: %s\n\nx\n" % DATE.encode()
    )
    context = Context(received_from=CLIENT, envelope_from="l-bounces@lists.example")
    assert "Reply-To" not in sentences(row + rest, context)
    assert "Reply-To" in sentences(row + rest, replace(context, received_from=None))


def test_none_of_many_addresses_hides_the_one_that_matters() -> None:
    own = ", ".join(f"{each}@bank.example" for each in "abcde" * 30)
    found = sentences(eml(date=DATE, **{"from": "ceo@bank.example", "reply_to": f"{own}, ceo@evil.example"}))
    assert found == "From is ceo@bank.example, but Reply-To is ceo@evil.example: another domain."
    many = ", ".join(f"x@h{number}.example" for number in range(12))
    found = sentences(eml(date=DATE, **{"from": "ceo@bank.example", "reply_to": many}))
    assert found.count("another domain.") == 5
    assert "Reply-To has addresses of 7 more domains that are not bank.example." in found
    # A brand's look-alike, too, behind as many of the sender's own.
    found = sentences(eml(date=DATE, **{"from": "ceo@bank.example", "reply_to": f"{own}, x@paypa1.com"}))
    assert "paypa1.com has the name of PayPal" in found


@pytest.mark.parametrize("count", [0, 1_500])
def test_a_look_alike_is_found_behind_any_number_of_others(count: int) -> None:
    links = "".join(f"<a href='https://host{number}.example/'>w</a> " for number in range(count))
    page = {"date": DATE, "from": "a@c.example", "to": "you@mybank.example", "content_type": "text/html"}
    said = "rnybank.example looks like mybank.example, and is another domain."
    assert said in sentences(eml(**page, body=f"{links}<a href='https://rnybank.example/'>w</a>"))

    others = "".join(f"u@d{number}.example, " for number in range(min(count, 900)))
    headers = {"date": DATE, "from": "a@rnybank.example", "to": f"{others}you@mybank.example"}
    assert said in sentences(eml(**headers))


def test_no_decoys_hide_the_domain_that_is_looked_like() -> None:
    # Each is near to the true one, or has its looks.
    decoys = [f"{letter}ybank.example" for letter in "abcdefghij"] + [f"mybank{at}.example" for at in range(10)]
    found = Lookalikes([*decoys, "rnybank.example", "mybank.example"]).of("myb4nk.example")
    assert found == ["mybank.example"]


LABEL = st.text(alphabet="ab1l.", max_size=9)


@given(st.lists(LABEL, max_size=8), LABEL)
@example(["abcde.example"], "abdce.example")
@example(["abcde.example"], "abcdef.example")
@example(["abcdef.example"], "abcde.example")
@example(["x.abcde"], "x.abxde")
def test_look_alikes_are_found_as_if_each_was_compared(domains: list[str], domain: str) -> None:
    compared = {each for each in domains if looks_like(domain, each)}
    # Many are found by keys, which few have not.
    for all_of_them in (domains, [*domains, *(f"of-no-interest{number}.invalid" for number in range(20))]):
        found = Lookalikes(all_of_them).of(domain)
        assert set(found) <= compared and bool(found) == bool(compared)


def test_look_alikes_are_kept_few_to_a_key_however_many_there_are() -> None:
    lookalikes = Lookalikes(f"bank{number:04}.example" for number in range(2_000))
    assert max(map(len, lookalikes._by_keys.values())) == 3
    assert "bank0001.example" in lookalikes.of("bank0001x.example")


def test_that_not_all_domains_were_compared_is_said() -> None:
    message = read_message(
        b"".join(
            b"To: " + b", ".join(b"u@d%d-%d.example" % (field, each) for each in range(1_000)) + b"\n"
            for field in range(4)
        )
        + eml(date=DATE, **{"from": "a@b.example"})
    )
    assert "It names more than 3,000 domains; those behind were not compared." in [
        each.sentence for each in find(message, [])
    ]


def test_a_field_of_lists_excuses_no_changed_body() -> None:
    signature = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=b.example; s=s; bh=YQ==; b=abc"
    for fields in ({"list_id": ""}, {"list_id": "<l.evil.example>"}, {"resent_from": "x@evil.example"}):
        message = read_message(eml(Date=DATE, From="a@b.example", DKIM_Signature=signature, **fields))
        found = find(message, [], None, read_signatures(message.raw, message.headers))
        assert found[-1].name == "body-changed"
        assert found[-1].sentence.startswith("The body was changed after b.example signed it (DKIM body hash)")


def test_many_findings_of_one_kind_hide_none_of_another() -> None:
    links = "".join(f'<a href="https://p\u0430y{number}.example/">x</a>' for number in range(45))
    shown = "".join(f'<a href="https://x{number}.example/">https://b.example/</a>' for number in range(45))
    message = EmailMessage()
    message["From"], message["Date"], message["Reply-To"] = "a@b.example", DATE, "x@evil.example"
    message.set_content(f'{links}{shown}<a href="https://paypa1.com/">pay</a>', subtype="html")
    message.add_attachment(b"MZ", maintype="application", subtype="pdf", filename="evil.pdf.exe")
    read = read_message(message.as_bytes())
    found = [each.sentence for each in find(read, [])]
    for heavy in ("evil.pdf.exe is of a kind that can run", "paypa1.com has the name of PayPal", "Reply-To is x@evil"):
        assert any(heavy in each for each in found), heavy
    assert len(found) == MAX_FINDINGS + 1
    assert found[-1].startswith("There are ") and "more findings like these" in found[-1]


def test_a_name_that_a_comma_parts_from_its_address_is_one_author() -> None:
    raw = eml(From='"Nocibe", <x@y.example>', Date="Mon, 10 Mar 2025 18:00:00 +0100")
    assert sentences(raw) == "From is written so that programs miss its address: a person reads Nocibe <x@y.example>."
    assert [str(each) for each in read_message(raw).problems] == [
        "From: is malformed, and was read as a person reads it: 'Nocibe <x@y.example>'"
    ]
    two = eml(From="a@b.example, c@d.example", Date="Mon, 10 Mar 2025 18:00:00 +0100")
    assert "From names 2 authors: a@b.example, c@d.example." in sentences(two)


def with_file(name: str, kind: str, content: bytes) -> bytes:
    message = EmailMessage()
    message["From"], message["Date"] = "a@b.example", "Mon, 10 Mar 2025 18:00:00 +0100"
    message.set_content("See the file.")
    main, sub = kind.split("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def zipped(*names: str, encrypted: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    # Nobody needs the password to see the mark of it: bit 0 of the flags, in the directory and before each member.
    data = bytearray(made.getvalue())
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)) if encrypted else ():
        data[data.index(mark) + place] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "kind", "content", "said"),
    [
        ("login.html", "text/html", b"<form action=https://x.example><input></form>", "is HTML with a form"),
        ("login.HTM", "application/octet-stream", b"<p><input type='password'>", "is HTML with a form"),
        ("a.zip", "application/zip", zipped("readme.txt", "invoice.pdf.exe"), "holds invoice.pdf.exe, of a kind"),
        ("a.zip", "application/zip", zipped("run.js", encrypted=True), "is encrypted, and holds run.js, of a kind"),
        ("page.html", "text/html", b"<p>A page without one.</p>", ""),
        ("a.zip", "application/zip", zipped("photo.jpg", "b.txt"), ""),
        ("a.zip", "application/zip", zipped("photo.jpg", encrypted=True), ""),
        ("a.zip", "application/zip", b"PK\x03\x04 broken", ""),
    ],
)
def test_what_acts_inside_a_file_is_said(name: str, kind: str, content: bytes, said: str) -> None:
    found = sentences(with_file(name, kind, content))
    assert said in found if said else "holds" not in found and "form" not in found


def test_comments_hide_no_words_from_a_reader() -> None:
    html = b"From: a@b.example\nDate: Mon, 10 Mar 2025 18:00:00 +0100\nContent-Type: text/html\n\n"
    comment = b"<!-- " + b"generated by a program " * 20 + b"--><p>Hello</p>"
    assert sentences(html + comment) == ""


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (
            '<a href="https://evil.example/">https://bank.example/login</a>',
            "shows bank.example, but leads to evil.example",
        ),
        ('<a href="http://192.0.2.1/x">here</a>', "bare IP address: 192.0.2.1"),
        ('<a href="http://bank.example@evil.example/">here</a>', "user name before its host, which is evil.example"),
        ('<a href="javascript:alert(1)">here</a>', "javascript: address"),
        (
            '<p style="display:none">one two three four five six seven eight nine ten eleven</p>',
            "11 words that a reader",
        ),
    ],
)
def test_what_its_html_hides_or_disguises_is_said(html: str, said: str) -> None:
    raw = eml(date=DATE, **{"from": "a@b.example", "content_type": "text/html"}, body=f"<p>Hello</p>{html}")
    assert said in sentences(raw)


def test_an_honest_letter_gives_no_finding() -> None:
    raw = eml(
        date=DATE,
        **{"from": "Ann <ann@b.example>", "content_type": "text/html", "return_path": "<bounce@mail.b.example>"},
        body='<p>See <a href="https://www.b.example/news">b.example/news</a> and <a href="https://c.example">this</a>.</p>',
    )
    assert sentences(raw) == ""


@pytest.mark.parametrize(
    ("disposition", "said"),
    [
        ('attachment; filename="invoice.pdf.exe"', "can run (.exe)"),
        ('attachment; filename="../../etc/passwd"', "has a path in its name"),
        ("attachment; filename*=utf-8''invoice%E2%80%AEfdp.exe", "turn the reading direction"),
        ("attachment; filename=a.txt; filename*=utf-8''b.exe", "several names"),
    ],
)
def test_names_of_files_that_deceive_are_said(disposition: str, said: str) -> None:
    raw = eml(date=DATE, **{"from": "a@b.example", "content_disposition": disposition})
    assert said in sentences(raw)


REPORT = b"""\
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; nobody@b.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user
Remote-MTA: dns; mail.b.example

--b
Content-Type: text/rfc822-headers

Message-ID: <original@a.example>
--b--
"""


def test_a_delivery_report_is_read() -> None:
    report = read_report(read_structure(REPORT))
    assert report is not None
    assert (report.kind, report.message_id) == ("delivery-status", "original@a.example")
    (recipient,) = report.recipients
    assert (recipient.recipient, recipient.action, recipient.status) == ("nobody@b.example", "failed", "5.1.1")
    assert (recipient.diagnostic, recipient.remote_mta) == ("550 no such user", "mail.b.example")
    assert read_report(read_structure(eml(subject="x"))) is None


@given(st.binary(max_size=200))
def test_no_report_raises(data: bytes) -> None:
    read_report(read_structure(b"Content-Type: message/delivery-status\n\n" + data))


CALENDAR = b"""\
BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:1
SUMMARY:Audit
DTSTART;TZID=Europe/Berlin:20250310T100000
DTEND:20250310T110000Z
LOCATION:Room 4
ORGANIZER;CN=Ann:mailto:ann@b.example
ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@b.example
RRULE:FREQ=WEEKLY;COUNT=3
END:VEVENT
END:VCALENDAR
"""


def test_an_invitation_is_read() -> None:
    calendar = read_calendar(CALENDAR)
    (event,) = calendar.events
    assert (calendar.method, event.summary, event.location) == ("REQUEST", "Audit", "Room 4")
    assert event.start == "2025-03-10T10:00:00+01:00 (Europe/Berlin)"
    assert event.organizer == "Ann <ann@b.example>"
    assert event.attendees == ("Bob <bob@b.example> (ACCEPTED)",)
    assert event.recurrence == "FREQ=WEEKLY;COUNT=3"


@given(
    st.lists(
        st.sampled_from([*CALENDAR.split(b"\n"), b"DTSTART:x", b"RRULE:x", b"ORGANIZER", b"\xff:", b"BEGIN:VALARM"]),
        max_size=14,
    )
)
def test_no_calendar_raises(lines: list[bytes]) -> None:
    read_calendar(b"\n".join([b"BEGIN:VCALENDAR", *lines]))
