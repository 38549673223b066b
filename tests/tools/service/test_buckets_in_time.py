"""S3 is asked no longer than a call has time."""

import socket
import threading
from typing import Any

import boto3
import pytest

from mail_archive_tools.calls.patience import GRACE_SECONDS, Patience
from mail_archive_tools.errors import Late
from mail_archive_tools.service.buckets import Buckets, Location
from tests.pace import HANGS

pytestmark = pytest.mark.anyio


async def test_the_thread_that_asks_s3_ends_with_its_call_whatever_hangs() -> None:
    ended = threading.Event()
    tries: list[object] = []

    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections, and answers none.
        port = silent.getsockname()[1]

        def connect() -> Any:
            client = boto3.client(
                "s3",
                region_name="us-east-1",
                aws_access_key_id="a",
                aws_secret_access_key="b",
                endpoint_url=f"http://127.0.0.1:{port}",
            )
            client.meta.events.register("request-created", lambda **_: tries.append(1))
            client.meta.events.register("after-call-error", lambda **_: ended.set())
            return client

        buckets = Buckets(connect)
        # A thread that has loaded botocore once is ready in this time.
        with Patience(0.5 - GRACE_SECONDS), pytest.raises(Late):
            await buckets.examine(Location("evidence", "case"))
        # Its own time-out is 60 s, and there would be four more tries.
        assert ended.wait(HANGS / 3)
    assert len(tries) <= 2
