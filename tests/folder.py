"""A local archive with two archives and identities of its own: what is tried without AWS."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mail_archive_local.context import Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.importing.importer import import_mail
from mail_archive_local.operations.archives import create_archive
from mail_archive_local.storage.database import KeyPair
from mail_archive_local.storage.store import Store
from mail_archive_server.identity.local import LocalBackend
from mail_archive_server.settings import Settings
from tests.conftest import eml, loopback

ACCOUNT = "000000000000"
ROOT_OF_ACCOUNT = f"arn:aws:iam::{ACCOUNT}:root"
VERSION = "2012-10-17"
BODY = """\
--b
Content-Type: text/plain

Only {name} may read this.
--b
Content-Type: text/plain; name=list.txt
Content-Disposition: attachment; filename=list.txt

Who was there: {name}.
--b--
"""
NAMES = ("AccessKeyId", "SecretAccessKey", "SessionToken")
"""What STS calls the parts of credentials."""

YEAR = {"from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}


def allow(*actions: str, on: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A policy of one statement that allows these actions."""
    return policy({"Effect": "Allow", "Action": list(actions), "Resource": on, **more})


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": VERSION, "Statement": list(statements)}


def trust(principal: str = ROOT_OF_ACCOUNT, *actions: str, **more: Any) -> dict[str, Any]:
    kind = "Federated" if ":oidc-provider/" in principal else "AWS"
    statement = {"Effect": "Allow", "Principal": {kind: principal}, "Action": list(actions or ["sts:AssumeRole"])}
    return policy({**statement, **more})


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


@dataclass
class Folder:
    """Two archives, `legal` and `board`, with two messages each."""

    path: Path
    legal: str
    board: str
    messages: dict[str, list[str]]

    def identities(self, **members: Any) -> None:
        """Write `identity.json`: Users, Roles, OpenIDConnectProviders."""
        (self.path / "identity.json").write_text(json.dumps(members))

    def arn(self, archive_id: str) -> str:
        return f"arn:aws:ses:us-east-1:{ACCOUNT}:mailmanager-archive/{archive_id}"

    def settings(self, **more: Any) -> Settings:
        return Settings(local=self.path, search_seconds=0, **more)

    def keys(self, user: str = "owner") -> KeyPair:
        with Store(self.path) as store:
            found = Local(store, str).key_ring().keys_of(user)
        assert found is not None
        return found

    def client(self, service: str, user: str = "owner", url: str | None = None, **credentials: str) -> Any:
        """A boto3 client of that user, or of the credentials that STS gave; in this process, or at `url`."""
        import boto3

        if not credentials:
            keys = self.keys(user)
            credentials = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
        client = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=url or "http://localhost",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
        )
        if url is None:
            LocalBackend(self.settings()).attach(client)
        return client


def keeping_archive(local: Local, name: str, **more: Any) -> str:
    """A new archive that keeps mail for ever, however old it is; returns its id."""
    request = {"ArchiveName": name, "Retention": {"RetentionPeriod": "PERMANENT"}, **more}
    archive_id: str = create_archive(local, request)["ArchiveId"]
    return archive_id


def make_folder(path: Path) -> Folder:
    with Store(path, create=True) as store:
        local = Local(store, str, search_seconds=0)
        ids = {}
        for name in ("legal", "board"):
            ids[name] = keeping_archive(local, name, Tags=[{"Key": "team", "Value": name}])
            archive = store.archive(ids[name])
            assert archive is not None
            mail = path.parent / f"{path.name}-{name}"
            mail.mkdir()
            for day in (1, 2):
                raw = eml(
                    From=f"chair@{name}.example",
                    To="secretary@corp.example",
                    Subject=f"Minutes {day} of {name}",
                    Date=f"Mon, {day} Jun 2025 10:00:00 +0000",
                    Message_ID=f"<{day}@{name}.example>",
                    Content_Type="multipart/mixed; boundary=b",
                    body=BODY.format(name=name),
                )
                (mail / f"{day}.eml").write_bytes(raw)
            import_mail(store, archive, [mail])
    folder = Folder(path, ids["legal"], ids["board"], {})
    mail_manager = folder.client("mailmanager")
    for name, archive_id in ids.items():
        search = {"FromTimestamp": "2025-05-25T00:00:00Z", "ToTimestamp": "2025-06-10T00:00:00Z", "MaxResults": 10}
        search_id = mail_manager.start_archive_search(ArchiveId=archive_id, **search)["SearchId"]
        while not (found := _rows(mail_manager, search_id)):
            pass
        folder.messages[name] = [row["ArchivedMessageId"] for row in found]
    return folder


@contextmanager
def on_a_port(folder: Folder, behind: float = 0, wrapped: Callable[[Any], Any] = lambda app: app) -> Iterator[str]:
    """The folder's API on a loopback port, its clock so many seconds behind; gives its URL."""
    base: list[str] = []
    with Store(folder.path) as store:
        local = Local(store, lambda: base[0], search_seconds=0, clock=lambda: time.time() - behind)
        with loopback(wrapped(api_app(local))) as url:
            base.append(url)
            yield url


def _rows(client: Any, search_id: str) -> list[dict[str, Any]]:
    from botocore.exceptions import ClientError

    try:
        rows: list[dict[str, Any]] = client.get_archive_search_results(SearchId=search_id)["Rows"]
    except ClientError:
        return []
    return rows


def refused(call: Any, **members: Any) -> tuple[str, str]:
    """The error code and message that a call of boto3 ends with; fails when it succeeds."""
    import pytest
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error["Message"])
