"""DMs and groups over the wire: one client acts over REST, and others see it, and so does whoever comes later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.people import Account
from tests.journeys.place import Place, run
from tests.journeys.sockets import Socket

pytestmark = pytest.mark.slow


def opened(one: Account, *others: Account) -> int:
    """Their DM, or with several a new group."""
    ids = [str(each.id) for each in others]
    body: dict[str, Any] = {"recipients": ids} if len(ids) > 1 else {"recipient_id": ids[0]}
    return int(one.call("POST", "/users/@me/channels", body)["id"])


async def told(socket: Socket, event: str, channel: int) -> Any:
    """The next such event of the channel."""
    return await socket.until(event, lambda d: int(d.get("channel_id") or d["id"]) == channel)


async def standing(place: Place, account: Account, channel: int) -> tuple[int, int]:
    """Up to where a session that comes now has read there, and how often it is called."""
    async with place.socket() as socket:
        states = {int(each["id"]): each for each in (await socket.identify(account))["read_state"]}
        return int(states[channel]["last_message_id"]), states[channel]["mention_count"]


def test_what_is_done_in_a_dm_is_seen_by_the_other(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as near, place.socket("zlib-stream") as far:
            await near.identify(place.anna)
            await far.identify(place.ben)
            dm = opened(place.anna, place.ben)
            assert (await told(near, "CHANNEL_CREATE", dm))["recipients"][0]["id"] == str(place.ben.id)
            path = f"/channels/{dm}"
            said = place.anna.send(dm, "here?")
            assert (await told(far, "CHANNEL_CREATE", dm))["recipients"][0]["id"] == str(place.anna.id)
            message = await told(far, "MESSAGE_CREATE", dm)
            assert (message["content"], message["channel_type"], "guild_id" in message) == ("here?", 1, False)
            place.anna.call("PATCH", f"{path}/messages/{said}", {"content": "there?"})
            assert (await told(far, "MESSAGE_UPDATE", dm))["content"] == "there?"
            place.ben.call("PUT", f"{path}/messages/{said}/reactions/👍/@me")
            assert (await told(near, "MESSAGE_REACTION_ADD", dm))["user_id"] == str(place.ben.id)
            place.ben.call("PUT", f"{path}/messages/pins/{said}")
            assert (await told(near, "CHANNEL_PINS_UPDATE", dm))["last_pin_timestamp"]
            place.ben.call("POST", f"{path}/typing")
            assert (await told(near, "TYPING_START", dm))["user_id"] == str(place.ben.id)
            found = place.ben.call("GET", f"{path}/messages/search?content=THERE&pinned=true")
            assert [int(each["id"]) for (each,) in found["messages"]] == [said]
            with place.stranger() as stranger:
                assert stranger.status("GET", f"{path}/messages/search?content=there") == 403
            place.ben.call("DELETE", path)
            await told(far, "CHANNEL_DELETE", dm)
            place.anna.call("DELETE", f"{path}/messages/{said}")
            assert int((await told(far, "MESSAGE_DELETE", dm))["id"]) == said
            place.anna.send(dm, "again")
            await told(far, "CHANNEL_CREATE", dm)
            assert (await told(far, "MESSAGE_CREATE", dm))["content"] == "again"
            assert place.ben.call("GET", f"{path}/messages/search?content=there")["total_results"] == 0

    run(journey())


def test_reading_a_dm_on_one_device_is_seen_on_the_other(place: Place) -> None:
    async def journey() -> None:
        dm = opened(place.anna, place.ben)
        async with place.socket() as phone:
            await phone.identify(place.ben)
            calls = [place.anna.send(dm, f"<@{place.ben.id}>"), place.anna.send(dm, "well?")]
            assert place.ben.call("GET", "/users/@me/mentions?limit=1")[0]["id"] == str(calls[0])
            states = [{"channel_id": str(dm), "message_id": str(calls[0])}]
            place.ben.call("POST", "/read-states/ack-bulk", {"read_states": states})
            ack = await told(phone, "MESSAGE_ACK", dm)
            assert (int(ack["message_id"]), ack["mention_count"]) == (calls[0], 1)
            assert await standing(place, place.ben, dm) == (calls[0], 1)
            place.ben.call("PATCH", "/users/@me/guilds/@me/settings", {"muted": True})
            assert (await told(phone, "MESSAGE_ACK", dm))["mention_count"] == 0
            place.ben.call("PATCH", "/users/@me/guilds/@me/settings", {"muted": False})
            assert (await told(phone, "MESSAGE_ACK", dm))["mention_count"] == 1
            answer = place.ben.send(dm, "coming")
            place.ben.call("DELETE", f"/channels/{dm}/messages/{answer}")
            await told(phone, "MESSAGE_DELETE", dm)
            assert await standing(place, place.ben, dm) == (answer, 0)
            place.ben.call("POST", f"/channels/{dm}/messages/{calls[0]}/ack", {"manual": True})
            ack = await told(phone, "MESSAGE_ACK", dm)
            assert (int(ack["message_id"]), ack["mention_count"], ack["manual"]) == (calls[0], 1, True)
            place.ben.call("DELETE", f"/channels/{dm}/messages/ack")
            ack = await told(phone, "MESSAGE_ACK", dm)
            assert (int(ack["message_id"]), ack["mention_count"]) == await standing(place, place.ben, dm)

    run(journey())


def test_who_comes_into_a_group_and_leaves_it_is_seen_by_all_in_it(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as cleo:
            place.guild.admit(cleo)
            async with place.socket() as owner, place.socket() as other, place.socket() as third:
                for socket, who in ((owner, place.anna), (other, place.ben), (third, cleo)):
                    await socket.identify(who)
                group = opened(place.anna, place.ben, cleo)
                for socket in (owner, other, third):
                    assert len((await told(socket, "CHANNEL_CREATE", group))["recipients"]) == 2
                path = f"/channels/{group}"
                place.ben.call("PATCH", path, {"name": "harbour"})
                assert (await told(third, "CHANNEL_UPDATE", group))["name"] == "harbour"
                place.anna.call("DELETE", f"{path}/recipients/{cleo.id}")
                await told(third, "CHANNEL_DELETE", group)
                assert (await told(other, "CHANNEL_RECIPIENT_REMOVE", group))["user"]["id"] == str(cleo.id)
                unheard = place.anna.send(group, "without her")
                place.ben.call("PUT", f"{path}/recipients/{cleo.id}")
                assert (await told(third, "CHANNEL_CREATE", group))["name"] == "harbour"
                assert (await told(owner, "CHANNEL_RECIPIENT_ADD", group))["user"]["id"] == str(cleo.id)
                heard = place.anna.send(group, "with her")
                await third.until("MESSAGE_CREATE", lambda d: int(d["id"]) == heard)
                assert unheard not in third.messages()
                place.anna.call("DELETE", path)
                await told(owner, "CHANNEL_DELETE", group)
                assert (await told(third, "CHANNEL_RECIPIENT_REMOVE", group))["user"]["id"] == str(place.anna.id)
                assert (await told(third, "CHANNEL_UPDATE", group))["owner_id"] == str(place.ben.id)
                assert place.anna.status("GET", f"{path}/messages") == 403

    run(journey())
