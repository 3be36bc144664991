"""People who read: where READY says that they stand, and what their sessions were told meanwhile."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from derailed.wire.records import Record
from tests.api.door import Door, Person

Standings = dict[str, tuple[str, int]]
"""By channel: up to which message it is read, and how often one is called after that."""


class Hall(NamedTuple):
    """A guild of Anna's that Ben has joined, with its first channel."""

    door: Door
    anna: Person
    ben: Person
    guild: dict[str, Any]
    channel: str

    @property
    def messages(self) -> str:
        """The path of what is said in the channel."""
        return f"/channels/{self.channel}/messages"

    async def say(self, content: str = "hello", person: Person | None = None, **more: Any) -> str:
        """Let Anna, or somebody else, say something; its id."""
        self.door.now_ms += 1
        sent = await (person or self.anna).do("POST", self.messages, {"content": content, **more})
        return str(sent["id"])

    async def stands(self, person: Person | None = None) -> tuple[str, int]:
        """Where READY says that Ben, or somebody else, stands in the channel."""
        return (await standings(person or self.ben, self.guild["id"])).get(self.channel, ("0", 0))

    def told(self, person: Person | None = None, since: int = 0) -> list[tuple[str, Any]]:
        """The events of Ben's own topic, or of somebody else's."""
        topic = f"user:{(person or self.ben).id}"
        return [
            (record.event, msgspec.json.decode(record.data))
            for name, record in self.door.records[since:]
            if name == topic
        ]

    async def role(self, *people: Person, mentionable: bool = True) -> str:
        """A role that these hold."""
        path = f"/guilds/{self.guild['id']}"
        role = await self.anna.do("POST", f"{path}/roles", {"name": "crew", "mentionable": mentionable})
        for person in people:
            await self.anna.do("PUT", f"{path}/members/{person.id}/roles/{role['id']}")
        return str(role["id"])


async def hall(door: Door) -> Hall:
    """One, in which nobody is announced: that would be a message of theirs."""
    anna, ben = await door.register("anna"), await door.register("ben")
    guild = await anna.guild()
    await anna.do("PATCH", f"/guilds/{guild['id']}", {"system_channel_flags": 1})
    await ben.join(await anna.invite(guild))
    door.now_ms += 1000
    return Hall(door, anna, ben, guild, guild["system_channel_id"])


async def standings(person: Person, guild_id: str) -> Standings:
    """Where READY says that they stand in the channels of a guild."""
    found = await person.door.verbs.sessions.guild(int(guild_id), int(person.id), members_up_to=0, reads=True)
    assert found is not None
    return {str(each.channel_id): (str(each.position), each.mentions) for each in found.standings}


def of_guild(door: Door, guild_id: str, since: int) -> list[Record]:
    """The records of a guild's own topic."""
    return [record for name, record in door.records[since:] if name == f"guild:{guild_id}"]
