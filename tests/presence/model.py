"""Presence as one would write it without caring for speed: everything is worked out anew from a list of sessions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import msgspec

from derailed.presence import Announced, Presence, Status
from derailed.presence.tracker import GRACE_MS, LEASE_MS


@dataclass(eq=False)
class ModelNode:
    """One link."""

    heard_at_ms: int
    lost_at_ms: int | None = None
    superseded: list[bytes] = field(default_factory=list)


@dataclass
class ModelSession:
    """One session."""

    node: ModelNode
    announced: Announced
    detached_at_ms: int | None = None

    @property
    def live(self) -> bool:
        return self.detached_at_ms is None and self.node.lost_at_ms is None

    def expired(self, now_ms: int) -> bool:
        ends = [at for at in (self.detached_at_ms, self.node.lost_at_ms) if at is not None]
        return bool(ends) and min(ends) + GRACE_MS <= now_ms


class Model:
    """The whole truth."""

    def __init__(self) -> None:
        self.sessions: dict[bytes, ModelSession] = {}
        self.nodes: list[ModelNode] = []

    def join(self, now_ms: int) -> ModelNode:
        node = ModelNode(now_ms)
        self.nodes.append(node)
        return node

    def lose(self, node: ModelNode, now_ms: int) -> None:
        if node.lost_at_ms is None:
            node.lost_at_ms = now_ms

    def up(self, node: ModelNode, announced: Announced) -> None:
        before = self.sessions.get(announced.session_id)
        if before is None:
            self.sessions[announced.session_id] = ModelSession(node, announced)
            return
        if before.node is not node and before.live:
            if announced.claim < before.announced.claim:
                node.superseded.append(announced.session_id)
                return
            before.node.superseded.append(announced.session_id)
        kept = announced
        if announced.resumed:
            showed = before.announced
            kept = Announced(
                announced.session_id,
                announced.user_id,
                announced.claim,
                announced.guild_ids,
                showed.status,
                showed.activities,
                announced.client,
            )
        self.sessions[announced.session_id] = ModelSession(node, kept)

    def of(self, node: ModelNode, session_id: bytes) -> ModelSession | None:
        session = self.sessions.get(session_id)
        return session if session and session.node is node else None

    def change(self, node: ModelNode, session_id: bytes, status: Status, activities: bytes) -> None:
        if session := self.of(node, session_id):
            session.announced = _with(session.announced, status=status, activities=activities)

    def belongs(self, node: ModelNode, session_id: bytes, guild_ids: tuple[int, ...]) -> None:
        if session := self.of(node, session_id):
            session.announced = _with(session.announced, guild_ids=guild_ids)

    def detached(self, node: ModelNode, session_id: bytes, now_ms: int) -> None:
        if (session := self.of(node, session_id)) and session.detached_at_ms is None:
            session.detached_at_ms = now_ms

    def gone(self, node: ModelNode, session_id: bytes) -> None:
        if self.of(node, session_id):
            del self.sessions[session_id]

    def advance(self, now_ms: int) -> None:
        for node in self.nodes:
            if now_ms >= node.heard_at_ms + LEASE_MS:
                self.lose(node, now_ms)
        self.sessions = {key: session for key, session in self.sessions.items() if not session.expired(now_ms)}

    def away_ms(self, session_id: bytes, now_ms: int) -> int | None:
        session = self.sessions.get(session_id)
        if session is None:
            return None
        lost = [at for at in (session.detached_at_ms, session.node.lost_at_ms) if at is not None]
        return now_ms - min(lost, default=now_ms)

    def seen(self, user_id: int, guild_id: int) -> Presence | None:
        """What others in the guild see."""
        theirs = [session.announced for session in self.sessions.values() if session.announced.user_id == user_id]
        shown = [each for each in theirs if each.status != "invisible"]
        if not shown or not any(guild_id in each.guild_ids for each in theirs):
            return None
        activities = [json.loads(text) for text in dict.fromkeys(each.activities for each in shown)]
        clients = {
            client: _most([each.status for each in shown if each.client == client])
            for client in sorted({each.client for each in shown})
        }
        return Presence(
            user_id,
            _most([each.status for each in shown]),  # type: ignore[arg-type]  # never invisible
            _dumps([activity for each in activities for activity in each]),
            _dumps(clients),
        )


def _most(statuses: list[Status]) -> Status:
    return "dnd" if "dnd" in statuses else "online" if "online" in statuses else "idle"


def _dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _with(announced: Announced, **changes: object) -> Announced:
    return msgspec.structs.replace(announced, **changes)
