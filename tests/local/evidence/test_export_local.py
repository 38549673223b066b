"""`export-local`: the same messages give the same bytes; what is written can be read by others, and be checked."""

import csv
import email
import hashlib
import json
import mailbox
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mail_archive_local.context import Local
from mail_archive_local.evidence.comparing import compare_with_archive
from mail_archive_local.evidence.forms import ExportForm
from mail_archive_local.evidence.listing import list_archive
from mail_archive_local.evidence.load_files import KINDS
from mail_archive_local.evidence.manifest import About, ManifestError, edrm_mih, read_files, read_head, read_messages
from mail_archive_local.evidence.writing import WRITERS
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.store import Store
from mail_archive_server.cli import main
from tests import copies
from tests.buckets import folder_objects
from tests.conftest import Sample, eml, loopback
from tests.folder import keeping_archive

MANIFEST = "export.manifest.jsonl"


def export(sample: Sample, out: Path, *words: str) -> Path:
    main(["export-local", str(sample.folder), str(out), *words])
    return out


def failure(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The status and the sentence that a command ends with."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0), capsys.readouterr().err


def stored(sample: Sample) -> dict[str, bytes]:
    with Store(sample.folder) as store, store.reading() as db:
        return dict(db.execute("SELECT m.archived_message_id, r.bytes FROM message m JOIN raw r USING (id)"))


FORMS: dict[str, tuple[str, ...]] = {
    "eml": (),
    "mbox": ("--format", "mbox", "--index", "jsonl"),
    "maildir": ("--format", "maildir"),
    "load files": ("--load-file", "dat,opt", "--from", "2025-04-01", "--to", "2025-04-30"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_input_gives_the_same_bytes(pristine: Sample, tmp_path: Path, form: str) -> None:
    copies = [Sample(tmp_path / name, pristine.archive_id) for name in ("one", "other")]
    for each in copies:
        shutil.copytree(pristine.folder, each.folder)
    first = folder_objects(export(copies[0], tmp_path / "a", *FORMS[form]))
    second = folder_objects(export(copies[1], tmp_path / "b", *FORMS[form]))
    assert first == second and MANIFEST in first and len(first) >= 3
    times = {path.relative_to(tmp_path / "a"): path.stat().st_mtime for path in (tmp_path / "a").rglob("*.eml")}
    assert times == {path.relative_to(tmp_path / "b"): path.stat().st_mtime for path in (tmp_path / "b").rglob("*.eml")}


def test_every_form_that_the_command_line_offers_can_be_written() -> None:
    assert tuple(WRITERS) == ExportForm.FORMATS and tuple(KINDS) == ExportForm.LOAD_FILES


def test_messages_are_files_that_others_read(sample: Sample, tmp_path: Path) -> None:
    messages = stored(sample)
    out = export(sample, tmp_path / "eml")
    assert {path.stem: path.read_bytes() for path in out.rglob("*.eml")} == messages
    assert {path.parent.relative_to(out).as_posix() for path in out.rglob("*.eml")} == {
        f"2025/{month:02}" for month in range(1, 13)
    }
    maildir = export(sample, tmp_path / "maildir", "--format", "maildir")
    assert sorted(path.read_bytes() for path in (maildir / "cur").iterdir()) == sorted(messages.values())
    assert len(mailbox.Maildir(str(maildir), create=False)) == 300
    box = mailbox.mbox(str(export(sample, tmp_path / "mbox", "--format", "mbox") / "messages.mbox"), create=False)
    assert len(box) == 300
    subjects = sorted(str(email.message_from_bytes(raw)["subject"]) for raw in messages.values())
    assert sorted(str(message["subject"]) for message in box) == subjects
    box.close()


def test_the_index_has_a_row_a_message_in_both_forms(sample: Sample, tmp_path: Path) -> None:
    messages = stored(sample)
    out = export(sample, tmp_path / "csv")
    with (out / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = (export(sample, tmp_path / "jsonl", "--index", "jsonl") / "index.jsonl").read_text("utf-8").splitlines()
    as_json = [json.loads(line) for line in lines]
    assert len(rows) == len(as_json) == 300
    assert [row["ReceivedTimestamp"] for row in rows] == sorted(row["ReceivedTimestamp"] for row in rows)
    for row, same in zip(rows, as_json, strict=True):
        raw = messages[row["ArchivedMessageId"]]
        assert row["SHA256"] == same["SHA256"] == hashlib.sha256(raw).hexdigest()
        assert (out / row["File"]).read_bytes() == raw
        assert row["Subject"].lstrip("'") == same["Subject"].lstrip("'") and int(row["Bytes"]) == len(raw)


def test_a_spreadsheet_gets_no_formula_from_a_stranger(tmp_path: Path) -> None:
    with Store(tmp_path / "archive", create=True) as store:
        archive_id = keeping_archive(Local(store, str), "legal")
        archive = store.archive(archive_id)
        assert archive is not None
        subjects = ('=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)", "harmless")
        store.add_messages(
            archive, [describe(eml(Subject=subject), archive_id, 1e9 + n) for n, subject in enumerate(subjects)]
        )
    out = export(Sample(tmp_path / "archive", archive_id), tmp_path / "out")
    with (out / "index.csv").open(encoding="utf-8", newline="") as file:
        shown = [row["Subject"] for row in csv.DictReader(file)]
    assert shown == [f"'{subject}" for subject in subjects[:4]] + ["harmless"]


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        (("--sender", "mara@"), lambda row: "mara@" in row["From"]),
        (("--from", "2025-04-01", "--to", "2025-04-30"), lambda row: row["ReceivedTimestamp"][:7] == "2025-04"),
        (("--has-attachments", "yes"), lambda row: row["HasAttachments"]),
        (("--exclude-sender", "tidewater.example"), lambda row: "tidewater.example" not in row["From"]),
        (
            ("--participant", "nora", "--participant", "priya"),
            lambda row: any(
                name in " ".join((row["From"], row["To"], row["Cc"])).lower() for name in ("nora", "priya")
            ),
        ),
    ],
)
def test_the_words_of_search_archive_choose(sample: Sample, tmp_path: Path, words: tuple[str, ...], holds: Any) -> None:
    chosen = export(sample, tmp_path / "some", "--index", "jsonl", *words)
    everything = export(sample, tmp_path / "all", "--index", "jsonl")

    def rows(folder: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (folder / "index.jsonl").read_text("utf-8").splitlines()]

    expected = [row["ArchivedMessageId"] for row in rows(everything) if holds(row)]
    assert 0 < len(expected) < 300
    assert [row["ArchivedMessageId"] for row in rows(chosen)] == expected
    assert read_head(chosen / MANIFEST)["Query"] and read_head(everything / MANIFEST)["Query"] == {}


# The manifest


def test_the_manifest_says_all_that_is_needed_to_find_a_message_again(sample: Sample, tmp_path: Path) -> None:
    out = export(sample, tmp_path / "out")
    head = read_head(out / MANIFEST)
    assert head["Archive"] == {"ArchiveId": sample.archive_id, "ArchiveName": "tidewater-2025"}
    assert (head["Messages"], head["TimeZone"], head["ErrorCount"], head["Errors"]) == (300, "UTC", 0, [])
    listed = list(read_messages(out / MANIFEST))
    assert head["Bytes"] == sum(each.size for each in listed) == sum(map(len, stored(sample).values()))
    assert {each.archived_message_id: each.sha256 for each in listed} == {
        name: hashlib.sha256(raw).hexdigest() for name, raw in stored(sample).items()
    }


def test_the_edrm_hash_is_of_the_message_id_with_its_brackets() -> None:
    assert edrm_mih("<a@b.example>") == hashlib.md5(b"<a@b.example>").hexdigest().upper()
    assert edrm_mih("<a@b.example> (comment)") == edrm_mih("<a@b.example>")
    assert edrm_mih("") == ""


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"Manifest": 2}', b"\xff\xfe", b"not json"])
def test_what_is_no_manifest_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "x.manifest.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(ManifestError, match=r"x\.manifest\.jsonl"):
        read_head(path)
    path.write_bytes(b'{"Manifest": 1}\n{"ArchivedMessageId": "a"}\n')
    with pytest.raises(ManifestError, match="Line 2"):
        list(read_messages(path))


@pytest.mark.parametrize(
    "file", ["../secret", "a/../../secret", "/etc/passwd", "..\\secret", "C:secret", "\\\\host\\secret"]
)
def test_a_manifest_that_names_files_elsewhere_is_refused_with_the_entry(tmp_path: Path, file: str) -> None:
    path = tmp_path / "m.jsonl"
    message = {"ArchivedMessageId": "a", "Bytes": 1, "SHA256": ""}
    for name in ("File", "TextFile"):
        path.write_text(json.dumps({"Manifest": 1}) + "\n" + json.dumps({**message, name: file}) + "\n")
        with pytest.raises(ManifestError, match=f"Line 2 of .*{re.escape(repr(file))}"):
            list(read_messages(path))

    beside = [{"File": file, "Bytes": 1, "SHA256": ""}]
    path.write_text(json.dumps({"Manifest": 1, "Files": beside}) + "\n")
    with pytest.raises(ManifestError, match=f"Line 1 of .*{re.escape(repr(file))}"):
        read_files(path)


@pytest.mark.parametrize("form", ["eml", "maildir", "mbox"])
def test_verify_names_what_is_missing_changed_or_new(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    out = export(sample, tmp_path / "out", "--format", form)
    main(["verify", str(out)])
    assert "300 messages as listed, 0 missing, 0 changed, 0 new" in capsys.readouterr().out
    if form == "mbox":
        box = (out / "messages.mbox").read_bytes()
        (out / "messages.mbox").write_bytes(box.replace(b"Subject: ", b"Subject: forged ", 1))
        status, _ = failure(capsys, "verify", str(out))
        assert status == 1
        return
    first, second = sorted(path for path in out.rglob("*") if path.is_file() and path.parent != out)[:2]
    first.unlink()
    second.write_bytes(second.read_bytes() + b"forged")
    (second.parent / "planted.eml").write_bytes(b"From: x@y.example\n\nplanted")
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(out), "--json"])
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert "is not what its manifest says: 1 missing, 1 changed, 1 new." in told.err and "is whole" not in told.err
    members = json.loads(told.out)
    assert members["Whole"] is False and members["Messages"] == 299 and "IndexWhole" not in members
    (found,) = members["Manifests"]
    assert (found["Same"], len(found["Missing"]), len(found["Changed"])) == (298, 1, 1)
    assert [Path(each).name for each in found["New"]] == ["planted.eml"]


APRIL_LOADED = FORMS["load files"]


@pytest.fixture(scope="module")
def loaded(pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with an index, load files and texts; copied before it is changed."""
    folder = tmp_path_factory.mktemp("loaded")
    shutil.copytree(pristine.folder, folder / "archive")
    return export(Sample(folder / "archive", pristine.archive_id), folder / "out", *APRIL_LOADED)


def verified(out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """What `verify` says of the one manifest, and the sentence that it ends with."""
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(out), "--json"])
    assert ended.value.code == 1
    told = capsys.readouterr()
    (found,) = json.loads(told.out)["Manifests"]
    return found, told.err


@pytest.mark.parametrize("name", ["index.csv", "load.dat", "load.opt", "TEXT/MAIL0000003.txt"])
def test_verify_names_a_file_beside_messages_of_which_one_byte_was_flipped(
    loaded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(loaded, out)
    main(["verify", str(out)])
    assert "0 missing, 0 changed, 0 new" in capsys.readouterr().out
    content = bytearray((out / name).read_bytes())
    content[len(content) // 2] ^= 1
    (out / name).write_bytes(content)

    status, said = failure(capsys, "verify", str(out))
    assert status == 1 and "0 missing, 1 changed, 0 new" in said
    found, _ = verified(out, capsys)
    assert found["ChangedFiles"] == [name] and not found["Changed"] and found["FilesChecked"]


def test_verify_names_files_beside_messages_that_are_gone_or_new(
    loaded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(loaded, out)
    (out / "load.dat").rename(out / "load.csv")
    found, said = verified(out, capsys)
    assert found["MissingFiles"] == ["load.dat"] and found["New"] == ["load.csv"]
    assert "1 missing, 0 changed, 1 new" in said
    with pytest.raises(SystemExit):
        main(["verify", str(out)])
    printed = capsys.readouterr().out
    assert "Missing: file load.dat" in printed and "New: load.csv" in printed


def test_verify_says_of_an_export_of_a_version_before_that_its_index_was_not_checked(
    loaded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(loaded, out)
    head, *lines = [json.loads(line) for line in (out / MANIFEST).read_bytes().splitlines()]
    del head["Files"]
    for line in lines:
        del line["TextFile"], line["TextSHA256"]
    (out / MANIFEST).write_text("".join(json.dumps(each) + "\n" for each in [head, *lines]))
    (out / "index.csv").write_bytes(b"forged")

    main(["verify", str(out)])
    assert "Not checked: index, load files and texts" in capsys.readouterr().out
    main(["verify", str(out), "--json"])
    (found,) = json.loads(capsys.readouterr().out)["Manifests"]
    assert found["FilesChecked"] is False and "ChangedFiles" not in found


@pytest.mark.parametrize("files", [1, ["index.csv"], [{"File": "index.csv"}]])
def test_a_manifest_whose_files_are_none_is_named(tmp_path: Path, files: Any) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps({"Manifest": 1, "Files": files}) + "\n")
    with pytest.raises(ManifestError, match="Line 1 of"):
        read_files(path)


def test_an_mbox_is_verified_whose_messages_have_no_last_line_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An mbox ends each message with one, so that it cannot be told whether the message had it."""
    mail = tmp_path / "mail"
    mail.mkdir()
    for name, body in {"with": "From here\r\n", "without": "From here", "blank": "here\r\n\r\n"}.items():
        (mail / f"{name}.eml").write_bytes(eml(From="a@b.example", Subject=name, body=body))
    main(["import", "--no-index", str(tmp_path / "archive"), str(mail)])
    main(["export-local", str(tmp_path / "archive"), str(tmp_path / "out"), "--format", "mbox"])
    main(["verify", str(tmp_path / "out")])
    assert "3 messages as listed, 0 missing, 0 changed, 0 new" in capsys.readouterr().out


def test_an_archive_made_from_an_export_is_checked_against_its_manifest(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = tmp_path / "objects"
    objects.mkdir()
    with Store(sample.folder) as store, store.reading() as db:
        sql = "SELECT m.archived_message_id, m.metadata, r.bytes FROM message m JOIN raw r USING (id)"
        for name, metadata, raw in db.execute(sql):
            (objects / f"{name}.eml").write_bytes(raw)
            (objects / f"{name}.json").write_text(json.dumps({"ArchivedMessageId": name, **json.loads(metadata)}))
    (objects / "broken.gz").write_bytes(b"\x1f\x8b\x08broken")
    copy = tmp_path / "copy"
    main(["import", "--no-index", str(copy), str(objects)])
    manifest = next(copy.glob("*.manifest.jsonl"))
    assert manifest.stat().st_mode & 0o077 == 0
    head = read_head(manifest)
    assert head["Sources"] == [str(objects)] and head["ErrorCount"] == 1 and "broken" in head["Errors"][0]["Origin"]
    capsys.readouterr()
    main(["verify", str(copy)])
    assert "300 messages as listed, 0 missing, 0 changed, 0 new" in capsys.readouterr().out

    listed = [each.archived_message_id for each in read_messages(manifest)]
    with Store(copy) as store:
        with store.writing() as db:
            store._remove(db, listed[0])
            key = db.execute("SELECT id FROM message WHERE archived_message_id = ?", (listed[1],)).fetchone()[0]
            db.execute("UPDATE raw SET bytes = bytes || 'forged' WHERE id = ?", (key,))
            db.execute("UPDATE given_id SET sha256 = zeroblob(32) WHERE id = ?", (key,))
        archive = store.archives()[0]
        store.add_messages(archive, [describe(eml(Subject="planted"), archive.archive_id, 1e9)])
    with pytest.raises(SystemExit):
        main(["verify", str(copy), "--json"])
    told = json.loads(capsys.readouterr().out)
    (found,) = told["Manifests"]
    assert (found["Missing"], found["Changed"], len(found["New"])) == ([listed[0]], [listed[1]], 1)
    assert told["Damaged"] == [listed[1]]
    # A later import of anything keeps the manifest true.
    (tmp_path / "one.eml").write_bytes(eml(Subject="later"))
    main(["import", "--no-index", str(copy), str(tmp_path / "one.eml"), str(objects)])
    capsys.readouterr()
    main(["verify", str(copy)])
    assert "302 messages as listed, 0 missing, 0 changed, 0 new" in capsys.readouterr().out
    assert set(listed) <= {each.archived_message_id for each in read_messages(manifest)}
    head = read_head(manifest)
    assert head["Sources"] == [str(objects), str(tmp_path / "one.eml")] and head["ErrorCount"] == 1


# Signatures


KEYS = {
    "ed25519": ("genpkey", "-algorithm", "ed25519"),
    "ecdsa": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "rsa": ("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
}


def openssl(*words: str, cwd: Path) -> bytes:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the keys, and is not installed")
    return subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True).stdout


@pytest.mark.parametrize("kind", KEYS)
def test_a_manifest_is_signed_and_the_signature_holds_until_it_changes(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    openssl(*KEYS[kind], "-out", "key.pem", cwd=tmp_path)
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem", cwd=tmp_path)
    out = export(sample, tmp_path / "out", "--sign-with", str(tmp_path / "key.pem"), "--subject", "bank")
    checking = ("verify", str(out), "--manifest", str(out / MANIFEST), "--signed-by", str(tmp_path / "public.pem"))
    capsys.readouterr()
    main(["verify", str(out), "--signed-by", str(tmp_path / "public.pem")])
    assert "was signed by" in capsys.readouterr().out
    if kind == "ed25519":
        words = ("pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", str(out / MANIFEST))
        assert b"Signature Verified" in openssl(*words, "-sigfile", f"{out / MANIFEST}.sig", cwd=tmp_path)
    manifest = (out / MANIFEST).read_bytes()
    (out / MANIFEST).write_bytes(manifest.replace(b"UTC", b"GMT", 1))
    status, said = failure(capsys, *checking)
    assert status == 1 and "does not hold" in said
    (out / f"{MANIFEST}.sig").unlink()
    status, said = failure(capsys, *checking)
    assert status == 1 and "has no signature" in said


def test_a_signature_stays_until_the_manifest_says_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    openssl(*KEYS["ed25519"], "-out", "key.pem", cwd=tmp_path)
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem", cwd=tmp_path)
    (tmp_path / "one.eml").write_bytes(eml(Subject="one"))
    (tmp_path / "two.eml").write_bytes(eml(Subject="two"))
    archive, key, public = (str(tmp_path / name) for name in ("archive", "key.pem", "public.pem"))
    main(["import", "--no-index", archive, str(tmp_path / "one.eml"), "--sign-with", key])
    main(["import", "--no-index", archive, str(tmp_path / "one.eml")])
    main(["verify", archive, "--signed-by", public])
    told = capsys.readouterr()
    assert "was signed by" in told.out and "removed" not in told.err

    main(["import", "--no-index", archive, str(tmp_path / "two.eml")])
    assert "no longer holds, since the manifest has changed: it was removed" in capsys.readouterr().err
    status, said = failure(capsys, "verify", archive, "--signed-by", public)
    assert status == 1 and "has no signature" in said
    main(["import", "--no-index", archive, str(tmp_path / "two.eml"), "--sign-with", key])
    main(["verify", archive, "--signed-by", public])


@pytest.mark.parametrize(("content", "words"), [(b"nonsense", "no private key in PEM"), (None, "cannot be read")])
def test_a_key_that_cannot_sign_is_named_before_anything_is_written(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: str
) -> None:
    key = tmp_path / "key.pem"
    if content is not None:
        key.write_bytes(content)
    status, said = failure(
        capsys, "export-local", str(sample.folder), str(tmp_path / "out"), "--subject", "bank", "--sign-with", str(key)
    )
    assert status == 1 and words in said and "Nothing was begun" in said and "Traceback" not in said
    assert not (tmp_path / "out").exists()

    archive = tmp_path / "new"
    status, said = failure(capsys, "import", "--no-index", str(archive), str(tmp_path), "--sign-with", str(key))
    assert status == 1 and words in said
    assert not archive.exists()


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A time stamping authority on a loopback port, which openssl plays; its URL and its root certificate."""
    folder = tmp_path / "authority"
    folder.mkdir()
    (folder / "tsa.cnf").write_text(
        "[req]\ndistinguished_name=dn\n[dn]\n[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
        "subjectKeyIdentifier=hash\n"
        "[tsa]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        "[ts]\ndefault_tsa=config\n[config]\nserial=serial\ndefault_policy=1.2.3.4.1\ndigests=sha256,sha512\n"
        "signer_digest=sha256\ness_cert_id_alg=sha256\n"
    )
    (folder / "serial").write_text("01\n")
    rsa = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *rsa, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root", "-days", "30",
            "-config", "tsa.cnf", "-extensions", "root", cwd=folder)  # fmt: skip
    openssl("req", *rsa, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=tsa", "-config", "tsa.cnf", cwd=folder)
    openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30",
            "-out", "tsa.pem", "-extfile", "tsa.cnf", "-extensions", "tsa", cwd=folder)  # fmt: skip

    async def reply(request: Request) -> Response:
        (folder / "query").write_bytes(await request.body())
        words = ("ts", "-reply", "-config", "tsa.cnf", "-section", "config", "-queryfile", "query")
        stamped = openssl(*words, "-signer", "tsa.pem", "-inkey", "tsa.key", cwd=folder)
        return Response(stamped, media_type="application/timestamp-reply")

    with loopback(Starlette(routes=[Route("/", reply, methods=["POST"])])) as url:
        yield url, folder / "root.pem"


def test_a_manifest_is_stamped_and_the_stamp_says_when(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], authority: tuple[str, Path]
) -> None:
    url, root = authority
    out = export(sample, tmp_path / "out", "--subject", "bank", "--time-stamp", url)
    capsys.readouterr()
    main(["verify", str(out), "--stamped-by", str(root)])
    said = capsys.readouterr().out
    stamped = datetime.fromisoformat(said.split("was as it is at ")[1].split()[0].rstrip("."))
    assert abs((datetime.now(UTC) - stamped.astimezone(UTC)).total_seconds()) < 120
    (out / MANIFEST).write_bytes((out / MANIFEST).read_bytes().replace(b"UTC", b"GMT", 1))
    status, said = failure(capsys, "verify", str(out), "--stamped-by", str(root))
    assert status == 1 and "does not hold" in said


def test_a_stamp_of_something_else_is_not_kept(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], authority: tuple[str, Path]
) -> None:
    """An authority, or who answers in its place, that hands out one stamp for all."""
    url, _ = authority
    first = export(sample, tmp_path / "first", "--subject", "bank", "--time-stamp", url)
    stamped = (first / f"{MANIFEST}.tsr").read_bytes()

    def again(request: Request) -> Response:
        return Response(stamped, media_type="application/timestamp-reply")

    def endless(request: Request) -> Response:
        return Response(stamped + bytes(2_000_000), media_type="application/timestamp-reply")

    routes = [Route("/again", again, methods=["POST"]), Route("/endless", endless, methods=["POST"])]
    with loopback(Starlette(routes=routes)) as there:
        for name, words in (("again", "is not what it was asked to stamp"), ("endless", "is longer than")):
            out = tmp_path / name
            status, said = failure(
                capsys,
                "export-local",
                str(sample.folder),
                str(out),
                "--subject",
                "bank",
                "--time-stamp",
                f"{there}/{name}",
            )
            assert status == 1 and words in said and not (out / f"{MANIFEST}.tsr").exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "html"])
def test_an_authority_that_gives_no_stamp_is_named(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    def page(request: Request) -> Response:
        return Response("<html>Sign in</html>", media_type="text/html")

    with loopback(Starlette(routes=[Route("/", page, methods=["POST"])])) as there:
        words = ("--subject", "bank", "--time-stamp", there if url == "html" else url)
        status, said = failure(capsys, "export-local", str(sample.folder), str(tmp_path / "out"), *words)
    assert status == 1 and ("gave no stamp" in said or "no time-stamp response" in said) and "Traceback" not in said


# Load files


def test_load_files_are_read_back(sample: Sample, tmp_path: Path) -> None:
    words = ("--bates-prefix", "TIDE-", "--bates-padding", "5", "--bates-start", "42")
    out = export(
        sample, tmp_path / "out", "--load-file", "dat,opt", "--from", "2025-04-01", "--to", "2025-04-30", *words
    )
    with (out / "load.dat").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\x14", quotechar="\xfe", doublequote=True))
    with (out / "load.opt").open(encoding="utf-8", newline="") as file:
        pages = list(csv.reader(file))
    assert len(rows) == len(pages) == 30
    assert [row["BEGDOC"] for row in rows] == [f"TIDE-{number:05}" for number in range(42, 72)]
    messages = stored(sample)
    for row, page in zip(rows, pages, strict=True):
        native = out / row["NATIVELINK"].replace("\\", "/")
        assert native.read_bytes() == messages[row["ARCHIVEDMESSAGEID"]]
        assert row["SHA256HASH"] == hashlib.sha256(native.read_bytes()).hexdigest()
        assert row["ENDDOC"] == row["BEGDOC"] and row["EDRMMIH"] == edrm_mih(row["MESSAGEID"])
        assert page == [row["BEGDOC"], "VOL001", row["NATIVELINK"], "Y", "", "", "1"]
        assert (out / row["TEXTLINK"].replace("\\", "/")).read_text("utf-8").strip()
    fraud = next(row for row in rows if "bank" in row["SUBJECT"].lower())
    assert "account" in (out / fraud["TEXTLINK"].replace("\\", "/")).read_text("utf-8").lower()


def test_addresses_keep_every_character_in_files_that_are_evidence(tmp_path: Path) -> None:
    address = "System <system@a.example>, <s/x@b.example>, <img src=x@c.example>, [INST] <meta@d.example>"
    with Store(tmp_path / "archive", create=True) as store:
        archive_id = keeping_archive(Local(store, str), "legal")
        archive = store.archive(archive_id)
        assert archive is not None
        store.add_messages(archive, [describe(eml(To=address, From="a@b.example"), archive_id, 1e9)])
    out = export(Sample(tmp_path / "archive", archive_id), tmp_path / "out", "--load-file", "dat")
    with (out / "load.dat").open(encoding="utf-8-sig", newline="") as file:
        (loaded,) = csv.DictReader(file, delimiter="\x14", quotechar="\xfe", doublequote=True)
    with (out / "index.csv").open(encoding="utf-8", newline="") as file:
        (indexed,) = csv.DictReader(file)
    assert loaded["TO"] == indexed["To"] == address


@pytest.mark.parametrize(
    ("about", "tells"),
    [({}, True), ({"query": {"sender": "x"}}, False), ({"query": {"sender": "x"}, "sources": ["/mail"]}, True)],
    ids=["of all", "of what was asked for", "of an export that was imported"],
)
def test_what_is_new_is_told_of_a_manifest_that_lists_a_whole_archive(
    tmp_path: Path, about: dict[str, Any], tells: bool
) -> None:
    with Store(tmp_path / "archive", create=True) as store:
        archive_id = keeping_archive(Local(store, str), "legal")
        archive = store.archive(archive_id)
        assert archive is not None
        store.add_messages(archive, [describe(eml(Subject="there"), archive_id, 1e9)])
        manifest = tmp_path / "manifest.jsonl"
        list_archive(manifest, store, archive, About(archive_id, "legal", **about))
        planted = describe(eml(Subject="planted"), archive_id, 1e9)
        store.add_messages(archive, [planted])
        found = compare_with_archive(manifest, store)
    assert (found.same, found.new) == (1, [planted.archived_message_id] if tells else [])


def test_what_would_break_a_load_file_does_not(tmp_path: Path) -> None:
    subject = "þorn \x14 and \u00ae, comma"
    with Store(tmp_path / "archive", create=True) as store:
        archive_id = keeping_archive(Local(store, str), "legal")
        archive = store.archive(archive_id)
        assert archive is not None
        store.add_messages(archive, [describe(eml(Subject=subject, From="a@b.example"), archive_id, 1e9)])
    out = export(Sample(tmp_path / "archive", archive_id), tmp_path / "out", "--load-file", "dat")
    with (out / "load.dat").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\x14", quotechar="\xfe", doublequote=True)
    assert row["SUBJECT"].startswith("þorn ") and row["FROM"] == "a@b.example" and "\x14" not in row["SUBJECT"]


# What cannot be


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--archive", "none"), 1, "There is no archive none"),
        (("--format", "pst"), 2, "--format must be one of eml, mbox, maildir"),
        (("--index", "xls"), 2, "--index must be one of csv, jsonl"),
        (("--load-file", "dat,edrm"), 2, "--load-file must be one of dat, opt"),
        (("--load-file", "dat", "--format", "mbox"), 2, "leave --format out"),
        (("--bates-prefix", "a/b"), 2, "--bates-prefix must be"),
        (("--bates-padding", "0"), 2, "--bates-padding must be a number from 1 to 20"),
        (("--from", "yesterday"), 2, "--from must be a date"),
        (("--sender", ""), 2, "--sender"),
        (("--has-attachments", "maybe"), 2, "--has-attachments must be one of yes, no"),
        (("--time-stamp", "ftp://x"), 2, "--time-stamp must be a URL"),
    ],
)
def test_what_cannot_be_written_is_said(
    sample: Sample,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    found, text = failure(capsys, "export-local", str(sample.folder), str(tmp_path / "out"), *words)
    assert (found, said in text) == (status, True), text
    assert text.count("\n") == 1 and "Traceback" not in text
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_a_range_that_ends_before_it_begins_is_refused(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = failure(
        capsys, "export-local", str(sample.folder), str(tmp_path / "out"), "--from", "2005-01-01", "--to", "2004-01-01"
    )
    assert status == 2 and "Exchange them" in said and not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    status, said = failure(capsys, "export-local", str(sample.folder), str(tmp_path))
    assert status == 1 and "has something in it" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_import_says_what_is_wrong_with_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = failure(capsys, "import", "--no-index", str(tmp_path / "a"), "s3://x")
    assert status == 2 and "SOURCE must be a place in S3" in said
    assert not (tmp_path / "a").exists()


def half_a_bucket(raw: bytes) -> Starlette:
    """An S3 server whose only bucket says that there is more than one object, and then refuses to say what."""

    async def answer(request: Request) -> Response:
        if request.url.path.strip("/") != "evidence":
            return Response(raw)
        if "continuation-token" in request.query_params:
            return Response("<Error><Code>AccessDenied</Code><Message>Not this page</Message></Error>", 403)
        found = f"<Contents><Key>1.eml</Key><Size>{len(raw)}</Size><ETag>1</ETag></Contents>"
        more = "<IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken>"
        return Response(f"<ListBucketResult>{found}{more}</ListBucketResult>", media_type="application/xml")

    return Starlette(routes=[Route("/{path:path}", answer)])


def test_an_import_of_half_a_bucket_lists_what_it_got_and_says_that_there_was_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with loopback(half_a_bucket(eml(Subject="one"))) as url, pytest.raises(SystemExit) as ended:
        main(["import", "--no-index", str(tmp_path / "copy"), "s3://evidence", "--s3-endpoint-url", url])
    said = capsys.readouterr()
    assert ended.value.code == 1 and "1 message added" in said.out
    assert "s3://evidence could not be listed to its end" in said.err and "import once more" in said.err
    # Whoever has the manifest alone sees it too.
    (manifest,) = (tmp_path / "copy").glob("*.manifest.jsonl")
    head, *messages = map(json.loads, manifest.read_text("utf-8").splitlines())
    assert len(messages) == 1 and "could not be listed to its end" in head["Errors"][0]["Reason"]
    assert head["ErrorCount"] == 1


@pytest.mark.slow
def test_an_export_comes_from_a_bucket_by_the_command(tmp_path: Path, sample: Sample) -> None:
    import os

    from tests.buckets import Bucket, s3_server

    with s3_server() as url:
        bucket = Bucket(url, "evidence")
        for name, raw in list(stored(sample).items())[:50]:
            bucket.client.put_object(Bucket="evidence", Key=f"case/{name}", Body=raw)
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }
        words = (
            "import",
            "--no-index",
            str(tmp_path / "copy"),
            "s3://evidence/case",
            "--s3-endpoint-url",
            url,
            "--json",
        )
        command = [copies.python(), "-m", "mail_archive_server", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        assert json.loads(done.stdout)["Added"] == 50
        again = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)
        assert (again["Added"], again["KnownObjects"]) == (0, 50)
        command[6] = "s3://missing/x"
        failed = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        command[6] = "s3://evidence/nothing"
        empty = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert failed.returncode == 1 and "Traceback" not in failed.stderr and "s3://missing/x" in failed.stderr
    assert empty.returncode == 1 and "There is nothing at s3://evidence/nothing" in empty.stderr
