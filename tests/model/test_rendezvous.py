"""Users are divided evenly, and only those of a service that is gone move."""

from __future__ import annotations

from collections import Counter

from derailed.model.rendezvous import order

SERVICES = ["a:1", "b:1", "c:1"]
USERS = range(3000)


def test_every_user_has_an_order_of_all_services() -> None:
    assert all(sorted(order(user, SERVICES)) == [0, 1, 2] for user in USERS)


def test_services_get_about_as_many_users_each() -> None:
    counted = Counter(order(user, SERVICES)[0] for user in USERS)
    assert all(800 < counted[service] < 1200 for service in range(3))


def test_nobody_moves_between_services_that_stay() -> None:
    for user in USERS:
        left = [SERVICES[at] for at in order(user, SERVICES) if SERVICES[at] != "b:1"]
        assert [["a:1", "c:1"][at] for at in order(user, ["a:1", "c:1"])] == left
