"""The server's settings: each once, as a flag and as a `MAIL_ARCHIVE_*` variable. A flag wins over the variable."""

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from mail_archive_server.setting_values import (
    correspondent,
    export_place,
    http_url,
    index_place,
    key,
    one_of,
    path,
    port,
    seconds,
    session_seconds,
    tag,
    trustworthy_url,
    words,
    yes_or_no,
)

ENVIRONMENT_PREFIX = "MAIL_ARCHIVE_"

Transport = Literal["stdio", "http"]
Consent = Literal["ask", "code", "host"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

_Value = TypeVar("_Value")


class SettingError(Exception):
    """A setting that cannot be used; the text names it and what it may be."""


@dataclass(frozen=True)
class Settings:
    """How to serve, and where the archives are."""

    transport: Transport = "stdio"
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    no_token: bool = False
    issuer: str | None = None
    resource_url: str | None = None
    required_scope: tuple[str, ...] = ()
    socket: Path | None = None
    local: Path | None = None
    sample: bool = False
    search_seconds: float = 0.05
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    role_session_name: str = "mail-archive-mcp"
    source_identity: str | None = None
    session_tag: tuple[tuple[str, str], ...] = ()
    duration_seconds: int = 3600
    archive: tuple[str, ...] = ()
    unscoped_ok: bool = False
    toolsets: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    endpoint_url: str | None = None
    consent: Consent = "ask"
    export_to: tuple[str, ...] = ()
    export_folder: Path | None = None
    s3_endpoint_url: str | None = None
    trusted_authserv_id: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    dkim_keys: Path | None = None
    dns: bool = False
    facts: Path | None = None
    index: str | None = None
    download_links: Literal["show", "hide"] = "show"
    cursor_key: str | None = field(default=None, repr=False)
    log_level: LogLevel = "WARNING"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, to which no other has a way."""
        return self.host in ("127.0.0.1", "localhost", "::1")


def flag_of(name: str) -> str:
    """The flag of the setting of that name."""
    return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class Setting:
    """One setting: `read` makes its value from text and raises ValueError with what it should have been."""

    name: str
    read: Callable[[str], Any]
    help: str
    metavar: str
    secret: bool = False
    """A secret has no flag, since other users of a machine see those, and is in no error."""
    switch: bool = False
    """A switch's flag stands by itself."""
    many: bool = False
    """What may be given several times, or several with commas between them; `read` reads one."""

    @property
    def flag(self) -> str:
        if self.secret:
            return ""
        return flag_of(self.name)

    @property
    def flags(self) -> tuple[str, ...]:
        """All ways to write it: `--tool` for one of `--tools` as well."""
        if not self.many or not self.flag.endswith("s"):
            return (self.flag,)
        # `--tool` for one of `--tools`.
        return (self.flag, self.flag[:-1])

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def default(self) -> Any:
        return getattr(Settings(), self.name)


_IN_STS = r"[\w+=,.@-]{2,64}"
_STS_NAME = "2 to 64 letters, digits and +=,.@-"

SETTINGS = (
    Setting("transport", one_of("stdio", "http"), "how clients reach the server", "stdio|http"),
    Setting(
        "host",
        str,
        "with http: the address to listen on; one that other machines reach needs a token of yours, or an issuer",
        "HOST",
    ),
    Setting("port", port, "with http: the port to listen on", "PORT"),
    Setting("token", key, "with http: the bearer token that callers have to send", "TOKEN", secret=True),
    Setting("token_file", path, "with http: where the token is; made there where there is none", "FILE"),
    Setting("no_token", yes_or_no, "with http: answer every local user", "yes|no", switch=True),
    Setting(
        "issuer",
        trustworthy_url("https://login.example.com"),
        "with http: the OAuth 2.0 authorization server whose access tokens callers send; clients find it by themselves",
        "URL",
    ),
    Setting(
        "resource_url",
        trustworthy_url("https://mail.example.com/mcp"),
        "with an issuer: the URL that clients reach the server by, which tokens have to be made for",
        "URL",
    ),
    Setting(
        "required_scope",
        words(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255}", "the name of a scope, such as mail.read"),
        "with an issuer: a scope that tokens need; may be repeated",
        "NAME",
        many=True,
    ),
    Setting("socket", path, "with http: a Unix socket to listen on instead of a port, for this user alone", "PATH"),
    Setting("local", path, "a folder with a local archive to serve instead of AWS", "DIR"),
    Setting(
        "sample",
        yes_or_no,
        "serve a sample archive, made for this run in a temporary folder: a small company's year of mail",
        "yes|no",
        switch=True,
    ),
    Setting("search_seconds", seconds, "how long a search of the local archive takes", "SECONDS"),
    Setting("region", str, "the AWS Region; else AWS's own settings say it", "REGION"),
    Setting(
        "profile", str, "the AWS profile, or the user in a local archive's identity.json; else AWS's own say it", "NAME"
    ),
    Setting(
        "role_arn",
        words(
            r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", "a role's ARN: arn:aws:iam::123456789012:role/NAME"
        ),
        "a role to assume",
        "ARN",
    ),
    Setting(
        "external_id",
        words(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 letters, digits and +=,.@:/-"),
        "with a role: the external id that its trust policy asks for",
        "ID",
    ),
    Setting("role_session_name", words(_IN_STS, _STS_NAME), "with a role: what its session is called", "NAME"),
    Setting("source_identity", words(_IN_STS, _STS_NAME), "with a role: who stands behind the session", "NAME"),
    Setting("session_tag", tag, "with a role: a tag of the session; may be repeated", "KEY=VALUE", many=True),
    Setting(
        "duration_seconds", session_seconds, "how long sessions last, which are renewed before their end", "SECONDS"
    ),
    Setting(
        "archive",
        words(r"a-[A-Za-z0-9_]{1,64}", "an archive's id, such as a-0123456789abcdefghijklmnop"),
        "an archive to keep to, in AWS itself; may be repeated",
        "ID",
        many=True,
    ),
    Setting(
        "unscoped_ok",
        yes_or_no,
        "with archives: go on where AWS cannot keep the credentials to them, and have only this server do it",
        "yes|no",
        switch=True,
    ),
    Setting("toolsets", str, "the toolsets to offer; may be repeated", "NAME", many=True),
    Setting(
        "tools",
        str,
        "tools to offer by name, these alone where no toolset is named; may be repeated",
        "NAME",
        many=True,
    ),
    Setting("endpoint_url", http_url, "another endpoint of the Mail Manager API", "URL"),
    Setting(
        "consent",
        one_of("ask", "code", "host"),
        "how the user agrees to what changes something: the client asks; the terminal that starts the server shows a "
        "one-time code, which has to come back; or the host alone asks, and the model is given the code",
        "ask|code|host",
    ),
    Setting(
        "export_to",
        export_place,
        "a place that exports may go to, in AWS itself; may be repeated; without one nothing is exported",
        "S3URL",
        many=True,
    ),
    Setting("export_folder", path, "a folder whose folders are the buckets of a local archive's exports", "DIR"),
    Setting("s3_endpoint_url", http_url, "another endpoint of the S3 API, where exports go", "URL"),
    Setting(
        "trusted_authserv_id",
        words(r"[\w.-]{1,255}", "the name of a server, such as mx.example.com"),
        "a server whose authentication results are trusted, since it takes out forged ones; may be repeated",
        "NAME",
        many=True,
    ),
    Setting(
        "known",
        correspondent,
        "who writes here: a domain, an address or `Name <address>`; what looks like one is a finding; may be repeated",
        "WHO",
        many=True,
    ),
    Setting("dkim_keys", path, "a file of DKIM keys that signatures are verified with", "FILE"),
    Setting("dns", yes_or_no, "look up DKIM keys in DNS, which tells domains that mail is read", "yes|no", switch=True),
    Setting(
        "facts",
        path,
        "a folder to keep what messages show in (sizes, hosts, names of files, findings; no text), so that they need "
        "not be read again after a restart",
        "DIR",
    ),
    Setting(
        "index",
        index_place,
        "the index of content that answers what it holds, a file that `mail-archive-mcp index` makes; none: not even "
        "the one in a local archive's folder",
        "FILE",
    ),
    Setting("download_links", one_of("show", "hide"), "whether get_archive_message shows its link", "show|hide"),
    Setting(
        "cursor_key", key, "a key that seals cursors; the same for all servers that share them", "KEY", secret=True
    ),
    Setting("log_level", one_of("DEBUG", "INFO", "WARNING", "ERROR"), "how much goes to stderr", "LEVEL"),
)


def add_flags(parser: argparse.ArgumentParser, settings: tuple[Setting, ...] = SETTINGS) -> None:
    """Give `parser` the flags of these settings. Values stay text until `read_settings`."""
    for setting in settings:
        if setting.secret:
            continue
        if setting.switch:
            parser.add_argument(
                setting.flag,
                dest=setting.name,
                action="store_const",
                const="yes",
                help=f"{setting.help} ({setting.variable})",
            )
            continue
        if setting.many:
            parser.add_argument(
                *setting.flags,
                dest=setting.name,
                metavar=setting.metavar,
                action="append",
                help=f"{setting.help} ({setting.variable})",
            )
            continue
        default = ""
        if setting.default is not None:
            default = f", {setting.default} by default"
        parser.add_argument(
            setting.flag,
            dest=setting.name,
            metavar=setting.metavar,
            help=f"{setting.help} ({setting.variable}{default})",
        )


def read_settings(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that flags and variables give.

    Raises:
        SettingError: a value cannot be used, or there is a `MAIL_ARCHIVE_*` variable that is no setting.
    """
    known = {setting.variable for setting in SETTINGS}
    for name in environment:
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            raise SettingError(f"{name} is no setting. There are {', '.join(sorted(known))}.")

    values = {}
    for setting in SETTINGS:
        source, text = setting.flag, flags.get(setting.name)
        if text is None:
            source, text = setting.variable, _meant(environment.get(setting.variable))
        if text is not None:
            values[setting.name] = _read(setting, source, text)

    settings = Settings(**values)
    _refuse_contradictions(settings)
    return settings


def _meant(text: str | None) -> str | None:
    """A variable as it was set. Hosts leave the placeholder of what a user did not fill in, or nothing."""
    if not text:
        return None
    # https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md
    if text.startswith("${user_config."):
        return None
    return text


def _read(setting: Setting, source: str, given: str | list[str]) -> Any:
    if not setting.many:
        return read_value(setting.read, source, cast(str, given), setting.secret)

    if isinstance(given, str):
        given = [given]
    texts = [part.strip() for text in given for part in text.split(",")]
    values = [read_value(setting.read, source, text) for text in texts if text]
    # Each once, in the order given.
    return tuple(dict.fromkeys(values))


def read_value(read: Callable[[str], _Value], source: str, text: str, secret: bool = False) -> _Value:
    """
    Raises:
        SettingError: the text is none of what `source`, a flag or a variable, may be.
    """
    try:
        return read(text)
    except ValueError as error:
        found = ""
        if not secret:
            found = f"; it is {text!r}"
        raise SettingError(f"{source} must be {error}{found}.") from None


def _refuse_contradictions(settings: Settings) -> None:
    if settings.local is not None:
        for name in ("region", "endpoint_url"):
            if getattr(settings, name) is not None:
                raise SettingError(
                    f"--local and {flag_of(name)} exclude each other: one names a folder, the other AWS."
                )
    if settings.sample:
        for name in ("local", "region", "endpoint_url"):
            if getattr(settings, name) is not None:
                raise SettingError(f"--sample and {flag_of(name)} exclude each other: leave one of them out.")
    if settings.export_folder is not None:
        if settings.local is None:
            raise SettingError("--export-folder is for a local archive: name that with --local.")
        if settings.s3_endpoint_url is not None:
            raise SettingError("--export-folder and --s3-endpoint-url exclude each other: exports go to one of them.")
    _refuse_unclear_callers(settings)


def _refuse_unclear_callers(settings: Settings) -> None:
    """There is one way to tell who may call."""
    if settings.token and settings.token_file:
        raise SettingError("--token-file and MAIL_ARCHIVE_TOKEN exclude each other: both give the token.")
    has_token = any((settings.token, settings.token_file))
    if settings.no_token and has_token:
        raise SettingError("--no-token excludes a token: leave it out, or --token-file and MAIL_ARCHIVE_TOKEN.")
    if settings.issuer and any((settings.no_token, has_token)):
        raise SettingError(
            "--issuer excludes --no-token, --token-file and MAIL_ARCHIVE_TOKEN: callers have tokens of the issuer's."
        )
    if settings.issuer and settings.resource_url is None:
        raise SettingError(
            "--issuer needs --resource-url: the URL that clients reach this server by, https://mail.example.com/mcp "
            "for example."
        )
    for name in ("resource_url", "required_scope"):
        if getattr(settings, name) and settings.issuer is None:
            raise SettingError(f"{flag_of(name)} is for an issuer of access tokens: name that with --issuer.")

    is_reached_by_others = settings.transport == "http" and not settings.is_loopback
    tells_callers_apart = has_token or settings.issuer is not None
    if is_reached_by_others and not tells_callers_apart:
        raise SettingError(
            f"--host {settings.host} can be reached by other machines. Give a token that callers have to send, with "
            "--token-file or MAIL_ARCHIVE_TOKEN, name an issuer of access tokens with --issuer, or listen on "
            "127.0.0.1, localhost or ::1."
        )
