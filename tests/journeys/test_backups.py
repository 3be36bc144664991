"""A backup that is taken while people talk is put back whole: what they said, their files, and that they are known."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.journeys.people import Account, Guild, register
from tests.journeys.server import Server, derailed

pytestmark = pytest.mark.slow


def _attach(account: Account, channel_id: int, content: bytes) -> str:
    """Post a file; where it is fetched from, without the server."""
    answer = httpx.post(
        f"{account.server.api}/channels/{channel_id}/messages",
        headers={"Authorization": account.token},
        files={"files[0]": ("a.txt", content, "text/plain")},
        timeout=30,
    )
    assert answer.is_success, answer.text
    return httpx.URL(answer.json()["attachments"][0]["url"]).raw_path.decode()


def test_what_was_there_at_the_backup_is_there_after_the_restore_and_nothing_else(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with Server(tmp_path / "data") as server, register(server, "anna") as anna:
        guild = Guild(anna)
        before = [anna.send(guild.general, f"before {number}") for number in range(20)]
        file = _attach(anna, guild.general, b"a picture of the harbour")
        done = derailed("backup", str(copy), **server.settings)
        assert (done.returncode, done.stdout) == (0, f"{copy} holds blobs, derailed.sqlite, secret.\n"), done.stderr
        after = anna.send(guild.general, "after")
    put_back = tmp_path / "elsewhere"
    restored = derailed("restore", str(copy), DERAILED_DATA_DIR=str(put_back))
    assert restored.returncode == 0, restored.stderr
    with Server(put_back) as server, Account(server, anna.token) as anna:
        said = {int(each["id"]) for each in anna.call("GET", f"/channels/{guild.general}/messages?limit=100")}
        assert set(before) <= said
        assert after not in said
        assert httpx.get(server.url + file, timeout=30).content == b"a picture of the harbour"
        anna.send(guild.general, "and on it goes")


def test_nothing_is_overwritten_and_nothing_half_is_put_back(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        assert derailed("backup", str(tmp_path / "copy"), **server.settings).returncode == 0
        for command in (["backup", str(tmp_path / "copy")], ["restore", str(tmp_path / "copy")]):
            refused = derailed(*command, **server.settings)
            assert (refused.returncode, refused.stderr.count("is there already")) == (2, 1), refused.stderr
    nothing = derailed("restore", str(tmp_path), DERAILED_DATA_DIR=str(tmp_path / "new"))
    assert (nothing.returncode, nothing.stderr.count("is no backup")) == (2, 1)
    (tmp_path / "copy" / "derailed.sqlite").unlink()
    half = derailed("restore", str(tmp_path / "copy"), DERAILED_DATA_DIR=str(tmp_path / "new"))
    assert (half.returncode, half.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "new").exists()
