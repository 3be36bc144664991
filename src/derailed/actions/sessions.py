"""What a Gateway session asks: who speaks, and snapshots with the revs at which they were true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from derailed.actions import unread
from derailed.actions.context import Context
from derailed.actions.searching import matching
from derailed.actions.tokens import Tokens, id_hash
from derailed.actions.unread import Reader
from derailed.model.conversation import Shown
from derailed.model.errors import Unauthenticated, Unknown
from derailed.model.guild import Guild, Member
from derailed.model.relationship import Relationship
from derailed.model.user import Actor, Application, User
from derailed.store import (
    Connection,
    applications,
    belonging,
    conversations,
    guild_settings,
    guilds,
    members,
    read_states,
    relationships,
    topics,
    users,
)
from derailed.wire import limits
from derailed.wire.guild_settings import DIRECT
from derailed.wire.reading import Standing
from derailed.wire.records import guild_topic, user_topic
from derailed.wire.user_settings import DEFAULTS, UserSettings, decode, standing

_OUTBOX_PAGE: Final = 500


class Belonging(NamedTuple):
    """Where an account belongs. `rev` is that of its own topic.

    `ended`: guilds that are gone, and whose end is still to be told in the account's topic.
    """

    rev: int
    guild_ids: tuple[int, ...]
    ended: tuple[int, ...] = ()
    friends: frozenset[int] = frozenset()
    settings: UserSettings = DEFAULTS
    token_hash: bytes = b""


class AccountSnapshot(NamedTuple):
    """An account and where it belongs: most as in `Belonging`. `application` is a bot's."""

    user: User
    email: str | None
    rev: int
    guild_ids: tuple[int, ...]
    application: Application | None
    friends: frozenset[int] = frozenset()
    settings: UserSettings = DEFAULTS
    relationships: tuple[Relationship, ...] = ()
    guild_settings: tuple[bytes, ...] = ()
    """What a person wants to hear of guilds, as JSON."""
    conversations: tuple[Shown, ...] = ()
    """Of a person, those that are open."""
    standings: tuple[Standing, ...] = ()
    """Up to where they have read these."""
    login: str = ""
    """Which of the account's logins asks."""


class Place(NamedTuple):
    """A guild at `rev`, and one user's place in it. `member` is None for one who does not belong to it."""

    rev: int
    guild: Guild
    member_count: int
    member: Member | None


class GuildSnapshot(NamedTuple):
    """A guild at `rev`, as one user enters it. `member` is None for one who does not belong to it."""

    rev: int
    guild: Guild
    member: Member | None
    member_count: int
    members: tuple[tuple[Member, User], ...]
    """Everyone, when they are few enough; else only the user's own."""
    last_message_ids: dict[int, int]
    account_rev: int = 0
    """That of the account's own topic, of which `standings` tell."""
    standings: tuple[Standing, ...] = ()
    """Where a person stands in its channels."""


class Sessions:
    """The Gateway's questions to the store."""

    def __init__(self, context: Context, own_tokens: Tokens) -> None:
        self._context = context
        self._tokens = own_tokens

    async def authenticate(self, token: str) -> Actor:
        """Whom the token speaks for; some libraries send it with `Bot ` before it. Raises Unauthenticated."""
        return await self._tokens.authenticate(token.removeprefix("Bot "))

    async def belonging(self, user_id: int, token_id: int) -> Belonging:
        """Where the account belongs. Raises Unauthenticated when the token does not stand any more.

        It is asked of the store, not of what we remember.
        """
        return await self._context.store.read(lambda tx: _belonging(tx, user_id, token_id))

    async def account(self, user_id: int, token_id: int) -> AccountSnapshot:
        """The account and its guilds. Raises Unauthenticated like `belonging`."""

        async def work(tx: Connection) -> AccountSnapshot:
            at = await _belonging(tx, user_id, token_id)
            known = await users.credentials(tx, user_id)
            if known is None:
                raise Unauthenticated
            application = await applications.get(tx, user_id) if known.user.bot else None
            bonds = () if known.user.bot else tuple(await relationships.of_user(tx, user_id))
            wanted = () if known.user.bot else tuple(await guild_settings.of_user(tx, user_id))
            settings = standing(at.settings, self._context.clock())
            of = (known.user, known.email, at.rev, at.guild_ids, application)
            talks = () if known.user.bot else tuple(await conversations.of_user(tx, user_id))
            heads = {each.conversation.id: each.last_message_id or 0 for each in talks}
            reader = unread.correspondent(user_id, await unread.settings(tx, user_id, DIRECT), self._context.clock())
            stand = await unread.in_conversations(tx, reader, heads) if heads else ()
            return AccountSnapshot(
                *of, at.friends, settings, bonds, wanted, talks, tuple(stand), id_hash(at.token_hash)
            )

        return await self._context.store.read(work)

    async def place(self, guild_id: int, user_id: int) -> Place | None:
        """The guild and this user's place in it, in one snapshot; None when there is no such guild."""

        async def work(tx: Connection) -> Place | None:
            found = await self._found(tx, guild_id)
            return found and Place(*found, await guilds.member(tx, guild_id, user_id))

        return await self._context.store.read(work)

    async def guild(
        self, guild_id: int, user_id: int, *, members_up_to: int, reads: bool = False
    ) -> GuildSnapshot | None:
        """The guild for this user in one snapshot; None when there is no such guild. `reads`: with where they stand."""

        async def work(tx: Connection) -> GuildSnapshot | None:
            found = await self._found(tx, guild_id)
            if found is None:
                return None
            rev, guild, count = found
            own = await members.get(tx, guild_id, user_id)
            shown = await members.page(tx, guild_id, 0, count) if count <= members_up_to else [own] if own else []
            last = await read_states.heads(tx, guild_id)
            entered = GuildSnapshot(rev, guild, own and own[0], count, tuple(shown), last)
            if not reads or own is None:
                return entered
            account_at = await topics.look(tx, user_topic(user_id))
            reader = Reader(guild, own[0], unread.UNKNOWN, self._context.clock())
            stands = tuple(await unread.standings(tx, reader, last))
            return entered._replace(account_rev=account_at.rev, standings=stands)

        return await self._context.store.read(work)

    async def _found(self, tx: Connection, guild_id: int) -> tuple[int, Guild, int] | None:
        """The guild's rev, its shape, and how many belong to it."""
        at = await topics.look(tx, guild_topic(guild_id))
        count = await guilds.member_count(tx, guild_id)
        return (at.rev, await self._context.shapes.guild(tx, guild_id, at), count) if count else None

    async def belonging_to(self, guild_id: int, up_to: int) -> frozenset[int]:
        """Who belongs to the guild; nobody when they are more than `up_to`."""
        found = await self._context.store.read(lambda tx: members.ids(tx, guild_id, up_to + 1))
        return frozenset(found if len(found) <= up_to else ())

    async def pending(self, revs: Mapping[str, int]) -> bool:
        """Whether the outbox still holds a record of one of these topics at or below that rev."""
        store = self._context.store
        waiting = await store.read(topics.waiting)
        if not any(topic in revs and rev <= revs[topic] for topic, rev in waiting.items()):
            return False
        rows = await store.outbox(0, _OUTBOX_PAGE)  # without those that the bus has and that are deleted in a moment
        while rows:
            if any(row.rev <= revs.get(row.topic, 0) for row in rows):
                return True
            rows = await store.outbox(rows[-1].id, _OUTBOX_PAGE)
        return False

    async def members(
        self, actor: Actor, guild_id: int, *, query: str | None, user_ids: Sequence[int], limit: int
    ) -> tuple[list[tuple[Member, User]], list[int]]:
        """Members by prefix of username or nick, or by id, and the ids of those who are none. `limit` 0 is all.

        Raises Unknown("guild") to those who do not belong to it.
        """

        async def work(tx: Connection) -> tuple[list[tuple[Member, User]], list[int]]:
            if guild_id not in await members.guilds_of(tx, actor.user_id):
                raise Unknown("guild")
            pairs = [(user_id, await members.get(tx, guild_id, user_id)) for user_id in user_ids]
            found = [pair for _, pair in pairs if pair is not None]
            return found, [user_id for user_id, pair in pairs if pair is None]

        listed = await self._context.store.read(work)
        if query is None:
            return listed
        return await matching(self._context, guild_id, query, limit or limits.GUILD_MEMBERS), []


async def _belonging(tx: Connection, user_id: int, token_id: int) -> Belonging:
    found = await belonging.of(tx, user_id, token_id)
    if found is None:
        raise Unauthenticated
    at = await topics.look(tx, user_topic(user_id))
    settings = decode(found.settings)
    return Belonging(at.rev, tuple(found.guild_ids), tuple(found.ended), found.friends, settings, found.token_hash)
