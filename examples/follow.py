"""Follows everything that a person may read: logs in, prints each message once, survives restarts of the server.

    python follow.py http://127.0.0.1:8080 anna

The password is asked for, or taken from DERAILED_PASSWORD. All it needs beside Python is wsproto, for the frames of
the socket; the rest is the public API as docs/wire describes it. It is made to be read, and to be taken apart.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import random
import ssl
import sys
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection, events, utilities

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HEARTBEAT_ACK = 0, 1, 2, 6, 7, 9, 11
CATEGORY, TOKEN_DOES_NOT_STAND, PAGE, AGAIN_FIRST_S, AGAIN_AT_MOST_S, PATIENCE_S = 4, 4004, 100, 0.5, 10.0, 10.0

Json = dict[str, Any]


class Refused(Exception):
    """The API said no, and would say so again."""


class Lost(Exception):
    """The socket is gone, or of no use any more."""


def say(text: str) -> None:
    """What happens to the connection, beside what is said over it."""
    print(text, file=sys.stderr, flush=True)


class Api:
    """REST, as far as it is needed here."""

    def __init__(self, url: str) -> None:
        self._base = url.rstrip("/") + "/api/v10"
        self.token = ""

    def call(self, method: str, path: str, body: Json | None = None) -> Any:
        """The answer. Raises Refused, and OSError when nobody answers or the server can not now."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": self.token} if self.token else {})
        sent = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self._base + path, sent, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            if error.code == 429 or error.code >= 500:
                raise OSError(said) from None
            raise Refused(f"{method} {path}: {said}") from None


class Socket:
    """JSON over one WebSocket: wsproto knows the frames, asyncio moves the bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._frames = WSConnection(ConnectionType.CLIENT)
        self._part = ""
        self._waiting: list[Json] = []
        self._open = False

    @classmethod
    async def connect(cls, url: str) -> Socket:
        """An open socket. Raises OSError, Lost."""
        where = urlsplit(url)
        secure = where.scheme == "wss"
        trust = ssl.create_default_context() if secure else None
        socket = cls(*await asyncio.open_connection(where.hostname, where.port or (443 if secure else 80), ssl=trust))
        request = events.Request(host=where.netloc, target=f"{where.path or '/'}?v=10&encoding=json")
        socket._writer.write(socket._frames.send(request))
        while not socket._open:
            await socket._read()
        return socket

    async def send(self, op: int, data: Any) -> None:
        """Send one frame."""
        self._writer.write(self._frames.send(events.Message(data=json.dumps({"op": op, "d": data}))))
        await self._writer.drain()

    async def receive(self) -> Json:
        """The next frame. Raises Lost."""
        while not self._waiting:
            await self._read()
        return self._waiting.pop(0)

    def close(self) -> None:
        """Let go of it, as one who comes back: a close with 1000 would end the session."""
        self._writer.close()

    async def _read(self) -> None:
        try:
            data = await self._reader.read(1 << 16)
            self._frames.receive_data(data or None)
            for event in self._frames.events():
                self._take(event)
            if not data:
                raise Lost("the server hung up")
        except (OSError, utilities.RemoteProtocolError) as error:
            raise Lost(str(error)) from None

    def _take(self, event: Any) -> None:
        if isinstance(event, events.AcceptConnection):
            self._open = True
        elif isinstance(event, events.Ping):
            self._writer.write(self._frames.send(event.response()))
        elif isinstance(event, events.Message) and not isinstance(event, events.BytesMessage):
            self._part += event.data
            if event.message_finished:
                self._waiting.append(json.loads(self._part))
                self._part = ""
        elif isinstance(event, events.RejectConnection):
            raise Lost(f"the server answered {event.status_code}")
        elif isinstance(event, events.CloseConnection):
            if event.code == TOKEN_DOES_NOT_STAND:
                raise Refused("the token does not stand any more: log in again")
            raise Lost(f"closed with {event.code}: {event.reason}")


class Places:
    """The channels that one may read: what they are called, and the newest message printed of each."""

    def __init__(self) -> None:
        self._guilds: dict[str, str] = {}
        self._channels: dict[str, Json] = {}
        self._printed: dict[str, int] = {}

    def enter(self, ready: Json) -> list[tuple[str, int]]:
        """Everything anew, from READY; the channels that have news since what was printed, and the id of that."""
        self._guilds, self._channels = {}, {}
        for guild in ready["guilds"]:
            self._enter_guild(guild)
        self._channels |= {channel["id"]: channel for channel in ready["private_channels"]}
        newest = {key: int(each.get("last_message_id") or 0) for key, each in self._channels.items()}
        self._printed = newest | self._printed
        return [(key, self._printed[key]) for key, message_id in newest.items() if message_id > self._printed[key]]

    def apply(self, event: str, data: Json) -> None:
        """One event of the Gateway."""
        match event:
            case "GUILD_CREATE":
                self._enter_guild(data)
            case "GUILD_UPDATE":
                self._guilds[data["id"]] = data["name"]
            case "GUILD_DELETE":
                self._guilds.pop(data["id"], None)
                kept = {key: each for key, each in self._channels.items() if each.get("guild_id") != data["id"]}
                self._channels = kept
            case "CHANNEL_CREATE" | "CHANNEL_UPDATE":
                self._channels[data["id"]] = data
            case "CHANNEL_DELETE":
                self._channels.pop(data["id"], None)
            case "MESSAGE_CREATE":
                self.message(data)

    def message(self, data: Json) -> None:
        """Print a message, unless it was printed before: ids grow within a channel."""
        channel_id, message_id = data["channel_id"], int(data["id"])
        if message_id <= self._printed.get(channel_id, 0):
            return
        self._printed[channel_id] = message_id
        author = data["author"]
        text = data["content"] or " ".join(each["url"] for each in data["attachments"]) or f"(type {data['type']})"
        print(f"{self._called(channel_id)} {author['global_name'] or author['username']}: {text}", flush=True)

    def _enter_guild(self, guild: Json) -> None:
        self._guilds[guild["id"]] = guild.get("properties", guild).get("name", "?")
        for channel in guild.get("channels", ()):
            if channel["type"] != CATEGORY:
                self._channels[channel["id"]] = {**channel, "guild_id": guild["id"]}

    def _called(self, channel_id: str) -> str:
        channel = self._channels.get(channel_id, {})
        if "guild_id" in channel:
            return f"#{channel['name']}@{self._guilds[channel['guild_id']]}"
        people = ", ".join(each["username"] for each in channel.get("recipients", ()))
        return f"@{channel.get('name') or people or channel_id}"


class Follower:
    """One session, over as many sockets as it takes."""

    def __init__(self, api: Api, gateway: str) -> None:
        self._api, self._gateway, self._resume_at = api, gateway, gateway
        self._places = Places()
        self._session: str | None = None
        self._sequence = 0
        self._alive = self._heard = False

    async def follow(self) -> None:
        """For as long as the token stands. Raises Refused."""
        wait_s = AGAIN_FIRST_S
        while True:
            self._alive = False
            try:
                await self._converse()
            except (Lost, OSError) as error:
                say(f"lost: {error}")
            wait_s = AGAIN_FIRST_S if self._alive else min(2 * wait_s, AGAIN_AT_MOST_S)
            await asyncio.sleep(wait_s * random.uniform(0.5, 1))  # or all clients of a server come back at once

    async def _converse(self) -> None:
        """One socket, from HELLO until it is lost."""
        where = self._resume_at if self._session else self._gateway
        socket = await asyncio.wait_for(Socket.connect(where), PATIENCE_S)
        hello = await asyncio.wait_for(socket.receive(), PATIENCE_S)
        beating = asyncio.create_task(self._beat(socket, hello["d"]["heartbeat_interval"] / 1000))
        try:
            await socket.send(*self._introduction())
            while True:
                await self._handle(await socket.receive(), socket)
        finally:
            beating.cancel()
            socket.close()

    def _introduction(self) -> tuple[int, Json]:
        """Go on where the session was; or begin one."""
        token = self._api.token
        if self._session is not None:
            return RESUME, {"token": token, "session_id": self._session, "seq": self._sequence}
        return IDENTIFY, {"token": token, "properties": {"os": sys.platform, "browser": "follow.py"}}

    async def _handle(self, frame: Json, socket: Socket) -> None:
        op = frame["op"]
        if op == DISPATCH:
            self._sequence = frame["s"]
            await self._dispatched(frame["t"], frame["d"])
        elif op == HEARTBEAT:
            await socket.send(HEARTBEAT, self._sequence)
        elif op == HEARTBEAT_ACK:
            self._heard = True
        elif op == RECONNECT:
            raise Lost("the server is about to stop")
        elif op == INVALID_SESSION:  # too much has changed or too much time has passed: begin anew, and read on
            self._session = None
            raise Lost("the session can not be resumed")

    async def _dispatched(self, event: str, data: Json) -> None:
        if event == "READY":
            self._session, self._resume_at = data["session_id"], data["resume_gateway_url"]
            for channel_id, after in self._places.enter(data):
                await self._read_on(channel_id, after)
            say("ready")
        elif event == "RESUMED":
            say("resumed")
        else:
            self._places.apply(event, data)
        self._alive = True

    async def _read_on(self, channel_id: str, after: int) -> None:
        """What was said in a channel between two sessions, oldest first."""
        while True:
            path = f"/channels/{channel_id}/messages?limit={PAGE}&after={after}"
            page = sorted(await asyncio.to_thread(self._api.call, "GET", path), key=lambda each: int(each["id"]))
            for message in page:
                self._places.message(message)
            if len(page) < PAGE:
                return
            after = int(page[-1]["id"])

    async def _beat(self, socket: Socket, every_s: float) -> None:
        """Until one is not answered: then the server is gone, though the socket does not know."""
        self._heard = True
        while self._heard:
            self._heard = False
            await socket.send(HEARTBEAT, self._sequence)
            await asyncio.sleep(every_s)
        socket.close()


def main() -> None:
    """Log in, and follow."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    _, url, name = sys.argv
    api = Api(url)
    password = os.environ.get("DERAILED_PASSWORD") or getpass.getpass(f"Password of {name}: ")
    try:
        api.token = api.call("POST", "/auth/login", {"login": name, "password": password})["token"]
        gateway = api.call("GET", "/gateway")["url"]
        asyncio.run(Follower(api, gateway).follow())
    except (Refused, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
