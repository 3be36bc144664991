"""Settings are read whole or refused in one line, and never show a password."""

from __future__ import annotations

import pytest

from derailed.settings import WrongSetting, read, without_password


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@db.example/chat",
        "postgresql://ann:hun/ter:2@@db.example/chat",
        "postgresql://db.example/chat?user=ann&password=hunter2&sslmode=require",
        "redis://:hunter2@cache.example:6379/0",
    ],
)
def test_a_password_in_a_url_is_never_shown(url: str) -> None:
    shown = without_password(url)
    assert "ter" not in shown
    assert "***" in shown
    assert "example" in shown


@pytest.mark.parametrize("value", ["http://127.0.0.1:8080", "./data", "info", "postgresql://ann@db.example/chat"])
def test_what_has_no_password_is_shown_as_it_is(value: str) -> None:
    assert without_password(value) == value


def test_a_database_that_is_no_postgresql_is_refused_without_its_password() -> None:
    with pytest.raises(WrongSetting, match=r"^DERAILED_DATABASE_URL: ") as refused:
        read({"DERAILED_DATABASE_URL": "mysql://ann:hunter2@db.example/chat"})
    assert "hunter2" not in str(refused.value)


def test_the_database_is_the_one_of_the_url_or_the_embedded_one() -> None:
    url = "postgresql://ann@db.example/chat"
    assert read({"DERAILED_DATABASE_URL": url}).database == url
    assert read({"DERAILED_DATA_DIR": "/somewhere"}).database == "/somewhere/derailed.sqlite"


@pytest.mark.parametrize(("text", "scale"), [("on", 1.0), ("off", 0.0), ("2", 2.0), ("0.5", 0.5)])
def test_rate_limits_are_on_or_off_or_multiplied(text: str, scale: float) -> None:
    assert read({"DERAILED_RATE_LIMITS": text}).rate_limits == scale


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DERAILED_RATE_LIMITS", "0"),
        ("DERAILED_RATE_LIMITS", "-1"),
        ("DERAILED_RATE_LIMITS", "nan"),
        ("DERAILED_RATE_LIMITS", "lots"),
        ("DERAILED_LIMITS_URL", "http://cache.example"),
        ("DERAILED_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("DERAILED_TRUSTED_PROXIES", "proxy.example"),
        ("DERAILED_UNFURL", "maybe"),
    ],
)
def test_a_wrong_setting_of_limits_or_links_is_named(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name}: "):
        read({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DERAILED_PRESENCE_URL", "presence"),
        ("DERAILED_PRESENCE_URL", "10.0.0.1:0"),
        ("DERAILED_PRESENCE_URL", "10.0.0.1:65536"),
        ("DERAILED_PRESENCE_URL", "10.0.0.1:50051,10.0.0.1:50051"),
        ("DERAILED_PRESENCE_URL", "10.0.0.1:50051,"),
        ("DERAILED_MEMBERS_URL", "http://10.0.0.1"),
        ("DERAILED_GATEWAY_URL", "https://gateway.example"),
        ("DERAILED_GATEWAY_URL", "wss://gateway.example/socket"),
        ("DERAILED_HEALTH_PORT", "none"),
        ("DERAILED_DRAIN", "601"),
        ("DERAILED_LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_setting_of_services_is_named(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name}: "):
        read({name: value})


def test_services_are_listed_by_commas() -> None:
    settings = read(
        {"DERAILED_MEMBERS_URL": "10.0.0.1:50052, [::1]:50052", "DERAILED_GATEWAY_URL": "wss://gw.example/"}
    )
    assert settings.members_url == ("10.0.0.1:50052", "[::1]:50052")
    assert settings.gateway_url == "wss://gw.example"
    assert settings.health_port is None


def test_trusted_proxies_are_networks() -> None:
    settings = read({"DERAILED_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
    assert settings.shown("trusted_proxies") == "10.0.0.0/8,::1/128"
