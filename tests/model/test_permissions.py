"""The one rule against an oracle that asks for each bit by itself, the way the rule is told in words."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from derailed.model import permissions
from derailed.model.guild import Channel, ChannelType, Guild, Member, Overwrite, Role

GUILD, CHANNEL, ME, SOMEONE = 1, 2, 10, 11
ROLES = (100, 101, 102)
DELETED_ROLE = 109
NOW = 1_000_000

# Those that the rule treats apart, one that it does not, the highest it names, and one without a name.
BITS = (3, 10, 11, 12, 14, 15, 16, 17, 6, 52, 60)
ADMINISTRATOR, VIEW, SEND, READ_HISTORY = 3, 10, 11, 16
LOST_WITHOUT_SEND = {12, 14, 15, 17}
NAMED = range(53)

masks = st.one_of(
    st.sets(st.sampled_from(BITS)).map(lambda bits: sum(1 << bit for bit in bits)),
    st.just(permissions.EVERYONE_DEFAULT),
    st.just(permissions.ALL),
)


@st.composite
def guilds(draw: st.DrawFn) -> Guild:
    roles = [Role(id=id_, name="", permissions=draw(masks), position=1) for id_ in (GUILD, *ROLES)]
    targets = st.one_of(
        st.tuples(st.sampled_from((GUILD, DELETED_ROLE, *ROLES)), st.just(0)),
        st.tuples(st.sampled_from((ME, SOMEONE)), st.just(1)),
    )
    overwrites = tuple(
        Overwrite(id_, kind, draw(masks), draw(masks)) for id_, kind in draw(st.lists(targets, unique=True, max_size=7))
    )
    channel = Channel(id=CHANNEL, guild_id=GUILD, type=ChannelType.TEXT, name="", overwrites=overwrites)
    return Guild(
        id=GUILD,
        rev=1,
        name="",
        owner_id=draw(st.sampled_from((SOMEONE, SOMEONE, SOMEONE, ME))),
        roles={role.id: role for role in roles},
        channels={CHANNEL: channel},
    )


members = st.builds(
    lambda roles, until: Member(guild_id=GUILD, user_id=ME, joined_at=0, roles=tuple(roles), timed_out_until=until),
    st.lists(st.sampled_from((*ROLES, DELETED_ROLE)), unique=True),
    st.sampled_from((None, None, NOW - 1, NOW, NOW + 1)),
)


def rules_all(guild: Guild, member: Member) -> bool:
    """Whether nothing can be taken from the member: the owner, and who has ADMINISTRATOR from a role."""
    held = [guild.roles[id_] for id_ in (GUILD, *member.roles) if id_ in guild.roles]
    return member.user_id == guild.owner_id or any(has(role.permissions, ADMINISTRATOR) for role in held)


def may(guild: Guild, member: Member, channel: Channel | None, bit: int) -> bool:
    """The oracle: whether the member has this bit."""
    if rules_all(guild, member):
        return bit in NAMED
    if is_timed_out(member) and bit not in (VIEW, READ_HISTORY):
        return False
    if channel is None:
        return any(has(guild.roles[id_].permissions, bit) for id_ in (GUILD, *member.roles) if id_ in guild.roles)
    if not may_untimed(guild, member, channel, VIEW):
        return False
    if bit in LOST_WITHOUT_SEND and not may_untimed(guild, member, channel, SEND):
        return False
    return may_untimed(guild, member, channel, bit)


def may_untimed(guild: Guild, member: Member, channel: Channel, bit: int) -> bool:
    """One bit through the three layers of overwrites: in each, allowed wins over denied, and either over before."""
    held = [id_ for id_ in member.roles if id_ in guild.roles]
    answer = any(has(guild.roles[id_].permissions, bit) for id_ in (GUILD, *held))
    for layer in ([(GUILD, 0)], [(id_, 0) for id_ in held], [(member.user_id, 1)]):
        said = [each for each in channel.overwrites if (each.id, each.type) in layer]
        if any(has(each.allow, bit) for each in said):
            answer = True
        elif any(has(each.deny, bit) for each in said):
            answer = False
    return answer


def is_timed_out(member: Member) -> bool:
    return member.timed_out_until is not None and member.timed_out_until > NOW


def has(mask: int, bit: int) -> bool:
    return bool(mask >> bit & 1)


def mask_of(bits: Iterable[int]) -> int:
    return sum(1 << bit for bit in bits)


@settings(max_examples=300)
@given(guilds(), members)
def test_every_bit_in_a_channel_is_what_the_rule_says(guild: Guild, member: Member) -> None:
    channel = guild.channels[CHANNEL]
    oracle = mask_of(bit for bit in range(64) if may(guild, member, channel, bit))
    assert permissions.of_member(guild, member, channel, NOW) == oracle


@settings(max_examples=100)
@given(guilds(), members)
def test_every_bit_in_a_guild_is_what_the_rule_says(guild: Guild, member: Member) -> None:
    oracle = mask_of(bit for bit in range(64) if may(guild, member, None, bit))
    assert permissions.of_member(guild, member, None, NOW) == oracle


@settings(max_examples=100)
@given(guilds(), members, st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(guild: Guild, member: Member, chance: Random) -> None:
    channel = guild.channels[CHANNEL]
    overwrites, roles = list(channel.overwrites), list(member.roles)
    before = permissions.in_channel(guild, ME, tuple(roles), channel)
    chance.shuffle(overwrites)
    chance.shuffle(roles)
    shuffled = Channel(id=CHANNEL, guild_id=GUILD, type=ChannelType.TEXT, name="", overwrites=tuple(overwrites))
    assert permissions.in_channel(guild, ME, tuple(roles), shuffled) == before


def guild_of(*roles: Role, owner: int = SOMEONE) -> Guild:
    everyone = Role(id=GUILD, name="", permissions=0, position=0)
    return Guild(
        id=GUILD, rev=1, name="", owner_id=owner, roles={role.id: role for role in (everyone, *roles)}, channels={}
    )


def member_with(*roles: int) -> Member:
    return Member(guild_id=GUILD, user_id=ME, joined_at=0, roles=roles)


def test_the_owner_stands_above_every_role() -> None:
    high = Role(id=100, name="", permissions=0, position=2**31 - 1)
    owner = permissions.highest_position(guild_of(high, owner=ME), member_with())
    assert owner > permissions.highest_position(guild_of(high), member_with(100))


def test_the_older_of_two_roles_at_one_position_stands_higher() -> None:
    guild = guild_of(*(Role(id=id_, name="", permissions=0, position=1) for id_ in ROLES))
    stands = [permissions.highest_position(guild, member_with(id_)) for id_ in ROLES]
    assert stands == sorted(stands, reverse=True)
    assert permissions.highest_position(guild, member_with(*ROLES)) == stands[0]


def test_a_member_without_roles_stands_below_every_role() -> None:
    guild = guild_of(Role(id=100, name="", permissions=0, position=1))
    assert permissions.highest_position(guild, member_with()) < permissions.highest_position(guild, member_with(100))
