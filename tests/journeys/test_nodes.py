"""Nodes of the WebSocket Service that are not ready yet, as clients find them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.people import Guild, register
from tests.journeys.place import run
from tests.journeys.server import Running, free_port, until
from tests.journeys.sockets import Socket
from tests.journeys.split import Split, gateway_of

pytestmark = pytest.mark.slow


def test_a_node_that_still_waits_for_its_database_says_so_to_clients(tmp_path: Path) -> None:
    port = free_port()
    settings = {
        "DERAILED_DATA_DIR": str(tmp_path / "data"),
        "DERAILED_DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/none",
        "DERAILED_BUS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "DERAILED_PRESENCE_URL": f"127.0.0.1:{free_port()}",
        "DERAILED_GATEWAY_PORT": str(port),
    }
    node = Running(["wss"], settings, port, tmp_path / "log")

    async def refused() -> int:
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                await http.ws_connect(gateway_of(node))
            return error.value.status

    node.launch()
    try:
        until(lambda: node.readiness()[0] == 503, "it listens")
        assert asyncio.run(refused()) == 503
        assert "exception" not in node.log
    finally:
        node.end()


def test_a_node_that_has_not_heard_the_bus_yet_lets_who_resumes_wait(tmp_path: Path) -> None:
    async def journey(split: Split) -> None:
        with register(split, "anna") as anna:
            guild = Guild(anna)
            async with Socket(split, at=gateway_of(split.one)) as it:
                ready = await it.identify(anna)
                await it.whole(anna, guild.general)
                await asyncio.to_thread(split.one.kill)
            sent = anna.send(guild.general, "missed")
            split.bus.pause()
            split.one.launch()
            await asyncio.to_thread(until, lambda: "bus: can not be reached" in split.one.readiness()[1], "it is there")
            async with Socket(split, at=gateway_of(split.one)) as again:
                await again.resume(anna, ready["session_id"], it.sequence)
                for _ in range(50):  # so that it has long been read
                    await again.send(1)
                    await again.op(11)
                split.bus.go_on()
                await again.until("RESUMED")
                assert again.messages() == [sent]

    with Split(tmp_path / "data") as split:
        run(journey(split))
