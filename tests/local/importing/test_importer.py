"""Bringing mail in: sources of every kind, again, interrupted, broken, large."""

import io
import mailbox
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_local.context import Local
from mail_archive_local.importing.importer import import_export, import_mail
from mail_archive_local.importing.places import FolderPlace
from mail_archive_local.importing.sources import MESSAGE_BYTES, split_mbox
from mail_archive_local.importing.tally import ImportTally
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.store import Store
from tests.conftest import eml
from tests.folder import keeping_archive
from tests.pace import wait_until

DATED = "Sun, 1 Jun 2025 12:00:00 +0000"


class Target:
    """An empty archive that mail is brought into."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder, create=True)
        archive_id = keeping_archive(Local(self.store, str), "mail")
        archive = self.store.archive(archive_id)
        assert archive is not None
        self.archive: ArchiveRecord = archive

    def bring(self, *paths: Path) -> ImportTally:
        return import_mail(self.store, self.archive, paths)

    def raws(self) -> list[bytes]:
        with self.store.reading() as db:
            return [row[0] for row in db.execute("SELECT bytes FROM raw ORDER BY id")]

    def count(self) -> int:
        return self.store.count_messages(self.archive)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(tmp_path / "archive")


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    folder = tmp_path / "mail"
    folder.mkdir()
    return folder


def test_files_and_folders_of_them(target: Target, mail: Path) -> None:
    (mail / "deep" / "deeper").mkdir(parents=True)
    (mail / "one.eml").write_bytes(eml(Subject="one"))
    (mail / "deep" / "two").write_bytes(eml(Subject="two").replace(b"\r\n", b"\n"))
    (mail / "deep" / "deeper" / "three.txt").write_bytes(eml(Subject="three"))
    tally = target.bring(mail)
    assert (tally.added, tally.skips) == (3, 0)
    assert eml(Subject="one") in target.raws()


def test_again_is_safe(target: Target, mail: Path) -> None:
    (mail / "one.eml").write_bytes(eml(Subject="one"))
    (mail / "same.eml").write_bytes(eml(Subject="one"))
    first, second = target.bring(mail), target.bring(mail, mail / "one.eml")
    assert (first.added, first.already_there) == (1, 1)
    assert (second.added, second.already_there) == (0, 3)


def test_mbox_as_the_standard_library_writes_it(target: Target, mail: Path) -> None:
    box = mailbox.mbox(mail / "box")
    bodies = ["Hello\n", "From the start\n>From inside\n", "\n\nempty lines around\n\n", ""]
    for number, body in enumerate(bodies):
        box.add(f"Subject: {number}\nDate: {DATED}\n\n{body}")
    box.close()
    assert target.bring(mail / "box").added == len(bodies)
    # The library quotes one level of `From `, and so is one level taken off.
    assert b"Subject: 1\nDate: " + DATED.encode() + b"\n\nFrom the start\nFrom inside\n" in target.raws()


def test_mbox_with_crlf_lying_content_length_and_unescaped_from(target: Target, mail: Path) -> None:
    content = (
        b"From a@x.example Sun Jun  1 12:00:00 2025\r\nSubject: 1\r\nContent-Length: 999999\r\n\r\n"
        b"From me to you: no date, no separator.\r\nHe wrote\r\n"
        b"From here on Sun Jun  1 12:00:00 2025 with no empty line before: no separator.\r\n\r\n"
        b"From b@x.example Sun Jun  1 12:00:01 2025\r\nSubject: 2\r\n\r\nbye\r\n"
    )
    (mail / "box").write_bytes(content)
    assert target.bring(mail).added == 2
    assert any(b"no separator" in raw and b"999999" in raw for raw in target.raws())


@given(
    bodies=st.lists(st.lists(st.sampled_from([b"x", b"From", b"From a", b"", b">From b"]), max_size=4), max_size=6),
    chunk=st.integers(1, 60),
    line_end=st.sampled_from([b"\n", b"\r\n"]),
)
def test_an_mbox_is_split_the_same_whatever_the_size_of_the_reads(
    bodies: list[list[bytes]], chunk: int, line_end: bytes
) -> None:
    box, expected = b"", []
    for number, lines in enumerate(bodies):
        message = line_end.join([b"Subject: %d" % number, b"", *lines, b"end"]) + line_end
        box += b"From a@x.example Sun Jun  1 12:00:00 2025" + line_end + message + line_end
        expected.append(message)
    assert [raw for raw, _ in split_mbox(io.BytesIO(box), chunk)] == expected


def test_maildir_with_odd_inhabitants(target: Target, mail: Path) -> None:
    box = mailbox.Maildir(mail / "Maildir")
    box.add(eml(Subject="one"))
    sub = box.add_folder("Sent")
    sub.add(eml(Subject="two"))
    (mail / "Maildir" / "tmp" / "half").write_bytes(eml(Subject="half written"))
    (mail / "Maildir" / "new" / "link").symlink_to("/etc/passwd")
    os.mkfifo(mail / "Maildir" / "new" / "pipe")
    (mail / "Maildir" / "new" / "odd\nname \udcff").write_bytes(eml(Subject="three"))
    (mail / "Maildir" / "dovecot.index").write_bytes(bytes(range(256)))
    tally = target.bring(mail / "Maildir")
    assert tally.added == 3
    reasons = {Path(skipped.origin).name: skipped.reason for skipped in tally.skipped}
    assert "symbolic link" in reasons["link"]
    assert "not a regular file" in reasons["pipe"]
    assert "is not mail" in reasons["dovecot.index"]
    assert not any("half" in name for name in reasons)


def test_what_is_no_mail_is_reported_and_skipped(target: Target, mail: Path) -> None:
    (mail / "empty").touch()
    (mail / "photo.png").write_bytes(bytes(range(256)) * 10)
    (mail / "notes.txt").write_text("Dear diary: today\nnothing happened.\n")
    (mail / "large.eml").write_bytes(eml(Subject="large") + b"x" * MESSAGE_BYTES)
    (mail / "good.eml").write_bytes(eml(Subject="good"))
    tally = target.bring(mail, mail / "nowhere")
    assert (tally.added, tally.skips) == (1, 5)
    reasons = {Path(skipped.origin).name: skipped.reason for skipped in tally.skipped}
    assert reasons["empty"] == "is empty"
    assert reasons["nowhere"] == "does not exist"
    assert "too large" in reasons["large.eml"]


def test_what_cannot_be_parsed_is_archived_with_what_could_be_read(target: Target, mail: Path) -> None:
    broken = {
        "nul": b"Subject: a\0b\r\nFrom: x\0y@z.example\r\n\r\nbody\0",
        "boundary": b"Subject: c\r\nContent-Type: multipart/mixed\r\n\r\n--\r\n",
        "charset": b"Subject: =?nonsense?q?x=FF?=\r\nContent-Type: text/plain; charset=zlib\r\n\r\n\xff\xfe",
        "date": b"Subject: d\r\nDate: Fri, 99 Foo 99999999999 25:61:61 +9999\r\n\r\n",
        "received": b"Received: " + b"(" * 5000 + b"; nonsense\r\nSubject: e\r\n\r\n",
        "cut": b"Subject: f\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Enc",
    }
    for name, raw in broken.items():
        (mail / name).write_bytes(raw)
    tally = target.bring(mail)
    assert (tally.added, tally.skips) == (len(broken), 0)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (f"Received: by here; {DATED}\r\nDate: Mon, 2 Jun 2025 12:00:00 +0000", 1748779200),
        ("Date: Mon, 2 Jun 2025 12:00:00 +0200", 1748858400),
        (f"Received: by here; nonsense\r\nDate: {DATED}", 1748779200),
        ("Subject: undated", 1_000_000_000),
        ("Date: Mon, 2 Jun 1925 12:00:00 +0000", 1_000_000_000),
    ],
)
def test_the_time_of_receipt(target: Target, mail: Path, headers: str, expected: int) -> None:
    path = mail / "one.eml"
    path.write_bytes(f"{headers}\r\nFrom: a@b.example\r\n\r\n".encode())
    os.utime(path, (1_000_000_000, 1_000_000_000))
    target.bring(path)
    with target.store.reading() as db:
        ((row,),) = db.execute("SELECT json_extract(api_row, '$.ReceivedTimestamp') FROM message")
    assert row == expected


def test_nothing_was_received_in_the_future(target: Target, mail: Path) -> None:
    file = mail / "later.eml"
    file.write_bytes(eml(Date="Fri, 1 Jan 2100 12:00:00 +0000"))
    os.utime(file, (1_000_000_000, 1_000_000_000))
    newer = mail / "newer.eml"
    newer.write_bytes(eml(Date="Fri, 1 Jan 2100 12:00:01 +0000"))
    os.utime(newer, (5_000_000_000, 5_000_000_000))
    target.bring(mail)
    with target.store.reading() as db:
        found = db.execute("SELECT json_extract(api_row, '$.ReceivedTimestamp') FROM message ORDER BY id").fetchall()
    assert found[0] == (1_000_000_000,)
    assert time.time() - 60 < found[1][0] <= time.time()


def large_mbox(path: Path, messages: int, body_bytes: int) -> None:
    with path.open("wb") as file:
        for number in range(messages):
            file.write(b"From a@x.example Sun Jun  1 12:00:00 2025\nDate: %b\n" % DATED.encode())
            file.write(b"Subject: %d\n\n" % number + b"All work and no play.\n" * (body_bytes // 22) + b"\n")


def children_of(pid: int) -> list[str]:
    """The processes that it started."""
    return [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


@pytest.mark.slow
def test_other_processes_describe_what_this_one_would(tmp_path: Path, mail: Path) -> None:
    large_mbox(mail / "box", 3_000, 2_000)
    (mail / "same").write_bytes((mail / "box").read_bytes()[:100_000])
    (mail / "photo.png").write_bytes(bytes(range(256)))
    alone, helped = Target(tmp_path / "alone"), Target(tmp_path / "helped")
    tallies = [
        import_mail(target.store, target.archive, [mail], workers=workers)
        for target, workers in ((alone, 0), (helped, 2))
    ]
    assert tallies[0].skips == tallies[1].skips == 1
    assert tallies[0].added == tallies[1].added >= 3_000
    assert alone.raws() == helped.raws()


@pytest.mark.slow
def test_a_killed_import_goes_on_where_it_stopped(target: Target, mail: Path) -> None:
    large_mbox(mail / "box", 12_000, 2_000)
    command = [
        sys.executable,
        "-m",
        "mail_archive_server",
        "import",
        "--no-index",
        str(target.store.folder),
        str(mail / "box"),
    ]
    process = subprocess.Popen([*command, "--archive", "mail"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while target.count() == 0:
        assert process.poll() is None, "the import ended before it could be killed"
        time.sleep(0.005)
    helpers = children_of(process.pid)
    assert helpers
    process.send_signal(signal.SIGKILL)
    process.wait()
    # Those that helped end as well.
    wait_until(lambda: not any(Path(f"/proc/{helper}").exists() for helper in helpers))
    kept = target.count()
    assert 0 < kept < 12_000
    tally = target.bring(mail / "box")
    assert tally.added == 12_000 - kept
    assert target.count() == 12_000
    with target.store.reading() as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
def test_memory_stays_flat_while_a_large_mbox_is_read(tmp_path: Path) -> None:
    large_mbox(tmp_path / "box", 4_000, 60_000)
    arguments = ["import", "--no-index", str(tmp_path / "archive"), str(tmp_path / "box")]
    # Not getrusage: a child's peak begins with what its parent held when it forked.
    script = (
        "import sys; from pathlib import Path; from mail_archive_server.cli import main; main(sys.argv[1:]); "
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    finished = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)
    assert (tmp_path / "box").stat().st_size > 230_000_000
    assert "4,000 messages added" in finished.stdout
    assert int(finished.stdout.split()[-1]) * 1024 < 150_000_000


def test_a_message_over_the_limit_inside_an_mbox_comes_without_its_bytes() -> None:
    separator = b"From a@x.example Sun Jun  1 12:00:00 2025\n"
    small, large, last = b"Subject: small\n", b"Subject: large\n\n" + b"x" * 50_000 + b"\n", b"Subject: last\n"
    box = b"".join(separator + each + b"\n" for each in (small, large, last))
    for chunk in (100, 3_000, 1_000_000):
        found = list(split_mbox(io.BytesIO(box), chunk, message_bytes=10_000))
        assert [raw for raw, _ in found] == [small, b"", last]
        assert found[1][1] > 50_000


def test_several_sources_are_counted_as_one_where_they_are_given_one_tally(target: Target, mail: Path) -> None:
    """Whoever watches sees how far all of it is: the second export does not begin at nothing."""
    places = [mail / "first", mail / "second"]
    for number, place in enumerate(places):
        place.mkdir()
        (place / "one.eml").write_bytes(eml(subject=f"No. {number}"))
    tally, read = ImportTally(), []
    for place in places:
        import_export(
            target.store, target.archive, FolderPlace(place), lambda now: read.append(now.bytes_read), tally=tally
        )
    assert read == sorted(read)
    assert read[-1] == sum((place / "one.eml").stat().st_size for place in places)
    assert (tally.added, target.count()) == (2, 2)
