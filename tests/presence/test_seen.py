"""Guilds' lists of who is seen there: right at every moment, and not much longer than they must be."""

from __future__ import annotations

import random

from derailed.presence import Presence
from derailed.presence.seen import Seen
from derailed.presence.sessions import User

GUILD, OTHER_GUILD = 10, 11


class Crowd:
    """Users who come and go, and know where they are."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.seen = Seen(self.users)

    def come(self, *user_ids: int) -> None:
        for user_id in user_ids:
            self.users[user_id] = User(user_id, guild_ids=(GUILD, OTHER_GUILD), presence=Presence(user_id, "online"))
            self.seen.enter(user_id, (GUILD, OTHER_GUILD))

    def go(self, *user_ids: int) -> None:
        for user_id in user_ids:
            del self.users[user_id]
            self.seen.leave((GUILD, OTHER_GUILD))

    def go_together(self, *user_ids: int) -> None:
        for user_id in user_ids:
            del self.users[user_id]
        self.seen.many_leave([(GUILD, OTHER_GUILD)] * len(user_ids))

    def assert_right(self) -> None:
        for guild_id in (GUILD, OTHER_GUILD):
            assert self.seen.count(guild_id) == len(self.users)
            assert self.users.keys() <= set(self.seen.users(guild_id))


def test_a_list_is_gone_through_in_steps_and_right_at_every_moment() -> None:
    crowd = Crowd()
    crowd.come(*range(20_000))
    crowd.go_together(*range(100, 20_000))
    crowd.assert_right()
    steps = 0
    while not crowd.seen.idle:
        assert crowd.seen.take_out(1) <= 1000
        crowd.assert_right()
        steps += 1
        if steps == 10:
            crowd.come(50_000)
            crowd.go(3)
    assert steps > 60
    assert len(crowd.seen.users(GUILD)) < 110


def test_who_comes_and_goes_over_and_over_does_not_make_a_list_grow() -> None:
    crowd = Crowd()
    crowd.come(1)
    for _ in range(10_000):
        crowd.come(2)
        crowd.go(2)
    crowd.assert_right()
    assert len(crowd.seen.users(GUILD)) < 20


def test_a_guild_that_ends_while_it_is_gone_through_leaves_nothing() -> None:
    crowd = Crowd()
    crowd.come(*range(5000))
    crowd.go_together(*range(10, 5000))
    crowd.seen.take_out(3)
    crowd.go(*range(10))
    while not crowd.seen.idle:
        crowd.seen.take_out(1)
    assert crowd.seen._guilds == {}


def test_whatever_happens_lists_are_right() -> None:
    chance, crowd = random.Random(1), Crowd()
    for _ in range(12):
        here = list(crowd.users)
        leaving = chance.sample(here, chance.randrange(len(here) + 1))
        (crowd.go if chance.random() < 0.5 else crowd.go_together)(*leaving)
        crowd.come(*set(chance.sample(range(3000), chance.randrange(2000))).difference(crowd.users))
        crowd.seen.take_out(chance.choice((0, 1, 1000)))
        crowd.assert_right()
    while not crowd.seen.idle:
        crowd.seen.take_out(1)
        crowd.assert_right()
    assert len(crowd.seen.users(GUILD)) <= 3 * len(crowd.users) + 8
