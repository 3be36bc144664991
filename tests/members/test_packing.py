"""Packed members are the same members, and small."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from derailed.members.packing import pack, unpack
from derailed.model.guild import Member
from derailed.model.user import User
from derailed.wire import rest
from derailed.wire.shapes import MemberShape

ids = st.integers(1, (1 << 63) - 1)
names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=32)
times = st.integers(0, 1 << 41)


@st.composite
def members(draw: st.DrawFn) -> MemberShape:
    user = User(
        id=draw(ids),
        username=draw(names),
        global_name=draw(st.none() | names),
        avatar=draw(st.none() | st.just("a" * 32)),
        bot=draw(st.booleans()),
        flags=draw(st.integers(0, 8)),
    )
    member = Member(
        guild_id=1,
        user_id=user.id,
        joined_at=draw(times),
        roles=tuple(draw(st.lists(ids, max_size=3))),
        nick=draw(st.none() | names | st.just('","nick":null,"roles":["')),
        timed_out_until=draw(st.none() | times),
        flags=draw(st.integers(0, 8)),
    )
    return rest.member(member, user)


@settings(max_examples=300)
@given(st.lists(members(), min_size=1, max_size=3))
def test_unpacking_gives_the_json_that_was_packed(some: list[MemberShape]) -> None:
    assert unpack(b",".join(map(pack, some))) == b",".join(map(msgspec.json.encode, some))


def test_an_ordinary_member_takes_a_quarter_of_its_json() -> None:
    member = Member(guild_id=1, user_id=1, joined_at=1_700_000_000_000, roles=(1 << 60,))
    shape = rest.member(member, User(id=1 << 60, username="anna", global_name="Anna"))
    assert len(pack(shape)) * 4 < len(msgspec.json.encode(shape))
