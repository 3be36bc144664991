"""Friends over the wire: one client acts over REST, and another sees it, also on other nodes and after a kill."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.people import Account
from tests.journeys.place import Place, run
from tests.journeys.sockets import Socket

pytestmark = pytest.mark.slow
OWN = "/users/@me/relationships"


def befriend(one: Account, other: Account) -> None:
    """One asks, the other accepts."""
    one.call("PUT", f"{OWN}/{other.id}", {})
    other.call("PUT", f"{OWN}/{one.id}", {"type": 1})


def types(socket: Socket, event: str) -> list[int]:
    """Of the relationships that it was told of."""
    return [each["type"] for each in socket.events(event)]


def as_friend(socket: Socket, account: Account) -> list[str]:
    """The statuses of somebody, as a friend is told them."""
    told = socket.events("PRESENCE_UPDATE")
    return [each["status"] for each in told if each["user"]["id"] == str(account.id) and "guild_id" not in each]


def is_friend(account: Account, status: str) -> Any:
    """Whether a presence is theirs, told to a friend."""
    return lambda d: (d["user"]["id"], d["status"], d.get("guild_id")) == (str(account.id), status, None)


def test_who_becomes_a_friend_is_heard_of_until_that_ends(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as cleo, place.stranger() as dora:
            async with place.socket() as near, place.socket() as far, place.socket() as other:
                for socket, who in ((near, place.anna), (far, cleo), (other, dora)):
                    ready = await socket.identify(who)
                    assert (ready["relationships"], ready["presences"]) == ([], [])
                befriend(place.anna, cleo)
                await near.until("PRESENCE_UPDATE", is_friend(cleo, "online"))
                await far.until("PRESENCE_UPDATE", is_friend(place.anna, "online"))
                assert (types(near, "RELATIONSHIP_ADD"), types(far, "RELATIONSHIP_ADD")) == ([4, 1], [3, 1])
                cleo.call("PATCH", "/users/@me/settings", {"status": "dnd", "custom_status": {"text": "nets"}})
                await near.until("PRESENCE_UPDATE", is_friend(cleo, "dnd"))
                assert (await far.until("USER_SETTINGS_UPDATE"))["status"] == "dnd"
                async with place.socket() as late:
                    ready = await late.identify(place.anna)
                    assert [each["user"]["id"] for each in ready["relationships"]] == [str(cleo.id)]
                    (shown,) = ready["presences"]
                    assert (shown["status"], shown["activities"][0]["state"]) == ("dnd", "nets")
                place.anna.call("PUT", f"{OWN}/{cleo.id}", {"type": 2})
                await far.until("RELATIONSHIP_REMOVE")
                assert cleo.status("PUT", f"{OWN}/{place.anna.id}") == 400
                befriend(cleo, dora)
                await other.until("PRESENCE_UPDATE", is_friend(cleo, "dnd"))
                await near.send(3, {"status": "idle"})
                await near.until("PRESENCE_UPDATE", lambda d: d["status"] == "idle")
                befriend(place.anna, dora)
                await other.until("PRESENCE_UPDATE", is_friend(place.anna, "idle"))
                assert "idle" not in as_friend(far, place.anna)
                assert other.events("RELATIONSHIP_REMOVE") == []
                place.anna.call("DELETE", f"{OWN}/{cleo.id}")

    run(journey())


def test_requests_nicknames_and_refusals_are_seen_by_whom_they_concern(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as cleo, place.stranger() as dora:
            async with place.socket() as near, place.socket() as far, place.socket() as second:
                for socket, who in ((near, cleo), (far, dora), (second, cleo)):
                    await socket.identify(who)
                nobody = {"all": False, "mutual_friends": False, "mutual_guilds": False}
                dora.call("PATCH", "/users/@me/settings", {"friend_source_flags": nobody})
                await far.until("USER_SETTINGS_UPDATE")
                assert cleo.status("PUT", f"{OWN}/{dora.id}") == 400
                dora.call("PATCH", "/users/@me/settings", {"friend_source_flags": {"all": True}})
                cleo.call("POST", OWN, {"username": dora.call("GET", "/users/@me")["username"]})
                assert (await far.until("RELATIONSHIP_ADD"))["type"] == 3
                dora.call("DELETE", f"{OWN}/{cleo.id}")
                assert (await near.until("RELATIONSHIP_REMOVE"))["type"] == 4
                befriend(cleo, dora)
                cleo.call("PATCH", f"{OWN}/{dora.id}", {"nickname": "Dotty"})
                assert (await second.until("RELATIONSHIP_UPDATE"))["nickname"] == "Dotty"
                direct = cleo.call("POST", "/users/@me/channels", {"recipient_id": str(dora.id)})["id"]
                said = cleo.send(int(direct), "friends now")
                await far.until("MESSAGE_CREATE", lambda message: int(message["id"]) == said)
                dora.call("PUT", f"{OWN}/{cleo.id}", {"type": 2})
                assert (await second.until("RELATIONSHIP_REMOVE"))["nickname"] == "Dotty"
                for one in (cleo, dora):
                    assert one.status("POST", f"/channels/{direct}/typing") == 403
                assert far.events("RELATIONSHIP_UPDATE") == []

    run(journey())


def test_friends_are_there_again_after_the_server_was_killed(own_place: Place) -> None:
    place = own_place

    async def journey() -> None:
        with place.stranger() as cleo:
            befriend(place.anna, cleo)
            async with place.socket() as near, place.socket() as far:
                sessions = [(await each.identify(who))["session_id"] for each, who in ((near, place.anna), (far, cleo))]
                await near.until("PRESENCE_UPDATE", is_friend(cleo, "online"))
                place.server.restart()
            async with place.socket() as again, place.socket() as other:
                await again.resume(place.anna, sessions[0], near.sequence)
                await again.until("RESUMED")
                await other.resume(cleo, sessions[1], far.sequence)
                await other.until("RESUMED")
                await again.until("PRESENCE_UPDATE", is_friend(cleo, "online"))
                await other.send(3, {"status": "idle"})
                await again.until("PRESENCE_UPDATE", is_friend(cleo, "idle"))
                assert "offline" not in as_friend(again, cleo)

    run(journey())
