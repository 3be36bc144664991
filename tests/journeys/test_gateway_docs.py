"""What docs/wire/gateway.md shows is what a client gets."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.place import Place, run
from tests.journeys.sockets import Socket
from tests.wire.test_docs import filled, match

TEXT = (Path(__file__).parents[2] / "docs" / "wire" / "gateway.md").read_text()
BLOCK = re.compile(r"```gateway\n(.*?)```", re.DOTALL)
LOST = "closed by the client without a close frame"


@pytest.mark.slow
def test_every_example_of_the_gateway_goes_as_it_says(own_place: Place) -> None:
    place = own_place
    place.anna.call("DELETE", f"/guilds/{place.guild.id}/members/{place.ben.id}")
    known = {"bot token": place.bot.token, "bot": str(place.bot.id)}

    async def journey() -> None:
        async with contextlib.AsyncExitStack() as opened:
            socket = await opened.enter_async_context(place.socket())
            for line in lines():
                known["s"] = str(socket.sequence)
                sign, rest = line[0], line[2:]
                if sign == "✎":
                    place.say(filled(rest.removeprefix("anna: "), known))
                elif sign == "→":
                    await socket.say(filled(rest, known).replace(f'"{known["s"]}"', known["s"]).encode())
                elif rest == LOST:
                    socket.lose()
                    last = socket.sequence
                    socket = await opened.enter_async_context(place.socket())
                    socket.sequence = last
                    await socket.op(10)
                elif rest.startswith("closed "):
                    assert await socket.closed() == int(rest.removeprefix("closed "))
                else:
                    await hear(socket, json.loads(rest.replace("<@<bot>>", f"<@{known['bot']}>")), known)

    run(journey())


def lines() -> list[str]:
    """What the examples say, a frame a line."""
    joined = "".join(BLOCK.findall(TEXT))
    return re.sub(r"\n +", " ", joined).splitlines()


async def hear(socket: Socket, expected: Any, known: dict[str, str]) -> None:
    """The next payload is the one that the document shows; `s` of a dispatch is any."""
    found = await socket.receive()
    if expected["op"] == 0:
        assert found["s"] >= 1
        expected["s"] = "…"
    match(expected, found, known)
