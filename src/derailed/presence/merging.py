"""What the sessions of one user show together. Pure.

A wish for quiet wins: `dnd`, then `online`, then `idle`, over all sessions and for each client. Activities are those
of every session, in the order in which the sessions came, each once. A session that is `invisible` shows nothing, and
a user with no other sessions is offline.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import msgspec

from derailed.presence import Client, Presence, Status

NO_ACTIVITIES: Final = b"[]"
_Shown = Literal["online", "idle", "dnd"]
_BY_PRECEDENCE: Final[tuple[_Shown, ...]] = ("dnd", "online", "idle")
_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_COMBINATIONS_KEPT: Final = 256
"""More than three clients in four states can make."""


class Showing(NamedTuple):
    """One session's part."""

    status: Status
    activities: bytes
    client: Client


def merge(user_id: int, sessions: Iterable[Showing]) -> Presence | None:
    """What others see, None when that is nothing."""
    visible = [showing for showing in sessions if showing.status != "invisible"]
    if not visible:
        return None
    if len(visible) == 1:
        status, activities, client = visible[0]
        return Presence(user_id, _shown((status,)), activities, _client_status(((client, status),)))
    by_client: dict[Client, list[Status]] = {}
    for status, _, client in visible:
        by_client.setdefault(client, []).append(status)
    clients = tuple((client, _shown(tuple(by_client[client]))) for client in sorted(by_client))
    return Presence(
        user_id,
        _shown(tuple(showing.status for showing in visible)),
        _spliced(dict.fromkeys(showing.activities for showing in visible)),
        _client_status(clients),
    )


def _shown(statuses: tuple[Status, ...]) -> _Shown:
    return next(status for status in _BY_PRECEDENCE if status in statuses)


def _spliced(lists: Collection[bytes]) -> bytes:
    """One JSON array of what is in all of them, each once: sessions show a custom status of their account alike."""
    if len(lists) == 1:
        return next(iter(lists))
    return b"[" + b",".join(dict.fromkeys(bytes(each) for inside in lists for each in _items(inside))) + b"]"


@lru_cache(_COMBINATIONS_KEPT)
def _client_status(clients: tuple[tuple[Client, Status], ...]) -> bytes:
    return b"{" + b",".join(f'"{client}":"{status}"'.encode() for client, status in clients) + b"}"
