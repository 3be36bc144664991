"""What a node was told by each of the services, and what of it its own readers have yet to hear. Pure.

When a service comes again, what it had told is *doubtful* until it tells it again or has settled: only then is who was
not told of again offline. Where several services tell of one user, the first in that user's order is believed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from derailed.presence import Changed, Presence

_Order = Callable[[int], Sequence[int]]


class _Word:
    """What one service told."""

    __slots__ = ("begun", "complete", "doubtful", "guilds", "presences", "settled")

    def __init__(self) -> None:
        self.begun: set[int] = set()
        """The guilds of which it has answered the present watch: what it says of others was said before."""
        self.guilds: dict[int, set[int]] = {}
        """Who is seen in each watched guild."""
        self.presences: dict[int, tuple[Presence, tuple[int, ...]]] = {}
        """What they look like, and in which of the guilds they are seen."""
        self.doubtful: dict[int, set[int]] = {}
        self.complete: set[int] = set()
        """The guilds that it has told of since it was found."""
        self.settled = False


class Mirror:
    """Everything told to one node."""

    def __init__(self, services: int, order: _Order) -> None:
        self._order = order
        self._words: Final = [_Word() for _ in range(services)]
        self._unheard: OrderedDict[int, set[int]] = OrderedDict()
        self.watched: dict[int, int] = {}
        """The guilds, and the number of the present watch of each."""
        self._watches = 0
        self.moved = 0
        """How often somebody came to one service whom another told of, too."""

    @property
    def unheard(self) -> bool:
        """Whether there is something to `take`."""
        return bool(self._unheard)

    def watch(self, guild_id: int) -> int:
        """The guild is watched from now on; the number of this watch, with which services answer it."""
        self._watches += 1
        self.watched[guild_id] = self._watches
        return self._watches

    def found(self, service: int) -> None:
        """It is there, or there again."""
        word = self._words[service]
        word.begun = set()
        word.doubtful = {guild_id: set(seen) for guild_id, seen in word.guilds.items()}
        word.complete = set()
        word.settled = False

    def snapshot(self, service: int, guild_id: int, presences: Iterable[Presence], *, silent: bool) -> None:
        """A part of who is in a watched guild; `silent`: whoever watches it will ask who is `here`."""
        word = self._words[service]
        word.begun.add(guild_id)
        for presence in presences:
            self._see(word, presence, (guild_id,), silent)

    def completed(self, service: int, guild_id: int) -> None:
        """That was everybody."""
        word = self._words[service]
        word.complete.add(guild_id)
        self._resolve(word, guild_id)

    def changed(self, service: int, signal: Changed) -> None:
        """A user looks different."""
        word = self._words[service]
        guild_ids = {guild_id for guild_id in signal.guild_ids if guild_id in self.watched and guild_id in word.begun}
        if signal.presence.status == "offline":
            self._drop(word, signal.presence.user_id, guild_ids)
        else:
            self._see(word, signal.presence, guild_ids)

    def gone(self, service: int, user_id: int) -> None:
        """A user is seen nowhere any more."""
        word = self._words[service]
        if user_id in word.presences:
            self._drop(word, user_id, word.presences[user_id][1])

    def settled(self, service: int) -> None:
        """Who it has not told of again by now is offline."""
        word = self._words[service]
        word.settled = True
        for guild_id in list(word.doubtful):
            self._resolve(word, guild_id)

    def forsake(self, service: int) -> None:
        """It is gone, and others have had the time to hear of everyone it told of."""
        word = self._words[service]
        for guild_id, seen in list(word.guilds.items()):
            for user_id in list(seen):
                self._drop(word, user_id, (guild_id,))
        word.doubtful = {}

    def forget(self, guild_id: int) -> None:
        """The guild is watched no more."""
        self.watched.pop(guild_id, None)
        for word in self._words:
            for user_id in list(word.guilds.get(guild_id, ())):
                self._drop(word, user_id, (guild_id,))
            word.doubtful.pop(guild_id, None)
            word.complete.discard(guild_id)
            word.begun.discard(guild_id)

    def whole(self, service: int) -> bool:
        """Whether it has told all there is of the watched guilds since it was found."""
        word = self._words[service]
        return word.settled and word.complete >= self.watched.keys()

    def complete(self, service: int, guild_id: int) -> bool:
        """Whether it has told who is in this guild since it was found."""
        return guild_id in self._words[service].complete

    def here(self, guild_id: int, user_ids: Iterable[int] | None = None) -> list[Presence]:
        """Those of the users, or all, who are seen in the guild."""
        if user_ids is None:
            user_ids = (user_id for word in self._words for user_id in word.guilds.get(guild_id, ()))
        return [presence for user_id in dict.fromkeys(user_ids) if (presence := self._shown(user_id, guild_id))]

    def tell(self, guild_id: int) -> None:
        """Nobody asked who is here after all: it will be read."""
        for word in self._words:
            for user_id in word.guilds.get(guild_id, ()):
                self._unheard.setdefault(user_id, set()).add(guild_id)

    def take(self, limit: int) -> list[Changed]:
        """What is unheard, as it is now, of at most so many users."""
        signals: list[Changed] = []
        for _ in range(min(limit, len(self._unheard))):
            user_id, guild_ids = self._unheard.popitem(last=False)
            guild_ids &= self.watched.keys()
            for service in self._order(user_id):
                presence, known = self._words[service].presences.get(user_id, (None, ()))
                if presence is not None and (here := guild_ids.intersection(known)):
                    signals.append(Changed(presence, tuple(here)))
                    guild_ids -= here
            if guild_ids:
                signals.append(Changed(Presence(user_id, "offline"), tuple(guild_ids)))
        return signals

    def _see(self, word: _Word, presence: Presence, guild_ids: Collection[int], silent: bool = False) -> None:
        user_id = presence.user_id
        before, known = word.presences.get(user_id, (None, ()))
        if before is None and len(self._words) > 1:
            self.moved += any(user_id in each.presences for each in self._words if each is not word)
        new = set(guild_ids).difference(known)
        for guild_id in new:
            word.guilds.setdefault(guild_id, set()).add(user_id)
        word.presences[user_id] = presence, (*known, *new) if new else known
        if word.doubtful:
            for guild_id in guild_ids:
                word.doubtful.get(guild_id, set()).discard(user_id)
        if changed := {*(() if before == presence else known), *(() if silent else new)}:
            self._unheard.setdefault(user_id, set()).update(changed)

    def _drop(self, word: _Word, user_id: int, guild_ids: Iterable[int]) -> None:
        if user_id not in word.presences:
            return
        presence, known = word.presences.pop(user_id)
        dropped = set(known).intersection(guild_ids)
        for guild_id in dropped:
            word.guilds[guild_id].remove(user_id)
            if not word.guilds[guild_id]:
                del word.guilds[guild_id]
        if len(dropped) < len(known):
            word.presences[user_id] = presence, tuple([each for each in known if each not in dropped])
        if told := dropped & self.watched.keys():
            self._unheard.setdefault(user_id, set()).update(told)

    def _resolve(self, word: _Word, guild_id: int) -> None:
        if word.settled and guild_id in word.complete:
            for user_id in word.doubtful.pop(guild_id, ()):
                self._drop(word, user_id, (guild_id,))

    def _shown(self, user_id: int, guild_id: int) -> Presence | None:
        for service in self._order(user_id):
            word = self._words[service]
            if user_id in word.guilds.get(guild_id, ()):
                return word.presences[user_id][0]
        return None
