"""Who is here, as unmodified libraries and people's clients see it of each other, against the shipped server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.place import Place, run
from tests.journeys.programs import Program, Told
from tests.journeys.sockets import Socket

PROGRAMS = {"discord.py": "presence_discord_py.py", "hikari": "presence_hikari.py"}
pytestmark = pytest.mark.slow


def statuses(socket: Socket, user_id: int) -> list[str]:
    """What the client was told of somebody, one after the other."""
    return [each["status"] for each in socket.events("PRESENCE_UPDATE") if each["user"]["id"] == str(user_id)]


def looks(name: str, **what: Any) -> Any:
    """Whether a program tells of that."""

    def fits(told: Told) -> bool:
        return bool(told["name"] == name and told.items() >= what.items())

    return fits


@pytest.mark.parametrize("library", PROGRAMS)
def test_bots_and_people_see_each_other_come_change_and_go(place: Place, library: str) -> None:
    async def journey() -> None:
        async with place.socket() as anna:
            await anna.identify(place.anna, presence={"status": "dnd", "activities": []})
            with Program(PROGRAMS[library], place.server.url, place.bot.token) as bot:
                bot.until("ready")
                bot.until("here", looks("anna", status="dnd", activities=[], mobile=False))
                told = await anna.until("PRESENCE_UPDATE", lambda d: d["user"]["id"] == str(place.bot.id))
                assert told["status"] == "idle"
                assert [(each["name"], each["type"]) for each in told["activities"]] == [("Chess", 0)]
                async with place.socket() as ben:
                    await ben.identify(place.ben, properties={"os": "Android", "browser": "Discord Android"})
                    bot.until("changed", looks("ben", status="online", mobile=True))
                    await ben.send(3, {"status": "idle", "since": 0, "afk": True, "activities": None})
                    bot.until("changed", looks("ben", status="idle", mobile=True))
                bot.until("changed", looks("ben", status="offline"))
                place.say("!busy")
                told = await anna.until("PRESENCE_UPDATE", lambda d: d["status"] == "dnd" and told_of(place, d))
                assert [(each["type"], each["state"]) for each in told["activities"]] == [(4, "mending nets")]
            await anna.until("PRESENCE_UPDATE", lambda d: d["status"] == "offline" and told_of(place, d))

    run(journey())


def told_of(place: Place, presence: Any) -> bool:
    """Whether it is the bot's."""
    return bool(presence["user"]["id"] == str(place.bot.id))


def test_a_client_that_loses_its_socket_and_resumes_was_never_gone(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as anna:
            await anna.identify(place.anna)
            async with place.socket() as ben:
                session = (await ben.identify(place.ben))["session_id"]
                await anna.until("PRESENCE_UPDATE", lambda d: d["user"]["id"] == str(place.ben.id))
                ben.lose()
            async with place.socket() as again:
                await again.resume(place.ben, session, ben.sequence)
                await again.until("RESUMED")
                await again.send(3, {"status": "dnd"})
                await anna.until("PRESENCE_UPDATE", lambda d: d["status"] == "dnd")
                assert statuses(anna, place.ben.id) == ["online", "dnd"]
            await anna.until("PRESENCE_UPDATE", lambda d: d["status"] == "offline")

    run(journey())


def test_a_server_that_is_killed_and_comes_again_shows_who_comes_again(own_place: Place) -> None:
    place = own_place

    async def journey() -> None:
        async with place.socket() as anna, place.socket() as ben:
            sessions = [
                (await each.identify(who))["session_id"] for each, who in ((anna, place.anna), (ben, place.ben))
            ]
            await anna.until("PRESENCE_UPDATE", lambda d: d["user"]["id"] == str(place.ben.id))
            await anna.whole(place.anna, place.guild.general)
            place.server.restart()
        async with place.socket() as again:
            await again.resume(place.anna, sessions[0], anna.sequence)
            await again.until("RESUMED")
            async with place.socket() as other:
                await other.resume(place.ben, sessions[1], ben.sequence)
                await again.until("PRESENCE_UPDATE", lambda d: d["user"]["id"] == str(place.ben.id))
                assert statuses(again, place.ben.id) == ["online"]

    run(journey())
