"""What sessions are told when they come in: READY, GUILD_CREATE, and the chunks of members that they ask for.

Members and presences that come encoded from their services are spliced, never read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import UNSET, Raw, Struct, UnsetType, field
from msgspec.structs import replace

from derailed.actions.sessions import AccountSnapshot
from derailed.gateway import reading
from derailed.gateway.audience import Event
from derailed.gateway.personal import PersonalReady, personal
from derailed.gateway.pieces import Entered, Pieces
from derailed.gateway.recipient import Recipient
from derailed.gateway.session import AskMembers
from derailed.gateway.view import View
from derailed.members import Chunk
from derailed.model.guild import Member
from derailed.model.user import User
from derailed.presence import Presence
from derailed.wire import conversations, events, rest
from derailed.wire.conversations import ConversationShape
from derailed.wire.events import GuildCreate
from derailed.wire.gateway import CHUNK_MEMBERS, Op
from derailed.wire.reading import Versioned
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


class _Ready(PersonalReady, kw_only=True):
    v: int = 10
    user: OwnUserShape
    guilds: list[Any]
    session_id: str
    resume_gateway_url: str
    shard: tuple[int, int] | UnsetType
    application: _Application | UnsetType
    private_channels: list[ConversationShape] = field(default_factory=list)
    read_state: list[Any] | Versioned | UnsetType = UNSET
    user_guild_settings: list[Any] | Versioned | UnsetType = UNSET
    _trace: list[str] = field(default_factory=list)


class _Chunk(Struct, kw_only=True):
    guild_id: str
    members: list[MemberShape] | Raw
    chunk_index: int
    chunk_count: int
    not_found: list[str] | UnsetType = UNSET
    presences: list[Any] | Raw | UnsetType = UNSET
    nonce: str | UnsetType = UNSET


class _RateLimitedMeta(Struct, kw_only=True):
    guild_id: str
    nonce: str | UnsetType = UNSET


class _RateLimited(Struct, kw_only=True):
    opcode: int
    retry_after: float
    meta: _RateLimitedMeta


class Opening(NamedTuple):
    """What a session begins with: its account, the guilds that it comes into, and which of its friends are here."""

    account: AccountSnapshot
    entered: Sequence[Entered]
    friends: Sequence[Presence]
    session_id: str
    gateway_url: str
    capabilities: int = 0


def opening(recipient: Recipient, opened: Opening, pieces: Pieces) -> list[Event]:
    """READY and, for bots, one GUILD_CREATE for each guild; people's clients find their guilds whole in READY."""
    account, entered = opened.account, opened.entered
    application = account.application
    threshold = recipient.id.large_threshold
    created = [] if account.user.bot else [Raw(pieces.guild(each, threshold)) for each in entered]
    ready = _Ready(
        user=rest.own_user(account.user, account.email, account.settings.locale),
        guilds=created or [_Unavailable(str(each.snapshot.guild.id)) for each in entered],
        session_id=opened.session_id,
        resume_gateway_url=opened.gateway_url,
        shard=recipient.id.shard or UNSET,
        private_channels=[conversations.shape(each, account.user.id) for each in account.conversations],
        application=UNSET
        if application is None
        else _Application(str(application.id), application.flags | _PRIVILEGED),
        **personal(recipient, account, opened.friends, opened.session_id),
        **reading.fields(account, [each.snapshot for each in entered], opened.capabilities),
    )
    out = [("READY", events.encode(ready))]
    if account.user.bot:
        out += [guild_create(recipient, each, joined_now=False) for each in entered]
    return out


def guild_create(recipient: Recipient, entered: Entered, *, joined_now: bool) -> Event:
    """A guild as this session may see it. Libraries take `unavailable: false` for "it is back", its absence for new."""
    shape = _guild(recipient, entered)
    return ("GUILD_CREATE", events.encode(shape if joined_now else replace(shape, unavailable=False)))


def _guild(recipient: Recipient, entered: Entered) -> GuildCreate:
    snapshot = entered.snapshot
    own, guild = snapshot.member, snapshot.guild
    assert own is not None
    shown = View(guild).visible(own.user_id, own.roles)
    return events.guild_create(
        guild,
        own,
        snapshot.member_count,
        [rest.member(*pair) for pair in snapshot.members] if not entered.online else entered.online,
        [
            rest.channel(channel, snapshot.last_message_ids.get(channel.id))
            for channel in guild.channels.values()
            if channel.id in shown
        ],
        [Raw(presence.json()) for presence in entered.here],
        large=snapshot.member_count > recipient.id.large_threshold,
    )


def chunk(asked: AskMembers, found: Chunk, *, presences: bool) -> Event:
    """One part of the answer to op 8."""
    return _chunk(
        asked,
        Raw(found.members),
        index=found.index,
        count=found.count,
        not_found=found.not_found,
        presences=Raw(found.presences) if presences else UNSET,
    )


def chunks(asked: AskMembers, found: list[tuple[Member, User]], not_found: Sequence[int]) -> list[Event]:
    """The whole answer to op 8, where presences are not known: always at least one chunk."""
    pages = [found[start : start + CHUNK_MEMBERS] for start in range(0, len(found), CHUNK_MEMBERS)] or [[]]
    return [
        _chunk(
            asked,
            [rest.member(*pair) for pair in page],
            index=index,
            count=len(pages),
            not_found=() if index else not_found,
            presences=[] if asked.presences else UNSET,
        )
        for index, page in enumerate(pages)
    ]


def _chunk(
    asked: AskMembers,
    members: list[MemberShape] | Raw,
    *,
    index: int,
    count: int,
    not_found: Sequence[int],
    presences: list[Any] | Raw | UnsetType,
) -> Event:
    """With the nonce: libraries wait for it."""
    shape = _Chunk(
        guild_id=str(asked.guild_id),
        members=members,
        chunk_index=index,
        chunk_count=count,
        not_found=[str(user_id) for user_id in not_found] if not_found else UNSET,
        presences=presences,
        nonce=asked.nonce if asked.nonce is not None else UNSET,
    )
    return ("GUILD_MEMBERS_CHUNK", events.encode(shape))


def rate_limited(guild_id: int, nonce: str | None, retry_after_s: float) -> Event:
    """Too many requests for members wait already."""
    meta = _RateLimitedMeta(guild_id=str(guild_id), nonce=nonce if nonce is not None else UNSET)
    shape = _RateLimited(opcode=Op.REQUEST_GUILD_MEMBERS, retry_after=retry_after_s, meta=meta)
    return ("RATE_LIMITED", events.encode(shape))
