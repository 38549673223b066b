"""STS is asked no longer than a call has time."""

import socket

import anyio
import pytest

from mail_archive_server.identity import connecting
from mail_archive_server.identity.aws import AwsBackend
from mail_archive_server.identity.connecting import Connection
from mail_archive_server.settings import Settings
from mail_archive_tools.calls.patience import GRACE_SECONDS, Patience
from mail_archive_tools.errors import Late
from mail_archive_tools.service.client import MailManager
from tests.pace import HANGS

pytestmark = pytest.mark.anyio


async def test_an_sts_that_hangs_holds_no_thread_and_leaves_credentials_to_be_narrowed_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections, and answers none.
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        monkeypatch.setattr(connecting, "READ_SECONDS", 10 * HANGS)
        settings = Settings(region="us-east-1", archive=("a-1",), unscoped_ok=True)
        connection = Connection(settings, AwsBackend(settings))
        client = MailManager(connection.connect, connection.scope)

        client.warm_up()
        with Patience(0.5 - GRACE_SECONDS), pytest.raises(Late):
            await client.get_archive("a-1")
        with anyio.fail_after(HANGS / 3):
            while client._waiting._threads:
                await anyio.sleep(0.01)

    assert connection.narrowing is not None
    assert connection.narrowing.refused is None
