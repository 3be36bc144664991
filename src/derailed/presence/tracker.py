"""The rules of presence: sessions, what they make of their users, and when they expire. Pure.

Time is an argument: milliseconds of a clock that only goes forward. What is slow is done in steps by `advance`. What
nodes are told waits in them until they `take` it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from derailed.presence import Announced, Changed, Presence, Recent, Signal, Status, Superseded
from derailed.presence.changes import Changes
from derailed.presence.merging import NO_ACTIVITIES, merge
from derailed.presence.seen import Seen
from derailed.presence.sessions import Census, Node, Session, User
from derailed.presence.watchers import Watchers
from derailed.wire.gateway import SILENCE_MAX_S

GRACE_MS: Final = 10_000
"""How long a session without a socket stays as it was: longer than any library waits before it resumes."""
LEASE_MS: Final = 4_000
"""A node that said nothing for so long is dead. With the grace this stays below 15 s."""

RESUME_WINDOW_S: Final = 300
"""How long a session may be away and come back, unless the operator says otherwise."""
NOTICED_WITHIN_MS: Final = (SILENCE_MAX_S + 5) * 1000
"""How long a socket may have been dead before its loss is known here: its client's silence, then a node's lease."""
RECENT_MAX: Final = 50_000
"""Users in one answer: half a megabyte."""

TOLD_WITHIN_MS: Final = 60_000
"""A node may need longer than the grace to announce all its sessions: so long is waited for it, while it does."""


class Tracker:
    """All that the service knows. Until `settles_at_ms` nodes that were there before may not have come again."""

    def __init__(
        self, settles_at_ms: int = 0, *, began_ms: int = 0, resume_window_ms: int = RESUME_WINDOW_S * 1000
    ) -> None:
        self._recent = Changes(began_ms, resume_window_ms + NOTICED_WITHIN_MS)
        self._nodes: set[Node] = set()
        self._flaps = self._changed = 0
        self._settles_at_ms = settles_at_ms
        self._settled = settles_at_ms == 0
        self._vouches_from_ms = began_ms if self._settled else None
        """Before that some of those who went were never announced here."""
        self._users: dict[int, User] = {}
        self._seen = Seen(self._users)
        self._watchers = Watchers()
        self._leased: set[Node] = set()
        self._detached: deque[tuple[int, Session]] = deque()
        self._lost: deque[tuple[int, Node]] = deque()
        self._telling: dict[str, Node] = {}
        """Who came (again) and has yet to announce sessions, by name."""
        self._held: dict[int, set[int]] = {}
        """Who is seen no more, but may yet be announced by a node that has not come again."""

    @property
    def settled(self) -> bool:
        """Whether every node that was there before this started had time to come again."""
        return self._settled

    @property
    def idle(self) -> bool:
        """Whether time changes nothing: `advance` need not be called."""
        waiting = self._leased or self._detached or self._lost or not self._seen.idle
        return self._settled and not waiting and self._watchers.idle

    # Nodes

    def join(self, name: str, wake: Callable[[], None], heard_at_ms: int | None = None) -> Node:
        """A node has a link. With `heard_at_ms` it is lost when it does not `renew` its lease in time."""
        node = Node(name, wake, heard_at_ms)
        self._nodes.add(node)
        if heard_at_ms is not None:
            self._leased.add(node)
            self._telling[name] = node
        return node

    def renew(self, node: Node, now_ms: int) -> None:
        """The node is alive."""
        node.heard_at_ms = now_ms

    def told(self, node: Node) -> None:
        """The node has announced every session that it had before the link."""
        if self._telling.get(node.name) is node:
            del self._telling[node.name]

    def lose(self, node: Node, now_ms: int) -> None:
        """The link is gone: all the node's sessions are detached, and expire together."""
        if node.lost:
            return
        node.lost_at_ms = now_ms
        self._leased.discard(node)
        for guild_id in list(node.watched):
            self._watchers.remove(node, guild_id)
        node.pending.clear()
        self.told(node)
        self._lost.append((now_ms + GRACE_MS, node))
        node.wake()

    # Sessions

    def up(self, node: Node, announced: Announced, now_ms: int) -> None:
        """See `Link.up`."""
        user = self._users.get(announced.user_id)
        if user is None:
            user = self._users[announced.user_id] = User(announced.user_id)
        before = node.sessions.get(announced.session_id)
        if before is not None and before.user_id != user.id:
            self.gone(node, before.id, now_ms)
        session = next((each for each in user.sessions if each.id == announced.session_id), None)
        if session is None:
            session = self._new(node, user, announced)
        elif session.node is not node and session.live and _is_older(announced, session):
            _supersede(node, session.id)
            return
        else:
            self._take_over(node, session, announced)
        node.sessions[session.id] = session
        self._reconsider(user, now_ms)

    def change(self, node: Node, session_id: bytes, status: Status, activities: bytes, now_ms: int) -> None:
        """See `Link.change`."""
        if session := node.sessions.get(session_id):
            session.status, session.activities = status, _kept(activities)
            self._reconsider(self._users[session.user_id], now_ms)

    def belongs(self, node: Node, session_id: bytes, guild_ids: Sequence[int], now_ms: int) -> None:
        """See `Link.belongs`."""
        if session := node.sessions.get(session_id):
            session.guild_ids = self._seen.same(guild_ids)
            self._reconsider(self._users[session.user_id], now_ms)

    def detached(self, node: Node, session_id: bytes, now_ms: int) -> None:
        """See `Link.detached`."""
        if (session := node.sessions.get(session_id)) and session.detached_until_ms is None:
            session.detached_until_ms = now_ms + GRACE_MS
            self._detached.append((session.detached_until_ms, session))

    def gone(self, node: Node, session_id: bytes, now_ms: int) -> None:
        """See `Link.gone`."""
        if session := node.sessions.pop(session_id, None):
            self._seen.leave(self._forget(session, now_ms))

    # Watching

    def watch(self, node: Node, guild_id: int) -> list[Presence]:
        """Everyone who is seen in the guild; the node hears what changes from now on."""
        return self.of_users(guild_id, self.watch_apart(node, guild_id))

    def watch_apart(self, node: Node, guild_id: int) -> Sequence[int]:
        """The same, but only who may be seen there: a part of them may be asked for `of_users` at a time."""
        self._watchers.add(node, guild_id)
        return self._seen.users(guild_id)[:]

    def unwatch(self, node: Node, guild_id: int) -> None:
        """See `Link.unwatch`."""
        self._watchers.remove(node, guild_id)

    def here(self, node: Node, guild_id: int, user_ids: Iterable[int] | None = None) -> list[Presence]:
        """See `Link.here`."""
        if guild_id not in node.watched:
            return []
        return self.of_users(guild_id, self._seen.users(guild_id) if user_ids is None else user_ids)

    def take(self, node: Node, limit: int) -> list[Signal]:
        """The next things that a node has yet to hear, oldest first, as they are now."""
        signals, gone = self.take_apart(node, limit)
        for user_id, guild_ids in gone.items():
            if watched := tuple([guild_id for guild_id in guild_ids if guild_id in node.watched]):
                signals.append(Changed(Presence(user_id, "offline"), watched))
        return signals

    def take_apart(self, node: Node, limit: int) -> tuple[list[Signal], dict[int, Sequence[int]]]:
        """The same, but apart from it those who are seen nowhere any more: their ids say all."""
        superseded, node.superseded = node.superseded, []
        signals: list[Signal] = [Superseded(session_id) for session_id in superseded]
        gone: dict[int, Sequence[int]] = {}
        users, pending = self._users, node.pending
        for user_id in list(islice(pending, limit)):
            guild_ids, user = pending.pop(user_id), users.get(user_id)
            if user is None or user.presence is None:
                gone[user_id] = guild_ids
            else:
                signals += _changes(user, [guild_id for guild_id in guild_ids if guild_id in node.watched])
        return signals, gone

    # Asking

    def census(self) -> Census:
        """How many are here."""
        here = sum([len(node.sessions) for node in self._nodes])
        return Census(sum(not node.lost for node in self._nodes), here, len(self._users), self._flaps, self._changed)

    def count(self, guild_id: int) -> int:
        """How many users are seen in the guild."""
        return self._seen.count(guild_id)

    def of_users(self, guild_id: int, user_ids: Iterable[int]) -> list[Presence]:
        """Those of the users who are seen in the guild."""
        users = [user for user_id in dict.fromkeys(user_ids) if (user := self._users.get(user_id))]
        return [user.presence for user in users if user.presence is not None and guild_id in user.guild_ids]

    def absent(self, user_ids: Iterable[int]) -> list[int]:
        """See `Presences.absent`."""
        return [user_id for user_id in user_ids if user_id not in self._users] if self._settled else []

    def away_ms(self, session_id: bytes, now_ms: int) -> int | None:
        """How long it is since the session had a socket, as far as we know; None if we know nothing of it."""
        session = next((found for node in self._nodes if (found := node.sessions.get(session_id))), None)
        if session is None:
            return None
        detached_until_ms, lost_at_ms = session.detached_until_ms, session.node.lost_at_ms
        detached_at_ms = now_ms if detached_until_ms is None else detached_until_ms - GRACE_MS
        return now_ms - min(detached_at_ms, now_ms if lost_at_ms is None else lost_at_ms)

    def recent(self, away_ms: int | None, guild_ids: Iterable[int], now_ms: int) -> Recent:
        """See `Link.recent`."""
        since_ms, vouches = self._noticed_since(away_ms, now_ms), self._vouches_from_ms
        found = self._recent.since(since_ms, guild_ids, RECENT_MAX)
        return found._replace(whole=found.whole and vouches is not None and vouches <= since_ms)

    def recall(self, away_ms: int | None, now_ms: int, limit: int) -> bool:
        """Get ready to be asked what is `recent`, looking at no more than `limit` users. Whether there are more."""
        return self._recent.sort(self._noticed_since(away_ms, now_ms), limit)

    def _noticed_since(self, away_ms: int | None, now_ms: int) -> int:
        return now_ms - (self._recent.window_ms if away_ms is None else away_ms + NOTICED_WITHIN_MS)

    # Time

    def advance(self, now_ms: int, limit: int) -> bool:
        """Do what is due, looking at no more than `limit` sessions and users. Whether there may be more at once."""
        for node in [node for node in self._leased if now_ms >= (node.heard_at_ms or 0) + LEASE_MS]:
            self.lose(node, now_ms)
        left = limit - self._expire_detached(now_ms, limit)
        left -= self._expire_lost(now_ms, left)
        left -= self._seen.take_out(left)
        if not self._settled and now_ms >= self._settles_at_ms + (TOLD_WITHIN_MS if self._telling else 0):
            left -= self._settle(now_ms, left)
        left -= self._watchers.advance(now_ms, max(left, 0))
        return left <= 0

    def _expire_detached(self, now_ms: int, limit: int) -> int:
        looked_at, left = 0, []
        while self._detached and self._detached[0][0] <= now_ms and looked_at < limit:
            until_ms, session = self._detached.popleft()
            looked_at += 1
            if session.detached_until_ms == until_ms and session.node.sessions.get(session.id) is session:
                del session.node.sessions[session.id]
                left.append(self._forget(session, now_ms))
        self._seen.many_leave(left)
        return looked_at

    def _expire_lost(self, now_ms: int, limit: int) -> int:
        looked_at, left = 0, []
        while self._lost and self._lost[0][0] <= now_ms and looked_at < limit:
            node = self._lost[0][1]
            if node.name in self._telling and now_ms < (node.lost_at_ms or 0) + TOLD_WITHIN_MS:
                self._lost.popleft()
                self._lost.append((now_ms + GRACE_MS, node))
                continue
            while node.sessions and looked_at < limit:
                left.append(self._forget(node.sessions.popitem()[1], now_ms))
                looked_at += 1
            if not node.sessions:
                self._lost.popleft()
                self._nodes.discard(node)
        self._seen.many_leave(left)
        return looked_at

    def _settle(self, now_ms: int, limit: int) -> int:
        looked_at = 0
        while self._held and looked_at < limit:
            user_id, guild_ids = self._held.popitem()
            self._show(user_id, tuple(guild_ids), now_ms)
            looked_at += 1
        self._settled = not self._held
        if self._settled:
            self._vouches_from_ms = now_ms
        return looked_at

    # What follows

    def _new(self, node: Node, user: User, announced: Announced) -> Session:
        session = Session(
            announced.session_id,
            user.id,
            node,
            announced.claim,
            self._seen.same(announced.guild_ids),
            announced.status,
            _kept(announced.activities),
            announced.client,
            announced.reached,
        )
        user.sessions = [*user.sessions, session]
        return session

    def _take_over(self, node: Node, session: Session, announced: Announced) -> None:
        self._flaps += not session.live
        if session.node is not node:
            del session.node.sessions[session.id]
            if session.live:
                _supersede(session.node, session.id)
        session.node = node
        session.claim, session.reached = announced.claim, announced.reached
        session.detached_until_ms = None
        session.guild_ids = self._seen.same(announced.guild_ids)
        session.client = announced.client
        if not announced.resumed:
            session.status, session.activities = announced.status, _kept(announced.activities)

    def _forget(self, session: Session, now_ms: int) -> tuple[int, ...]:
        """It is at no node any more. The guilds that the user is yet to be taken out of."""
        user = self._users[session.user_id]
        if user.others:
            user.sessions = [each for each in user.sessions if each is not session]
            self._reconsider(user, now_ms)
            return ()
        del self._users[user.id]
        seen_in, user.presence = user.seen_in, None
        self._tell(user, seen_in, now_ms)
        return seen_in

    def _reconsider(self, user: User, now_ms: int) -> None:
        """Work out anew what the user shows, and let it be told where that is something else."""
        was, was_seen_in = user.presence, user.seen_in
        sessions = user.sessions
        user.presence = merge(user.id, [session.showing for session in sessions])
        user.guild_ids = _together(sessions)
        seen_in = user.seen_in
        if not was_seen_in:
            self._seen.enter(user.id, seen_in)
            self._tell(user, seen_in, now_ms)
            return
        if was_seen_in == seen_in:
            self._tell(user, () if user.presence == was else seen_in, now_ms)
            return
        left, entered = set(was_seen_in).difference(seen_in), set(seen_in).difference(was_seen_in)
        self._seen.leave(left)
        self._seen.enter(user.id, entered)
        self._tell(user, (*left, *(entered if user.presence == was else seen_in)), now_ms)

    def _tell(self, user: User, guild_ids: Sequence[int], now_ms: int) -> None:
        if guild_ids and (self._settled or user.presence is not None):
            self._show(user.id, guild_ids, now_ms)
        elif guild_ids:
            self._held.setdefault(user.id, set()).update(guild_ids)

    def _show(self, user_id: int, guild_ids: Sequence[int], now_ms: int) -> None:
        self._changed += 1
        self._recent.add(user_id, guild_ids, now_ms)
        self._watchers.changed(user_id, guild_ids, now_ms)


def _changes(user: User, guild_ids: Sequence[int]) -> list[Signal]:
    """How the user looks in each of these guilds."""
    seen_in = set(user.seen_in)
    here = tuple([guild_id for guild_id in guild_ids if guild_id in seen_in])
    gone = tuple([guild_id for guild_id in guild_ids if guild_id not in seen_in])
    signals: list[Signal] = [Changed(user.presence, here)] if here and user.presence else []
    if gone:
        signals.append(Changed(Presence(user.id, "offline"), gone))
    return signals


def _is_older(announced: Announced, session: Session) -> bool:
    return (announced.reached, announced.claim) < (session.reached, session.claim)


def _supersede(node: Node, session_id: bytes) -> None:
    node.superseded.append(session_id)
    node.wake()


def _kept(activities: bytes) -> bytes:
    return NO_ACTIVITIES if activities == NO_ACTIVITIES else activities


def _together(sessions: Sequence[Session]) -> tuple[int, ...]:
    """The guilds of all of them."""
    if len(sessions) == 1:
        return sessions[0].guild_ids
    return tuple(dict.fromkeys(guild_id for session in sessions for guild_id in session.guild_ids))
