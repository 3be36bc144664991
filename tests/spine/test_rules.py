"""The rules of the spine for sessions, by name: each in the smallest world in which it can be seen."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from derailed.gateway import hub, registry
from derailed.model import permissions
from derailed.model.user import Actor
from derailed.wire import records
from derailed.wire.records import Record, guild_topic
from derailed.wire.requests import (
    Bits,
    CreateChannel,
    CreateGuild,
    EditGuild,
    EditRole,
    SetOverwrite,
    Snowflake,
)
from tests.spine.cast import ANN, OLGA, TIM
from tests.spine.deeds import Deed
from tests.spine.stage import Stage, actor, staged

OWNER = actor(OLGA)


@pytest.mark.parametrize("received", range(3))
def test_a_session_cut_before_its_last_guild_create_starts_afresh(received: int) -> None:
    with staged() as stage:
        stage.world.connect(stage.bot, stage.world.nodes[0])
        stage.wait()
        for _ in range(received):
            stage.bot.receive()
        assert stage.bot.events == ["READY", "GUILD_CREATE"][:received]
        stage.cut(stage.bot)
        told = stage.resume(stage.bot)
        if received:
            assert told == ["op 9"]
            told = stage.resume(stage.bot)
        assert told == ["READY", "GUILD_CREATE", "GUILD_CREATE"]


def test_a_session_cut_after_its_last_guild_create_goes_on() -> None:
    with staged() as stage:
        stage.connect(stage.bot)
        stage.cut(stage.bot)
        stage.do(stage.say(stage.garden))
        assert stage.resume(stage.bot) == ["MESSAGE_CREATE", "RESUMED"]


def comes(stage: Stage) -> Deed:
    return lambda verbs: verbs.invites.accept(actor(TIM), stage.world.cast.invites[0])


def joins(stage: Stage) -> Deed:
    return lambda verbs: verbs.guilds.create(actor(ANN), CreateGuild(name="new"))


def leaves(stage: Stage) -> Deed:
    return lambda verbs: verbs.guilds.leave(actor(ANN), stage.garden)


def gets_a_role(stage: Stage) -> Deed:
    return lambda verbs: verbs.members.add_role(OWNER, stage.garden, ANN, stage.world.cast.mods[0])


def role_allows_more(stage: Stage) -> Deed:
    body = EditRole(permissions=Bits(permissions.ADMINISTRATOR))
    return lambda verbs: verbs.roles.edit(OWNER, stage.garden, stage.garden, body)


def role_is_deleted(stage: Stage) -> Deed:
    return lambda verbs: verbs.roles.delete(OWNER, stage.garden, stage.world.cast.mods[0])


def overwrite_hides(stage: Stage) -> Deed:
    general, _ = stage.channels(stage.garden)
    body = SetOverwrite(type=1, deny=Bits(permissions.VIEW_CHANNEL))
    return lambda verbs: verbs.overwrites.set(OWNER, general, ANN, body)


def channel_is_deleted(stage: Stage) -> Deed:
    general, _ = stage.channels(stage.garden)
    return lambda verbs: verbs.channels.delete(OWNER, general)


def guild_is_deleted(stage: Stage) -> Deed:
    return lambda verbs: verbs.guilds.delete(OWNER, stage.garden)


def guild_is_given_away(stage: Stage) -> Deed:
    return lambda verbs: verbs.guilds.edit(OWNER, stage.garden, EditGuild(owner_id=Snowflake(ANN)))


CHANGES_OF_SIGHT = (
    joins,
    leaves,
    gets_a_role,
    role_allows_more,
    role_is_deleted,
    overwrite_hides,
    channel_is_deleted,
    guild_is_deleted,
    guild_is_given_away,
)


@pytest.mark.parametrize("change", CHANGES_OF_SIGHT, ids=lambda each: str(each.__name__))
@pytest.mark.parametrize("node", [0, 1])
def test_a_session_whose_sight_may_have_changed_while_detached_starts_afresh(
    change: Callable[[Stage], Deed], node: int
) -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        stage.cut(stage.ann)
        stage.do(stage.say(stage.harbour), change(stage), stage.say(stage.harbour))
        assert stage.resume(stage.ann, node) == ["op 9"]
        assert stage.resume(stage.ann, node) == ["READY"]


def test_a_session_that_missed_only_what_it_may_see_gets_all_of_it_in_order() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        stage.cut(stage.ann)
        mods = stage.world.cast.mods[0]
        stage.do(
            stage.say(stage.garden),
            lambda verbs: verbs.channels.create(OWNER, stage.garden, CreateChannel(name="new")),
            lambda verbs: verbs.members.add_role(OWNER, stage.garden, stage.world.cast.bot, mods),
            stage.say(stage.harbour),
            lambda verbs: verbs.invites.accept(actor(TIM), stage.world.cast.invites[1]),
        )
        told = ["MESSAGE_CREATE", "CHANNEL_CREATE", "GUILD_MEMBER_UPDATE", "MESSAGE_CREATE"]
        came = ["GUILD_MEMBER_ADD", "MESSAGE_CREATE"]  # and the notice of it
        assert stage.resume(stage.ann) == [*told, *came, "RESUMED"]


@pytest.mark.parametrize("seed", range(10))
def test_a_join_under_load_loses_and_doubles_nothing(seed: int) -> None:
    with staged(seed=seed) as stage:
        stage.connect(stage.tim, stage.bot)
        join = comes(stage)
        for number in range(12):
            stage.begin(join if number == 5 else stage.say(stage.garden), api=number % 2)
            stage.wait(0.002)
        stage.wait()
        stage.read(stage.tim, stage.bot)
        assert stage.bot.events.count("MESSAGE_CREATE") == 12  # with the notice of who came
        assert stage.tim.events.count("GUILD_CREATE") == 1


def test_a_leave_and_a_join_that_the_snapshot_knew_of_are_not_told() -> None:
    with staged() as stage:
        stage.connect(stage.tim)
        stage.world.apis[0].store.committed = lambda rows: None
        stage.do(comes(stage), lambda verbs: verbs.guilds.leave(actor(TIM), stage.garden), comes(stage))
        stage.wait(3.0)
        stage.read(stage.tim)
        assert stage.tim.events == ["READY", "GUILD_CREATE"]


# The last two revs are the channel's end and its entry in the audit log, which changes nobody's sight.
@pytest.mark.parametrize(("behind", "heard"), [(2, False), (1, True), (0, True), (-1, False)])
def test_typing_is_heard_only_under_the_view_it_was_allowed_in(behind: int, heard: bool) -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        general, staff = stage.channels(stage.garden)
        stage.do(lambda verbs: verbs.channels.delete(OWNER, staff))
        stage.read(stage.ann)
        topic = guild_topic(stage.garden)
        rev = stage.world.oracle.stories[topic].rev - behind
        d = {"guild_id": str(stage.garden), "channel_id": str(general), "user_id": str(OLGA)}
        data = msgspec.json.encode(d)
        typing = Record(event="TYPING_START", rev=rev, guild=stage.garden, channel=general, data=data)
        stage.world.bus.spawn(stage.world.bus.publish(topic, records.encode(typing)))
        stage.wait()
        stage.read(stage.ann)
        assert (stage.ann.events[-1] == "TYPING_START") is heard


@pytest.mark.parametrize("after", range(0, 45, 3))
def test_a_guild_that_is_left_while_the_session_comes_in_is_not_sent_or_taken_away(after: int) -> None:
    with staged(seed=after) as stage:
        stage.world.connect(stage.bot, stage.world.nodes[0])
        for _ in range(after):
            stage.loop.step()
        bot = Actor(stage.world.cast.bot, 1, True)
        stage.do(lambda verbs: verbs.guilds.leave(bot, stage.garden))
        stage.read(stage.bot)
        left = stage.bot.events.count("GUILD_CREATE") - stage.bot.events.count("GUILD_DELETE")
        assert left == len(stage.bot.guilds) == 1


def test_of_two_sockets_of_one_session_the_newer_wins() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        older = stage.ann.socket
        assert older is not None
        assert stage.resume(stage.ann, node=0) == ["RESUMED"]
        assert not older.open
        stage.do(stage.say(stage.garden))
        stage.read(stage.ann)
        assert stage.ann.events[-1] == "MESSAGE_CREATE"
        assert len(older.inbox) == 1


def test_a_session_whose_s_would_pass_31_bits_starts_afresh() -> None:
    with staged(window=16) as stage:
        stage.connect(stage.ann)
        stage.do(*[stage.say(stage.garden)] * 40)
        stage.read(stage.ann)
        messages = stage.ann.events.index("op 9") - 1
        assert stage.ann.events == ["READY", *["MESSAGE_CREATE"] * messages, "op 9"]
        assert 0 < messages < 40
        assert 4 * hub.WINDOW == 1 << 31


@pytest.mark.parametrize("after", range(0, 60, 3))
def test_a_token_revoked_between_identify_and_ready_gets_nothing_more(after: int) -> None:
    with staged(seed=after) as stage:
        token = stage.ann.token
        stage.world.connect(stage.ann, stage.world.nodes[0])
        for _ in range(after):
            stage.loop.step()
        stage.do(lambda verbs: verbs.accounts.logout(Actor(ANN, token.id, False)), stage.say(stage.garden))
        stage.read(stage.ann)
        assert stage.ann.events in (["closed 4004"], ["READY", "closed 4004"])


def test_a_session_is_not_resumed_with_another_accounts_token() -> None:
    with staged() as stage:
        stage.connect(stage.ann, stage.tim)
        stage.cut(stage.ann, stage.tim)
        stage.tim.session_id, stage.tim.sequence = stage.ann.session_id, stage.ann.sequence
        assert stage.resume(stage.tim) == ["op 9"]
        assert stage.resume(stage.ann) == ["RESUMED"]


def test_a_session_is_not_resumed_with_another_token_of_its_account() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        stage.cut(stage.ann)
        stage.ann.tokens.rotate(-1)
        assert stage.resume(stage.ann) == ["op 9"]


@pytest.mark.parametrize("forged", ["", "x", "AAAA", "ä"])
def test_a_forged_session_id_is_refused(forged: str) -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        stage.cut(stage.ann)
        stage.ann.session_id = (stage.ann.session_id[:-4] + forged) or "-"
        assert stage.resume(stage.ann) == ["op 9"]


def test_a_session_whose_backlog_overflows_starts_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BACKLOG_MAX", 5)
    with staged() as stage:
        stage.do(stage.say(stage.garden), api=1)
        stage.world.apis[0].store.committed = lambda rows: None
        stage.begin(stage.say(stage.harbour), api=0)
        stage.wait(0.05)
        stage.world.connect(stage.ann, stage.world.nodes[1])  # it can not be ready before that row is published
        for _ in range(8):
            stage.begin(stage.say(stage.garden), api=1)
            stage.wait(0.05)
        stage.read(stage.ann)
        assert stage.ann.events == ["op 9"]


def test_an_odd_s_is_refused_and_an_even_one_above_the_head_too() -> None:
    with staged() as stage:
        stage.connect(stage.ann)
        for wrong in (stage.ann.sequence - 1, stage.ann.sequence + 2):
            stage.cut(stage.ann)
            stage.ann.sequence = wrong
            assert stage.resume(stage.ann) == ["op 9"]
            stage.connect(stage.ann)
