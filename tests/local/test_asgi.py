"""The socket door: signatures, sizes, plain boto3, the AWS CLI."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mail_archive_server.local.asgi import api_app
from mail_archive_server.local.context import Local
from mail_archive_server.local.storage.store import Store
from mail_archive_server.local.wire import REQUEST_BYTES
from tests.conftest import ROOT, Sample, loopback

SPRING = {"FromTimestamp": "2025-04-01T00:00:00Z", "ToTimestamp": "2025-04-30T00:00:00Z", "MaxResults": 1000}
AWS = ROOT / ".venv" / "awscli" / "bin" / "aws"


@pytest.fixture(scope="module")
def url(sample: Sample) -> Iterator[str]:
    base: list[str] = []
    with Store(sample.folder) as store, loopback(api_app(Local(store, lambda: base[0], search_seconds=0))) as address:
        base.append(address)
        yield address


def client(url: str, key: str = "local", secret: str = "local", **config: Any) -> Any:
    return boto3.client(
        "mailmanager",
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def test_plain_boto3_searches_and_downloads(url: str, sample: Sample) -> None:
    mail = client(url)
    search_id = mail.start_archive_search(ArchiveId=sample.archive_id, **SPRING)["SearchId"]
    rows = mail.get_archive_search_results(SearchId=search_id)["Rows"]
    message = mail.get_archive_message(ArchivedMessageId=rows[0]["ArchivedMessageId"])
    assert len(rows) > 10
    raw = httpx.get(message["MessageDownloadLink"]).content
    assert rows[0]["MessageId"].encode() in raw


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [("local", "wrong", "InvalidSignatureException"), ("AKIAOTHER", "local", "UnrecognizedClientException")],
)
def test_other_credentials_are_refused(url: str, key: str, secret: str, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        client(url, key, secret).list_archives()
    assert caught.value.response["Error"]["Code"] == code


def signed(url: str, **changes: str) -> dict[str, str]:
    """The headers of a signed ListArchives request with an empty body object, some of them changed afterwards."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = {"X-Amz-Target": "MailManagerSvc.ListArchives", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", f"{url}/", {**headers, "Host": httpx.URL(url).netloc.decode()}, b"{}")
    SigV4Auth(Credentials("local", "local"), "ses", "us-east-1").add_auth(request)
    return {**dict(request.headers), **changes}


def test_what_was_not_signed_does_not_pass(url: str) -> None:
    def code(headers: dict[str, str], body: bytes = b"{}") -> str:
        reply = httpx.post(f"{url}/", headers=headers, content=body)
        return str(reply.json().get("__type", reply.status_code))

    good = signed(url)
    assert code(good) == "200"
    assert code({"X-Amz-Target": "MailManagerSvc.ListArchives"}) == "MissingAuthenticationTokenException"
    assert code(good, b'{"PageSize": 1}') == "InvalidSignatureException"
    assert code(signed(url, **{"X-Amz-Target": "MailManagerSvc.DeleteArchive"})) == "InvalidSignatureException"
    assert code(signed(url, **{"X-Amz-Date": "20200101T000000Z"})) == "InvalidSignatureException"
    assert code(signed(url, **{"X-Amz-Date": "yesterday"})) == "InvalidSignatureException"
    assert code(good | {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}) == "InvalidSignatureException"
    fewer = good["Authorization"].replace("x-amz-target", "x-amz-other")
    assert code(good | {"Authorization": fewer}) == "InvalidSignatureException"


def test_a_body_that_is_too_large_is_not_read(url: str) -> None:
    reply = httpx.post(f"{url}/", headers=signed(url), content=b"x" * (REQUEST_BYTES + 1))
    assert reply.json()["__type"] == "SerializationException"


def test_other_paths_and_methods_are_not_there(url: str) -> None:
    assert httpx.get(url).status_code == 405
    assert httpx.get(f"{url}/messages/").status_code == 404


def aws(url: str, *words: str) -> Any:
    environment = {
        "AWS_ENDPOINT_URL_MAILMANAGER": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
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
def test_the_aws_cli_searches_and_downloads(url: str, sample: Sample, tmp_path: Path) -> None:
    (archive,) = aws(url, "list-archives")["Archives"]
    assert archive["ArchiveId"] == sample.archive_id
    words = [word for name, value in SPRING.items() for word in (f"--{_dashed(name)}", str(value))]
    subject = {"StringExpression": {"Evaluate": {"Attribute": "SUBJECT"}, "Operator": "CONTAINS", "Values": ["bank"]}}
    filters = json.dumps({"Include": [subject]})
    started = aws(url, "start-archive-search", "--archive-id", sample.archive_id, *words, "--filters", filters)
    search = aws(url, "get-archive-search", "--search-id", started["SearchId"])
    assert search["Status"]["State"] == "COMPLETED"
    rows = aws(url, "get-archive-search-results", "--search-id", started["SearchId"])["Rows"]
    assert len(rows) == 4
    message = aws(url, "get-archive-message", "--archived-message-id", rows[0]["ArchivedMessageId"])
    assert httpx.get(message["MessageDownloadLink"]).status_code == 200


def _dashed(name: str) -> str:
    return {"FromTimestamp": "from-timestamp", "ToTimestamp": "to-timestamp", "MaxResults": "max-results"}[name]
