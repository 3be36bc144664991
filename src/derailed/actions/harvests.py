"""Harvests: ask for an archive of all that is one's own, see how far it is, and fetch it."""

from __future__ import annotations

from typing import NamedTuple

from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.blobs import Blob
from derailed.model.errors import Forbidden, Unknown
from derailed.model.user import Actor
from derailed.store import harvests
from derailed.store.harvests import Harvest
from derailed.wire.harvests import AGAIN_MS, KEPT_MS, State
from derailed.wire.records import user_topic


class Standing(NamedTuple):
    """One that was asked for, and how far it is now. Times are Unix milliseconds."""

    id: int
    user_id: int
    created_at: int
    finished_at: int | None
    state: State

    @property
    def expires_at(self) -> int | None:
        """Until when its archive is there."""
        return None if self.finished_at is None else self.finished_at + KEPT_MS


class Harvests:
    """The verbs. What is asked for is made by `harvesting`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def begin(self, actor: Actor) -> Standing:
        """Ask for one; within a day it is the same one."""
        _refuse_bots(actor)

        async def work(changes: Changes) -> Harvest:
            await changes.hold(user_topic(actor.user_id))
            newest = await harvests.newest(changes.tx, actor.user_id)
            if newest is not None and changes.now_ms - newest.created_at < AGAIN_MS:
                return newest
            harvest = Harvest(self._context.new_id(), actor.user_id, changes.now_ms, None)
            await harvests.insert(changes.tx, harvest)
            return harvest

        return self._standing(await change(self._context, work))

    async def newest(self, actor: Actor) -> Standing:
        """The one that was asked for last. Raises Unknown("harvest")."""
        return self._standing(await self._newest(actor))

    async def archive(self, actor: Actor) -> Blob:
        """The archive of that one. Raises Unknown("harvest") while there is none, and when it is there no more."""
        harvest = await self._newest(actor)
        made = self._standing(harvest).state is State.COMPLETED
        found = await self._context.blobs.find(harvest.key) if made else None
        if found is None:
            raise Unknown("harvest")
        return found

    async def _newest(self, actor: Actor) -> Harvest:
        _refuse_bots(actor)
        found = await self._context.store.read(lambda tx: harvests.newest(tx, actor.user_id))
        if found is None:
            raise Unknown("harvest")
        return found

    def _standing(self, harvest: Harvest) -> Standing:
        state = State.IN_PROGRESS
        if harvest.finished_at is not None:
            over = self._context.clock() >= harvest.finished_at + KEPT_MS
            state = State.EXPIRED if over else State.COMPLETED
        return Standing(*harvest, state=state)


def _refuse_bots(actor: Actor) -> None:
    if actor.bot:
        raise Forbidden("not_for_bots")
