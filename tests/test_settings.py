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
