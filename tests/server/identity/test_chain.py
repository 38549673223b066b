"""The SDK's chain of credentials as installed: each of its sources, by what it really asks, in a process of its own.

Caches of logins are looked for below the home folder, which the SDK remembers when it is loaded.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.utils import generate_login_cache_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests import copies
from tests.conftest import loopback
from tests.folder import Folder, allow
from tests.server.identity.stubs import Asked
from tests.server.identity.test_credentials import served

pytestmark = pytest.mark.slow

SOON = datetime.now(UTC) + timedelta(hours=1)
START_URL = "https://corp.awsapps.com/start"

Source = Callable[[Path, str, dict[str, str]], dict[str, str]]


def of_ecs(home: Path, stub: str, keys: dict[str, str]) -> dict[str, str]:
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{stub}/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "abc"}


def of_ec2(home: Path, stub: str, keys: dict[str, str]) -> dict[str, str]:
    return {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{stub}/"}


def of_sso(home: Path, stub: str, keys: dict[str, str]) -> dict[str, str]:
    cached = home / ".aws" / "sso" / "cache" / f"{hashlib.sha1(START_URL.encode()).hexdigest()}.json"
    cached.parent.mkdir(parents=True)
    cached.write_text(json.dumps({"accessToken": "abc", "expiresAt": f"{SOON:%Y-%m-%dT%H:%M:%SZ}"}))
    (home / "config").write_text(
        f"[profile work]\nsso_start_url = {START_URL}\nsso_region = us-east-1\nsso_account_id = 000000000000\n"
        "sso_role_name = analyst\n"
    )
    return {"AWS_ENDPOINT_URL_SSO": stub, "MAIL_ARCHIVE_PROFILE": "work"}


def of_login(home: Path, stub: str, keys: dict[str, str]) -> dict[str, str]:
    session = "arn:aws:iam::123456789012:user/ana"
    cached = home / ".aws" / "login" / "cache" / f"{generate_login_cache_key(session)}.json"
    cached.parent.mkdir(parents=True)
    token = {
        "accessKeyId": keys["AccessKeyId"],
        "secretAccessKey": keys["SecretAccessKey"],
        "sessionToken": keys["Token"],
        "expiresAt": f"{SOON:%Y-%m-%dT%H:%M:%SZ}",
        "accountId": "123456789012",
    }
    cached.write_text(json.dumps({"accessToken": token, "refreshToken": "r", "dpopKey": "k", "clientId": "c"}))
    (home / "config").write_text(f"[profile work]\nlogin_session = {session}\n")
    return {"MAIL_ARCHIVE_PROFILE": "work"}


def endpoints(keys: dict[str, str]) -> Starlette:
    """A container's endpoint, a machine's metadata, and IAM Identity Center's portal."""
    given = {**keys, "Expiration": f"{SOON:%Y-%m-%dT%H:%M:%SZ}"}

    async def container(request: Request) -> Response:
        known = request.headers.get("authorization") == "abc"
        return JSONResponse(given) if known else PlainTextResponse("", 401)

    async def portal(request: Request) -> Response:
        named = {"accessKeyId": keys["AccessKeyId"], "secretAccessKey": keys["SecretAccessKey"]}
        ends = int(SOON.timestamp() * 1000)
        return JSONResponse({"roleCredentials": {**named, "sessionToken": keys["Token"], "expiration": ends}})

    async def metadata(request: Request) -> Response:
        name = request.path_params["name"]
        return JSONResponse({**given, "Code": "Success", "Type": "AWS-HMAC"}) if name else PlainTextResponse("analyst")

    async def token(_: Request) -> Response:
        return PlainTextResponse("token")

    return Starlette(
        routes=[
            Route("/container", container),
            Route("/federation/credentials", portal),
            Route("/latest/api/token", token, methods=["PUT"]),
            Route("/latest/meta-data/iam/security-credentials/{name:path}", metadata),
        ]
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (of_ecs, "this container's role"),
        (of_ec2, "this machine's role"),
        (of_sso, "IAM Identity Center (SSO)"),
        (of_login, "aws login"),
    ],
)
def test_each_source_of_the_chain_is_taken_and_narrowed(
    folder: Folder, tmp_path: Path, source: Source, said: str
) -> None:
    folder.identities(Users=[{"UserName": "ana", "Policies": [allow("ses:*")]}])
    made = folder.client("sts", "ana").get_session_token()["Credentials"]
    keys = {
        "AccessKeyId": made["AccessKeyId"],
        "SecretAccessKey": made["SecretAccessKey"],
        "Token": made["SessionToken"],
    }
    home, asked = tmp_path / "home", Asked()
    home.mkdir()
    with served(folder, asked) as url, loopback(endpoints(keys)) as stub:
        told = doctor(
            {
                "HOME": str(home),
                "AWS_CONFIG_FILE": str(home / "config"),
                "AWS_ENDPOINT_URL_STS": url,
                "MAIL_ARCHIVE_ENDPOINT_URL": url,
                "MAIL_ARCHIVE_REGION": "us-east-1",
                "MAIL_ARCHIVE_ARCHIVE": folder.legal,
                **source(home, stub, keys),
            },
            LOADS_ITSELF.get(source, copies.python()),
        )
    assert told["Well"] is True, told["Permissions"]
    assert told["Identity"]["Arn"] == "arn:aws:iam::000000000000:user/ana"
    assert told["KeptTo"] == f"{folder.legal}: by AWS (GetScopedCredentials), and by this server"
    assert told["Identity"]["Credentials"].startswith(f"{said}, then GetScopedCredentials")
    assert asked.of_sts() == ["GetScopedCredentials", "GetCallerIdentity"]


# Where the caches of SSO are is found out when botocore is loaded: by the home of then.
LOADS_ITSELF: dict[Source, str] = {of_sso: sys.executable}


def doctor(environment: dict[str, str], python: str) -> Any:
    done = subprocess.run(
        [python, "-m", "mail_archive_server", "doctor", "--json"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)
