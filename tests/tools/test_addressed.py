"""Addresses keep every visible character; what stands around them does not act."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.models.addressed import clean_mailbox, clean_mailboxes
from mail_archive_tools.untrusted import clean_line, clean_text
from tests.pace import worktime
from tests.server.test_hostile_string import ACTIVE

LIKE_MARKUP = (
    "<s/x@b.example>", "<img/src=x@b.example>", "<s'x@b.example>", "<system|x@b.example>", "<system=x@b.example>",
    "<|x|@b.example>", "<s/\u017c@b\u00fccher.example>", "<s/x@[192.0.2.1]>",
)  # fmt: skip


@pytest.mark.parametrize("address", LIKE_MARKUP)
def test_an_address_that_looks_like_markup_is_whole_where_it_is_one(address: str) -> None:
    # It would act in a text.
    assert clean_text(address) != address
    for line in (address, f"Ann {address}", f'"Ann, <s>" {address}'):
        assert clean_mailbox(line).endswith(address)
        assert clean_mailboxes(line).endswith(address)
    assert clean_mailbox(f"Ann {address} (in Unicode: x.example) (of group y)").count(address) == 1
    both = f"Ann {address}, {address} (Bob), x: {address};"
    assert clean_mailboxes(both) == both


@pytest.mark.parametrize("address", LIKE_MARKUP)
@pytest.mark.parametrize(
    "line", ["{} <b@b.example>", '"{}" <b@b.example>', "({}) b@b.example", "b@b.example ({})", "x{}x", '"{}']
)
def test_what_only_shows_an_address_is_broken_up(address: str, line: str) -> None:
    shown = line.format(address)
    assert address not in clean_mailboxes(shown)
    assert clean_mailboxes(shown).replace(" ", "") == shown.replace(" ", "")
    if line != '"{}':
        assert address not in clean_mailbox(shown)


@pytest.mark.parametrize("token", ACTIVE)
def test_what_acts_is_in_no_name_comment_or_address(token: str) -> None:
    for line in (f"{token} <a@b.example>", f'"{token}"@b.example', f'<"{token}"@b.example>', f"<{token}@b.example>",
                 f"a@{token}", f"<a@{token}>", f"a@b.example ({token})", f"<s/x@b.example>, {token}"):  # fmt: skip
        for clean in (clean_mailbox, clean_mailboxes):
            assert token not in clean(line), line


@given(st.lists(st.sampled_from([*LIKE_MARKUP, *ACTIVE, '"', "(", ")", ",", ";", "a@b.example", "\u200b", "\n", " "])))
def test_cleaning_is_done_once_and_breaks_up_all_but_addresses(pieces: list[str]) -> None:
    line = "".join(pieces)
    for clean in (clean_mailbox, clean_mailboxes):
        cleaned = clean(line)
        assert clean(cleaned) == cleaned
        without = cleaned
        for address in LIKE_MARKUP:
            without = without.replace(address, "<a@b.example>")
        assert clean_line(without) == without
        assert "".join(cleaned.split()) == "".join(line.replace("\u200b", "").split())


@pytest.mark.parametrize("piece", ['"\\"', "(", "<s/", "<s/x@b.example>", "<s/x@b.example> (", "<s@b.", '"<s>'])
def test_the_time_is_linear(piece: str) -> None:
    line = "<s>" + piece * (100_000 // len(piece))
    with worktime() as taken:
        clean_mailboxes(line)
        clean_mailbox(line)
    assert taken.seconds < 1
