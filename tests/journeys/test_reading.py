"""One client reads over REST, another session of the account sees it, and so does whoever comes or resumes later."""

from __future__ import annotations

import pytest

from tests.journeys.place import Place, run

pytestmark = pytest.mark.slow


def test_reading_on_one_device_is_seen_on_the_other(place: Place) -> None:
    general = place.guild.general

    async def journey() -> None:
        async with place.socket() as desk, place.socket("zlib-stream") as phone:
            ready = await desk.identify(place.ben)
            await phone.identify(place.ben)
            call = place.anna.send(general, f"<@{place.ben.id}> come here")
            await desk.until("MESSAGE_CREATE", lambda message: int(message["id"]) == call)
            settings = f"/users/@me/guilds/{place.guild.id}/settings"
            place.ben.call("PATCH", settings, {"suppress_everyone": True})
            assert (await phone.until("USER_GUILD_SETTINGS_UPDATE"))["suppress_everyone"] is True
            async with place.socket() as later:
                state = {each["id"]: each for each in (await later.identify(place.ben))["read_state"]}
                assert state[str(general)]["mention_count"] == 1
                assert place.guild.id in [int(each["guild_id"]) for each in later.ready["user_guild_settings"]]
            position = desk.sequence
            desk.lose()
            place.ben.call("POST", f"/channels/{general}/messages/{call}/ack", {"token": None})
            told = await phone.until("MESSAGE_ACK")
            assert (told["channel_id"], told["message_id"], told["mention_count"]) == (str(general), str(call), 0)
            async with place.socket() as again:
                await again.resume(place.ben, ready["session_id"], position)
                assert await again.until("MESSAGE_ACK") == told
                await again.until("RESUMED")
            place.ben.call("POST", f"/channels/{general}/messages/{call - 1}/ack", {"manual": True})
            told = await phone.until("MESSAGE_ACK")
            assert (told["message_id"], told["mention_count"], told["manual"]) == (str(call - 1), 1, True)
            place.ben.call("POST", f"/guilds/{place.guild.id}/ack", {})
            assert (await phone.until("MESSAGE_ACK"))["mention_count"] == 0
            assert call in [int(each["id"]) for each in place.ben.call("GET", "/users/@me/mentions")]

    run(journey())
