"""Random people talk, come into groups, go, and lose their connections: each hears all of theirs once and in order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from derailed.gateway.service import Service
from tests.gateway.house import House, Screen, live
from tests.gateway.talking import PEOPLE, Talking, actor, directly
from tests.members.town import FIRST


class Follower:
    """A person whose client comes and goes, and resumes."""

    def __init__(self, number: int, token: str) -> None:
        self.number = number
        self.token = token
        self.heard: list[tuple[str, int]] = []
        self.screen: Screen | None = None
        self._last: Screen | None = None

    async def come(self, node: Service) -> None:
        """Come in, or back; it must be whole."""
        screen = Screen(node)
        if self._last is None:
            await screen.identify(self.token)
        else:
            await screen.resume(self.token, self._last)
            assert not screen.refused
        self.screen = self._last = screen

    def go(self) -> None:
        """Lose the connection."""
        assert self.screen is not None
        self.screen.leave()
        self.heard += directly(self.screen)
        self.screen = None


class World:
    """Who is in what, told in plain sets, and what each must therefore hear."""

    def __init__(self, talking: Talking, chance: random.Random) -> None:
        self.talking, self.chance = talking, chance
        self.inside: dict[int, list[int]] = {}
        self.owner: dict[int, int] = {}
        self.hidden: dict[int, set[int]] = {}
        self.pairs: dict[frozenset[int], int] = {}
        self.due: dict[int, list[tuple[str, int]]] = {number: [] for number in range(PEOPLE)}

    def _tell(self, numbers: Any, event: str, channel: int) -> None:
        for number in numbers:
            self.due[number].append((event, channel))

    async def happen(self) -> None:
        """Something, by somebody."""
        choices = [self.opens, self.groups] if not self.inside else [
            *(self.opens, self.groups, self.closes, self.adds, self.removes, self.leaves), *[self.says] * 6, self.reacts
        ]  # fmt: skip
        await self.chance.choice(choices)()

    def _someone(self) -> tuple[int, int]:
        channel = self.chance.choice([each for each in self.inside if self.inside[each]] or [0])
        return (self.chance.choice(self.inside[channel]), channel) if channel else (-1, 0)

    async def opens(self) -> None:
        """A DM."""
        one, other = self.chance.sample(range(PEOPLE), 2)
        channel = await self.talking.dm(one, other)
        known = self.pairs.setdefault(frozenset((one, other)), channel)
        assert known == channel
        if channel not in self.inside:
            self.inside[channel], self.hidden[channel] = [one, other], {one, other}
        if one in self.hidden[channel]:
            self.hidden[channel].remove(one)
            self._tell([one], "CHANNEL_CREATE", channel)

    async def groups(self) -> None:
        """A group."""
        people = self.chance.sample(range(PEOPLE), 3)
        channel = await self.talking.group(*people)
        self.inside[channel] = [people[0], *sorted(people[1:])]
        self.owner[channel] = people[0]
        self.hidden[channel] = set()
        self._tell(people, "CHANNEL_CREATE", channel)

    async def says(self) -> None:
        """A message."""
        one, channel = self._someone()
        if channel:
            await self.talking.say(one, channel)
            self._tell(self.hidden[channel], "CHANNEL_CREATE", channel)
            self.hidden[channel].clear()
            self._tell(self.inside[channel], "MESSAGE_CREATE", channel)

    async def reacts(self) -> None:
        """A message, and a reaction to it."""
        one, channel = self._someone()
        if channel:
            message = await self.talking.say(one, channel)
            self._tell(self.hidden[channel], "CHANNEL_CREATE", channel)
            self.hidden[channel].clear()
            await self.talking.reactions.add(actor(one), channel, message, "👍")
            self._tell(self.inside[channel], "MESSAGE_CREATE", channel)
            self._tell(self.inside[channel], "MESSAGE_REACTION_ADD", channel)

    async def closes(self) -> None:
        """A DM is closed."""
        if self.pairs:
            pair, channel = self.chance.choice(list(self.pairs.items()))
            one = self.chance.choice(sorted(pair))
            await self.talking.conversations.end(actor(one), channel)
            if one not in self.hidden[channel]:
                self.hidden[channel].add(one)
                self._tell([one], "CHANNEL_DELETE", channel)

    async def adds(self) -> None:
        """Somebody comes into a group."""
        one, channel = self._someone()
        if channel in self.owner:
            new = self.chance.randrange(PEOPLE)
            await self.talking.conversations.add(actor(one), channel, FIRST + new)
            if new not in self.inside[channel]:
                self._tell(self.inside[channel], "CHANNEL_RECIPIENT_ADD", channel)
                self._tell([new], "CHANNEL_CREATE", channel)
                self.inside[channel].append(new)
                self._tell(self.inside[channel], "MESSAGE_CREATE", channel)

    async def removes(self) -> None:
        """The owner takes somebody out."""
        _, channel = self._someone()
        if channel in self.owner:
            owner, other = self.owner[channel], self.chance.choice(self.inside[channel])
            if owner != other:
                await self.talking.conversations.remove(actor(owner), channel, FIRST + other)
                self._goes(channel, other)

    async def leaves(self) -> None:
        """Somebody leaves."""
        one, channel = self._someone()
        if channel in self.owner:
            await self.talking.conversations.end(actor(one), channel)
            self._goes(channel, one)

    def _goes(self, channel: int, one: int) -> None:
        self.inside[channel].remove(one)
        self._tell([one], "CHANNEL_DELETE", channel)
        self._tell(self.inside[channel], "CHANNEL_RECIPIENT_REMOVE", channel)
        if self.owner[channel] == one and self.inside[channel]:
            self._tell(self.inside[channel], "CHANNEL_UPDATE", channel)
        self._tell(self.inside[channel], "MESSAGE_CREATE", channel)


@pytest.mark.parametrize("seed", range(4))
def test_everybody_hears_each_event_once_and_in_order_however_often_they_are_away(tmp_path: Path, seed: int) -> None:
    async def story(house: House) -> None:
        chance = random.Random(seed)
        nodes, talking = [await house.node() for _ in range(2)], Talking(house)
        world = World(talking, chance)
        followers = [Follower(number, await house.log_in(number)) for number in range(PEOPLE)]
        for each in followers:
            await each.come(chance.choice(nodes))
        for _ in range(80):
            each = chance.choice(followers)
            if chance.random() < 0.2:
                if each.screen is None:
                    await each.come(chance.choice(nodes))
                else:
                    each.go()
            await world.happen()
            world.owner.update(await _owners(talking, world))
        await talking.drained()
        for each in followers:
            if each.screen is None:
                await each.come(chance.choice(nodes))
            screen, before = each.screen, len(each.heard)
            assert screen is not None
            await screen.true(lambda: before + len(directly(screen)) >= len(world.due[each.number]))  # noqa: B023
            each.go()
            assert each.heard == world.due[each.number], (seed, each.number)

    live(tmp_path, story)


async def _owners(talking: Talking, world: World) -> dict[int, int]:
    """Whose each group is now: who inherits it is told in `tests/api/test_groups.py`."""
    found = {}
    for channel in world.owner:
        if world.inside[channel]:
            shown = await talking.conversations.get(actor(world.inside[channel][0]), channel)
            assert shown.conversation.owner_id is not None
            found[channel] = shown.conversation.owner_id - FIRST
            assert set(shown.people) == {FIRST + each for each in world.inside[channel]}
    return found
