"""Packed files: what is in them, and what is read of one that breaks off."""

import gzip
import io
import tarfile

import py7zr
import pytest

from mail_archive_tools.documents import Kind, read_document
from mail_archive_tools.documents.limits import MEMBERS
from tests.tools.files import zipped


def tarred(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def test_the_members_of_a_zip_are_listed() -> None:
    read = read_document("zip", zipped({"a/b.txt": "hello", "c.exe": "MZ"}))
    assert "a/b.txt\t5\t" in read.text and "c.exe\t2\t" in read.text
    assert read.notes == ()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("zip", zipped({f"{number}": "" for number in range(MEMBERS + 5)})),
        ("tar", tarred({f"{number}": b"" for number in range(MEMBERS + 5)})),
    ],
)
def test_of_very_many_members_so_many_are_listed(kind: Kind, data: bytes) -> None:
    read = read_document(kind, data)
    assert f"{MEMBERS} of its {MEMBERS + 5} members are listed." in read.notes
    assert f"\n{MEMBERS - 1}\t0\t" in read.text and f"\n{MEMBERS}\t0\t" not in read.text


def sevenfold(password: str | None) -> bytes:
    packed = io.BytesIO()
    with py7zr.SevenZipFile(packed, "w", password=password) as archive:
        archive.writestr("hello", "a.txt")
    return packed.getvalue()


@pytest.mark.parametrize(("password", "told"), [(None, "no"), ("opensesame", "yes")])
def test_a_7z_that_needs_no_password_is_not_encrypted_for_one_who_gives_one(password: str | None, told: str) -> None:
    read = read_document("7z", sevenfold(password), "opensesame")
    (row,) = [line for line in read.text.splitlines() if line.startswith("a.txt\t")]
    assert row.split("\t")[-1] == told


def test_of_a_tar_that_breaks_off_what_stands_before_is_listed() -> None:
    whole = tarred({"first.txt": b"x" * 2_000, "second.txt": b"y" * 2_000})
    read = read_document("tar", whole[: whole.index(b"second.txt") + 20])
    assert "first.txt\t2000\t" in read.text and "second.txt" not in read.text


def test_a_compressed_tar_is_read_as_a_tar() -> None:
    read = read_document("compressed", gzip.compress(tarred({"inner.txt": b"hello"})))
    assert "inner.txt\t5\t" in read.text
