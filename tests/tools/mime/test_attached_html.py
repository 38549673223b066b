"""One file never costs the message: HTML that came with it has the limits that a body has."""

import pytest

from mail_archive_tools.mime.evidence import links as links_of_files
from mail_archive_tools.mime.evidence.links import read_links
from mail_archive_tools.mime.message import read_message
from tests.conftest import eml
from tests.pace import stopwatch

HOSTILE = {
    "nested elements": "<div>" * 40_000,
    "attributes": "<p " + " ".join(f"a{number}=x" for number in range(40_000)) + ">",
    "large and nested": "<div><b>" * 190_000,
}
LINK = '<a href="https://before.example/">words</a>'
SECONDS = 2.0


def with_files(*files: str) -> bytes:
    parts = ["--b\r\nContent-Type: text/plain\r\n\r\nThe letter itself\r\n"]
    parts += [f"--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment\r\n\r\n{each}\r\n" for each in files]
    return eml(
        From="a@b.example",
        MIME_Version="1.0",
        Content_Type="multipart/mixed; boundary=b",
        body="".join(parts) + "--b--\r\n",
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_in_a_file_takes_little_time_and_is_named(name: str) -> None:
    with stopwatch() as taken:
        message = read_message(with_files(LINK + HOSTILE[name]))
        found = read_links(message)
    assert taken.seconds < SECONDS
    assert message.text.text.strip() == "The letter itself"
    assert [each.host for each in found.hosts] == ["before.example"]
    assert found.cut == "2"


def test_files_that_take_long_together_are_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links_of_files, "FILES_SECONDS", -1.0)
    found = read_links(read_message(with_files(LINK)))
    assert found.hosts == [] and found.cut == "2"
