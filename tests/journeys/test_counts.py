"""How many are here, as the shipped server counts them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.place import Place, run

pytestmark = pytest.mark.slow


def test_who_is_here_is_counted(place: Place) -> None:
    path = f"/guilds/{place.guild.id}"

    def counted() -> set[Any]:
        shown = (place.anna.call("GET", f"{path}?with_counts=true"), place.anna.call("GET", f"{path}/preview"))
        return {each["approximate_presence_count"] for each in shown}

    async def journey() -> None:
        assert counted() == {0}
        async with place.socket() as anna:
            await anna.identify(place.anna)
            async with place.socket() as ben:
                await ben.identify(place.ben)
                await anna.until("PRESENCE_UPDATE", lambda d: d["user"]["id"] == str(place.ben.id))
                assert counted() == {2}
            await anna.until("PRESENCE_UPDATE", lambda d: d["status"] == "offline")
            assert counted() == {1}

    run(journey())
