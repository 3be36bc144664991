"""People of a house who talk in conversations, by their numbers, and what their screens are told of it."""

from __future__ import annotations

import msgspec

from derailed.actions.conversations import Conversations
from derailed.actions.faces import Faces
from derailed.actions.messages import Messages
from derailed.actions.reactions import Reactions
from derailed.model.user import Actor
from derailed.wire.messages import SendMessage
from derailed.wire.requests import OpenConversation, Snowflake
from tests.gateway.house import House, Screen
from tests.members.town import FIRST

PEOPLE = 5
BOT = PEOPLE


class Talking:
    """The verbs, by the numbers of those who use them."""

    def __init__(self, house: House) -> None:
        context = house.town.context
        self._house = house
        self.conversations = Conversations(context)
        self.messages = Messages(context, Faces())
        self.reactions = Reactions(context, Faces())

    async def dm(self, number: int, other: int) -> int:
        """Open the DM of two."""
        body = OpenConversation(recipient_id=Snowflake(FIRST + other))
        return (await self.conversations.open(actor(number), body)).conversation.id

    async def group(self, number: int, *others: int) -> int:
        """Make a group."""
        body = OpenConversation(recipients=[Snowflake(FIRST + each) for each in others])
        return (await self.conversations.open(actor(number), body)).conversation.id

    async def say(self, number: int, channel_id: int, content: str = "hello") -> int:
        """Say something."""
        said = await self.messages.send(actor(number), channel_id, SendMessage(content=content))
        return int(msgspec.json.decode(said)["id"])

    async def drained(self) -> None:
        """Until everything is in the log."""
        await self._house.town.publisher.drained()


def actor(number: int) -> Actor:
    """On behalf of that one."""
    return Actor(FIRST + number, 0, number == BOT)


def directly(screen: Screen) -> list[tuple[str, int]]:
    """What it was told of conversations: the events, and where."""
    named = [(name, data) for name, data in screen.seen if isinstance(data, dict) and "guild_id" not in data]
    return [
        (
            name,
            int(data["id"] if name in ("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE") else data["channel_id"]),
        )
        for name, data in named
        if name not in ("READY", "RESUMED", "GUILD_CREATE", "PRESENCE_UPDATE", "USER_UPDATE")
    ]
