"""The compose file's processes, run here as it says: its commands and its settings, but for where things are."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.deploy.test_deploy import NEEDED, OURS, _environment
from tests.journeys.server import Running, free_port, until
from tests.servers import postgres, valkey

pytestmark = pytest.mark.slow

LISTENS = ("HTTP", "GATEWAY", "PRESENCE", "MEMBERS")


def here(name: str, data: Path, database: str, ports: dict[str, int]) -> Running:
    """One of its services. A container has a network of its own, where all may have the same ports; here none do."""
    told = _environment(OURS[name])
    health = free_port()
    own = {f"DERAILED_{what}_PORT": str(free_port()) for what in LISTENS}
    own |= {f"DERAILED_{kind.upper()}_PORT": str(port) for kind, port in ports.items() if kind == name}
    hosts = {each: "127.0.0.1" for each in told if each.endswith("_HOST")}
    elsewhere = {
        "DERAILED_DATABASE_URL": database,
        "DERAILED_BUS_URL": valkey.shared().url,
        "DERAILED_PRESENCE_URL": f"127.0.0.1:{ports['presence']}",
        "DERAILED_MEMBERS_URL": f"127.0.0.1:{ports['members']}",
        "DERAILED_DATA_DIR": str(data),
        "DERAILED_HEALTH_PORT": str(health),
    }
    assert set(elsewhere) <= set(told), "what is told here is told there"
    return Running(OURS[name]["command"], told | own | hosts | elsewhere, health, data / f"{name}.log")


def finds_the_others(node: Running) -> bool:
    """Whether it lacks nothing."""
    return "no service answers" not in node.readiness()[1]


def test_all_of_them_start_and_find_each_other(tmp_path: Path) -> None:
    database = postgres.shared().database()
    ports = {"presence": free_port(), "members": free_port()}
    with ExitStack() as ends:
        ends.callback(postgres.shared().drop, database)
        running = {name: here(name, tmp_path, database, ports) for name in OURS}
        for process in running.values():
            process.launch()
            ends.callback(process.end)
        for process in running.values():
            process.until_ready()
        for node in (running["wss-1"], running["wss-2"]):
            until(partial(finds_the_others, node), "a node finds the others")
        where = f"http://127.0.0.1:{running['api'].settings['DERAILED_HTTP_PORT']}/api/v10/gateway"
        with urllib.request.urlopen(where, timeout=30) as answer:
            assert json.load(answer)["url"].startswith(f"wss://{NEEDED['CHAT_HOST']}")
        assert [process.terminate() for process in running.values()] == [0] * len(OURS)
