"""All that verbs need, and what follows from them: one in each process that people's requests come to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from argon2 import PasswordHasher

from derailed.actions.context import Context
from derailed.actions.harvesting import Harvesting
from derailed.actions.indexing import Indexing
from derailed.actions.passwords import Passwords
from derailed.actions.publisher import Publisher
from derailed.actions.sweeper import Sweeper
from derailed.actions.tally import Tally
from derailed.actions.verbs import Verbs
from derailed.actions.visitors import Visitors
from derailed.api.app import Application, Receive, Scope, Send, create
from derailed.api.connection import AtOnce
from derailed.api.entrance import Limiting
from derailed.api.files import is_file
from derailed.api.origins import Addresses
from derailed.app import measures, operator_page, pulse
from derailed.app.parts import Parts, now_ms
from derailed.app.pulse import Pulsing
from derailed.app.readiness import Readiness
from derailed.bus import Bus
from derailed.settings import Settings
from derailed.site import Site
from derailed.store import OutboxRow, Store

if TYPE_CHECKING:
    from derailed.broker.log import Log

_DRAIN_WITHIN_S: Final = 2
"""What was said last has as long to reach the bus. What does not is in the outbox, for the next start."""

Committed = Callable[[Sequence[OutboxRow]], None]


@dataclass(frozen=True, slots=True)
class Acting:
    """`works` are to run; `drained` when no more requests come."""

    store: Store
    bus: Bus
    publisher: Publisher
    context: Context
    verbs: Verbs
    works: Sequence[Coroutine[Any, Any, None]]
    pulsing: Pulsing

    @classmethod
    async def open(cls, parts: Parts, log: Log | None, lost: Callable[[], None], pulsing: Pulsing) -> Self:
        """Make all of it, in the order in which it is needed. `lost` is to be called when we must stop at once."""
        settings = parts.settings
        store = await parts.store()
        claim = await parts.claim()
        bus = await parts.bus(log, store)
        publisher, made = Publisher(store, bus, now_ms), Tally()
        store.committed = _both(publisher.take, made.take)
        measures.of_store(store)
        measures.of_events(made, publisher, store, now_ms)
        passwords = Passwords(PasswordHasher())
        parts.callback(passwords.close)
        lease = await parts.lease(store)
        presences = parts.presences()
        context = parts.context(store, bus, lease.ids, presences)
        verbs = Verbs.of(context, passwords, settings.registration)
        pulse.of_acting(pulsing, made, store, settings.database_kind, now_ms)
        pulse.of_bus(pulsing, bus, settings.bus_kind, lambda: publisher.offset, None)
        works = [
            pulsing.run(bus),
            pulse.listen(bus, context.board, now_ms),
            publisher.run(),
            verbs.tokens.run(),
            Sweeper(context).run(),
            Indexing(context).run(),
            Harvesting(context).run(),
            Visitors(context, presences).run(),
            lease.run(),
        ]
        unfurling = parts.unfurling(context)
        if unfurling is not None:
            store.committed = _both(store.committed, unfurling.take)
            works.append(unfurling.run())
        if claim is not None:
            works.append(claim.hold(lost))
        return cls(store, bus, publisher, context, verbs, works, pulsing)

    def watched_by(self, readiness: Readiness) -> None:
        """Have it say what is missing here."""
        readiness.needs("database", lambda: self.store.is_up, "can not be reached, or its disk refuses")
        readiness.needs(
            "bus",
            lambda: self.bus.is_up and not self.publisher.is_stuck,
            "can not be reached, or its log has failed: see the log; what is said is kept, and told later",
        )

    async def drained(self) -> None:
        """Wait until what was said last has reached the bus, but not for long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.publisher.drained(), _DRAIN_WITHIN_S)


def answering(settings: Settings, parts: Parts, acting: Acting, addresses: Addresses) -> tuple[Application, AtOnce]:
    """What answers HTTP: the API, its pages, files, and the app for every other path; and the hot routes at once."""
    limiting = Limiting(parts.limits(), settings.rate_limits, settings.trusted_proxies, now_ms)
    api, site = create(acting.verbs, addresses, limiting), Site(connects_to=addresses.elsewhere())
    measures.of_requests(api.meter)
    routes = api.meter.routes
    acting.pulsing.tells(lambda: {"totals": {"requests": sum(sum(each.counts) for each in routes.values())}})

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == operator_page.PATH:
            await operator_page.answer(scope, send, acting.verbs.operators)
            return
        first = scope["path"].removeprefix("/").partition("/")[0]
        ours = first in ("api", "docs") or is_file(scope["path"])
        await (api if ours else site)(scope, receive, send)

    return answer, api.at_once


def _both(one: Committed, other: Committed) -> Committed:
    def take(rows: Sequence[OutboxRow]) -> None:
        one(rows)
        other(rows)

    return take
