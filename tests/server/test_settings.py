"""Settings: flags, variables, mistakes."""

import dataclasses
from pathlib import Path

import pytest

from mail_archive_server.settings import SETTINGS, SettingError, Settings, read_settings


def test_every_setting_is_declared_once() -> None:
    assert [setting.name for setting in SETTINGS] == [field.name for field in dataclasses.fields(Settings)]


def test_a_secret_has_no_flag_and_is_in_no_error_and_no_repr() -> None:
    secrets = [setting for setting in SETTINGS if setting.secret]
    assert [(each.flag, each.variable) for each in secrets] == [
        ("", "MAIL_ARCHIVE_TOKEN"),
        ("", "MAIL_ARCHIVE_CURSOR_KEY"),
    ]
    for each in secrets:
        with pytest.raises(SettingError, match=f"{each.variable} must be at least 16 characters") as caught:
            read_settings({}, {each.variable: "hunter2"})
        assert "hunter2" not in str(caught.value)
        settings = read_settings({}, {each.variable: "a key of 16 chars"})
        assert getattr(settings, each.name) == "a key of 16 chars"
        assert "16 chars" not in repr(settings)


def test_a_flag_wins_over_a_variable() -> None:
    environment = {"MAIL_ARCHIVE_PORT": "9000", "MAIL_ARCHIVE_LOCAL": "here", "MAIL_ARCHIVE_LOG_LEVEL": "debug"}
    settings = read_settings({"port": "9001", "local": None}, environment)
    assert (settings.port, settings.local, settings.log_level) == (9001, Path("here"), "DEBUG")


def test_an_empty_variable_is_none() -> None:
    assert read_settings({}, {"MAIL_ARCHIVE_REGION": ""}) == Settings()


@pytest.mark.parametrize(
    ("flags", "environment", "words"),
    [
        ({"port": "http"}, {}, "--port must be a port number from 0 to 65535; it is 'http'"),
        ({}, {"MAIL_ARCHIVE_PORT": "70000"}, "MAIL_ARCHIVE_PORT must be a port number"),
        ({"transport": "sse"}, {}, "--transport must be one of stdio, http"),
        ({"log_level": "loud"}, {}, "one of DEBUG, INFO, WARNING, ERROR"),
        ({"endpoint_url": "localhost"}, {}, "--endpoint-url must be a URL such as https"),
        ({"endpoint_url": "http://[::1"}, {}, "--endpoint-url must be a URL"),
        ({"endpoint_url": "https://"}, {}, "--endpoint-url must be a URL"),
        ({"endpoint_url": "https://host:port"}, {}, "--endpoint-url must be a URL"),
        ({"search_seconds": "soon"}, {}, "number of seconds"),
        ({"search_seconds": "nan"}, {}, "number of seconds"),
        ({"download_links": "maybe"}, {}, "one of show, hide"),
        ({"local": "x", "region": "us-east-1"}, {}, "--local and --region exclude each other"),
        ({"local": "x"}, {"MAIL_ARCHIVE_ENDPOINT_URL": "https://x"}, "--local and --endpoint-url exclude each other"),
        ({"known": ["nobody"]}, {}, "--known must be a domain, an address or a name and an address, such as"),
        ({"role_arn": "analyst"}, {}, "--role-arn must be a role's ARN: arn:aws:iam::123456789012:role/NAME; it is"),
        ({"session_tag": ["team"]}, {}, "--session-tag must be a key and a value such as team=legal"),
        ({"source_identity": "a b"}, {}, "--source-identity must be 2 to 64 letters, digits"),
        ({"duration_seconds": "900"}, {}, "--duration-seconds must be a number of seconds from 1800 to 43200"),
        ({"archive": ["a-1", "legal"]}, {}, "--archive must be an archive's id, such as a-.*; it is 'legal'"),
        ({}, {"MAIL_ARCHIVE_ARCHIVE": "a-1, b-2"}, "MAIL_ARCHIVE_ARCHIVE must be an archive's id.*'b-2'"),
        ({"transport": "http", "host": "0.0.0.0"}, {}, "can be reached by other machines"),
        ({}, {"MAIL_ARCHIVE_RETION": "x"}, "MAIL_ARCHIVE_RETION is no setting. There are .*MAIL_ARCHIVE_REGION"),
    ],
)
def test_mistakes_are_named(flags: dict[str, str], environment: dict[str, str], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        read_settings(flags, environment)
