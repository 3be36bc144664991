"""A Presence Service that comes back may say who changed before it says who is here: nobody flickers for that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from derailed.gateway import departed
from derailed.presence import Down, Link, Presence, Recent
from tests.gateway.house import PATIENCE_S, House, Screen, live
from tests.members.town import FIRST, NOW


class Late:
    """A link whose service is away, or back without having said who is here."""

    def __init__(self, link: Link) -> None:
        self.is_away = True
        self.knows = False
        self.asked = 0
        self.asked_again = asyncio.Event()
        """How often it said who changed."""
        self._link = link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    async def watch(self, guild_id: int) -> Sequence[Presence]:
        """See Link."""
        found = await self._link.watch(guild_id)
        if not self.knows:
            raise Down
        return found

    def here(self, guild_id: int, user_ids: Iterable[int] | None = None) -> Sequence[Presence]:
        """See Link."""
        return self._link.here(guild_id, user_ids) if self.knows else ()

    async def recent(self, session_id: bytes, guild_ids: Sequence[int]) -> Recent:
        """See Link."""
        if self.is_away:
            raise Down
        self.asked += 1
        if self.asked == 2:
            self.asked_again.set()
        return await self._link.recent(session_id, guild_ids)


class Began:
    """A link to a service that began while everybody was away, and has never heard of who did not come back."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    async def recent(self, session_id: bytes, guild_ids: Sequence[int]) -> Recent:
        """See Link."""
        return Recent({}, whole=False)


@pytest.mark.parametrize("many", [False, True])
def test_who_did_not_come_back_to_a_service_that_began_is_told_to_be_gone(
    many: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departed, "BACK_WITHIN_S", 0)
    monkeypatch.setattr(departed, "BELONGING_MAX", 1 if many else departed.BELONGING_MAX)

    async def story(house: House) -> None:
        node, other = await house.node(), await house.node(over=Began)
        first, token = Screen(node), await house.log_in(1)
        await house.enter(node, 2)
        third = await house.enter(node, 3)
        await first.identify(token)
        first.leave()
        third.leave(gone=True)
        again = Screen(other)
        await again.resume(token, first)
        await again.true(lambda: again.statuses(2)[-1:] == ["online"])
        if not many:
            await again.true(lambda: again.statuses(3)[-1:] == ["offline"])
        assert again.statuses(1)[-1:] in ([], ["online"])
        assert again.statuses(2)[-1:] == ["online"]

    live(tmp_path, story)


@pytest.mark.slow
def test_nobody_is_said_to_be_gone_before_it_is_known_who_is_here(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        links: list[Late] = []

        def over(link: Link) -> Link:
            links.append(Late(link))
            return links[0]

        node, other = await house.node(), await house.node(over=over)
        first, second = await house.enter(node, 1), Screen(node)
        token = await house.log_in(2)
        await second.identify(token)
        second.leave()
        first.shows("dnd")
        again = Screen(other)
        await again.resume(token, second)
        (late,) = links
        late.is_away = False
        async with asyncio.timeout(PATIENCE_S):
            await late.asked_again.wait()
        late.knows = True
        await again.until("PRESENCE_UPDATE", lambda data: data["status"] == "dnd")
        assert again.statuses(1) == ["dnd"]

    live(tmp_path, story)


def test_who_begins_afresh_and_ends_cleanly_is_gone_at_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        first, second, token = await house.enter(node, 1), Screen(node), await house.log_in(2)
        await second.identify(token)
        assert second.recipient is not None
        node.hub.registry.refuse(second.recipient)
        second.session_id = ""
        await second.identify(token)
        second.leave(gone=True)
        assert len(await house.town.presences.absent([FIRST + 2])) == 1
        await first.true(lambda: first.statuses(2)[-1:] == ["offline"])

    live(tmp_path, story)


def test_who_begins_afresh_on_another_node_and_ends_cleanly_is_gone_at_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        first, second, token = await house.enter(node, 1), Screen(node), await house.log_in(2)
        await second.identify(token)
        second.leave()
        again = Screen(other)
        second.sequence |= 1  # it was not whole
        await again.resume(token, second)
        assert again.refused
        again.session_id = ""
        again.sequence = 0
        await again.identify(token)
        again.leave(gone=True)
        assert len(await house.town.presences.absent([FIRST + 2])) == 1
        await first.true(lambda: first.statuses(2)[-1:] == ["offline"])

    live(tmp_path, story)


def test_a_session_is_taken_over_by_a_node_whose_clock_is_behind(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        behind = count(NOW, -3_600_000)
        house._clock = lambda: next(behind)  # type: ignore[method-assign]
        node, other = await house.node(), await house.node()
        one, token = Screen(node), await house.log_in(1)
        await one.identify(token)
        await house.sets(1, locale="de")
        again = Screen(other)
        await again.resume(token, one)
        await one.true(lambda: not one.open)
        assert again.open
        assert again.refused == 0

    live(tmp_path, story)
