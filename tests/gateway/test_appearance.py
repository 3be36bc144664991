"""What sessions show by the settings of their account: statuses, and custom statuses until they are over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.gateway.house import House, Screen, live
from tests.gateway.test_presences import entered, of
from tests.members.town import FIRST, NOW

CUSTOM = {"text": "mending nets", "emoji_name": "🪝"}


def customs(presence: Any) -> list[str | None]:
    """The texts of the custom statuses among somebody's activities."""
    return [each.get("state") for each in presence["activities"] if each["type"] == 4]


def names(presence: Any) -> list[str]:
    """Of the other activities."""
    return [each["name"] for each in presence["activities"] if each["type"] != 4]


async def shown(screen: Screen, number: int, status: str, *texts: str, playing: tuple[str, ...] = ()) -> None:
    """Wait until the screen was told that somebody looks like this."""

    def is_so() -> bool:
        told = [each for each in screen.told("PRESENCE_UPDATE") if each["user"]["id"] == str(FIRST + number)]
        now = told[-1] if told else None
        return now is not None and (now["status"], customs(now), names(now)) == (status, [*texts], [*playing])

    await screen.true(is_so)


def test_who_says_no_status_shows_that_of_the_settings(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        await house.sets(1, status="dnd", custom_status=CUSTOM)
        await house.sets(2, status="invisible")
        first = await house.enter(node, 1)
        await house.enter(node, 2)
        third = await house.enter(node, 3)
        assert of(entered(third)) == {1: "dnd", 3: "online"}
        (own,) = [each for each in entered(first)["presences"] if each["user"]["id"] == str(FIRST + 1)]
        assert own["activities"][0]["emoji"] == {"name": "🪝", "id": None}
        assert customs(own) == ["mending nets"]
        (session,) = first.told("READY")[0]["sessions"]
        assert (session["status"], customs(session)) == ("dnd", ["mending nets"])
        assert first.told("READY")[0]["user_settings"]["custom_status"]["text"] == "mending nets"

    live(tmp_path, story)


def test_who_says_a_status_shows_that_and_the_custom_one_beside_what_it_does(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        await house.sets(1, status="dnd", custom_status=CUSTOM)
        third = await house.enter(node, 3)
        first = await house.enter(node, 1, status="online", activities=[{"name": "Chess", "type": 0}])
        await shown(third, 1, "online", "mending nets", playing=("Chess",))
        first.shows("idle")
        await shown(third, 1, "idle", "mending nets")
        first.shows("idle", {"name": "x", "type": 4, "state": "its own"})
        await shown(third, 1, "idle", "its own")

    live(tmp_path, story)


def test_a_change_of_the_settings_is_shown_by_every_session(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        third = await house.enter(node, 3)
        await house.enter(node, 1, status="online", activities=[{"name": "Chess", "type": 0}])
        await house.enter(other, 1, status="idle")
        await house.sets(1, status="dnd")
        await shown(third, 1, "dnd", playing=("Chess",))
        await house.sets(1, custom_status=CUSTOM)
        await shown(third, 1, "dnd", "mending nets", playing=("Chess",))
        await house.sets(1, custom_status={"text": "ashore"})
        await shown(third, 1, "dnd", "ashore", playing=("Chess",))
        await house.sets(1, custom_status=None, theme="light")
        await shown(third, 1, "dnd", playing=("Chess",))
        await house.sets(1, status="invisible")
        await shown(third, 1, "offline")

    live(tmp_path, story)


def test_a_custom_status_is_gone_when_it_is_over(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        third = await house.enter(node, 3)
        await house.enter(node, 1, activities=[{"name": "Chess", "type": 0}])
        soon = datetime.fromtimestamp((NOW + 300) / 1000, UTC).isoformat()
        await house.sets(1, custom_status={**CUSTOM, "expires_at": soon})
        await shown(third, 1, "online", "mending nets", playing=("Chess",))
        await shown(third, 1, "online", playing=("Chess",))

    live(tmp_path, story)


def test_a_custom_status_that_was_replaced_does_not_end_with_the_old_one(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        third = await house.enter(node, 3)
        await house.enter(node, 1)
        await house.enter(node, 2)
        soon = datetime.fromtimestamp((NOW + 300) / 1000, UTC).isoformat()
        for number in (1, 2):
            await house.sets(number, custom_status={**CUSTOM, "expires_at": soon})
        await house.sets(1, custom_status={"text": "ashore"})
        await shown(third, 1, "online", "ashore")
        await shown(third, 2, "online", "mending nets")
        await shown(third, 2, "online")
        await shown(third, 1, "online", "ashore")

    live(tmp_path, story)


def test_who_is_resumed_and_then_changes_a_custom_status_still_shows_what_it_did(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        third, token = await house.enter(node, 3), await house.log_in(1)
        first, again = Screen(node), Screen(other)
        await first.identify(token, status="idle", activities=[{"name": "Chess", "type": 0}])
        await shown(third, 1, "idle", playing=("Chess",))
        first.leave()
        await again.resume(token, first)
        await house.sets(1, custom_status=CUSTOM)
        await shown(third, 1, "idle", "mending nets", playing=("Chess",))
        await house.sets(1, status="dnd")
        await shown(third, 1, "dnd", "mending nets", playing=("Chess",))
        await house.sets(1, custom_status=None)
        await shown(third, 1, "dnd", playing=("Chess",))

    live(tmp_path, story)
