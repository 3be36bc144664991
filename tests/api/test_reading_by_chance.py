"""Read states by chance: what READY says, what a client made of the events, and a plain count are always the same.

People talk, call each other, answer, delete, acknowledge, mark as unread and mute, in any order. The count keeps every
message with whom it called, and goes through all of them; the client begins with READY and never asks again.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest

from derailed.wire.records import Record
from tests.api.door import Door, Person, visit
from tests.api.readers import standings

STEPS = 70


class Said(NamedTuple):
    """A message, deleted or not, and whom it called."""

    id: int
    channel: str
    author: str
    people: frozenset[str]
    roles: frozenset[str]
    everyone: bool


class Plain:
    """One person, told by what they did: how far they read, and what they want to hear."""

    def __init__(self, person: Person, roles: set[str]) -> None:
        self.person = person
        self.roles = roles
        self.positions: dict[str, int] = {}
        self.suppress_everyone = self.suppress_roles = self.muted = False
        self.muted_channels: set[str] = set()

    def count(self, channel: str, said: list[Said]) -> int:
        """How often they are called."""
        return sum(self.is_called(each) for each in said if each.channel == channel)

    def is_called(self, by: Said) -> bool:
        """Whether the message calls them now."""
        if by.id <= self.positions.get(by.channel, 0) or by.author == self.person.id:
            return False
        if self.person.id in by.people:
            return True
        if self.muted or by.channel in self.muted_channels:
            return False
        by_role = bool(by.roles & self.roles) and not self.suppress_roles
        return by_role or (by.everyone and not self.suppress_everyone)


class Client:
    """A session of one person, which knows what it was told."""

    def __init__(self, person: Person, roles: set[str], settings: dict[str, Any]) -> None:
        self.person = person
        self.roles = roles
        self.settings = settings
        self.stands: dict[str, list[int]] = {}

    def hear(self, topic: str, record: Record) -> None:
        """Take an event in, as clients do."""
        data = msgspec.json.decode(record.data)
        if topic == f"user:{self.person.id}" and record.event == "MESSAGE_ACK":
            self.stands[data["channel_id"]] = [int(data["message_id"]), data["mention_count"]]
        elif topic == f"user:{self.person.id}" and record.event == "USER_GUILD_SETTINGS_UPDATE":
            self.settings = data
        elif record.event == "MESSAGE_CREATE":
            stands = self.stands.setdefault(data["channel_id"], [0, 0])
            if data["author"]["id"] == self.person.id:
                stands[:] = [int(data["id"]), 0]
            else:
                stands[1] += self._is_called(data)

    def _is_called(self, message: dict[str, Any]) -> bool:
        if self.person.id in [each["id"] for each in message["mentions"]]:
            return True
        overrides = self.settings["channel_overrides"]
        muted = {each["channel_id"] for each in overrides if each["muted"]}
        if self.settings["muted"] or message["channel_id"] in muted:
            return False
        by_role = bool(self.roles & set(message["mention_roles"])) and not self.settings["suppress_roles"]
        return by_role or (message["mention_everyone"] and not self.settings["suppress_everyone"])


class Town:
    """Three people in a guild with two channels and two roles."""

    def __init__(self, door: Door, random: Random) -> None:
        self.door = door
        self.random = random
        self.said: list[Said] = []
        self.there: list[Said] = []
        self.plain: list[Plain] = []
        self.clients: list[Client] = []
        self.channels: list[str] = []
        self.roles: list[str] = []
        self.guild = ""

    async def found(self) -> None:
        """Build it."""
        people = [await self.door.register(name) for name in ("anna", "ben", "cleo")]
        guild = await people[0].guild()
        self.guild = guild["id"]
        await people[0].do("PATCH", f"/guilds/{self.guild}", {"system_channel_flags": 1})
        for person in people[1:]:
            await person.join(await people[0].invite(guild))
        path = f"/guilds/{self.guild}"
        other = await people[0].do("POST", f"{path}/channels", {"name": "other"})
        self.channels = [guild["system_channel_id"], other["id"]]
        for name, holders in (("crew", people[:2]), ("guests", people[2:])):
            role = (await people[0].do("POST", f"{path}/roles", {"name": name, "mentionable": True}))["id"]
            self.roles.append(role)
            for person in holders:
                await people[0].do("PUT", f"{path}/members/{person.id}/roles/{role}")
        everyone = await people[0].get(f"{path}/roles")
        bits = int(next(each["permissions"] for each in everyone if each["id"] == self.guild))
        await people[0].do("PATCH", f"{path}/roles/{self.guild}", {"permissions": str(bits | 1 << 17)})
        for number, person in enumerate(people):
            held = {self.roles[0 if number < 2 else 1]}
            self.plain.append(Plain(person, held))
            settings = await person.get(f"/users/@me/guilds/{self.guild}/settings")
            self.clients.append(Client(person, held, settings))
        self.door.now_ms += 1000

    async def step(self) -> None:
        """Somebody does something."""
        somebody, channel = self.random.choice(self.plain), self.random.choice(self.channels)
        self.door.now_ms += self.random.choice([0, 1, 50, 50, 30_000, 61_000])
        deeds = [self.talk] * 6 + [self.ack] * 4 + [self.mark_unread, self.delete, self.read_all, self.choose]
        await self.random.choice(deeds)(somebody, channel)

    async def talk(self, who: Plain, channel: str) -> None:
        """Say something, which may call others."""
        people = {each.person.id for each in self.plain if self.random.random() < 0.25}
        roles = {each for each in self.roles if self.random.random() < 0.15}
        everyone = self.random.random() < 0.15
        words = [f"<@{each}>" for each in people] + [f"<@&{each}>" for each in roles] + ["@everyone"] * everyone
        body: dict[str, Any] = {"content": " ".join(["hello", *words])}
        here = [each for each in self.there if each.channel == channel]
        if here and self.random.random() < 0.3:
            answered = self.random.choice(here)
            body["message_reference"] = {"message_id": str(answered.id)}
            people.add(answered.author)
        sent = await who.person.do("POST", f"/channels/{channel}/messages", body)
        author = who.person.id
        said = Said(int(sent["id"]), channel, author, frozenset(people), frozenset(roles), everyone)
        self.said.append(said)
        self.there.append(said)
        who.positions[channel] = said.id

    async def ack(self, who: Plain, channel: str) -> None:
        """Read up to a message that is or was there."""
        said = self._any(channel)
        if said is not None:
            await who.person.do("POST", f"/channels/{channel}/messages/{said.id}/ack", {})
            who.positions[channel] = max(who.positions.get(channel, 0), said.id)

    async def mark_unread(self, who: Plain, channel: str) -> None:
        """Go back to before a message."""
        said = self._any(channel)
        if said is not None:
            await who.person.do("POST", f"/channels/{channel}/messages/{said.id - 1}/ack", {"manual": True})
            who.positions[channel] = said.id - 1

    async def read_all(self, who: Plain, channel: str) -> None:
        """Read the guild, or both channels at once."""
        last = {each.channel: each.id for each in self.said}
        if self.random.random() < 0.5:
            await who.person.do("POST", f"/guilds/{self.guild}/ack", {})
        else:
            states = [{"channel_id": each, "message_id": str(at)} for each, at in last.items()]
            await who.person.do("POST", "/read-states/ack-bulk", {"read_states": states})
        who.positions.update({each: max(at, who.positions.get(each, 0)) for each, at in last.items()})

    async def delete(self, who: Plain, channel: str) -> None:
        """One message, or two at once."""
        gone = self.random.sample(self.there, min(len(self.there), self.random.choice([1, 2])))
        if len(gone) == 2 and gone[0].channel == gone[1].channel:
            path = f"/channels/{gone[0].channel}/messages/bulk-delete"
            await self.plain[0].person.do("POST", path, {"messages": [str(each.id) for each in gone]})
        else:
            gone = gone[:1]
            for each in gone:
                await self.plain[0].person.do("DELETE", f"/channels/{each.channel}/messages/{each.id}")
        self.there = [each for each in self.there if each not in gone]

    async def choose(self, who: Plain, channel: str) -> None:
        """Want to hear something else."""
        who.suppress_everyone, who.suppress_roles, who.muted = (self.random.random() < 0.4 for _ in range(3))
        muted = self.random.random() < 0.4
        (who.muted_channels.add if muted else who.muted_channels.discard)(channel)
        body = {
            "suppress_everyone": who.suppress_everyone,
            "suppress_roles": who.suppress_roles,
            "muted": who.muted,
            "channel_overrides": {channel: {"muted": muted}},
        }
        await who.person.do("PATCH", f"/users/@me/guilds/{self.guild}/settings", body)

    async def check(self) -> None:
        """Everybody knows where they stand, in all three ways."""
        for plain, client in zip(self.plain, self.clients, strict=True):
            ready = await standings(plain.person, self.guild)
            for channel in self.channels:
                counted = (plain.positions.get(channel, 0), plain.count(channel, self.said))
                position, mentions = ready.get(channel, ("0", 0))
                assert (int(position), mentions) == counted
                assert tuple(client.stands.get(channel, (0, 0))) == counted

    def _any(self, channel: str) -> Said | None:
        here = [each for each in self.said if each.channel == channel]
        return self.random.choice(here) if here else None


@pytest.mark.parametrize("seed", range(4))
def test_ready_a_client_and_a_plain_count_agree(tmp_path: Path, seed: int) -> None:
    async def story(door: Door) -> None:
        town = Town(door, Random(seed))
        await town.found()
        heard = len(door.records)
        for _ in range(STEPS):
            await town.step()
            for topic, record in door.records[heard:]:
                for client in town.clients:
                    client.hear(topic, record)
            heard = len(door.records)
            await town.check()

    visit(tmp_path, story)
