"""What the operator's commands work with, beside a running server or without one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from argon2 import PasswordHasher

from derailed.actions.passwords import Passwords
from derailed.actions.verbs import Verbs
from derailed.app.parts import Parts
from derailed.settings import Settings


@contextlib.asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Verbs]:
    """The verbs over the same data, for one command of the operator; a server may be running meanwhile.

    What they emit waits in the outbox for the server, which looks there when it starts and once a second.
    """
    async with Parts(settings) as parts:
        store = await parts.store()
        passwords = Passwords(PasswordHasher())
        parts.callback(passwords.close)
        lease = await parts.lease(store)
        yield Verbs.of(parts.context(store, nobody_listens, lease.ids), passwords, settings.registration)


class _NobodyListens:
    """Where a command publishes what is not kept."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Deliver it to the subscribers of this process, of which there are none."""


nobody_listens: Final = _NobodyListens()
