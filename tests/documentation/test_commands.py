"""The commands that stand in the documentation do what it says: each is run as it stands, in an installation like ours.

In a folder with `data`, `.venv` and `examples`. What a reader puts in (GUILD_ID, folders outside) is put in here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import msgspec
import pytest

from derailed.broker.server.configuration import load
from derailed.wire.embeds import Embed
from tests.broker.process import Broker
from tests.documentation.blocks import ELSEWHERE, ROOT, blocks, of
from tests.journeys.people import Guild, register
from tests.journeys.server import Server, clean_environment
from tests.servers import postgres
from tests.store import filled

ALL = [(block.page, block.text) for block in blocks() if block.kind == "sh" and block.text.strip() not in ELSEWHERE]
ALONE = [each for each in ALL if not re.search("GUILD_ID|harbour.tar| anna", each[1])]
OF_GUILDS = sorted({page for page, _ in set(ALL) - set(ALONE)})
CODES = {"derailed doctor": (0, 1)}
"""It finds that we are root, and that there is no server yet."""


def run(folder: Path, command: str, **settings: str) -> str:
    """What it prints."""
    for name, path in ((".venv", Path(sys.prefix)), ("examples", ROOT / "examples")):
        if not (folder / name).exists():
            (folder / name).symlink_to(path)
    done = subprocess.run(
        ["sh", "-euc", command.replace("/backups", f"{folder}/backups").replace("/srv", f"{folder}/srv")],
        cwd=folder,
        env=clean_environment() | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in CODES.get(command.strip(), (0,)), done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command"), ALONE, ids=[f"{page}-{number}" for number, (page, _) in enumerate(ALONE)])
def test_a_command_works_as_it_stands(page: str, command: str, tmp_path: Path) -> None:
    assert (ROOT / page).exists()
    (tmp_path / "data").mkdir()
    filled.fill(tmp_path / "data" / "derailed.sqlite")
    if "DERAILED_DATABASE_URL" not in command:
        run(tmp_path, command)
        return
    url = postgres.shared().database()
    run(tmp_path, command, DERAILED_DATABASE_URL=url)
    postgres.shared().drop(url)


@pytest.mark.slow
@pytest.mark.parametrize("page", OF_GUILDS)
def test_commands_about_a_guild_work_one_after_the_other(page: str, tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server, register(server, "anna") as anna:
        guild = Guild(anna)
        anna.send(guild.general, "all aboard")
        said = [
            run(tmp_path, command.replace("GUILD_ID", str(guild.id)), **server.settings)
            for of_page, command in ALL
            if of_page == page and (of_page, command) not in ALONE
        ]
    assert said
    if page == "docs/export.md":
        assert "all aboard" in said[-1]


@pytest.mark.slow
@pytest.mark.parametrize("session", of("docs/rules.md", "console"))
def test_what_is_typed_in_rules_md_as_console_is_answered_as_it_says(session: str, tmp_path: Path) -> None:
    for command, expected in re.findall(r"^\$ (.+)\n((?:[^$].*\n)*)", session, re.MULTILINE):
        assert run(tmp_path, command) == expected


def test_the_lua_of_rules_md_is_the_example_in_short() -> None:
    (shown,) = of("docs/rules.md", "lua")
    example = (ROOT / "examples" / "rules" / "shadow_ban.lua").read_text()
    assert _words(shown) == _words(re.sub(r"(?m)^--.*$", "", example))


def _words(lua: str) -> str:
    return re.sub(r"\s|,(?=\s*})", "", lua)


@pytest.mark.parametrize("shown", of("docs/operating.md", "toml"))
def test_a_toml_of_operating_md_is_taken_by_the_broker(shown: str, tmp_path: Path) -> None:
    file = tmp_path / "broker.toml"
    file.write_text(shown.replace('"…"', f'"{"0" * 64}"'))
    assert {space.name for space in load(file).spaces} >= tomllib.loads(shown)["namespaces"].keys()


@pytest.mark.slow
@pytest.mark.parametrize("program", of("docs/broker/start.md", "python"))
def test_a_program_in_start_md_runs_on_redis_py(program: str, tmp_path: Path) -> None:
    with Broker(tmp_path / "data") as broker:
        said = run(tmp_path, f"python - <<'END'\n{program.replace('6380', str(broker.port))}\nEND")
    assert re.search(r"room:1 .*hello", said)


@pytest.mark.slow
@pytest.mark.parametrize("shown", of("docs/wire/limits.md", "http"))
def test_the_http_of_limits_md_is_what_comes_of_asking_too_often(shown: str, tmp_path: Path) -> None:
    head, _, body = shown.partition("\n\n")
    with Server(tmp_path / "data", DERAILED_RATE_LIMITS="on") as server:
        for _ in range(1000):
            answer = httpx.post(f"{server.api}/auth/login", json={"login": "nobody", "password": "wrong"}, timeout=30)
            if answer.status_code == 429:
                break
    assert head.startswith(f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}")
    assert set(re.findall(r"^([\w-]+): ", head.lower(), re.MULTILINE)) <= {name.lower() for name in answer.headers}
    assert msgspec.json.decode(body).keys() == answer.json().keys()


@pytest.mark.parametrize("shown", of("docs/wire/links.md", "json"))
def test_a_json_of_links_md_is_an_embed(shown: str) -> None:
    assert msgspec.json.decode(shown, type=Embed).title == "Timetable"
