"""What acts on live sockets, who is cut off, and resuming, against the shipped server."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import AddrInfoType

from tests.journeys.people import PASSWORD
from tests.journeys.place import Place, run

ENCODINGS = (None, "zlib-stream", "zstd-stream")
pytestmark = pytest.mark.slow


# --- what acts on a live socket


def test_logout_closes_live_sockets_at_once(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as stranger:
            async with place.socket() as it:
                await it.identify(stranger)
                stranger.call("POST", "/auth/logout", {})
                began = time.monotonic()
                assert await it.closed() == 4004
                assert time.monotonic() - began < 1
            async with place.socket() as it:
                await it.op(10)
                await it.send(2, {"token": stranger.token})
                assert await it.closed() == 4004

    run(journey())


def test_a_new_password_closes_every_socket_of_the_account(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as stranger:
            async with place.socket() as one, place.socket("zlib-stream") as two:
                await one.identify(stranger)
                await two.identify(stranger)
                stranger.call("PATCH", "/users/@me", {"password": PASSWORD, "new_password": PASSWORD + "!"})
                began = time.monotonic()
                assert (await one.closed(), await two.closed()) == (4004, 4004)
                assert time.monotonic() - began < 1

    run(journey())


def test_who_is_removed_hears_that_and_nothing_more(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as stranger:
            place.guild.admit(stranger)
            async with place.socket() as it:
                await it.identify(stranger)
                place.anna.call("DELETE", f"/guilds/{place.guild.id}/members/{stranger.id}")
                began = time.monotonic()
                assert await it.until("GUILD_DELETE") == {"id": str(place.guild.id)}
                assert time.monotonic() - began < 1
                place.say("behind your back")
                place.guild.admit(stranger)
                guild = await it.until("GUILD_CREATE")
                assert "unavailable" not in guild
                await it.whole(place.anna, place.guild.general)
                assert it.messages() == []
                place.anna.call("DELETE", f"/guilds/{place.guild.id}/members/{stranger.id}")

    run(journey())


def test_a_deleted_role_does_not_show_what_it_hid_on_its_way_out(place: Place) -> None:
    view = str(1 << 10)
    role = place.anna.call("POST", f"/guilds/{place.guild.id}/roles", {"name": "crew", "permissions": view})["id"]
    hidden = [{"id": role, "type": 0, "allow": "0", "deny": view}]
    body = {"name": "wheelhouse", "permission_overwrites": hidden}

    async def journey() -> None:
        with place.stranger() as stranger:
            place.guild.admit(stranger)
            everyone = f"/guilds/{place.guild.id}/roles/{place.guild.id}"
            usual = next(
                each["permissions"]
                for each in place.anna.call("GET", f"/guilds/{place.guild.id}/roles")
                if each["id"] == str(place.guild.id)
            )
            place.anna.call("PUT", f"/guilds/{place.guild.id}/members/{stranger.id}/roles/{role}")
            place.anna.call("PATCH", everyone, {"permissions": str(int(usual) & ~int(view))})
            channel = place.anna.call("POST", f"/guilds/{place.guild.id}/channels", body)["id"]
            async with place.socket() as it:
                ready = await it.identify(stranger)
                assert channel not in [each["id"] for each in ready["guilds"][0]["channels"]]
                place.anna.call("DELETE", f"/guilds/{place.guild.id}/roles/{role}")
                place.anna.call("PATCH", everyone, {"permissions": usual})
                await it.until("CHANNEL_CREATE", lambda each: each["id"] == channel)
                names = [payload["t"] for payload in it.seen[2:]]
                assert names.index("GUILD_ROLE_DELETE") < names.index("CHANNEL_CREATE")
                assert [each["id"] for each in it.events("CHANNEL_DELETE")] == [str(place.guild.general)]
                last_update = max(at for at, name in enumerate(names) if name == "GUILD_ROLE_UPDATE")
                assert last_update < names.index("CHANNEL_CREATE")
            place.anna.call("DELETE", f"/channels/{channel}")

    run(journey())


def test_of_two_sockets_on_one_session_the_newer_wins(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as older, place.socket() as newer:
            ready = await older.identify(place.ben)
            await older.whole(place.anna, place.guild.general)
            await newer.resume(place.ben, ready["session_id"], older.sequence)
            await newer.until("RESUMED")
            assert await older.closed() == 4000
            sent = place.say()
            await newer.whole(place.anna, place.guild.general)
            assert newer.messages() == [sent]

    run(journey())


@pytest.mark.parametrize("compress", ENCODINGS)
def test_a_client_that_reads_late_has_everything_in_order(place: Place, compress: str | None) -> None:
    def small(address: AddrInfoType) -> socket.socket:
        made = socket.socket(address[0], address[1])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        return made

    async def journey() -> None:
        late = place.socket(compress)
        late.connector = aiohttp.TCPConnector(socket_factory=small)
        async with place.socket() as good, late:
            await good.identify(place.ben)
            await late.identify(place.ben)
            sent = [place.say(secrets.token_hex(990)) for _ in range(150)]
            await good.whole(place.anna, place.guild.general)
            assert good.messages() == sent
            await late.until("MESSAGE_CREATE", lambda message: message["content"] == "marker")
            assert late.messages() == sent

    run(journey())


def test_a_client_that_does_not_read_is_cut_off_and_nobody_else_waits(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as good:
            await good.identify(place.ben)
            slow = await _one_that_does_not_read(place)
            sent: list[int] = []
            with slow:
                while not _was_cut_off(slow):
                    sent += [place.say("🏓" * 1900) for _ in range(100 if len(sent) < _MORE_THAN_BUFFERS else 1)]
                    await good.whole(place.anna, place.guild.general)
                    await good.send(1)
                    slow.sendall(_HEARTBEAT)  # so that it is not cut off for its silence
                    await asyncio.sleep(0.5)
            assert good.messages() == sent

    run(journey(), within_s=180)


_HEARTBEAT = b"\x81\x88\0\0\0\0" + b'{"op":1}'
_ESTABLISHED = "01"
_MORE_THAN_BUFFERS = 800
"""Messages that neither the kernel nor the server takes for a client that does not read."""


async def _one_that_does_not_read(place: Place) -> socket.socket:
    """An identified raw socket with the smallest receive buffer there is."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    slow.connect(("127.0.0.1", urlsplit(place.server.gateway).port))
    slow.sendall(
        b"GET /gateway?v=10 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert slow.recv(12) == b"HTTP/1.1 101"
    frame = json.dumps({"op": 2, "d": {"token": place.ben.token, "properties": {"os": "x" * 100}}}).encode()
    slow.sendall(b"\x81\xfe" + len(frame).to_bytes(2, "big") + bytes(4) + frame)
    return slow


def _was_cut_off(slow: socket.socket) -> bool:
    """Whether the server has closed its end. The client can not know: what it does not read is in the way."""
    ends = f":{slow.getpeername()[1]:04X} ", f":{slow.getsockname()[1]:04X} "
    rows = Path("/proc/net/tcp").read_text().splitlines()
    return not any(0 < row.find(ends[0]) < row.find(ends[1]) and row.split()[3] == _ESTABLISHED for row in rows)


# --- resuming


def test_a_session_is_resumed_whole_after_its_socket_was_lost(place: Place) -> None:
    async def journey() -> None:
        async with place.socket("zlib-stream") as it:
            ready = await it.identify(place.ben)
            sent = [place.say("heard")]
            await it.until("MESSAGE_CREATE")
        missed = [place.say(f"missed {n}") for n in range(30)]
        async with place.socket("zlib-stream") as again:
            await again.resume(place.ben, ready["session_id"], it.sequence)
            assert (await again.until("RESUMED")) == {"_trace": []}
            assert again.messages() == missed
            sent += missed
            sent.append(place.say("live"))
            await again.whole(place.anna, place.guild.general)
            assert it.messages() + again.messages() == sent
            assert not any(payload["s"] % 2 for payload in again.seen if payload["op"] == 0)

    run(journey())


@pytest.mark.parametrize("compress", ENCODINGS)
def test_a_session_is_resumed_whole_after_kill_nine(own_place: Place, compress: str | None) -> None:
    place = own_place

    async def journey() -> None:
        async with place.socket(compress) as it:
            ready = await it.identify(place.ben)
            sent = [place.say("heard")]
            await it.until("MESSAGE_CREATE")
            sent += [place.say(f"perhaps heard {n}") for n in range(20)]
            place.server.restart()
            sent += [place.say(f"after the restart {n}") for n in range(20)]
            await it.closed()
        async with place.socket(compress) as again:
            await again.resume(place.ben, ready["session_id"], it.sequence)
            await again.until("RESUMED")
            sent.append(place.say("live"))
            await again.whole(place.anna, place.guild.general)
            assert it.messages() + again.messages() == sent

    run(journey())


def test_what_is_no_session_of_ones_own_is_refused_and_one_may_identify_there(place: Place) -> None:
    async def journey() -> None:
        async with place.socket() as it:
            session_id = (await it.identify(place.ben))["session_id"]
            await it.whole(place.anna, place.guild.general)
        changed = session_id[:-1] + ("A" if session_id[-1] != "A" else "B")
        wrong = [
            (place.anna, session_id, it.sequence),
            (place.ben, changed, it.sequence),
            (place.ben, session_id, it.sequence - 1),
            (place.ben, session_id, it.sequence + 2_000),
            (place.ben, session_id, -2),
            (place.ben, session_id, 0),
            (place.ben, "", it.sequence),
        ]
        async with place.socket() as again:
            await again.op(10)
            for account, session, sequence in wrong:
                await again.send(6, {"token": account.token, "session_id": session, "seq": sequence})
                assert (await again.op(9))["d"] is False
            await again.send(2, {"token": place.ben.token})
            await again.until("READY")

    run(journey())


def test_a_stop_sends_clients_to_resume(own_place: Place) -> None:
    place = own_place

    async def journey() -> None:
        async with place.socket() as it:
            ready = await it.identify(place.ben)
            await it.whole(place.anna, place.guild.general)
            stopped = asyncio.create_task(asyncio.to_thread(place.server.terminate))
            await it.op(7)
            assert await it.closed() == 1001
            assert await stopped == 0
        place.server.start()
        missed = [place.say()]
        async with place.socket() as again:
            await again.resume(place.ben, ready["session_id"], it.sequence)
            await again.until("RESUMED")
            assert again.messages() == missed

    run(journey())
