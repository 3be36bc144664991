"""People who talk outside of guilds, for tests: they meet in a guild, so that each hears the others."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.api.door import Door, Person

Heard = list[tuple[str, Any]]


async def met(door: Door, *names: str) -> list[Person]:
    """People who are in one guild."""
    people = [await door.register(name) for name in names]
    guild = await people[0].guild()
    code = await people[0].invite(guild)
    for person in people[1:]:
        await person.join(code)
    return people


async def direct(one: Person, other: Person) -> str:
    """The path of their DM."""
    opened = await one.do("POST", "/users/@me/channels", {"recipient_id": other.id})
    return f"/channels/{opened['id']}"


async def group(owner: Person, *others: Person) -> str:
    """The path of a new group."""
    opened = await owner.do("POST", "/users/@me/channels", {"recipients": [each.id for each in others]})
    return f"/channels/{opened['id']}"


async def say(person: Person, channel: str, content: str = "hello", **more: Any) -> Any:
    """Say something there; the message."""
    return await person.do("POST", f"{channel}/messages", {"content": content, **more})


def told(door: Door, person: Person, since: int = 0) -> Heard:
    """What the person's own topic was told of conversations, each as its event and `d`."""
    records = [record for topic, record in door.records[since:] if topic == f"user:{person.id}"]
    return [(each.event, msgspec.json.decode(each.data)) for each in records if each.channel and not each.guild]


def names(door: Door, person: Person, since: int = 0) -> list[str]:
    """The names of those events."""
    return [event for event, _ in told(door, person, since)]


async def refused(person: Person, method: str, path: str, body: Any = None) -> tuple[int, int]:
    """Status and code of the answer no."""
    answer = await person.ask(method, path, body)
    return answer.status_code, answer.json()["code"]
