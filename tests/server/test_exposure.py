"""What strangers send to a server, and what other users of the machine put in its way."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from mail_archive_local.doors.port import config_of
from mail_archive_local.evidence.signing import SigningError, sign
from mail_archive_server.hosting.arguments import sentence
from mail_archive_server.settings import SettingError, Settings
from mail_archive_server.transport.sessions import with_few_sessions
from mail_archive_server.transport.tokens import token_of, with_token
from mail_archive_tools import system
from mail_archive_tools.reading.dkim_keys import keys_of
from mail_archive_tools.storage.kept_facts import FactsFolder
from mail_archive_tools.system.places import why_not_own, why_not_read

pytestmark = pytest.mark.anyio

HOST = "http://127.0.0.1"


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("127.0.0.1", 1)), base_url=HOST)


async def whose(scope: Any, receive: Any, send: Any) -> None:
    request = Request(scope)
    assert request.client is not None
    await PlainTextResponse(request.client.host)(scope, receive, send)


@pytest.mark.parametrize(
    ("proxy", "source"), [(None, "127.0.0.1"), ("192.0.2.1", "127.0.0.1"), ("127.0.0.1", "198.51.100.9")]
)
async def test_a_forwarded_header_says_who_asks_from_a_named_proxy_alone(proxy: str | None, source: str) -> None:
    config = config_of(whose, proxy)
    config.load()
    async with client_of(config.loaded_app) as client:
        answer = await client.get("/", headers={"X-Forwarded-For": "198.51.100.9"})
    assert answer.text == source


@pytest.mark.parametrize(
    ("sent", "status"),
    [("Bearer {}", 200), ("bearer {}", 200), ("Bearer {}x", 401), ("Bearer x{}", 401), ("{}", 401), ("", 401)],
)
async def test_the_whole_token_is_needed(sent: str, status: int) -> None:
    token = "t" * 20
    async with client_of(with_token(whose, token)) as client:
        answer = await client.get("/", headers={"Authorization": sent.format(token)})
        half = await client.get("/", headers={"Authorization": f"Bearer {token[:10]}"})
    assert (answer.status_code, half.status_code) == (status, 401)


class Opening:
    """An application that gives each request without a session one of its own, as the SDK does."""

    def __init__(self) -> None:
        self.opened = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = Request(scope).headers.get("mcp-session-id")
        if asked is None:
            self.opened += 1
            asked = str(self.opened)
        await PlainTextResponse("", headers={"mcp-session-id": asked})(scope, receive, send)


async def test_a_caller_may_open_so_many_sessions_and_more_when_some_end() -> None:
    now = [0.0]
    app = with_few_sessions(Opening(), most=2, idle_seconds=10, clock=lambda: now[0])
    async with client_of(app) as client:
        assert [(await client.post("/")).status_code for _ in range(3)] == [200, 200, 429]
        now[0] = 9.0
        assert (await client.post("/", headers={"mcp-session-id": "1"})).status_code == 200
        assert (await client.post("/")).status_code == 429
        await client.delete("/", headers={"mcp-session-id": "2"})
        assert [(await client.post("/")).status_code for _ in range(2)] == [200, 429]
        now[0] = 19.0
        assert [(await client.post("/")).status_code for _ in range(3)] == [200, 200, 429]


def refused(tmp_path: Path, place: Path) -> list[str]:
    """How each kind of place that an operator names is refused."""
    (tmp_path / "manifest").write_text("x")
    said: list[str] = []
    for use in (
        lambda: FactsFolder(place, []),
        lambda: keys_of(place),
        lambda: token_of(Settings(token_file=place)),
        lambda: sign(tmp_path / "manifest", place),
    ):
        with pytest.raises((ValueError, SettingError, SigningError)) as caught:
            use()
        said.append(str(caught.value))
    return said


def test_a_symbolic_link_to_elsewhere_is_no_place_for_facts_tokens_and_keys(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    link = tmp_path / "here" / "link"
    link.symlink_to(tmp_path / "elsewhere")
    assert all("symbolic link" in each for each in refused(tmp_path, link))
    # What is written is behind no link at all.
    (tmp_path / "beside").symlink_to("elsewhere")
    with pytest.raises(ValueError, match="symbolic link"):
        FactsFolder(tmp_path / "beside", [])
    folder = tmp_path / "facts"
    folder.mkdir()
    (folder / "facts.sqlite3").symlink_to(tmp_path / "victim")
    with pytest.raises(ValueError, match="symbolic link"):
        FactsFolder(folder, [])
    assert not (tmp_path / "victim").exists()


@pytest.mark.skipif(not system.HAS_FILE_MODES or os.geteuid() != 0, reason="only root gives a folder to another user")
def test_a_folder_of_another_user_is_no_place_for_facts_tokens_and_keys(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12_345, -1)
    assert all("another user's" in each for each in refused(tmp_path, folder / "file"))


def mounted(folder: Path, content: str) -> Path:
    """A secret as Kubernetes mounts it: what it leads to can be changed at once."""
    (folder / "..2026_01_01").mkdir(parents=True)
    (folder / "..data").symlink_to("..2026_01_01")
    (folder / "..data" / "secret").write_text(content)
    (folder / "..data" / "secret").chmod(0o400)
    (folder / "secret").symlink_to("..data/secret")
    return folder / "secret"


@pytest.mark.skipif(not system.HAS_FILE_MODES, reason="there are no modes")
def test_a_secret_may_be_a_link_to_below_its_own_folder(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    token = mounted(tmp_path / "token", "t" * 40)
    assert token_of(Settings(token_file=token)) == "t" * 40
    assert keys_of(mounted(tmp_path / "keys", "a._domainkey.b.example v=DKIM1; p=x")) == {
        "a._domainkey.b.example": "v=DKIM1; p=x"
    }
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "manifest").write_text("x")
    assert sign(tmp_path / "manifest", mounted(tmp_path / "key", pem.decode())).is_file()

    whole = tmp_path / "token" / "whole"
    whole.symlink_to(tmp_path / "token" / "..data" / "secret")
    assert why_not_read(whole) is None


def test_a_secret_is_no_link_where_nothing_says_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = mounted(tmp_path / "mount", "t" * 40)
    monkeypatch.setattr(system, "HAS_FILE_MODES", False)
    assert "symbolic link" in str(why_not_read(secret))


@contextmanager
def as_another_user() -> Iterator[Path]:
    """A folder of root's, as a user sees it who is in one group beside their own."""
    with TemporaryDirectory() as name:
        folder, before = Path(name), os.getgroups()
        folder.chmod(0o755)
        os.setgroups([GROUP])
        os.setegid(12_346)
        os.seteuid(12_345)
        try:
            yield folder
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(before)


GROUP = 12_347


@pytest.mark.skipif(not system.HAS_FILE_MODES or os.geteuid() != 0, reason="only root becomes another user")
@pytest.mark.parametrize(
    ("mode", "group", "why"),
    [
        (0o440, GROUP, None),
        (0o444, GROUP, "can be read by others"),
        (0o460, GROUP, "others may write to"),
        (0o444, 0, "can be read by others"),
        (0o440, 0, "Permission denied"),
    ],
)
def test_a_token_of_roots_may_be_read_by_the_servers_own_group(mode: int, group: int, why: str | None) -> None:
    with as_another_user() as folder:
        os.seteuid(0)
        secret = mounted(folder, "t" * 40).resolve()
        os.chown(secret, 0, group)
        secret.chmod(mode)
        os.seteuid(12_345)
        if why is None:
            assert token_of(Settings(token_file=folder / "secret")) == "t" * 40
            return
        with pytest.raises(SettingError, match=why):
            token_of(Settings(token_file=folder / "secret"))


@pytest.mark.skipif(not system.HAS_FILE_MODES or os.geteuid() != 0, reason="only root becomes another user")
def test_an_empty_token_file_that_cannot_be_written_holds_no_token() -> None:
    with as_another_user() as folder:
        os.seteuid(0)
        secret = mounted(folder, "").resolve()
        os.chown(secret, 0, GROUP)
        secret.chmod(0o440)
        os.seteuid(12_345)
        with pytest.raises(SettingError, match="holds no token"):
            token_of(Settings(token_file=folder / "secret"))


@pytest.mark.skipif(not system.HAS_FILE_MODES, reason="there are no modes")
@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("../outside", "leads out"),
        ("out/../outside", "leads out"),
        ("{folder}/../outside", "leads out"),
        ("{folder}/out/back", "leads out"),
        ("out/back", "leads out"),
        ("/etc/hostname", "leads out"),
        ("{folder}x/file", "leads out"),
        ("nothing", "leads nowhere"),
        ("link", "leads nowhere"),
        ("shared/file", "others may write"),
    ],
)
def test_a_secret_is_no_link_that_leads_out_of_its_folder(tmp_path: Path, target: str, why: str) -> None:
    folder, beside = tmp_path / "folder", tmp_path / "folderx"
    for each in (folder, beside, folder / "shared"):
        each.mkdir()
        (each / "file").write_text("t" * 40)
    (tmp_path / "outside").write_text("t" * 40)
    (folder / "shared").chmod(0o777)
    # Out, and in again: what is outside may be another user's.
    (folder / "out").symlink_to(beside)
    (beside / "back").symlink_to(folder / "file")
    (folder / "link").symlink_to(target.format(folder=folder))
    assert why in str(why_not_read(folder / "link"))
    with pytest.raises(SettingError, match=why):
        token_of(Settings(token_file=folder / "link"))


@pytest.mark.skipif(not system.HAS_FILE_MODES or os.geteuid() != 0, reason="only root gives a file to another user")
@pytest.mark.parametrize("theirs", ["secret", "..data", "..data/secret", "..2026_01_01"])
def test_a_secret_is_no_link_where_anything_on_the_way_is_another_users(tmp_path: Path, theirs: str) -> None:
    secret = mounted(tmp_path / "mount", "t" * 40)
    os.lchown(tmp_path / "mount" / theirs, 12_345, -1)
    assert "another user's" in str(why_not_read(secret))


@pytest.mark.skipif(not system.HAS_FILE_MODES, reason="there are no modes")
def test_a_folder_that_others_write_in_is_no_place_for_facts_tokens_and_keys(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    assert all("others may write" in each for each in refused(tmp_path, folder / "file"))
    folder.chmod(0o1777)
    assert why_not_own(folder / "file") is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
@pytest.mark.skipif(not system.HAS_FILE_MODES, reason="there are no modes")
def test_a_token_file_is_its_owners_alone(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    token = token_of(Settings(token_file=file))
    assert token == file.read_text().strip() and file.stat().st_mode & 0o777 == 0o600
    file.chmod(mode)
    with pytest.raises(SettingError, match=r"can be read by others|others may write to"):
        token_of(Settings(token_file=file))


def test_a_password_that_cannot_be_is_not_repeated() -> None:
    from pydantic import TypeAdapter, ValidationError

    from mail_archive_server.hosting.hosted import argument_model
    from mail_archive_tools.catalog import entry_named

    secret = "hunter2 " * 40
    arguments = {"archived_message_id": "x", "attachment_id": "1", "password": secret}
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(argument_model(entry_named("read_archive_attachment"))).validate_python(arguments)
    said = sentence("read_archive_attachment", caught.value, {"properties": {}})
    assert "password is what was given" in said and "hunter2" not in said + json.dumps(said)
