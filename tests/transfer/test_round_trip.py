"""A guild goes from one instance to another and back, and is what it was, as the API tells it field by field."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from derailed.store.upkeep import opening
from tests.journeys.people import Account
from tests.journeys.place import run
from tests.journeys.server import Server, clean_environment, derailed, until
from tests.journeys.sockets import Socket
from tests.transfer.town import Town, fetched, seen

pytestmark = pytest.mark.slow


def done(*arguments: str, **settings: str) -> str:
    """What a command says that must succeed."""
    ran = derailed(*arguments, **settings)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def claimed(server: Server, name: str) -> Account:
    """An account that came with a guild, which the operator gives to its person."""
    password = done("user", "reset-password", name, **server.settings).strip()
    answer = httpx.post(f"{server.api}/auth/login", json={"login": name, "password": password}, timeout=30)
    assert answer.is_success, answer.text
    return Account(server, answer.json()["token"])


def test_a_guild_is_on_another_instance_what_it_was(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "harbour.tar"
    with Town(server) as town:
        told, files = seen(town.anna, town.guild.id), fetched(town.anna, seen(town.anna, town.guild.id))
        assert "guild" in done("export", str(town.guild.id), str(file), **server.settings)
    with Server(tmp_path / "other") as other:
        said = done("import", str(file), **other.settings)
        assert said == f"Guild {town.guild.id} is here.\n"
        with claimed(other, "anna") as anna:
            assert seen(anna, town.guild.id) == told
            assert fetched(anna, told) == files
            anna.send(town.guild.general, "and on it goes")
            again = seen(anna, town.guild.id)
            said = done("import", str(file), **other.settings)
            assert said == f"Guild {town.guild.id} is here already: nothing was changed.\n"
            assert seen(anna, town.guild.id) == again
        for name in ("carl", "pilot"):
            body = {"login": name, "password": ""}
            assert httpx.post(f"{other.api}/auth/login", json=body, timeout=30).status_code == 400


def test_commands_that_are_killed_by_chance_end_as_if_they_had_not_been(server: Server, tmp_path: Path) -> None:
    file, chance = tmp_path / "harbour.tar", random.Random(7)
    with Town(server) as town:
        told = seen(town.anna, town.guild.id)
        killed(chance, "export", str(town.guild.id), str(file), **server.settings)
    with Server(tmp_path / "other") as other:
        killed(chance, "import", str(file), **other.settings)
        with claimed(other, "anna") as anna:
            assert seen(anna, town.guild.id) == told


def killed(chance: random.Random, *arguments: str, **settings: str) -> None:
    """Run a command some times, each a little longer, with a kill -9 at a moment of chance; then to its end."""
    command = [sys.executable, "-m", "derailed", *arguments]
    for longest_s in (0.6, 0.8, 1.0, 1.2, 1.5):
        with subprocess.Popen(
            command, env=clean_environment() | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(chance.uniform(longest_s / 2, longest_s))
            except subprocess.TimeoutExpired:
                process.kill()
    last = derailed(*arguments, **settings)
    assert last.returncode == 0 or "is there already" in last.stderr, last.stderr


def test_a_guild_that_was_deleted_comes_back_with_its_ids_while_the_server_runs(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "harbour.tar"
    with Town(server) as town:
        told, files = seen(town.anna, town.guild.id), fetched(town.anna, seen(town.anna, town.guild.id))
        done("export", str(town.guild.id), str(file), **server.settings)
        town.anna.call("DELETE", f"/guilds/{town.guild.id}")
        until(lambda: not _remains(server), "the sweeper has removed what was the guild's")
        run(_hears(town, file, told))
        assert fetched(town.anna, told) == files
        assert int(town.ben.call("GET", "/users/@me/guilds")[0]["id"]) == town.guild.id
        assert town.carl.call("GET", "/users/@me/guilds") == []


def test_what_can_not_be_done_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    data, file = str(tmp_path / "data"), tmp_path / "harbour.tar"
    refused = derailed("export", "7", str(file), DERAILED_DATA_DIR=data)
    assert (refused.returncode, refused.stderr) == (2, "derailed: there is no guild 7\n")
    missing = derailed("import", str(file), DERAILED_DATA_DIR=data)
    assert (missing.returncode, missing.stderr.count("it can not be read (No such file")) == (2, 1)
    file.write_bytes(b"no archive" * 1000)
    for more in ((), ("--abandon",)):
        damaged = derailed("import", str(file), *more, DERAILED_DATA_DIR=data)
        assert (damaged.returncode, damaged.stderr.count("\n")) == (2, 1)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".half")] == []


async def _hears(town: Town, file: Path, before: dict[str, Any]) -> None:
    """Ben and Anna are connected while their guild comes back: each is told of it once, and of what is said in it."""
    async with Socket(town.ben.server) as ben, Socket(town.anna.server) as anna:
        for socket, account in ((ben, town.ben), (anna, town.anna)):
            assert (await socket.identify(account))["guilds"] == []
        output = await asyncio.to_thread(done, "import", str(file), **town.anna.server.settings)
        assert output == f"Guild {town.guild.id} is here.\n"
        assert seen(town.anna, town.guild.id) == before
        for socket in (ben, anna):
            await socket.until("GUILD_CREATE")
        said = town.anna.send(town.guild.general, "we are back")
        for socket in (ben, anna):
            await socket.until("MESSAGE_CREATE", lambda message: int(message["id"]) == said)
            told = [each for each in socket.seen if each["t"] == "GUILD_CREATE"]
            assert [int(each["d"]["id"]) for each in told] == [town.guild.id]
            added = {each["d"]["user"]["id"] for each in socket.seen if each["t"] == "GUILD_MEMBER_ADD"}
            assert told[0]["d"]["member_count"] + len(added) == 3


def test_a_guild_beside_itself_has_other_ids_and_is_otherwise_the_same(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "harbour.tar"
    with Town(server) as town:
        told = seen(town.anna, town.guild.id)
        done("export", str(town.guild.id), str(file), **server.settings)
        said = done("import", str(file), **server.settings)
        other = int(said.split()[1])
        assert other != town.guild.id
        copied, files = seen(town.anna, other), fetched(town.anna, seen(town.anna, other))
        assert seen(town.anna, town.guild.id) == told
        codes = ", ".join(sorted(each["code"] for each in told["/invites"]))
        assert sorted(re.findall(r"\w{8}\b", said.partition("left out")[2])) == codes.split(", ")
        assert alike(copied) == alike(told | {"/invites": []})
        kept = {str(account.id) for account in town.people} | set(
            re.findall(r"/attachments/\d+/(\d+)/", json.dumps(told))
        )
        assert ids(copied).isdisjoint(ids(told) - kept)
        for address in re.findall(r'/channels/(\d+)/(\d+)/(\d+)"', json.dumps(copied)):
            town.anna.call("GET", f"/channels/{address[1]}/messages/{address[2]}")
        town.anna.call("DELETE", f"/guilds/{town.guild.id}")
        assert fetched(town.anna, copied) == files
        assert done("import", str(file), **server.settings) == f"Guild {other} is here already: nothing was changed.\n"


def ids(told: dict[str, Any]) -> set[str]:
    """Every id, but for what the audit log says of what is gone."""
    text = json.dumps({key: value for key, value in told.items() if key != "audit"})
    return set(re.findall(r"\b\d{17,19}\b", text))


def alike(told: dict[str, Any]) -> str:
    """What is told without its ids: each is only which of them it is."""
    names: dict[str, str] = {}
    text = json.dumps(told)
    text = re.sub(r"\b\d{17,19}\b", lambda found: names.setdefault(found[0], f"id {len(names)}"), text)
    return re.sub(r"\b(?:a_)?[0-9a-f]{32}\b", lambda found: names.setdefault(found[0], f"picture {len(names)}"), text)


def _remains(server: Server) -> bool:
    """Whether anything is left of guilds and channels that were deleted."""
    return any(asyncio.run(_rows(server.settings.get("DERAILED_DATABASE_URL") or str(server.data / "derailed.sqlite"))))


async def _rows(location: str) -> list[int]:
    database = await opening.open_database("here", location)
    try:
        return [
            (await database.fetch(f"SELECT COUNT(*) FROM {table}"))[0][0] for table in ("deleted_channels", "chores")
        ]
    finally:
        await database.close()
