"""A guild that is put together from pieces is the guild that its struct would have told of."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from derailed.actions.sessions import GuildSnapshot
from derailed.gateway.pieces import Entered, Pieces
from derailed.gateway.view import View
from derailed.model.guild import Member
from derailed.model.user import User
from derailed.presence import Presence
from derailed.wire import events, rest
from tests.gateway.worlds import World

ANNA = User(id=77, username="anna")


def entered(seed: int) -> Entered:
    """Anna in a random guild, with messages in some of its channels."""
    random, guild = Random(seed), World(seed).guild
    roles = tuple(each for each in guild.roles if each != guild.id and random.random() < 0.5)
    member = Member(guild_id=guild.id, user_id=ANNA.id, joined_at=1_700_000_000_123, roles=roles)
    last = {each: random.randrange(1 << 60) for each in guild.channels if random.random() < 0.5}
    snapshot = GuildSnapshot(1, guild, member, random.choice([2, 200]), ((member, ANNA),), last)
    return Entered(snapshot, [Presence(ANNA.id, "idle")][: random.randrange(2)])


def told(of: Entered) -> object:
    """By the struct."""
    snapshot, own = of.snapshot, of.snapshot.member
    assert own is not None
    shown = View(snapshot.guild).visible(own.user_id, own.roles)
    shape = events.guild_create(
        snapshot.guild,
        own,
        snapshot.member_count,
        [rest.member(*pair) for pair in snapshot.members],
        [
            rest.channel(each, snapshot.last_message_ids.get(each.id))
            for each in snapshot.guild.channels.values()
            if each.id in shown
        ],
        [msgspec.Raw(presence.json()) for presence in of.here],
        large=snapshot.member_count > 100,
    )
    return msgspec.json.decode(events.encode(shape))


@pytest.mark.parametrize("seed", range(20))
def test_pieces_make_what_the_struct_makes(seed: int) -> None:
    pieces, of = Pieces(), entered(seed)
    assert msgspec.json.decode(pieces.guild(of, 100)) == told(of)
    renamed = of._replace(snapshot=of.snapshot._replace(guild=replace(of.snapshot.guild, name="terminus")))
    assert msgspec.json.decode(pieces.guild(renamed, 100)) == told(renamed)
    assert msgspec.json.decode(pieces.guild(of, 100)) == told(of)
