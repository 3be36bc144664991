"""Several processes are one server to whoever uses it, also while some of them are gone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.balancer import Balancer
from tests.journeys.people import Account, Guild, register
from tests.journeys.place import Place, run
from tests.journeys.programs import Program
from tests.journeys.server import Running, ask, derailed, until
from tests.journeys.split import Split, gateway_of
from tests.servers.broker import Broker
from tests.servers.valkey import Valkey

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
LOOKED_WITHIN_S = 60


@pytest.fixture
def split(tmp_path: Path) -> Iterator[Split]:
    """All parts, running."""
    with Split(tmp_path / "data") as running:
        yield running


@pytest.fixture
def shared_place(split: Split) -> Iterator[Place]:
    """A guild on it."""
    made = Place(split)
    with made.anna, made.ben, made.bot:
        yield made


# --- a node goes, its clients go on elsewhere


@pytest.mark.parametrize("end", [Running.kill, Running.terminate])
def test_a_session_is_resumed_whole_on_another_node(
    split: Split, shared_place: Place, end: Callable[[Running], object]
) -> None:
    place = shared_place

    async def journey() -> None:
        async with place.socket(at=gateway_of(split.one)) as it:
            ready = await it.identify(place.ben)
            sent = [place.say("heard")]
            await it.until("MESSAGE_CREATE")
            ending = asyncio.create_task(asyncio.to_thread(end, split.one))
            sent += [place.say(f"meanwhile {number}") for number in range(20)]
            await it.closed()
            assert await ending in (None, 0)
        sent += [place.say(f"missed {number}") for number in range(20)]
        async with place.socket("zlib-stream", at=gateway_of(split.other)) as again:
            await again.resume(place.ben, ready["session_id"], it.sequence)
            await again.until("RESUMED")
            sent.append(place.say("live"))
            await again.whole(place.anna, place.guild.general)
            assert it.messages() + again.messages() == sent

    run(journey())


@pytest.mark.parametrize("script", ["bot_discord_py.py", "bot_hikari.py"])
@pytest.mark.parametrize("end", [Running.kill, Running.terminate])
def test_a_real_library_resumes_on_another_node(tmp_path: Path, script: str, end: Callable[[Running], object]) -> None:
    with Balancer([]) as balancer, Split(tmp_path / "data", DERAILED_GATEWAY_URL=balancer.url) as split:
        balancer.ports = [split.one.port, split.other.port]
        with register(split, "anna") as anna:
            guild = Guild(anna)
            with guild.add_bot() as account, Program(script, split.url, account.token) as bot:
                bot.until("ready")
                sent = [anna.send(guild.general, "heard")]
                bot.until("message", lambda told: told["id"] == sent[0])
                end(split.one)
                sent += [anna.send(guild.general, f"meanwhile {number}") for number in range(20)]
                bot.until("resumed")
                sent.append(anna.send(guild.general, "live"))
                bot.until("message", lambda told: told["id"] == sent[-1])
                assert [told["id"] for told in bot.all("message")] == sent
                assert len(bot.all("ready")) == 1


# --- what acts on live sockets, wherever they are


def _log_out(place: Place, stranger: Account) -> None:
    stranger.call("POST", "/auth/logout", {})


def _kick(place: Place, stranger: Account) -> None:
    place.anna.call("DELETE", f"/guilds/{place.guild.id}/members/{stranger.id}")


def _ban(place: Place, stranger: Account) -> None:
    place.anna.call("PUT", f"/guilds/{place.guild.id}/bans/{stranger.id}", {})


def test_revocations_kicks_and_bans_act_on_every_node_at_once(split: Split, shared_place: Place) -> None:
    place = shared_place

    async def journey() -> None:
        for act in (_log_out, _kick, _ban):
            for node in split.nodes:
                with place.stranger() as stranger:
                    place.guild.admit(stranger)
                    async with place.socket(at=gateway_of(node)) as it:
                        await it.identify(stranger)
                        await it.whole(place.anna, place.guild.general)
                        act(place, stranger)
                        began = time.monotonic()
                        if act is _log_out:
                            assert await it.closed() == 4004
                        else:
                            assert await it.until("GUILD_DELETE") == {"id": str(place.guild.id)}
                        assert time.monotonic() - began < 1

    run(journey())


# --- how it goes


def test_every_part_says_how_it_goes_and_only_the_api_anything_else(split: Split) -> None:
    for part in split.parts:
        assert ask(f"{part.url}/healthz") == (200, "ok\n")
        assert part.readiness() == (200, "ok\n")
        status, metrics = ask(f"{part.url}/metrics")
        assert status == 200
        assert "derailed_loop_stall_seconds_bucket" in metrics
        assert ask(f"{part.url}/api/v10/gateway")[0] == (200 if part is split.front else 404)
    assert ask(f"{split.url}/api/v10/gateway")[1] == f'{{"url":"{split.gateway}"}}'


# --- helpers that are not there


def test_without_helpers_everything_else_works_and_says_so(tmp_path: Path) -> None:
    split = Split(tmp_path / "data")
    with split.unstarted():
        for part in (split.front, *split.nodes):
            part.launch()
        for part in (split.front, *split.nodes):
            part.until_ready()
        place = Place(split)
        for node in split.nodes:
            assert _lines(node) == {"presence", "members"}
            assert all(f"    {line}\n" in PAGE for line in node.readiness()[1].splitlines())

        async def journey() -> None:
            async with place.socket() as it:
                await it.identify(place.bot, intents=(1 << 15) | (1 << 9) | 3, presence={"status": "online"})
                await it.until("GUILD_CREATE")
                await it.send(8, {"guild_id": str(place.guild.id), "query": "", "limit": 0})
                chunk = await it.until("GUILD_MEMBERS_CHUNK")
                assert {each["user"]["username"] for each in chunk["members"]} == {"anna", "ben", "Pilot"}
                sent = place.say()
                await it.whole(place.anna, place.guild.general)
                assert it.messages() == [sent]

        with place.anna, place.ben, place.bot:
            run(journey())
        for part in (split.presence, split.members):
            part.start()
        for node in split.nodes:
            until(lambda node=node: node.readiness() == (200, "ok\n"), "all is there", LOOKED_WITHIN_S)  # type: ignore[misc]


@pytest.mark.parametrize("name", ["presence", "members"])
def test_a_helper_that_dies_is_missed_once_and_found_once(split: Split, shared_place: Place, name: str) -> None:
    place, helper = shared_place, {"presence": split.presence, "members": split.members}[name]

    async def journey() -> None:
        async with place.socket(at=gateway_of(split.one)) as it:
            await it.identify(place.ben)
            await it.whole(place.anna, place.guild.general)
            for _ in range(2):
                helper.kill()
                await asyncio.to_thread(until, lambda: _lines(split.one) == {name}, "it is missed", LOOKED_WITHIN_S)
                sent = place.say()
                await it.whole(place.anna, place.guild.general)
                assert it.messages()[-1] == sent
                await asyncio.to_thread(_said, split.one, f'"{name}: no service answers', f'"{name}: found"')
                await asyncio.to_thread(helper.start)
                await asyncio.to_thread(until, lambda: _lines(split.one) == set(), "it is found", LOOKED_WITHIN_S)
                await asyncio.to_thread(_said, split.one, f'"{name}: found"', f'"{name}: no service answers')

    run(journey(), within_s=180)


def _said(node: Running, line: str, other: str) -> None:
    """Wait until it has said that, as often as the other or once more."""
    until(lambda: 0 < node.log.count(line) >= node.log.count(other), f"it says {line}", LOOKED_WITHIN_S)
    assert abs(node.log.count(line) - node.log.count(other)) <= 1


def _lines(node: Running) -> set[str]:
    """What it says is worse than usual, while it is ready."""
    status, text = node.readiness()
    assert status == 200, text
    return {line.partition(":")[0] for line in text.splitlines() if line != "ok"}


# --- what nobody can do without


@pytest.mark.parametrize("bus", [Valkey, Broker])
def test_without_the_bus_or_the_database_nothing_is_ready_until_they_are_back(
    tmp_path: Path, bus: type[Valkey | Broker]
) -> None:
    with Split(tmp_path / "data", own_postgres=True, bus=bus()) as split:
        place = Place(split)
        with place.anna, place.ben, place.bot:
            needing = (split.front, split.members, *split.nodes)
            split.bus.kill()
            for part in needing:
                _until_not_ready(part, "bus: ")
            split.bus.start()
            for part in needing:
                part.until_ready()
            split.postgres.kill()
            for part in needing:
                _until_not_ready(part, "database: ")
            split.postgres.start()
            for part in needing:
                part.until_ready()

            async def journey() -> None:
                for node in split.nodes:
                    async with place.socket(at=gateway_of(node)) as it:
                        await it.identify(place.ben)
                        sent = place.say()
                        await it.whole(place.anna, place.guild.general)
                        assert it.messages() == [sent]

            run(journey())


def test_services_that_start_before_their_database_wait_for_it(tmp_path: Path) -> None:
    with Split(tmp_path / "data", own_postgres=True) as split:
        for part in split.parts:
            part.kill()
        split.postgres.kill()
        for part in split.parts:
            part.launch()
        for part in (split.front, *split.nodes, split.members):
            _until_not_ready(part, "starting")
        assert split.one.terminate() == 0
        split.postgres.start()
        split.one.launch()
        for part in split.parts:
            part.until_ready()
        register(split, "anna").close()


def _until_not_ready(part: Running, reason: str) -> None:
    def is_not() -> bool:
        status, text = part.readiness()
        return status == 503 and text.startswith(reason)

    until(is_not, f"it says {reason}", LOOKED_WITHIN_S)


@pytest.mark.parametrize("command", ["api", "wss", "members"])
@pytest.mark.parametrize("missing", ["DERAILED_DATABASE_URL", "DERAILED_BUS_URL", "DERAILED_PRESENCE_URL"])
def test_what_a_service_shares_has_to_be_set(tmp_path: Path, command: str, missing: str) -> None:
    settings = {
        "DERAILED_DATA_DIR": str(tmp_path),
        "DERAILED_DATABASE_URL": "postgresql://127.0.0.1:1/none",
        "DERAILED_BUS_URL": "redis://127.0.0.1:1",
        "DERAILED_PRESENCE_URL": "127.0.0.1:1",
        missing: "",
    }
    ended = derailed(command, **settings)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith(f"derailed: {missing}: ")


@pytest.mark.parametrize("command", ["presence", "members", "wss"])
def test_a_service_whose_port_is_taken_says_so_in_one_line(split: Split, command: str) -> None:
    ended = derailed(command, **split.settings, DERAILED_LOG_LEVEL="error")
    name = {"wss": "GATEWAY"}.get(command, command.upper())
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith(f"derailed: DERAILED_{name}_PORT: ")


def test_processes_that_start_together_make_one_secret(tmp_path: Path) -> None:
    program = "import sys, pathlib; from derailed.app.secret import secret_in as s; print(s(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", program, str(tmp_path / "data" / "secret")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    assert len({process.communicate()[0] for process in started}) == 1
