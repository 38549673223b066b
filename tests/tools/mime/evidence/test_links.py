"""Every host that a message leads to, whatever is shown of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.mime.evidence.links import GATHERED_HOSTS, MAX_HOSTS, READ_CHARS, Links, host_of, read_links
from mail_archive_tools.mime.html.targets import MAX_TARGETS, targets_of
from mail_archive_tools.mime.message import read_message
from tests.pace import fastest

HEAD = b"From: a@b.example\r\nContent-Type: "


def links_of(html: str) -> Links:
    return read_links(read_message(HEAD + b"text/html; charset=utf-8\r\n\r\n" + html.encode()))


def hosts(links: Links) -> dict[str, tuple[int, list[str], list[str]]]:
    return {each.host: (each.count, list(each.kinds), list(each.words)) for each in links.hosts}


@pytest.mark.parametrize(
    ("html", "kind", "words"),
    [
        ("<a href='https://x.example/y'>UPDATE <b>INFORMATIONS</b></a>", "link", ["UPDATE INFORMATIONS"]),
        ("<a href='//x.example/y'>go</a>", "link", ["go"]),
        ("<a href=' https://x.exam\nple/y '>go</a>", "link", ["go"]),
        ("<a href='https:\\\\x.example\\y'>go</a>", "link", ["go"]),
        ("<a href='https://user@x.example:8443/'><img alt='A picture'></a>", "link", ["A picture"]),
        ("<a href='https://x.example/' style='display:none'>hidden</a>", "link", ["hidden"]),
        ("<base href='https://x.example/a/'><a href='../b'>relative</a>", "link", ["relative"]),
        ("<p>x</p></body></html><a href='https://x.example'>after</a>", "link", ["after"]),
        ("<a href='mailto:boss@x.example?subject=pay'>write</a>", "mail", ["write"]),
        ("<form action='https://x.example/login'><input type=submit value='Log in'></form>", "form", ["Log in"]),
        ("<form><button formaction='https://x.example'>Send</button></form>", "form", ["Send"]),
        ("<map><area href='https://x.example' alt='The map'></map>", "area", ["The map"]),
        ("<svg><a xlink:href='https://x.example'><text>drawn</text></a></svg>", "svg", ["drawn"]),
        ("<meta http-equiv=Refresh content=\"0; url='https://x.example/'\">", "refresh", []),
        ("<iframe src='https://x.example'></iframe>", "frame", []),
        ("<object data='https://x.example'></object>", "frame", []),
        ("<p>see https://x.example/page.</p>", "text", []),
    ],
)
def test_each_kind_of_link_is_listed_with_its_words(html: str, kind: str, words: list[str]) -> None:
    assert hosts(links_of(html)) == {"x.example": (1, [kind], words)}


def test_links_of_plain_text_and_of_html_that_agrees_with_it_count_both() -> None:
    raw = (
        HEAD + b"multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        b"UPDATE INFORMATIONS: see www.plain.example, or <http://both.example/x>.\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n"
        b"<a href=http://both.example/x>UPDATE INFORMATIONS</a>: see <a href=http://html.example>it</a>\r\n--b--\r\n"
    )
    message = read_message(raw)
    assert message.text.source == "text/plain"
    assert hosts(read_links(message)) == {
        "both.example": (2, ["link", "text"], ["UPDATE INFORMATIONS"]),
        "html.example": (1, ["link"], ["it"]),
        "www.plain.example": (1, ["text"], []),
    }


def test_a_link_that_shows_its_address_is_one() -> None:
    links = links_of("<a href='https://x.example/a'>https://x.example/a</a>")
    assert hosts(links) == {"x.example": (1, ["link"], ["https://x.example/a"])}


def test_attached_html_and_svg_are_looked_through_whatever_their_type() -> None:
    raw = (
        HEAD + b"multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: application/octet-stream; name=invoice.HTML\r\n\r\n"
        b"<form action=https://form.example><input type=password></form>\r\n"
        b"--b\r\nContent-Type: image/svg+xml\r\nContent-Disposition: attachment\r\n\r\n"
        b"<svg xmlns:xlink='http://www.w3.org/1999/xlink'><a xlink:href='https://svg.example'><text>x</text></a></svg>\r\n"
        b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nhttps://note.example\r\n--b--\r\n"
    )
    assert {name: kinds for name, (_, kinds, _) in hosts(read_links(read_message(raw))).items()} == {
        "form.example": ["form in a file"],
        "svg.example": ["svg in a file"],
        "note.example": ["text in a file"],
    }


def test_hosts_of_pictures_stand_apart() -> None:
    links = links_of(
        "<img src=https://a.example/1.png><img src=https://a.example/2.png><table background=http://b.example/x>"
        "<tr><td style='background:url(https://c.example/x.gif)'>x<input type=image src=//d.example/y></table>"
    )
    assert links.hosts == []
    assert dict(links.images) == {"a.example": 2, "b.example": 1, "d.example": 1, "c.example": 1}


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://X.Example./", "x.example"),
        ("ftp://x.example", "x.example"),
        ("//[2001:db8::1]/x", "2001:db8::1"),
        ("#top", ""),
        ("page.html", ""),
        ("javascript:x", ""),
        ("data:text/html,//x", ""),
        ("https://[::1", ""),
        ("", ""),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


def test_more_hosts_than_are_told_are_said() -> None:
    links = links_of("".join(f"<a href=https://h{number}.example>x</a>" for number in range(MAX_HOSTS + 5)))
    assert len(links.hosts) == MAX_HOSTS and links.cut == f"more than {MAX_HOSTS} hosts"
    written = "".join(f"https://h{number}.example\n" for number in range(GATHERED_HOSTS + 5))
    links = read_links(read_message(f"From: a@b.example\n\n{written}".encode()))
    assert len(links.hosts) == MAX_HOSTS and links.cut == f"more than {GATHERED_HOSTS} hosts"


def test_the_first_file_that_is_not_looked_through_is_named() -> None:
    file = b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\n%s\r\n"
    large = file % (b" " * (READ_CHARS - 10))
    parts = large * 3 + file % b"https://unseen.example, and much beside it"
    message = read_message(HEAD + b"multipart/mixed; boundary=b\r\n\r\n" + parts + b"--b--\r\n")
    links = read_links(message)
    assert links.hosts == [] and links.cut == message.files[-1].id


def test_a_host_that_passes_for_another_is_told_before_the_many() -> None:
    many = "".join(f"<a href=https://h{number}.example>x</a>" for number in range(MAX_HOSTS + 5))
    links = links_of(f"{many}<a href=https://paypa1.com/login>pay</a>")
    assert [each.host for each in links.hosts[:2]] == ["paypa1.com", "h0.example"]


@pytest.mark.parametrize(
    "html",
    [
        "<svg>" + "<a xlink:href=https://x.example>" * 1_900 + "word " * 100_000,
        "<a href=https://x.example>" + "<b>x" * 1_500,
        "<a href=https://x.example>x</a>" * 50_000,
        "https://x.example " * 80_000,
        "url(" * 300_000,
    ],
)
def test_time_is_bounded(html: str) -> None:
    assert fastest(lambda: targets_of(html), enough=2) < 2
    assert len(targets_of(html)) <= MAX_TARGETS


@given(st.text(alphabet="<>ahref=\"' formactinse/:.x#;url()0", max_size=120))
def test_nothing_raises(html: str) -> None:
    links_of(html)
