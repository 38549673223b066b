"""What a person sees at once in a message, by the short names of findings; and what honest mail has, which is none."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail_archive_tools.mime.evidence.context import Context
from mail_archive_tools.mime.evidence.finding import MAX_FINDINGS, Finding
from mail_archive_tools.mime.evidence.finding_names import FINDINGS, Weight
from mail_archive_tools.mime.evidence.findings import find
from mail_archive_tools.mime.evidence.findings.wrappers import unwrapped
from mail_archive_tools.mime.evidence.hosts import ip_of, is_disguised_ip
from mail_archive_tools.mime.evidence.links import MAX_HOSTS, read_links
from mail_archive_tools.mime.evidence.route import read_route
from mail_archive_tools.mime.fields.addresses import Mailbox, read_authors
from mail_archive_tools.mime.message import read_message
from tests.bench_findings import by_kind, shares
from tests.conftest import MEASURED, READ_OF_CORPUS, ROOT, eml

DATE = "Mon, 10 Mar 2025 18:00:00 +0100"
WORDS = "These are the words of a letter that says what it has to say to its reader, as letters do."
SAFELINKS = "https://eur01.safelinks.protection.outlook.com/"
OWN = '<a href="https://shop.bank.example/">our shop</a>'
PERSIAN = "<p>" + "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 " * 4 + "</p>"
PREHEADER = '<div style="display:none">one two three four five six seven eight nine ten eleven twelve</div>'
BOLD = "\U0001d40f\U0001d41a\U0001d432\U0001d429\U0001d41a\U0001d425"


def found(body: str, author: str = "a@bank.example", **headers: str) -> list[Finding]:
    fields = {"From": author, "Date": DATE, "Content_Type": "text/html; charset=utf-8", **headers}
    message = read_message(eml(**fields, body=body))
    return find(message, read_route(message.headers))


def names(body: str, author: str = "a@bank.example", **headers: str) -> list[str]:
    return [each.name for each in found(body, author, **headers)]


def link(target: str, words: str = "open") -> str:
    return f'<p>{WORDS}</p><a href="{target}">{words}</a>'


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (link("https://evil.example/x"), "links-elsewhere"),
        (link("https://bit.ly/x") + OWN, "shortener"),
        (link("https://storage.googleapis.com/b/x.html") + OWN, "free-host"),
        (link("https://b.s3.us-east-1.amazonaws.com/x.html") + OWN, "free-host"),
        (link("https://pay.web.app/") + OWN, "free-host"),
        (link("http://010036057336/") + OWN, "disguised-ip"),
        (link("http://0x08080808/") + OWN, "disguised-ip"),
        (link("http://134744072/") + OWN, "disguised-ip"),
        (link("http://0x8.010.8.8/") + OWN, "disguised-ip"),
        (link("http://8.8.8.8/") + OWN, "bare-ip"),
        (link("https://evil.example/", "https://bank.example/login") + OWN, "link-elsewhere"),
        (link("https://evil.example/", "www.bank.example") + OWN, "link-elsewhere"),
        (link("https://bank.example@evil.example/") + OWN, "link-user"),
        (link("javascript:alert(1)") + OWN, "link-runs"),
        ('<a href="https://shop.bank.example/"><img src="https://img.example/1.png"></a>', "only-pictures"),
        (f"<p>{BOLD} {BOLD} {BOLD}</p>", "styled-text"),
        ("<p>P\u200bay\u200bPal Ser\u200bvice</p>", "invisible"),
        ("<p>A&shy;ma&shy;zon, P&shy;ay&shy;pal, N&shy;e&shy;t&shy;flix</p>", "invisible"),
    ],
)
def test_what_a_person_sees_at_once_is_a_finding(body: str, name: str) -> None:
    assert name in names(body)


@pytest.mark.parametrize(
    "body",
    [
        link("https://shop.bank.example/x"),
        link("https://evil.example/x") + OWN,
        link("https://www.facebook.com/bank"),
        link("https://other.example/x", "https://other.example/x"),
        link(f"{SAFELINKS}?url=https%3A%2F%2Fbank.example%2Fx&data=1"),
        link(f"{SAFELINKS}?url=https%3A%2F%2Fc.example%2F", "https://c.example/") + OWN,
        link("https://urldefense.com/v3/__https://bank.example/a__;Kw!!x!y$"),
        link("https://urldefense.proofpoint.com/v2/url?u=https-3A__bank.example_x&d=DwM"),
        link("https://x.r.us-east-1.awstrack.me/L0/https:%2F%2Fbank.example%2Fx/1/01-000000"),
        link("http://192.168.1.10/status") + OWN,
        link("http://10.0.0.1:8080/") + OWN,
        link("http://127.0.0.1/"),
        link("https://git.other.example/x.yml", "x.yml") + OWN,
        link("https://git.other.example/setup.py", "setup.py") + OWN,
        link("https://shop.bank.example/", "Bank.com"),
        "".join(link(f"https://paper{number}.example/x") for number in range(9)) + link("https://bit.ly/x"),
        "<p>Let \U0001d465 be a number and \U0001d466\U0001d467 a product, \U0001d460\U0001d456\U0001d45b its sine</p>",
        "<p>\ufeffHello \u200c \u200c \u200c \u200c \u200c \u200c \u200c \u200c \u200c \u200c \u200c \u200c you</p>",
        "<p>Donau&shy;dampf&shy;schiff&shy;fahrts&shy;gesell&shy;schaft</p>",
        PERSIAN,
        f"{PREHEADER}<p>{WORDS * 5}</p>",
    ],
)  # fmt: skip
def test_what_honest_mail_has_is_no_finding(body: str) -> None:
    assert names(body) == []


def test_a_brands_name_is_no_name_of_the_senders_own() -> None:
    assert "link-elsewhere" in names(link("https://shop.bank.example/", "PayPal.com"))


def test_only_hosts_that_are_known_for_it_are_unwrapped() -> None:
    assert "links-elsewhere" in names(link("https://evil.example/?url=https%3A%2F%2Fbank.example%2F"))
    twice = "https://a.safelinks.protection.outlook.com/?url=https%3A%2F%2Furldefense.com%2Fv3%2F__https%3A%2F%2Fx.example%2F__%3B"
    assert unwrapped(twice) == "https://x.example/"
    assert unwrapped("https://www.google.com/url?q=javascript:x") == "https://www.google.com/url?q=javascript:x"


def test_an_ip_address_is_read_as_browsers_read_it() -> None:
    for written in ("127.0.0.1", "0x7f000001", "017700000001", "2130706433", "127.1", "0x7f.1"):
        assert str(ip_of(written)) == "127.0.0.1"
    assert not is_disguised_ip("127.0.0.1")
    for written in ("256.1.1.1", "1.2.3.4.5", "09.1.1.1", "a.example", "99999999999", "\u0661.1.1.1", ""):
        assert ip_of(written) is None


@pytest.mark.parametrize(
    ("written", "author"),
    [
        ("Paypal ,_<ez6m7@evil.example>", Mailbox("Paypal, _", "ez6m7@evil.example")),
        ("Doe, Jane <j@d.example>", Mailbox("Doe, Jane", "j@d.example")),
        ("PayPal, service@evil.example", Mailbox("PayPal", "service@evil.example")),
        ("=?utf-8?q?Paypal_=3Cx=40evil.example=3E?=", Mailbox("Paypal", "x@evil.example")),
        ("<Karen <karen@evil.example>", Mailbox("Karen", "karen@evil.example")),
    ],
)
def test_a_malformed_author_is_read_as_a_person_reads_it_and_is_a_finding(written: str, author: Mailbox) -> None:
    assert read_authors(written)[0] == author
    hidden = [each for each in found("<p>x</p>", written) if each.name == "hidden-address"]
    assert [each.weight for each in hidden] == [Weight.HEAVY] and author.address in hidden[0].sentence


@pytest.mark.parametrize(
    "written",
    ["Ann <a@b.example>", "a@b.example", "MAILER-DAEMON <>", "Ann", '"Doe, J" <j@b.example>', "<a@b.example>, "],
)
def test_a_usual_author_hides_nothing(written: str) -> None:
    assert "hidden-address" not in names("<p>x</p>", written)


@pytest.mark.parametrize(
    ("author", "is_one"),
    [
        ("Paypal ,_<ez6m7@evil.example>", True),
        ("Apple Support <x@evil.example>", True),
        ("Apple <x@apple-id.example>", True),
        ("Lowe's Rewards <x@evil.example>", True),
        ("AT&T <x@evil.example>", True),
        ("Apple <news@email.apple.com>", False),
        ("T-Mobile <x@t-mobile.com>", False),
        ("Chase Miller <chase@mill.example>", False),
        ("The Wise Owl <owl@wood.example>", False),
    ],
)
def test_a_brand_as_display_name_has_the_brands_address(author: str, is_one: bool) -> None:
    assert ("brand-name" in names("<p>x</p>", author)) == is_one


def test_mathematical_letters_in_a_name_or_a_subject_are_a_finding() -> None:
    assert "styled-letters" in names("<p>x</p>", f"{BOLD} <a@b.example>")
    assert "styled-letters" in names("<p>x</p>", Subject=f"Your {BOLD}")
    assert names("<p>x</p>", Subject="The \U0001d465 of \U0001d466") == []


def test_a_list_that_the_message_is_addressed_to_is_no_finding() -> None:
    of_a_list = {"List_Id": "<all.lists.example>", "To": "all@lists.example"}
    assert names(link("https://bank.example/"), Reply_To="all@lists.example", **of_a_list) == []
    assert "reply-elsewhere" in names(link("https://bank.example/"), Reply_To="x@lists.example", **of_a_list)
    assert "reply-elsewhere" in names(
        link("https://bank.example/"), Reply_To="all@lists.example", To="all@lists.example"
    )

    raw = eml(
        From="a@bank.example",
        Date=DATE,
        Reply_To="all@lists.example",
        List_Id="<all.lists.example>",
        To="all@lists.example",
    )
    message = read_message(raw)
    for context in (Context(known=("bank.example",)), Context(envelope_from="x@evil.example")):
        assert find(message, [], context=context)[0].about == "sender"


def test_a_signature_under_several_names_is_no_finding_and_another_file_is() -> None:
    for kind, expected in (("application/pgp-signature", False), ("application/pdf", True)):
        disposition = "attachment; filename=OpenPGP_signature"
        raw = eml(
            From="a@b.example",
            Date=DATE,
            Content_Type=f"{kind}; name=OpenPGP_signature.asc",
            Content_Disposition=disposition,
        )
        message = read_message(raw)
        assert ("several-names" in {each.name for each in find(message, [])}) == expected


def test_the_heaviest_findings_and_hosts_are_kept() -> None:
    links = "".join(f'<a href="http://8.8.{number}.8/">x</a>' for number in range(90))
    many = "".join(f'<a href="https://h{number}.example/">x</a>' for number in range(2 * MAX_HOSTS))
    last = '<a href="http://134744072/">x</a><a href="https://bit.ly/1">x</a><a href="https://paypa1.example/">x</a>'
    told = found(links + many + last)
    assert len(told) <= MAX_FINDINGS + 1
    assert {"disguised-ip", "brand-domain"} <= {each.name for each in told}
    assert [each.weight for each in told] == sorted(each.weight for each in told)

    message = read_message(eml(From="a@b.example", Content_Type="text/html", body=links + many + last))
    kept = [each.host for each in read_links(message).hosts]
    assert len(kept) == MAX_HOSTS and {"134744072", "bit.ly", "paypa1.example"} <= set(kept)


def test_every_name_that_is_given_is_one_of_the_table_and_the_table_has_no_other() -> None:
    sources = (ROOT / "tools" / "mail_archive_tools" / "mime" / "evidence").rglob("*.py")
    given = set(re.findall(r'Finding\(\s*"([a-z-]+)"', "\n".join(path.read_text("utf-8") for path in sources)))
    of_checks = {f"{method}-failed" for method in ("dmarc", "compauth", "spf", "spam", "virus")}
    of_fields = {"reply-elsewhere", "sender-elsewhere"}
    assert given | of_checks | of_fields == set(FINDINGS)


def test_a_changed_body_weighs_least() -> None:
    lightest = [name for name, each in FINDINGS.items() if each.weight == Weight.LEAST]
    assert lightest == ["body-changed", "more"]


def kinds() -> Iterator[tuple[str, float]]:
    """The most, or of spam the least, that may have a finding."""
    yield "list mail and letters", 0.03
    yield "newsletters (hard ham)", 0.12


def test_real_mail_has_findings_where_it_is_spam_and_hardly_any_where_it_is_not(corpus: Path) -> None:
    measured = by_kind(corpus)
    for kind, found_of in measured.items():
        assert found_of.messages > 0
        READ_OF_CORPUS["findings"] = READ_OF_CORPUS.get("findings", 0) + found_of.messages
        MEASURED.append(f"findings, {kind}: {found_of.share:.3f} of {found_of.messages}")
    for kind, most in kinds():
        assert measured[kind].share <= most, str(measured[kind])
    assert measured["spam, half measured"].share >= 0.45


REAL = {
    "spamassassin/spam-*": {
        "links-elsewhere",
        "disguised-ip",
        "bare-ip",
        "link-user",
        "link-elsewhere",
        "free-host",
        "only-pictures",
        "brand-domain",
        "reply-elsewhere",
        "date-differs",
    },
    "rspamd": {"link-elsewhere", "shortener", "runs", "program", "runs-in-zip", "type-differs"},
}
"""Names that real mail of the corpus is told by. The others have made mail above: the corpus has none of theirs."""


@pytest.mark.parametrize("folder", REAL)
def test_real_mail_is_told_by_these_names(corpus: Path, folder: str) -> None:
    paths = [path for path in sorted(corpus.glob(f"{folder}/*")) if path.is_file()]
    told = shares(path.read_bytes() for path in paths)
    READ_OF_CORPUS[f"findings of {folder}"] = told.messages
    assert told.messages > 0 and REAL[folder] <= set(told.names)
