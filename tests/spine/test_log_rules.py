"""The rules of the spine for publishers and the log, by name: outbox rows, trims, epochs, lost connections."""

from __future__ import annotations

import pytest

from derailed.bus import BusDown, Put
from derailed.store import OutboxRow
from derailed.wire.records import guild_topic
from tests.spine.cast import OLGA
from tests.spine.stage import actor, staged

OWNER = actor(OLGA)


def test_the_row_that_a_dead_publisher_left_is_published_by_another() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        stage.world.apis[0].store.committed = lambda rows: None
        stage.do(stage.say(stage.garden))
        stage.world.apis.pop(0).kill()
        stage.wait(3.0)
        stage.read(stage.ann)
        assert stage.ann.events == ["READY", "MESSAGE_CREATE"]


def test_the_row_that_is_in_the_log_already_is_not_published_again() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        logged = stage.world.oracle.offsets[stage.world.bus.epoch]
        before = len(logged)
        stage.begin(stage.say(stage.garden))
        while len(logged) == before:
            stage.loop.step()
        stage.world.apis.pop(0).kill()
        assert stage.world.outbox()
        stage.wait(3.0)
        stage.read(stage.ann)
        assert not stage.world.outbox()
        assert stage.ann.events == ["READY", "MESSAGE_CREATE"]


def test_two_publishers_out_of_order_append_in_order() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        first = stage.world.apis[0].store
        publish, held = first.committed, list[OutboxRow]()
        first.committed = held.extend
        stage.do(stage.say(stage.garden, "first"), api=0)
        stage.do(stage.say(stage.garden, "second"), api=1)
        publish(held)
        stage.wait()
        stage.read(stage.ann)
        assert stage.ann.events == ["READY", "MESSAGE_CREATE", "MESSAGE_CREATE"]


def test_the_first_message_in_an_idle_trimmed_topic_does_not_refuse_a_resume() -> None:
    with staged() as stage:
        stage.connect(stage.ann, stage.bot)
        stage.do(stage.say(stage.garden), stage.say(stage.harbour))
        stage.read(stage.ann)
        stage.cut(stage.ann, stage.bot)
        stage.wait(1.0)
        stage.world.bus.roll()
        stage.world.bus.trim()
        stage.do(stage.say(stage.garden))
        assert stage.resume(stage.ann) == ["MESSAGE_CREATE", "RESUMED"]
        assert stage.resume(stage.bot) == ["op 9"]


def test_another_epoch_ends_every_live_session() -> None:
    with staged() as stage:
        clients = (stage.ann, stage.bot, stage.tim)
        stage.connect(*clients)
        stage.world.bus.spawn(stage.world.bus.wipe())
        stage.wait()
        stage.read(*clients)
        assert [client.events[-1] for client in clients] == ["op 9"] * 3
        stage.connect(*clients)
        assert [client.events.count("READY") for client in clients] == [2] * 3


def test_a_session_of_another_epoch_is_not_resumed() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        stage.cut(stage.ann)
        stage.world.bus.spawn(stage.world.bus.wipe())
        stage.wait()
        assert stage.resume(stage.ann) == ["op 9"]


def test_what_was_known_to_be_unpublished_in_another_epoch_is_not_appended() -> None:
    with staged() as stage:
        stage.do(stage.say(stage.garden))
        old = stage.world.bus.epoch
        stage.world.bus.spawn(stage.world.bus.wipe())
        stage.wait()
        puts = [Put(guild_topic(stage.garden), 7, b"again")]
        with pytest.raises(BusDown):
            stage.loop.run(stage.world.bus.append([puts], start=True, epoch=old))
        assert not stage.world.oracle.offsets[stage.world.bus.epoch]


@pytest.mark.parametrize("after", range(0, 60, 3))
def test_another_epoch_during_resume_is_never_half_a_resume(after: int) -> None:
    with staged(seed=after) as stage:
        stage.connect(stage.ann)
        stage.cut(stage.ann)
        stage.do(stage.say(stage.garden), stage.say(stage.harbour))
        stage.world.connect(stage.ann, stage.world.nodes[1])
        for _ in range(after):
            stage.loop.step()
        stage.world.bus.spawn(stage.world.bus.wipe())
        stage.wait()
        stage.read(stage.ann)
        assert stage.ann.events[-1] == "op 9"
        assert stage.ann.events[1:-1] in ([], ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"])


def test_a_lost_subscription_is_closed_up_in_order() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        for number in range(20):
            stage.begin(stage.say(stage.garden if number % 2 else stage.harbour))
            stage.wait(0.001)
            stage.world.nodes[0].drop_subscription()
        stage.wait()
        stage.read(stage.ann)
        assert stage.ann.events == ["READY", *["MESSAGE_CREATE"] * 20]


@pytest.mark.parametrize(("machine", "told"), [(False, ["MESSAGE_CREATE", "RESUMED"]), (True, ["op 9"])])
def test_a_session_outlives_every_process_but_not_the_machine(machine: bool, told: list[str]) -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        stage.begin(stage.say(stage.garden))
        while not stage.world.outbox():
            stage.loop.step()
        stage.world.restart_everything(machine=machine)
        stage.wait(3.0)
        assert stage.resume(stage.ann) == told
