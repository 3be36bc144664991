"""What READY tells a person of what they have read and want to hear, in a form that their client can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from derailed.actions.sessions import AccountSnapshot, GuildSnapshot
from derailed.wire import reading as wire
from derailed.wire.gateway import Capability
from derailed.wire.reading import Versioned


def fields(account: AccountSnapshot, guilds: Sequence[GuildSnapshot], capabilities: int) -> dict[str, Any]:
    """The fields of READY, by name. Bots have none of it."""
    if account.user.bot:
        return {}
    stands = [wire.read_state(each) for each in account.standings]
    stands += [wire.read_state(each) for guild in guilds for each in guild.standings]
    wanted = [Raw(each) for each in account.guild_settings]
    return {
        "read_state": _as_asked(stands, account.rev, capabilities & Capability.VERSIONED_READ_STATES),
        "user_guild_settings": _as_asked(wanted, account.rev, capabilities & Capability.VERSIONED_GUILD_SETTINGS),
    }


def _as_asked(entries: list[Any], version: int, is_versioned: int) -> list[Any] | Versioned:
    return Versioned(entries=entries, version=version) if is_versioned else entries
