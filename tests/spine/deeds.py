"""What people do in a schedule: real verbs, chosen by chance from what is there at the moment."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from derailed.actions.verbs import Verbs
from derailed.model import permissions
from derailed.model.user import Actor
from derailed.wire.messages import EditMessage, SendMessage
from derailed.wire.records import guild_topic
from derailed.wire.requests import (
    Authorize,
    Bits,
    CreateChannel,
    CreateGuild,
    EditAccount,
    EditChannel,
    EditGuild,
    EditRole,
    SetOverwrite,
    Snowflake,
)
from tests.spine.cast import ANN, OLGA, TIM, Cast
from tests.spine.oracle import Oracle, State

Deed = Callable[[Verbs], Awaitable[object]]

_KINDS: Final = (
    "message", "edit", "unsend", "hold", "role", "overwrite", "place", "own", "join", "leave", "rename", "typing",
    "logout", "guild",
)  # fmt: skip
_MIXES: Final = (
    (8, 1, 1, 2, 1, 2, 2, 1, 2, 2, 1, 2, 0.5, 0.2),
    (4, 1, 0, 3, 2, 4, 3, 1, 0, 0, 1, 4, 0.5, 0.0),
    (5, 0, 0, 0, 0, 0, 0, 0, 5, 5, 1, 0, 0.0, 0.5),
    (8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0.0, 0.0),
)
_LOGOUTS: Final = 3
_GRANTS: Final = tuple(map(Bits, (0, permissions.VIEW_CHANNEL, permissions.EVERYONE_DEFAULT, 8)))
_VIEW: Final = Bits(permissions.VIEW_CHANNEL)


class Deeds:
    """Chooses. What it chooses may be refused: that is for the verb to say."""

    def __init__(self, rng: random.Random, cast: Cast, oracle: Oracle) -> None:
        self._rng = rng
        self._cast = cast
        self._oracle = oracle
        self._mix = rng.choice(_MIXES)
        self._sent: list[tuple[int, int, int]] = []
        self._logouts: Counter[int] = Counter()
        self._words = 0

    def choose(self) -> tuple[str, Deed]:
        """Something to do, and what it is called."""
        kind = self._rng.choices(_KINDS, self._mix)[0]
        place = self._rng.randrange(2)
        guild_id = self._cast.guilds[place]
        story = self._oracle.stories[guild_topic(guild_id)]
        state = story.states[story.rev]
        if state is None:
            return "guild", self._new_guild()
        match kind:
            case "join":
                return kind, self._join(place, guild_id, state)
            case "guild":
                return kind, self._guild(guild_id, state)
            case "logout":
                return kind, self._logout()
            case "rename":
                return kind, self._rename()
        deed: Deed = getattr(self, f"_{kind}")(guild_id, state)
        return kind, deed

    # --- talking

    def _message(self, guild_id: int, state: State) -> Deed:
        author, channel = self._member(state), self._channel(state)
        mention = f"<@{self._member(state)}> " if self._rng.random() < 0.3 else ""
        draft = SendMessage(content=mention + self._word())

        async def send(verbs: Verbs) -> None:
            answer = await verbs.messages.send(self._actor(author), channel, draft)
            self._sent.append((author, channel, int(msgspec.json.decode(answer)["id"])))

        return send

    def _edit(self, guild_id: int, state: State) -> Deed:
        if not self._sent:
            return self._message(guild_id, state)
        author, channel, message = self._rng.choice(self._sent)
        change = EditMessage(content=self._word())
        return lambda verbs: verbs.messages.edit(self._actor(author), channel, message, change)

    def _unsend(self, guild_id: int, state: State) -> Deed:
        if not self._sent:
            return self._message(guild_id, state)
        author, channel, message = self._rng.choice(self._sent)
        return lambda verbs: verbs.messages.delete(self._actor(author), channel, message)

    def _typing(self, guild_id: int, state: State) -> Deed:
        author, channel = self._member(state), self._channel(state)
        return lambda verbs: verbs.messages.typing(self._actor(author), channel)

    # --- who may see what

    def _hold(self, guild_id: int, state: State) -> Deed:
        owner, member = self._owner(state), self._member(state)
        role = self._role_of(guild_id, state)
        if str(role) in state.members[str(member)]["roles"]:
            return lambda verbs: verbs.members.remove_role(owner, guild_id, member, role)
        return lambda verbs: verbs.members.add_role(owner, guild_id, member, role)

    def _role(self, guild_id: int, state: State) -> Deed:
        owner, role, grant = self._owner(state), self._role_of(guild_id, state), self._rng.choice(_GRANTS)
        what = self._rng.random()
        if what < 0.3:
            return lambda verbs: verbs.roles.create(owner, guild_id, EditRole(name="r", permissions=grant))
        if what < 0.5:
            return lambda verbs: verbs.roles.delete(owner, guild_id, role)
        target = guild_id if what < 0.7 else role
        return lambda verbs: verbs.roles.edit(owner, guild_id, target, EditRole(permissions=grant))

    def _overwrite(self, guild_id: int, state: State) -> Deed:
        owner, channel = self._owner(state), self._channel(state)
        target, kind = self._rng.choice(
            ((guild_id, 0), (self._role_of(guild_id, state), 0), (self._member(state), 1)),
        )
        what = self._rng.random()
        if what < 0.2:
            return lambda verbs: verbs.overwrites.delete(owner, channel, target)
        body = SetOverwrite(type=kind, deny=_VIEW) if what < 0.6 else SetOverwrite(type=kind, allow=_VIEW)
        return lambda verbs: verbs.overwrites.set(owner, channel, target, body)

    def _place(self, guild_id: int, state: State) -> Deed:
        owner, channel, what = self._owner(state), self._channel(state), self._rng.random()
        if what < 0.5 or len(state.channels) < 2:
            return lambda verbs: verbs.channels.create(owner, guild_id, CreateChannel(name=self._word()))
        if what < 0.8 and channel != min(map(int, state.channels)):  # the first one is where invites lead
            return lambda verbs: verbs.channels.delete(owner, channel)
        return lambda verbs: verbs.channels.edit(owner, channel, EditChannel(name=self._word()))

    def _own(self, guild_id: int, state: State) -> Deed:
        heir = Snowflake(self._rng.choice([each for each in (OLGA, ANN, TIM) if str(each) in state.members]))
        return lambda verbs: verbs.guilds.edit(self._owner(state), guild_id, EditGuild(owner_id=heir))

    # --- coming and going

    def _join(self, place: int, guild_id: int, state: State) -> Deed:
        who = self._rng.choice((ANN, TIM, TIM, self._cast.bot))
        if who == self._cast.bot:
            body = Authorize(guild_id=Snowflake(guild_id))
            asked = self._rng.choice(_GRANTS)
            return lambda verbs: verbs.applications.authorize(self._owner(state), who, asked, body)
        return lambda verbs: verbs.invites.accept(self._actor(who), self._cast.invites[place])

    def _leave(self, guild_id: int, state: State) -> Deed:
        who = self._rng.choice((ANN, TIM, TIM, self._cast.bot))
        if self._rng.random() < 0.5:
            return lambda verbs: verbs.members.kick(self._owner(state), guild_id, who)
        return lambda verbs: verbs.guilds.leave(self._actor(who), guild_id)

    def _guild(self, guild_id: int, state: State) -> Deed:
        if self._rng.random() < 0.5:
            return self._new_guild()
        return lambda verbs: verbs.guilds.delete(self._owner(state), guild_id)

    def _new_guild(self) -> Deed:
        who = self._rng.choice((OLGA, ANN, TIM))
        return lambda verbs: verbs.guilds.create(self._actor(who), CreateGuild(name=self._word()))

    # --- oneself

    def _rename(self) -> Deed:
        who, name = self._rng.choice((OLGA, ANN, TIM)), self._word()
        return lambda verbs: verbs.accounts.edit(self._actor(who), EditAccount(global_name=name))

    def _logout(self) -> Deed:
        who = self._rng.choice((ANN, TIM, self._cast.bot))
        token = self._cast.tokens[who][min(self._logouts[who], _LOGOUTS)]
        self._logouts[who] += 1
        return lambda verbs: verbs.accounts.logout(Actor(who, token.id, who == self._cast.bot))

    # --- picking

    def _actor(self, user_id: int) -> Actor:
        return Actor(user_id, 1, user_id == self._cast.bot)

    def _owner(self, state: State) -> Actor:
        return self._actor(int(str(state.own["owner_id"])))

    def _member(self, state: State) -> int:
        return int(self._rng.choice(sorted(state.members)))

    def _channel(self, state: State) -> int:
        return int(self._rng.choice(sorted(state.channels)))

    def _role_of(self, guild_id: int, state: State) -> int:
        others = [int(each) for each in sorted(state.roles) if int(each) != guild_id]
        return self._rng.choice(others or [guild_id])

    def _word(self) -> str:
        self._words += 1
        return f"w{self._words}"
