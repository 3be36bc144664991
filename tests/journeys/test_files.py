"""Bots on unmodified libraries send files and fetch them; what was acknowledged is there after a kill."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from derailed.model import permissions
from tests.contracts.blob_stores import s3_server
from tests.journeys.people import Account, Guild, register
from tests.journeys.programs import Program
from tests.journeys.server import Server

pytestmark = pytest.mark.slow


def send_file(account: Account, channel_id: int) -> str:
    """A message with a file; the file's address."""
    answer = httpx.post(
        f"{account.server.api}/channels/{channel_id}/messages",
        headers={"authorization": account.token},
        files={"files[0]": ("a.txt", b"text")},
    )
    url: str = answer.json()["attachments"][0]["url"]
    return url


@pytest.mark.parametrize("script", ["files_discord_py.py", "files_hikari.py"])
def test_a_bot_sends_files(server: Server, script: str) -> None:
    with register(server, "anna") as owner:
        guild = Guild(owner)
        bot = guild.add_bot(permissions=permissions.ADMINISTRATOR)
        with bot, Program(script, server.url, bot.token, str(guild.general)) as program:
            done = program.until("done")
    assert done == {"event": "done", "files": ["füße.png", "more.txt"]}


def test_a_file_that_was_acknowledged_is_there_after_a_kill(server: Server) -> None:
    with register(server, "anna") as owner:
        url = send_file(owner, Guild(owner).general)
        server.kill()
        server.start()
        assert httpx.get(url).content == b"text"
        assert httpx.get(url.partition("?")[0]).status_code == 404


def test_files_may_be_kept_in_a_bucket(tmp_path: Path) -> None:
    with (
        s3_server() as bucket,
        Server(tmp_path / "data", DERAILED_BLOBS_URL=bucket) as server,
        register(server, "anna") as owner,
    ):
        url = send_file(owner, Guild(owner).general)
        assert httpx.get(url, headers={"range": "bytes=1-2"}).content == b"ex"
    assert not (tmp_path / "data" / "blobs").exists()
