"""The tracker beside a model that knows no shortcuts: random operations and time, and no difference ever."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import pytest

from derailed.presence import Announced, Changed, Client, Presence, Status, Superseded
from derailed.presence.sessions import Node
from derailed.presence.tracker import NOTICED_WITHIN_MS, Tracker
from derailed.presence.watchers import TOLD_AT_MOST_EVERY_MS
from tests.presence.model import Model, ModelNode

USERS: Final = range(1, 6)
GUILDS: Final = range(10, 14)
SESSIONS: Final = 3
NODES: Final = 3
STATUSES: Final[tuple[Status, ...]] = ("online", "idle", "dnd", "invisible")
CLIENTS: Final[tuple[Client, ...]] = ("desktop", "mobile", "web")
ACTIVITIES: Final = (b"[]", b'[{"name":"a"}]', b'[{"name":"b"},{"name":"c"}]')
STEPS_MS: Final = (0, 0, 1, 1, 50, 50, 199, 199, 200, 200, 1000, 1000, 3999, 4000, 6001, 10_000)
LIMITS: Final = (1, 3, 1000)


class Attendant:
    """A node in both worlds, and what it shows."""

    def __init__(self, tracker: Tracker, model: Model, name: str, now_ms: int) -> None:
        self.name = name
        self.real: Node = tracker.join(name, lambda: None, now_ms)
        self.model: ModelNode = model.join(now_ms)
        tracker.told(self.real)
        self.shown: dict[tuple[int, int], Presence] = {}
        self.watched: set[int] = set()
        self.told: dict[tuple[int, int], int] = {}


class Play:
    """Random operations in both worlds."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = 1000
        self.claim = 0
        self.tracker, self.model = Tracker(), Model()
        self.nodes = [Attendant(self.tracker, self.model, str(at), self.now) for at in range(NODES)]
        self.past: list[tuple[int, dict[tuple[int, int], Presence]]] = []
        """Everyone who was seen, at some times."""
        self.operations: list[Callable[[Attendant, bytes], None]] = [
            *[self.up] * 4,
            *[self.change] * 3,
            *[self.belongs] * 2,
            *[self.detached] * 2,
            *[self.gone] * 2,
            *[self.renew_all] * 4,
            *[self.later] * 3,
            *[self.watch] * 3,
            self.unwatch,
            self.lose,
        ]

    def run(self, operations: int) -> None:
        for step in range(operations):
            node = self.chance.choice(self.nodes)
            user = self.chance.choice(USERS)
            self.chance.choice(self.operations)(node, b"%d.%d" % (user, self.chance.randrange(SESSIONS)))
            for each in self.nodes:
                self.hear(each)
            if step % 20 == 0:
                self.compare()
                self.compare_recent()

    def guild_ids(self) -> tuple[int, ...]:
        return tuple(self.chance.sample(GUILDS, self.chance.randrange(len(GUILDS))))

    def up(self, node: Attendant, session: bytes) -> None:
        if node.real.lost:
            return
        self.claim += self.chance.choice((-2, 0, 1))
        announced = Announced(
            session,
            int(session.split(b".")[0]),
            self.claim,
            self.guild_ids(),
            self.chance.choice(STATUSES),
            self.chance.choice(ACTIVITIES),
            self.chance.choice(CLIENTS),
            self.chance.random() < 0.3,
        )
        self.tracker.up(node.real, announced, self.now)
        self.model.up(node.model, announced)

    def change(self, node: Attendant, session: bytes) -> None:
        status, activities = self.chance.choice(STATUSES), self.chance.choice(ACTIVITIES)
        self.tracker.change(node.real, session, status, activities, self.now)
        self.model.change(node.model, session, status, activities)

    def belongs(self, node: Attendant, session: bytes) -> None:
        guild_ids = self.guild_ids()
        self.tracker.belongs(node.real, session, guild_ids, self.now)
        self.model.belongs(node.model, session, guild_ids)

    def detached(self, node: Attendant, session: bytes) -> None:
        self.tracker.detached(node.real, session, self.now)
        self.model.detached(node.model, session, self.now)

    def gone(self, node: Attendant, session: bytes) -> None:
        self.tracker.gone(node.real, session, self.now)
        self.model.gone(node.model, session)

    def renew_all(self, *_: object) -> None:
        for node in self.nodes:
            self.tracker.renew(node.real, self.now)
            node.model.heard_at_ms = self.now

    def lose(self, node: Attendant, _: bytes) -> None:
        if self.chance.random() < 0.8:
            return
        self.tracker.lose(node.real, self.now)
        self.model.lose(node.model, self.now)

    def later(self, *_: object) -> None:
        self.now += self.chance.choice(STEPS_MS)
        self.advance()

    def advance(self) -> None:
        limit = self.chance.choice(LIMITS)
        while self.tracker.advance(self.now, limit):
            pass
        self.model.advance(self.now)
        for at, node in enumerate(self.nodes):
            assert node.real.lost == (node.model.lost_at_ms is not None)
            if node.real.lost:
                self.compare_superseded(node)
                self.nodes[at] = Attendant(self.tracker, self.model, node.name, self.now)
        kept = {id(session.node) for session in self.model.sessions.values()} | {id(node.model) for node in self.nodes}
        self.model.nodes = [node for node in self.model.nodes if id(node) in kept]

    def watch(self, node: Attendant, _: bytes) -> None:
        if node.real.lost:
            return
        guild_id = self.chance.choice(GUILDS)
        node.watched.add(guild_id)
        snapshot = self.tracker.watch(node.real, guild_id)
        assert {each.user_id: each for each in snapshot} == self.seen(guild_id)
        node.shown |= {(guild_id, each.user_id): each for each in snapshot}

    def unwatch(self, node: Attendant, _: bytes) -> None:
        guild_id = self.chance.choice(GUILDS)
        node.watched.discard(guild_id)
        self.tracker.unwatch(node.real, guild_id)
        node.shown = {key: presence for key, presence in node.shown.items() if key[0] != guild_id}

    def hear(self, node: Attendant) -> None:
        """What it is told is true now, of a guild it watches, and not too soon after the last time."""
        for signal in self.tracker.take(node.real, 1000):
            if isinstance(signal, Superseded):
                assert node.model.superseded.pop(0) == signal.session_id
                continue
            assert isinstance(signal, Changed)
            user_id = signal.presence.user_id
            for guild_id in signal.guild_ids:
                key = guild_id, user_id
                assert guild_id in node.watched
                assert (self.model.seen(user_id, guild_id) or Presence(user_id, "offline")) == signal.presence
                assert self.now - node.told.get(key, -1000) >= TOLD_AT_MOST_EVERY_MS
                node.told[key] = self.now
                node.shown[key] = signal.presence

    def compare(self) -> None:
        """Let it become quiet; then everything is the same."""
        self.quieten()
        for node in self.nodes:
            self.compare_superseded(node)
            shown = {key: presence for key, presence in node.shown.items() if presence.status != "offline"}
            assert shown == {
                (guild_id, user_id): presence
                for guild_id in node.watched
                for user_id, presence in self.seen(guild_id).items()
            }
        for guild_id in GUILDS:
            seen = self.seen(guild_id)
            assert self.tracker.count(guild_id) == len(seen)
            assert self.tracker.of_users(guild_id, USERS) == list(seen.values())

    def compare_recent(self) -> None:
        """Who was away is told of everyone who looks different now, and how long that was is the same."""
        for user_id in USERS:
            for number in range(SESSIONS):
                session_id = b"%d.%d" % (user_id, number)
                assert self.tracker.away_ms(session_id, self.now) == self.model.away_ms(session_id, self.now)
        seen = {(guild_id, user_id): each for guild_id in GUILDS for user_id, each in self.seen(guild_id).items()}
        self.past.append((self.now, seen))
        then_ms, seen_then = self.chance.choice(self.past[-20:])
        users, whole = self.tracker.recent(self.now - then_ms, GUILDS, self.now)
        assert whole == (then_ms - NOTICED_WITHIN_MS >= self.tracker._recent._slots[0].since_ms)
        changed = {key for key in seen.keys() | seen_then.keys() if seen.get(key) != seen_then.get(key)}
        if whole:
            assert changed <= {(guild_id, user_id) for guild_id in GUILDS for user_id in users[guild_id]}

    def quieten(self) -> None:
        """Let time pass until nobody waits to be told of; what expires meanwhile may make some wait again."""
        waiting = True
        while waiting:
            self.now += TOLD_AT_MOST_EVERY_MS
            self.advance()
            for node in self.nodes:
                self.hear(node)
            waiting = bool(self.tracker._watchers._waiting)

    def compare_superseded(self, node: Attendant) -> None:
        self.hear(node)
        assert node.model.superseded == []

    def seen(self, guild_id: int) -> dict[int, Presence]:
        found = {user_id: self.model.seen(user_id, guild_id) for user_id in USERS}
        return {user_id: presence for user_id, presence in found.items() if presence is not None}


@pytest.mark.parametrize("seed", range(4))
def test_the_tracker_does_as_the_model(seed: int) -> None:
    Play(seed).run(1000)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_the_tracker_does_as_the_model_a_million_times(seed: int) -> None:
    Play(seed).run(100_000)
