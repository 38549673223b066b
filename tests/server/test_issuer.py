"""Callers with an issuer's access tokens: a real client finds it by itself; what is no such token is refused."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2  # the SDK's own
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from mail_archive_server.cli import main
from mail_archive_server.settings import SettingError, read_settings
from mail_archive_server.transport.issuer import Issuer
from mail_archive_server.transport.issuer_keys import IssuerUnavailable, Keys, metadata_places
from tests.conftest import ERAS, Sample, text_of
from tests.issuer import SOMEBODY, AuthorizationServer, authorization_server, new_key
from tests.pace import HANGS
from tests.server.test_consent import code_in
from tests.server.test_processes import free_port, on_a_port

MAIL = "https://mail.example.com/mcp"
YEAR = {"from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}

pytestmark = pytest.mark.anyio


@pytest.fixture
def issuer() -> Iterator[AuthorizationServer]:
    with authorization_server() as server:
        yield server


@contextmanager
def served(issuer: AuthorizationServer, sample: Sample, *words: str) -> Iterator[str]:
    """A server that takes the issuer's tokens; gives its URL, which is what tokens have to be made for."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    of_issuer = ("--issuer", issuer.url, "--resource-url", url, "--required-scope", "mail.read")
    with on_a_port("--local", str(sample.folder), *of_issuer, *words, port=port, MAIL_ARCHIVE_TOKEN=""):
        yield url


class Memory(TokenStorage):
    """What a client keeps of an issuer."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def browser(url: str) -> OAuthClientProvider:
    """What a host does with its user's browser: opens the issuer's page, and gets a code back."""
    came: list[str] = []

    async def open_page(page: str) -> None:
        async with httpx.AsyncClient() as client:
            came.append((await client.get(page)).headers["Location"])

    async def come_back() -> AuthorizationCodeResult:
        query = {name: values[0] for name, values in parse_qs(urlsplit(came[-1]).query).items()}
        return AuthorizationCodeResult(code=query["code"], state=query["state"], iss=query["iss"])

    about = OAuthClientMetadata.model_validate(
        {"redirect_uris": ["http://127.0.0.1:1/callback"], "token_endpoint_auth_method": "none"}
    )
    return OAuthClientProvider(url, about, Memory(), open_page, come_back)


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_finds_the_issuer_by_itself_and_is_answered(
    issuer: AuthorizationServer, sample: Sample, era: Any
) -> None:
    with served(issuer, sample) as url:
        async with (
            httpx2.AsyncClient(auth=browser(url), timeout=HANGS) as http,
            Client(streamable_http_client(url, http_client=http), mode=era) as client,
        ):
            assert sample.archive_id in text_of(await client.call_tool("list_archives", {}))


def status(url: str, token: str) -> tuple[int, dict[str, Any], httpx.Headers]:
    answer = httpx.post(url, headers={"Authorization": f"Bearer {token}"}, json={})
    return answer.status_code, answer.json(), answer.headers


def test_strangers_are_told_where_to_get_a_token(issuer: AuthorizationServer, sample: Sample) -> None:
    with served(issuer, sample) as url:
        origin = url.removesuffix("/mcp")
        metadata = f"{origin}/.well-known/oauth-protected-resource/mcp"
        told = httpx.get(metadata).json()
        assert (told["resource"], told["authorization_servers"]) == (url, [issuer.url])
        assert told["scopes_supported"] == ["mail.read"]
        assert httpx.get(f"{origin}/health").text == "ok"

        without = httpx.post(url, json={})
        assert without.status_code == 401 and f'resource_metadata="{metadata}"' in without.headers["WWW-Authenticate"]
        code, body, _ = status(url, issuer.token(url, scope="mail.write"))
        assert (code, body["error"]) == (403, "insufficient_scope")
        code, body, _ = status(url, "nonsense")
        assert (code, body["error"]) == (401, "invalid_token")
        # A good one is looked at by MCP itself, which finds nothing in it to answer.
        assert status(url, issuer.token(url, scope="mail.read"))[0] not in (401, 403)


def test_a_proxy_may_hand_on_the_name_that_it_is_asked_by(issuer: AuthorizationServer, sample: Sample) -> None:
    of_issuer = ("--issuer", issuer.url, "--resource-url", MAIL)
    with on_a_port("--local", str(sample.folder), *of_issuer, MAIL_ARCHIVE_TOKEN="") as url:
        token = {"Authorization": f"Bearer {issuer.token(MAIL)}"}
        asked = {
            name: httpx.post(url, headers={**token, "Host": name}, json={})
            for name in ("mail.example.com", "evil.example")
        }
    assert asked["mail.example.com"].status_code == 400 and asked["evil.example"].status_code == 421


@asynccontextmanager
async def calling(url: str, token: str, era: Any = "auto") -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=HANGS) as http,
        Client(streamable_http_client(url, http_client=http), mode=era) as client,
    ):
        yield client


@pytest.mark.parametrize("era", ERAS)
async def test_what_one_caller_was_given_is_of_no_use_to_another(
    issuer: AuthorizationServer, own_sample: Sample, era: Any
) -> None:
    with served(issuer, own_sample, "--consent", "host", "--toolsets", "read,admin") as url:
        of_ann = issuer.token(url, scope="mail.read")
        of_bob = issuer.token(url, scope="mail.read", sub="bob@corp.example")
        of_her_other_client = issuer.token(url, scope="mail.read", client_id="other")
        search = {"archive_id": own_sample.archive_id, **YEAR, "limit": 1}
        arn = f"arn:aws:ses:us-east-1:000000000000:mailmanager-archive/{own_sample.archive_id}"
        tag = {"resource_arn": arn, "tags": [{"key": "case", "value": "7"}]}
        async with calling(url, of_ann, era) as ann, calling(url, of_bob, era) as bob:
            cursor = ((await ann.call_tool("search_archive", search)).structured_content or {})["NextCursor"]
            refused = await bob.call_tool("search_archive", {**search, "cursor": cursor})
            assert refused.is_error and "none of this server's" in text_of(refused)
            async with calling(url, of_her_other_client, era) as other:
                assert (await other.call_tool("search_archive", {**search, "cursor": cursor})).is_error

            asked = text_of(await ann.call_tool("tag_archive", tag))
            code = code_in(asked)
            for_another = await bob.call_tool("tag_archive", {**tag, "consent_code": code})
            assert for_another.is_error and "That code is not the one that was given for this." in text_of(for_another)
            assert not (await ann.call_tool("tag_archive", {**tag, "consent_code": code})).is_error
            assert not (await ann.call_tool("search_archive", {**search, "cursor": cursor})).is_error


# What is no token of the issuer's


def now() -> int:
    return int(time.time())


def unsigned(issuer: AuthorizationServer) -> str:
    return jwt.encode({**jwt.decode(issuer.token(MAIL), options={"verify_signature": False})}, "", "none")


def signed_with_the_published_key(issuer: AuthorizationServer) -> str:
    """As if what everybody knows were a secret."""
    ((_, key),) = issuer.keys.values()
    published = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(issuer.token(MAIL), options={"verify_signature": False})
    header, payload = (
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=")
        for each in ({"alg": "HS256", "kid": "first"}, claims)
    )
    signature = hmac.digest(published, b"%s.%s" % (header, payload), "sha256")
    return b".".join((header, payload, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


REFUSED: dict[str, Callable[[AuthorizationServer], str]] = {
    "too old": lambda issuer: issuer.token(MAIL, exp=now() - 60),
    "not yet": lambda issuer: issuer.token(MAIL, nbf=now() + 600),
    "without an end": lambda issuer: issuer.token(MAIL, exp=None),
    "for another server": lambda issuer: issuer.token("https://other.example/mcp"),
    "for nobody": lambda issuer: issuer.token(MAIL, aud=None),
    "of another issuer": lambda issuer: issuer.token(MAIL, iss="https://evil.example"),
    "of nobody": lambda issuer: issuer.token(MAIL, sub=None),
    "of an empty name": lambda issuer: issuer.token(MAIL, sub=""),
    "of a name of spaces": lambda issuer: issuer.token(MAIL, sub=" "),
    "another key": lambda issuer: issuer.token(MAIL, key=new_key("ES256")),
    "another kind of key": lambda issuer: issuer.token(MAIL, key=new_key("RS256"), algorithm="RS256"),
    "a key of no known kind": lambda issuer: issuer.token(MAIL, kid="odd"),
    "no signature": unsigned,
    "signed with the published key": signed_with_the_published_key,
    "no token": lambda issuer: "nonsense",
    "nothing": lambda issuer: "",
    "a bit changed": lambda issuer: issuer.token(MAIL)[:-4] + "AAAA",
    "deep JSON": lambda issuer: f"{base64.urlsafe_b64encode(b'[' * 9_000).decode()}.e30.AAAA",
    "too long": lambda issuer: issuer.token(MAIL, padding="x" * 20_000),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_what_is_no_token_of_the_issuers_is_refused(issuer: AuthorizationServer, kind: str) -> None:
    verifier = Issuer(issuer.url, MAIL)
    assert await verifier.verify_token(issuer.token(MAIL)) is not None
    assert await verifier.verify_token(REFUSED[kind](issuer)) is None


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_tokens_say_who_calls_and_what_for(algorithm: str) -> None:
    with authorization_server(algorithm) as issuer:
        verifier = Issuer(issuer.url, MAIL)
        for claims, client, scopes in (
            ({"scope": "mail.read other"}, "tests", ["mail.read", "other"]),
            ({"scp": ["mail.read", 7], "client_id": None, "azp": "portal"}, "portal", ["mail.read"]),
            ({"client_id": None, "aud": ["x", MAIL + "/"]}, SOMEBODY, []),
        ):
            who = await verifier.verify_token(issuer.token(MAIL, **claims))
            assert who is not None and (who.client_id, who.scopes, who.subject) == (client, scopes, SOMEBODY)
            assert who.claims == {"iss": issuer.url}


# Its keys


async def test_keys_are_fetched_once_and_again_for_a_new_one(issuer: AuthorizationServer) -> None:
    verifier = Issuer(issuer.url, MAIL, Keys(issuer.url, again_seconds=0))
    for _ in range(3):
        assert await verifier.verify_token(issuer.token(MAIL))
    assert issuer.asked.count("/keys") == 1
    before = issuer.token(MAIL)
    issuer.turn_key("second", "RS256")
    assert await verifier.verify_token(issuer.token(MAIL))
    assert issuer.asked.count("/keys") == 2
    assert await verifier.verify_token(before) is None


async def test_made_up_names_of_keys_do_not_make_the_server_ask(issuer: AuthorizationServer) -> None:
    verifier = Issuer(issuer.url, MAIL)
    for number in range(20):
        assert await verifier.verify_token(issuer.token(MAIL, kid=f"made-up-{number}")) is None
    assert issuer.asked.count("/keys") == 1
    assert await verifier.verify_token(issuer.token(MAIL))


async def test_an_issuer_that_is_away_is_said_and_asked_again_later(issuer: AuthorizationServer) -> None:
    issuer.broken = True
    verifier = Issuer(issuer.url, MAIL, Keys(issuer.url, again_seconds=0))
    with pytest.raises(IssuerUnavailable, match="could not be fetched"):
        await verifier.verify_token(issuer.token(MAIL))
    issuer.broken = False
    assert await verifier.verify_token(issuer.token(MAIL))
    # With keys at hand, one that went away after it is not noticed.
    issuer.broken = True
    assert await verifier.verify_token(issuer.token(MAIL))


async def test_a_caller_is_told_to_try_later(own_sample: Sample, issuer: AuthorizationServer) -> None:
    issuer.broken = True
    with served(issuer, own_sample) as url:
        code, body, headers = status(url, issuer.token(url, scope="mail.read"))
    assert (code, body["error"], headers["Retry-After"]) == (503, "temporarily_unavailable", "10")


@pytest.mark.parametrize(
    "published",
    ["", "[]", "{", "[" * 50_000, '{"keys": "none"}', '{"keys": 7}', '{"keys": [{}, 7, {"kid": []}]}', " " * 600_000],
)
async def test_keys_that_are_none_are_none(issuer: AuthorizationServer, published: str) -> None:
    issuer.published = published
    verifier = Issuer(issuer.url, MAIL)
    try:
        assert await verifier.verify_token(issuer.token(MAIL)) is None
    except IssuerUnavailable:
        assert not published.startswith('{"keys"')


@pytest.mark.parametrize(
    "where", ["https://[", "http://[::1", "http://evil.example/keys", "file:///etc/passwd", "", 7, [], "https://\x00"]
)
async def test_places_of_keys_that_are_none_are_said(
    issuer: AuthorizationServer, caplog: pytest.LogCaptureFixture, where: Any
) -> None:
    issuer.jwks_uri = where
    with pytest.raises(IssuerUnavailable):
        await Issuer(issuer.url, MAIL).verify_token(issuer.token(MAIL))
    assert f"The keys of {issuer.url} could not be fetched" in caplog.text


async def test_the_metadata_is_the_issuers_own_and_found_where_either_standard_puts_it(
    issuer: AuthorizationServer,
) -> None:
    issuer.metadata_name = "openid-configuration"
    assert await Issuer(issuer.url, MAIL).verify_token(issuer.token(MAIL))
    by_another_name = issuer.url.replace("127.0.0.1", "localhost")
    with pytest.raises(IssuerUnavailable):
        await Issuer(by_another_name, MAIL).verify_token(issuer.token(MAIL, iss=by_another_name))
    assert metadata_places("https://login.example/tenant/") == [
        "https://login.example/.well-known/oauth-authorization-server/tenant",
        "https://login.example/.well-known/openid-configuration/tenant",
        "https://login.example/tenant/.well-known/openid-configuration",
    ]


# Its settings

OF_ISSUER = {"issuer": "https://login.example.com", "resource_url": MAIL}


def test_other_machines_are_served_where_there_is_an_issuer() -> None:
    settings = read_settings({"transport": "http", "host": "0.0.0.0", **OF_ISSUER}, {})
    assert settings.issuer == "https://login.example.com"
    assert read_settings({"issuer": "http://localhost:9000", "resource_url": MAIL}, {}).issuer


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"issuer": "http://login.example.com"}, "--issuer must be a URL over https without a query"),
        ({"issuer": "https://login.example.com?x=1"}, "--issuer must be a URL over https"),
        ({"issuer": "https://ann:secret@login.example.com"}, "--issuer must be a URL over https"),
        ({"issuer": "https://login.example.com"}, "--issuer needs --resource-url"),
        ({"resource_url": MAIL}, "--resource-url is for an issuer of access tokens: name that with --issuer"),
        ({"required_scope": ["mail.read"]}, "--required-scope is for an issuer"),
        ({**OF_ISSUER, "required_scope": ['a"b']}, "--required-scope must be the name of a scope"),
        ({**OF_ISSUER, "no_token": "yes"}, "--issuer excludes --no-token"),
        ({**OF_ISSUER, "token_file": "token"}, "--issuer excludes --no-token, --token-file"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(flags: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        read_settings({"transport": "http", **flags}, {})


# What an operator is told


def test_doctor_says_whether_tokens_can_be_verified(
    sample: Sample, issuer: AuthorizationServer, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["doctor", "--local", str(sample.folder), "--issuer", issuer.url, "--resource-url", MAIL]
    main(words)
    assert f"Access tokens are verified with 1 key of {issuer.url}." in capsys.readouterr().out
    for fault, why in (({"broken": True}, "it has no metadata"), ({"published": '{"keys": []}'}, "publishes no key")):
        for name, value in {"broken": False, "published": None, **fault}.items():
            setattr(issuer, name, value)
        with pytest.raises(SystemExit) as ended:
            main([*words, "--json"])
        found = json.loads(capsys.readouterr().out)
        assert ended.value.code == 1 and why in found["Issuer"]["Problem"] and found["Issuer"]["Url"] == issuer.url
