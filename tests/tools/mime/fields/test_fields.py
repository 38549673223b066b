"""Values of header fields: parameters, addresses, dates, ids."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.mime.fields.addresses import MAX_ADDRESSES, Mailbox, read_addresses
from mail_archive_tools.mime.fields.dates import read_date
from mail_archive_tools.mime.fields.message_ids import answered_ids, message_ids
from mail_archive_tools.mime.fields.parameters import read_parameters


@pytest.mark.parametrize(
    ("field", "value", "parameters"),
    [
        ('text/plain; charset="utf-8"; format=flowed', "text/plain", {"charset": "utf-8", "format": "flowed"}),
        ("Text/HTML;CHARSET=UTF-8", "text/html", {"charset": "UTF-8"}),
        ("attachment; filename=a b.txt", "attachment", {"filename": "a b.txt"}),
        ('attachment; filename="a\\"b;c.txt"; size=3', "attachment", {"filename": 'a"b;c.txt', "size": "3"}),
        ("attachment; filename*=utf-8''caf%C3%A9.txt", "attachment", {"filename": "café.txt"}),
        (
            "attachment; filename*0*=utf-8''caf%C3; filename*1*=%A9; filename*2=.txt",
            "attachment",
            {"filename": "café.txt"},
        ),
        ("attachment; filename*1=b; filename*0=a", "attachment", {"filename": "ab"}),
        ("attachment; filename*=iso-8859-1'de'%E4.txt", "attachment", {"filename": "ä.txt"}),
        ('attachment; filename="=?utf-8?q?caf=C3=A9?="', "attachment", {"filename": "café"}),
        ('attachment; filename="not closed', "attachment", {"filename": "not closed"}),
        ("text/plain (a comment); charset=x (more)", "text/plain", {"charset": "x"}),
        ("", "", {}),
        (";;;=;a", "", {}),
    ],
)
def test_parameters_in_every_spelling(field: str, value: str, parameters: dict[str, str]) -> None:
    found = read_parameters(field)
    assert (found.value, found.parameters) == (value, parameters)


def test_the_extended_form_wins_and_the_difference_is_noted() -> None:
    found = read_parameters("attachment; filename=safe.txt; filename*=utf-8''evil.exe")
    assert found.parameters["filename"] == "evil.exe"
    assert found.differing == ("filename",)


@pytest.mark.parametrize(
    ("field", "mailboxes"),
    [
        ("a@b.example", [Mailbox("", "a@b.example")]),
        ("Ann <a@b.example>, b@c.example", [Mailbox("Ann", "a@b.example"), Mailbox("", "b@c.example")]),
        ('"Doe, Jane" <j@d.example>', [Mailbox("Doe, Jane", "j@d.example")]),
        ("=?utf-8?q?J=C3=BCrgen?= <j@d.example>", [Mailbox("Jürgen", "j@d.example")]),
        ("j@d.example (Jane (the boss))", [Mailbox("Jane (the boss)", "j@d.example")]),
        ("Jane (the boss) <j@d.example>", [Mailbox("Jane (the boss)", "j@d.example")]),
        ("all: a@b.example, c@d.example; e@f.example",
         [Mailbox("", "a@b.example", "all"), Mailbox("", "c@d.example", "all"), Mailbox("", "e@f.example")]),
        ("undisclosed-recipients:;", []),
        ("a@b.example; c@d.example", [Mailbox("", "a@b.example"), Mailbox("", "c@d.example")]),
        ("<@relay.example:a@b.example>", [Mailbox("", "a@b.example")]),
        ('"a b"@c.example', [Mailbox("", '"a b"@c.example'.replace(" ", ""))]),
        ("'ceo@bank.example' <thief@evil.example>", [Mailbox("'ceo@bank.example'", "thief@evil.example")]),
        ("no address here", [Mailbox("no address here", "")]),
        ("<>", [Mailbox("", "")]),
        ("", []),
        ("用户@例子.example", [Mailbox("", "用户@例子.example")]),
    ],
)  # fmt: skip
def test_addresses_as_senders_write_them(field: str, mailboxes: list[Mailbox]) -> None:
    assert read_addresses(field) == mailboxes


def test_no_more_addresses_than_the_limit() -> None:
    assert len(read_addresses(", ".join(f"u{number}@a.example" for number in range(50_000)))) == MAX_ADDRESSES


@given(st.text(alphabet='a@.<>(),;:" \\', max_size=60))
def test_no_address_field_raises(field: str) -> None:
    for mailbox in read_addresses(field):
        assert mailbox.domain == "" or "@" in mailbox.address


@pytest.mark.parametrize(
    ("text", "iso", "zone_known"),
    [
        ("Mon, 10 Mar 2025 18:00:00 +0100", "2025-03-10T18:00:00+01:00", True),
        ("10 Mar 2025 18:00 EST", "2025-03-10T18:00:00-05:00", True),
        ("Mon, 10 Mar 2025 18:00:00 -0000", "2025-03-10T18:00:00+00:00", False),
        ("Mon, 10 Mar 2025 18:00:00 +0100 (CET)", "2025-03-10T18:00:00+01:00", True),
        ("Mon Mar 10 18:00:00 2025", "2025-03-10T18:00:00+00:00", False),
        ("2025-03-10T18:00:00Z", "2025-03-10T18:00:00+00:00", True),
        ("Mon, 10 Mar 99 18:00:00 +0100", "1999-03-10T18:00:00+01:00", True),
    ],
)
def test_dates_keep_the_zone_they_were_written_in(text: str, iso: str, zone_known: bool) -> None:
    date = read_date(text)
    assert date.moment == datetime.fromisoformat(iso)
    assert date.moment.utcoffset() == datetime.fromisoformat(iso).utcoffset()
    assert date.zone_known is zone_known


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Mon, 32 Mar 2025 18:00:00 +0100",
        "Mon, 10 Mar 2025 25:61:00 +0100",
        "1 Jan 0 0:0:0 +9999",
        "9" * 300,
    ],
)
def test_what_is_no_date_is_said_to_be_none(text: str) -> None:
    assert read_date(text).moment is None


@given(st.text(max_size=80))
def test_no_date_raises(text: str) -> None:
    read_date(text)


def test_message_ids_each_once_and_without_brackets() -> None:
    assert message_ids("<a@b> (comment) <c@d>\t<a@b>") == ["a@b", "c@d"]
    assert message_ids("a@b, c@d") == ["a@b", "c@d"]
    assert message_ids("in reply to your mail") == []
    assert len(message_ids("".join(f"<{number}@x>" for number in range(50_000)))) == 1_000


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<1@a.example>", ["1@a.example"]),
        ("<1@a.example> <2@a.example>", ["1@a.example", "2@a.example"]),
        ('Message from Ann <ann@a.example> of "Wed, 31 Jul 2002 23:11:49 +0800." <1@a.example>', ["1@a.example"]),
        ('Message from "Ann, A." <ann@a.example>\n of "Wed, 31 Jul 2002 23:11:49 +0800."', []),
        ('<1@a.example> from "Ann" at Jan 1, 99 01:02:03 pm', ["1@a.example"]),
        ('ann@a.example\'s message of "Wed, 4 Sep 2002 23:07:41 -0400"', []),
        ("1@a.example, 2@a.example", ["1@a.example", "2@a.example"]),
        ("", []),
    ],
)
def test_an_author_who_is_named_beside_the_message_that_is_answered_is_no_message(value: str, ids: list[str]) -> None:
    assert answered_ids(value) == ids
