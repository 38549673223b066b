"""The socket door: signatures, sizes, plain boto3, the AWS CLI."""

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mail_archive_local.context import Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.storage.database import KeyPair
from mail_archive_local.storage.store import Store
from mail_archive_local.wire.protocol import REQUEST_BYTES
from tests.conftest import ROOT, Sample, loopback
from tests.pace import stopwatch

SPRING = {"FromTimestamp": "2025-04-01T00:00:00Z", "ToTimestamp": "2025-04-30T00:00:00Z", "MaxResults": 1000}
AWS = ROOT / ".venv" / "awscli" / "bin" / "aws"


@pytest.fixture(scope="module")
def keys(sample: Sample) -> KeyPair:
    with Store(sample.folder) as store:
        return store.credentials


@pytest.fixture(scope="module")
def url(sample: Sample) -> Iterator[str]:
    base: list[str] = []
    with Store(sample.folder) as store, loopback(api_app(Local(store, lambda: base[0], search_seconds=0))) as address:
        base.append(address)
        yield address


def client(url: str, keys: KeyPair, region: str = "us-east-1", **config: Any) -> Any:
    return boto3.client(
        "mailmanager",
        region_name=region,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def test_plain_boto3_searches_and_downloads(url: str, keys: KeyPair, sample: Sample) -> None:
    mail = client(url, keys)
    search_id = mail.start_archive_search(ArchiveId=sample.archive_id, **SPRING)["SearchId"]
    rows = mail.get_archive_search_results(SearchId=search_id)["Rows"]
    message = mail.get_archive_message(ArchivedMessageId=rows[0]["ArchivedMessageId"])
    assert len(rows) > 10
    raw = httpx.get(message["MessageDownloadLink"]).content
    assert rows[0]["MessageId"].encode() in raw


@pytest.mark.parametrize(
    ("key", "secret", "region", "code"),
    [
        (None, "wrong", "us-east-1", "InvalidSignatureException"),
        ("AKIAOTHER", None, "us-east-1", "UnrecognizedClientException"),
        ("local", "local", "us-east-1", "UnrecognizedClientException"),
        (None, None, "mars-1", "InvalidSignatureException"),
    ],
)
def test_other_credentials_and_scopes_are_refused(
    url: str, keys: KeyPair, key: str | None, secret: str | None, region: str, code: str
) -> None:
    used = KeyPair(key or keys.access_key_id, secret or keys.secret_access_key)
    with pytest.raises(ClientError) as caught:
        client(url, used, region).list_archives()
    assert caught.value.response["Error"]["Code"] == code


def signed(url: str, keys: KeyPair, **changes: str) -> dict[str, str]:
    """The headers of a signed ListArchives request with an empty body object, some of them changed afterwards."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = {"X-Amz-Target": "MailManagerSvc.ListArchives", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", f"{url}/", {**headers, "Host": httpx.URL(url).netloc.decode()}, b"{}")
    SigV4Auth(Credentials(*keys), "ses", "us-east-1").add_auth(request)
    return {**dict(request.headers), **changes}


def test_what_was_not_signed_does_not_pass(url: str, keys: KeyPair) -> None:
    def code(headers: dict[str, str], body: bytes = b"{}") -> str:
        reply = httpx.post(f"{url}/", headers=headers, content=body)
        return str(reply.json().get("__type", reply.status_code))

    good = signed(url, keys)
    assert code(good) == "200"
    assert code({"X-Amz-Target": "MailManagerSvc.ListArchives"}) == "MissingAuthenticationTokenException"
    assert code(good, b'{"PageSize": 1}') == "InvalidSignatureException"
    assert code(signed(url, keys, **{"X-Amz-Target": "MailManagerSvc.DeleteArchive"})) == "InvalidSignatureException"
    assert code(signed(url, keys, **{"X-Amz-Date": "20200101T000000Z"})) == "InvalidSignatureException"
    assert code(signed(url, keys, **{"X-Amz-Date": "yesterday"})) == "InvalidSignatureException"
    assert code(good | {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}) == "InvalidSignatureException"
    fewer = good["Authorization"].replace("x-amz-target", "x-amz-other")
    assert code(good | {"Authorization": fewer}) == "InvalidSignatureException"


def test_a_body_that_is_too_large_is_not_read(url: str, keys: KeyPair) -> None:
    reply = httpx.post(f"{url}/", headers=signed(url, keys), content=b"x" * (REQUEST_BYTES + 1))
    assert reply.status_code == 413 and reply.json()["__type"] == "SerializationException"


def spoken(url: str, *lines: str) -> bytes:
    """What the door says to a request that is written by hand, until it hangs up or two seconds are over."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 80), 2) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        with contextlib.suppress(TimeoutError):
            while piece := connection.recv(65_536):
                answer += piece
                if b"__type" in answer:
                    break
        return answer


def test_a_body_that_is_announced_too_large_is_refused_at_once(url: str) -> None:
    with stopwatch() as taken:
        answer = spoken(url, "POST / HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 99999999999")
    assert answer.startswith(b"HTTP/1.1 413") and taken.seconds < 1


def test_a_body_that_does_not_come_is_given_up(sample: Sample) -> None:
    with Store(sample.folder) as store, loopback(api_app(Local(store, str), body_seconds=0.2)) as url:
        answer = spoken(url, "POST / HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 10")
    assert answer.startswith(b"HTTP/1.1 408")


def test_a_client_that_goes_away_leaves_no_trace(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 80), 2) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n{")
    time.sleep(0.3)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("path", ["/", "/messages/x"])
def test_a_page_in_a_browser_is_refused(url: str, keys: KeyPair, path: str) -> None:
    """One whose name was made to lead here, and one of another origin, though its requests are signed."""
    method = "POST" if path == "/" else "GET"
    for changed in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        reply = httpx.request(method, url + path, headers=signed(url, keys, **changed), content=b"{}")
        assert reply.status_code == 403


def test_the_scope_of_a_signature_is_of_its_day(url: str, keys: KeyPair) -> None:
    """Signed rightly, for another day than it says."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    class OfAnotherDay(SigV4Auth):  # type: ignore[misc]  # botocore is untyped
        def credential_scope(self, request: Any) -> str:
            return "19990101/us-east-1/ses/aws4_request"

        def scope(self, request: Any) -> str:
            return f"{self.credentials.access_key}/{self.credential_scope(request)}"

    headers = {"X-Amz-Target": "MailManagerSvc.ListArchives", "Host": httpx.URL(url).netloc.decode()}
    request = AWSRequest("POST", f"{url}/", headers, b"{}")
    OfAnotherDay(Credentials(*keys), "ses", "us-east-1").add_auth(request)
    reply = httpx.post(f"{url}/", headers=dict(request.headers), content=b"{}")
    assert reply.json()["__type"] == "InvalidSignatureException" and "scope" in reply.json()["message"]


def test_half_a_character_is_refused(url: str, keys: KeyPair) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    body = b'{"ArchiveId": "a-\\ud800"}'
    headers = {"X-Amz-Target": "MailManagerSvc.GetArchive", "Host": httpx.URL(url).netloc.decode()}
    request = AWSRequest("POST", f"{url}/", headers, body)
    SigV4Auth(Credentials(*keys), "ses", "us-east-1").add_auth(request)
    reply = httpx.post(f"{url}/", headers=dict(request.headers), content=body)
    assert reply.status_code == 400 and reply.json()["__type"] == "SerializationException"


def test_other_paths_and_methods_are_not_there(url: str) -> None:
    assert httpx.get(url).status_code == 405
    assert httpx.get(f"{url}/messages/").status_code == 404


def aws(url: str, keys: KeyPair, *words: str) -> Any:
    environment = {
        "AWS_ENDPOINT_URL_MAILMANAGER": url,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "PATH": os.environ["PATH"],
    }
    finished = subprocess.run(
        [str(AWS), "mailmanager", *words, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout) if finished.stdout.strip() else {}


@pytest.mark.slow
@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not in .venv/awscli; `make test` puts it there")
def test_the_aws_cli_searches_and_downloads(url: str, keys: KeyPair, sample: Sample, tmp_path: Path) -> None:
    (archive,) = aws(url, keys, "list-archives")["Archives"]
    assert archive["ArchiveId"] == sample.archive_id
    words = [word for name, value in SPRING.items() for word in (f"--{_dashed(name)}", str(value))]
    subject = {"StringExpression": {"Evaluate": {"Attribute": "SUBJECT"}, "Operator": "CONTAINS", "Values": ["bank"]}}
    filters = json.dumps({"Include": [subject]})
    started = aws(url, keys, "start-archive-search", "--archive-id", sample.archive_id, *words, "--filters", filters)
    search = aws(url, keys, "get-archive-search", "--search-id", started["SearchId"])
    assert search["Status"]["State"] == "COMPLETED"
    rows = aws(url, keys, "get-archive-search-results", "--search-id", started["SearchId"])["Rows"]
    assert len(rows) == 4
    message = aws(url, keys, "get-archive-message", "--archived-message-id", rows[0]["ArchivedMessageId"])
    assert httpx.get(message["MessageDownloadLink"]).status_code == 200


def _dashed(name: str) -> str:
    return {"FromTimestamp": "from-timestamp", "ToTimestamp": "to-timestamp", "MaxResults": "max-results"}[name]
