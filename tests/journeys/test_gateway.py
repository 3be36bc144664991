"""Coming in over the Gateway, and what bad input gets, against the shipped server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.journeys.place import Place, run
from tests.journeys.sockets import Socket

ENCODINGS = (None, "zlib-stream", "zstd-stream")
pytestmark = pytest.mark.slow


# --- coming in


@pytest.mark.parametrize("compress", ENCODINGS)
def test_a_bot_gets_ready_and_its_guilds_one_by_one(place: Place, compress: str | None) -> None:
    async def journey() -> None:
        async with place.socket(compress) as it:
            ready = await it.identify(place.bot, intents=513, shard=[0, 1])
            assert it.seen[0] == {"op": 10, "d": {"heartbeat_interval": 41_250}, "s": None, "t": None}
            assert ready["v"] == 10
            assert ready["user"]["id"] == str(place.bot.id)
            assert ready["guilds"] == [{"id": str(place.guild.id), "unavailable": True}]
            assert ready["shard"] == [0, 1]
            assert ready["application"]["id"] == str(place.bot.id)
            assert ready["private_channels"] == []
            assert ready["resume_gateway_url"] == it.address
            guild = await it.until("GUILD_CREATE")
            assert guild["unavailable"] is False
            assert guild["id"] == str(place.guild.id)
            assert [each["name"] for each in guild["channels"]] == ["general"]
            assert {each["user"]["username"] for each in guild["members"]} >= {"anna", "ben", "Pilot"}
            assert guild["member_count"] == len(guild["members"])
            assert str(place.guild.id) in [role["id"] for role in guild["roles"]]
            first, second = (payload["s"] for payload in it.seen if payload["op"] == 0)
            assert first % 2 == 1
            assert second == first + 1

    run(journey())


@pytest.mark.parametrize("compress", ENCODINGS)
def test_a_person_finds_guilds_whole_in_ready(place: Place, compress: str | None) -> None:
    async def journey() -> None:
        async with place.socket(compress) as it:
            ready = await it.identify(place.anna)
            assert [guild["id"] for guild in ready["guilds"]] == [str(place.guild.id)]
            assert ready["guilds"][0]["channels"][0]["name"] == "general"
            assert "application" not in ready
            await it.whole(place.anna, place.guild.general)
            assert it.events("GUILD_CREATE") == []

    run(journey())


def test_a_message_reaches_every_encoding_alike(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as plain, place.socket("zlib-stream") as zlib, place.socket("zstd-stream") as zstd:
            for it in (plain, zlib, zstd):
                await it.identify(place.ben)
            sent = [place.say(f"message {n} " * 40) for n in range(20)]
            heard = []
            for it in (plain, zlib, zstd):
                await it.whole(place.anna, place.guild.general)
                assert it.messages() == sent
                heard.append(it.events("MESSAGE_CREATE")[: len(sent)])
            assert heard[0] == heard[1] == heard[2]

    run(journey())


def test_the_content_of_others_is_kept_from_a_bot_without_the_intent(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as it:
            await it.identify(place.bot, intents=513)
            place.say("secret")
            assert (await it.until("MESSAGE_CREATE"))["content"] == ""
            place.say(f"for you <@{place.bot.id}>")
            assert (await it.until("MESSAGE_CREATE"))["content"].startswith("for you")
            place.bot.send(place.guild.general, "my own")
            assert (await it.until("MESSAGE_CREATE"))["content"] == "my own"

    run(journey())


def test_a_shard_gets_its_own_guilds_and_no_others(place: Place) -> None:
    async def journey() -> None:
        own = (place.guild.id >> 22) % 2
        async with place.socket() as mine, place.socket() as other:
            assert len((await mine.identify(place.bot, intents=513, shard=[own, 2]))["guilds"]) == 1
            assert (await other.identify(place.bot, intents=513, shard=[1 - own, 2]))["guilds"] == []
            place.say()
            await mine.until("MESSAGE_CREATE")
            await other.send(1)
            await other.op(11)
            assert other.events("MESSAGE_CREATE") == []

    run(journey())


def test_heartbeats_are_answered_before_and_after_identify(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as it:
            await it.send(1)
            assert (await it.op(11))["d"] is None
            it.seen.clear()
            await it.send(2, {"token": f"Bot {place.bot.token}", "intents": 1})
            await it.until("GUILD_CREATE")
            await it.send(1, it.sequence)
            await it.op(11)

    run(journey())


# --- members


@pytest.mark.parametrize("guild", [int, str, lambda guild_id: [str(guild_id)]])
@pytest.mark.parametrize(
    ("asked", "names", "not_found"),
    [
        ({"query": "", "limit": 0}, {"anna", "ben", "Pilot"}, []),
        ({"query": "AN", "limit": 10}, {"anna"}, []),
        ({"query": "", "limit": 1}, None, []),
        ({"query": "nobody", "limit": 0}, set(), []),
        ({"user_ids": "ben"}, {"ben"}, []),
        ({"user_ids": ["anna", 1]}, {"anna"}, ["1"]),
    ],
)
def test_members_are_sent_in_every_form_that_libraries_ask_in(
    place: Place, guild: Any, asked: dict[str, Any], names: set[str] | None, not_found: list[str]
) -> None:
    ids = {"anna": str(place.anna.id), "ben": place.ben.id}
    if "user_ids" in asked:
        users = asked["user_ids"]
        asked = {"user_ids": ids[users] if isinstance(users, str) else [ids.get(user, user) for user in users]}

    async def journey() -> None:
        async with place.socket() as it:
            await it.identify(place.bot, intents=1)
            await it.send(8, {"guild_id": guild(place.guild.id), "nonce": "n-1"} | asked)
            chunk = await it.until("GUILD_MEMBERS_CHUNK")
            found = {each["user"]["username"] for each in chunk["members"]}
            assert found == names if names is not None else len(found) == 1
            assert chunk["guild_id"] == str(place.guild.id)
            assert (chunk["chunk_index"], chunk["chunk_count"], chunk["nonce"]) == (0, 1, "n-1")
            assert chunk.get("not_found", []) == not_found
            assert "presences" not in chunk

    run(journey())


def test_members_of_a_guild_one_is_not_in_are_not_told(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as stranger:
            async with place.socket() as it:
                await it.identify(stranger)
                await it.send(8, {"guild_id": str(place.guild.id), "query": "", "limit": 0, "nonce": "n"})
                chunk = await it.until("GUILD_MEMBERS_CHUNK")
                assert chunk["members"] == []

    run(journey())


# --- what bad input gets


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"no json", 4002),
        (b"[" * 4000, 4002),
        (b'{"op":2,"d":{"token":"x","shard":[1,1]}}', 4010),
        (b'{"op":2,"d":{"token":"x","intents":1073741824}}', 4013),
        (b'{"op":2,"d":{"token":"forged"}}', 4004),
        (b'{"op":3,"d":{}}', 4003),
        (b'{"op":1,"d":"%s"}' % (b"x" * 5000), 4002),
    ],
)
def test_what_can_not_be_is_closed_with_its_code(place: Place, payload: bytes, code: int) -> None:
    async def journey() -> None:
        async with place.socket() as it:
            await it.say(payload)
            assert await it.closed() == code

    run(journey())


@pytest.mark.parametrize(("op", "code"), [(2, 4005), (6, 4005), (99, 4001)])
def test_what_can_not_be_any_more_is_closed_with_its_code(place: Place, op: int, code: int) -> None:
    async def journey() -> None:
        async with place.socket() as it:
            await it.identify(place.bot, intents=0)
            await it.send(op, {"token": place.bot.token, "session_id": "x", "seq": 2})
            assert await it.closed() == code

    run(journey())


@pytest.mark.parametrize(("query", "code"), [("v=11", 4012), ("v=10&encoding=etf", 4002)])
def test_another_version_or_encoding_is_closed_with_its_code(place: Place, query: str, code: int) -> None:
    async def journey() -> None:
        async with place.socket(query=query) as it:
            assert await it.closed() == code

    run(journey())


def test_more_than_a_hundred_and_twenty_frames_a_minute_is_4008(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as it:
            await it.identify(place.ben)
            for _ in range(130):
                await it.send(1)
            assert await it.closed() == 4008
            assert sum(payload["op"] == 11 for payload in it.seen) == 119

    run(journey())


def test_a_frame_in_fragments_is_one_frame_and_bound_as_one(place: Place) -> None:
    frame = json.dumps({"op": 2, "d": {"token": place.bot.token, "intents": 1}}).encode()

    async def journey() -> None:
        async with place.socket() as it:
            await it.op(10)
            for number, byte in enumerate(frame):
                await _fragment(it, bytes([byte]), first=number == 0, last=number == len(frame) - 1)
            await it.until("READY")
        async with place.socket() as it:
            await it.op(10)
            for number in range(5):
                await _fragment(it, b"x" * 1000, first=number == 0, last=False)
            assert await it.closed() == 4002

    run(journey())


async def _fragment(it: Socket, payload: bytes, *, first: bool, last: bool) -> None:
    opcode = (0x80 if last else 0) | (1 if first else 0)
    head = bytes([opcode, 0x80 | len(payload)]) if len(payload) < 126 else bytes([opcode, 0xFE])
    length = b"" if len(payload) < 126 else len(payload).to_bytes(2, "big")
    transport = it._socket._conn.transport  # type: ignore[union-attr]
    assert transport is not None
    transport.write(head + length + bytes(4) + payload)
    await asyncio.sleep(0)


@pytest.mark.parametrize("path", ["/gateway", "/gateway/"])
def test_the_gateway_answers_with_and_without_a_slash(place: Place, path: str) -> None:
    async def journey() -> None:
        async with place.socket(path=path, query="") as it:
            await it.op(10)

    run(journey())


@pytest.mark.parametrize("path", ["/", "/gateways", "/api/v10/gateway", "/gateway/x"])
def test_there_is_no_gateway_elsewhere(place: Place, path: str) -> None:
    async def journey() -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with place.socket(path=path):
                pass
        assert refused.value.status == 404

    run(journey())
