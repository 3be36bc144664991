"""What sessions are told when they come in: READY, GUILD_CREATE, and the chunks of members that they ask for."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from derailed.actions.sessions import AccountSnapshot, GuildSnapshot
from derailed.gateway.audience import Event
from derailed.gateway.recipient import Recipient
from derailed.gateway.view import View
from derailed.model.guild import Member
from derailed.model.user import User
from derailed.wire import events, rest
from derailed.wire.events import GuildCreate
from derailed.wire.gateway import CHUNK_MEMBERS
from derailed.wire.shapes import MemberShape, OwnUserShape

_PRIVILEGED = 1 << 12 | 1 << 14 | 1 << 18
"""Application flags: one's own server grants presences, members and content to every bot."""

RESUMED: Event = ("RESUMED", b'{"_trace":[]}')


class _Unavailable(Struct):
    id: str
    unavailable: bool = True


class _Application(Struct):
    id: str
    flags: int


class _Ready(Struct, kw_only=True):
    v: int = 10
    user: OwnUserShape
    guilds: list[Any]
    session_id: str
    resume_gateway_url: str
    shard: tuple[int, int] | UnsetType
    application: _Application | UnsetType
    private_channels: list[Any] = []
    relationships: list[Any] = []
    presences: list[Any] = []
    user_settings: dict[str, Any] = {}
    _trace: list[str] = []


class _Chunk(Struct, kw_only=True):
    guild_id: str
    members: list[MemberShape]
    chunk_index: int
    chunk_count: int
    not_found: list[str] | UnsetType = UNSET
    presences: list[Any] | UnsetType = UNSET
    nonce: str | UnsetType = UNSET


def opening(
    recipient: Recipient,
    account: AccountSnapshot,
    snapshots: list[GuildSnapshot],
    session_id: str,
    gateway_url: str,
) -> list[Event]:
    """READY and, for bots, one GUILD_CREATE for each guild; people's clients find their guilds whole in READY."""
    application = account.application
    created = [] if account.user.bot else [_guild(recipient, snapshot) for snapshot in snapshots]
    ready = _Ready(
        user=rest.own_user(account.user, account.email),
        guilds=created or [_Unavailable(str(snapshot.guild.id)) for snapshot in snapshots],
        session_id=session_id,
        resume_gateway_url=gateway_url,
        shard=recipient.id.shard or UNSET,
        application=UNSET
        if application is None
        else _Application(str(application.id), application.flags | _PRIVILEGED),
    )
    out = [("READY", events.encode(ready))]
    if account.user.bot:
        out += [guild_create(recipient, snapshot, joined_now=False) for snapshot in snapshots]
    return out


def guild_create(recipient: Recipient, snapshot: GuildSnapshot, *, joined_now: bool) -> Event:
    """A guild as this session may see it. Libraries take `unavailable: false` for "it is back", its absence for new."""
    shape = _guild(recipient, snapshot)
    return ("GUILD_CREATE", events.encode(shape if joined_now else replace(shape, unavailable=False)))


def _guild(recipient: Recipient, snapshot: GuildSnapshot) -> GuildCreate:
    own, guild = snapshot.member, snapshot.guild
    assert own is not None
    shown = View(guild).visible(own.user_id, own.roles)
    return events.guild_create(
        guild,
        own,
        snapshot.member_count,
        [rest.member(*pair) for pair in snapshot.members],
        [
            rest.channel(channel, snapshot.last_message_ids.get(channel.id))
            for channel in guild.channels.values()
            if channel.id in shown
        ],
        large=snapshot.member_count > recipient.id.large_threshold,
    )


def chunks(
    guild_id: int, found: list[tuple[Member, User]], not_found: list[int], nonce: str | None, presences: bool
) -> list[Event]:
    """The answer to op 8: always at least one chunk, with the nonce that libraries wait for."""
    pages = [found[start : start + CHUNK_MEMBERS] for start in range(0, len(found), CHUNK_MEMBERS)] or [[]]
    return [
        (
            "GUILD_MEMBERS_CHUNK",
            events.encode(
                _Chunk(
                    guild_id=str(guild_id),
                    members=[rest.member(*pair) for pair in page],
                    chunk_index=index,
                    chunk_count=len(pages),
                    not_found=[str(user_id) for user_id in not_found] if not_found and not index else UNSET,
                    presences=[] if presences else UNSET,
                    nonce=nonce if nonce is not None else UNSET,
                )
            ),
        )
        for index, page in enumerate(pages)
    ]
