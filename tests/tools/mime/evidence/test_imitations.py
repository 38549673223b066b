"""Who passes for somebody else: brands, known correspondents, letters of other alphabets."""

import pytest

from mail_archive_tools.mime.evidence.context import Context
from mail_archive_tools.mime.evidence.findings import find
from mail_archive_tools.mime.evidence.route import read_route
from mail_archive_tools.mime.message import read_message
from tests.conftest import eml

DATE = "Mon, 10 Mar 2025 18:00:00 +0100"
BOLD = "\U0001d40f\U0001d41a\U0001d432\U0001d40f\U0001d41a\U0001d425"
KNOWN = Context(known=("Ann Lee <ann@tidewater.example>", "bob@quarry.example", "harbour-works.example"))


def said(headers: dict[str, str], context: Context = KNOWN, body: str = "x") -> str:
    raw = eml(**{"date": DATE, "body": body, "content_type": "text/html; charset=utf-8", **headers})
    message = read_message(raw)
    return "\n".join(each.sentence for each in find(message, read_route(message.headers), context=context))


@pytest.mark.parametrize(
    ("headers", "finding"),
    [
        ({"from": '"PayPal Service" <x@mail.example>'}, "The display name names PayPal, but the address is x@mail."),
        ({"from": '"Wells Fargo" <x@mail.example>'}, "The display name names WellsFargo"),
        ({"from": '"PaypaI" <x@mail.example>'.replace("I", "1")}, "The display name names PayPal"),
        ({"from": f"{BOLD} <x@mail.example>"}, "The display name names PayPal"),
        ({"from": "Dr. Ann Lee CFO <ann.lee@mail.example>"}, "is that of ann@tidewater.example"),
        ({"from": "x@paypal-secure.example"}, "paypal-secure.example has the name of PayPal in it"),
        ({"from": "x@paypal.com.evil.example"}, "has the name of PayPal in it, and is evil.example."),
        ({"from": "x@paypal.xyz"}, "has the name of PayPal in it"),
        ({"from": "Ann Lee <ann.lee@mail.example>"}, "The display name is that of ann@tidewater.example, who is"),
        ({"from": '"Lee, Ann" <ann.lee@mail.example>'}, "The display name is that of ann@tidewater.example"),
        ({"from": "x@tidewatter.example"}, "tidewatter.example looks like tidewater.example, which is known here"),
        ({"from": "x@mail.harbour-w0rks.example"}, "looks like harbour-works.example, which is known here"),
        ({"from": "x@a.example", "subject": "Your Pаypal"}, "The subject has 'Pаypal', whose letters are of"),
        ({"from": "x@a.example", "subject": "Your Uрs"}, "The subject has 'Uрs', whose letters are of"),
        ({"from": "Micrоsoft <x@a.example>"}, "The display name has"),
    ],
)  # fmt: skip
def test_who_passes_for_another_is_a_finding(headers: dict[str, str], finding: str) -> None:
    assert finding in said(headers)


def test_a_link_that_passes_for_another_is_a_finding() -> None:
    body = '<a href="https://login.tidewatter.example/">in</a> <a href="https://netflix.billing.example/">pay</a>'
    found = said({"from": "x@a.example"}, body=body)
    assert "login.tidewatter.example looks like tidewater.example" in found
    assert "paypal-login.example has the name of PayPal" in said(
        {"from": "x@a.example"}, body="https://paypal-login.example/"
    )
    assert "netflix.billing.example has the name of Netflix in it, and is billing.example." in found


@pytest.mark.parametrize(
    "headers",
    [
        {"from": "PayPal <service@paypal.com>"},
        {"from": "PayPal <service@mail.paypal.de>"},
        {"from": "Amazon Web Services <x@amazonaws.com>"},
        {"from": "amazon.co.uk <x@amazon.co.uk>"},
        {"from": "Ann Lee <ann@tidewater.example>"},
        {"from": "Ann Lee <ann.lee@mail.tidewater.example>"},
        {"from": "Bob <bob@elsewhere.example>"},
        {"from": "x@quarry.example"},
        {"from": "x@a.example", "subject": "Привет from Лондон"},
        {"from": "Сбербанк IT <x@a.example>"},
    ],
)
def test_who_passes_for_nobody_is_none(headers: dict[str, str]) -> None:
    assert said(headers) == ""


def test_without_known_correspondents_nobody_is_imitated() -> None:
    assert said({"from": "Ann Lee <ann.lee@tidewatter.example>"}, Context()) == ""
