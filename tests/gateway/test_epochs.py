"""A new epoch of the bus is a matter of those who were there in the old one: a node that starts says nothing of it."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from derailed.bus import NewEpoch
from tests.gateway.house import House, live


def test_a_node_that_nobody_is_on_begins_an_epoch_in_silence(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        with capture_logs() as logs:
            await node.hub.take([NewEpoch("another")])
        assert logs == []

    live(tmp_path, story)


def test_sessions_start_afresh_in_a_new_epoch_and_the_operator_is_told(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        screen = await house.enter(node, 1)
        with capture_logs() as logs:
            await node.hub.take([NewEpoch("another")])
        assert screen.refused == 1
        (said,) = logs
        assert (said["log_level"], said["epoch"]) == ("warning", "another")

    live(tmp_path, story)
