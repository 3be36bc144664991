"""Bans, the audit log and the end of a guild, as live sockets hear of them."""

from __future__ import annotations

import asyncio
import time

import pytest

from derailed.model.permissions import VIEW_AUDIT_LOG
from tests.journeys.people import Guild
from tests.journeys.place import Place, run

pytestmark = pytest.mark.slow


def test_who_is_banned_hears_it_within_a_second_and_can_not_come_back(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as stranger:
            place.guild.admit(stranger)
            async with place.socket() as it, place.socket() as bot:
                await it.identify(stranger)
                await bot.identify(place.bot)
                place.anna.call("PUT", f"/guilds/{place.guild.id}/bans/{stranger.id}", {})
                began = time.monotonic()
                assert await it.until("GUILD_DELETE") == {"id": str(place.guild.id)}
                assert time.monotonic() - began < 1
                await bot.until("GUILD_MEMBER_REMOVE", lambda each: each["user"]["id"] == str(stranger.id))
                names = [payload["t"] for payload in bot.seen]
                assert names.index("GUILD_BAN_ADD") < names.index("GUILD_MEMBER_REMOVE")
                invite = place.anna.call("POST", f"/channels/{place.guild.general}/invites", {})
                assert stranger.status("POST", f"/invites/{invite['code']}") == 403
            place.anna.call("DELETE", f"/guilds/{place.guild.id}/bans/{stranger.id}")

    run(journey())


def test_only_who_may_view_the_audit_log_hears_what_is_written_into_it(place: Place) -> None:
    role = place.anna.call("POST", f"/guilds/{place.guild.id}/roles", {"permissions": str(VIEW_AUDIT_LOG)})["id"]

    async def journey() -> None:
        async with place.socket() as it, place.socket() as bot:
            await it.identify(place.ben)
            await bot.identify(place.bot)
            place.anna.call("PUT", f"/guilds/{place.guild.id}/members/{place.ben.id}/roles/{role}")
            place.anna.call("PATCH", f"/guilds/{place.guild.id}/members/{place.ben.id}", {"nick": "Big Ben"})
            entry = await it.until("GUILD_AUDIT_LOG_ENTRY_CREATE", lambda each: each["action_type"] == 24)
            assert (entry["guild_id"], entry["target_id"]) == (str(place.guild.id), str(place.ben.id))
            await bot.whole(place.anna, place.guild.general)
            assert bot.events("GUILD_AUDIT_LOG_ENTRY_CREATE") == []
        place.anna.call("DELETE", f"/guilds/{place.guild.id}/roles/{role}")

    run(journey())


def test_the_end_of_a_guild_is_told_once_and_at_once(place: Place) -> None:
    async def journey() -> None:
        guild = Guild(place.anna, "Pier")
        guild.admit(place.ben)
        async with place.socket() as it:
            await it.identify(place.ben)
            place.anna.call("DELETE", f"/guilds/{guild.id}")
            began = time.monotonic()
            assert await it.until("GUILD_DELETE") == {"id": str(guild.id)}
            assert time.monotonic() - began < 1
            assert place.ben.status("GET", f"/guilds/{guild.id}") == 404
            own = f"/users/@me/guilds/{guild.id}/member"
            while time.monotonic() - began < 3:  # as long as the sweeper may need to tell the account
                assert place.ben.status("GET", own) == 404
                await it.whole(place.anna, place.guild.general)
            assert len(it.events("GUILD_DELETE")) == 1

    run(journey())


def test_who_was_away_when_a_guild_ended_starts_afresh_before_and_after_it_is_told(place: Place) -> None:
    async def journey() -> None:
        guild = Guild(place.anna, "Pier")
        guild.admit(place.ben)
        async with place.socket() as it:
            session_id = (await it.identify(place.ben))["session_id"]
            await it.whole(place.anna, guild.general)
        place.anna.call("DELETE", f"/guilds/{guild.id}")
        async with place.socket() as again:
            await again.op(10)
            for _ in range(30):  # for longer than the sweeper needs to tell the account
                await asyncio.sleep(0.1)
                await again.send(6, {"token": place.ben.token, "session_id": session_id, "seq": it.sequence})
                assert (await again.op(9))["d"] is False
            await again.send(2, {"token": place.ben.token})
            ready = await again.until("READY")
            assert str(guild.id) not in [each["id"] for each in ready["guilds"]]

    run(journey())
