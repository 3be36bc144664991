"""Every route and every event under random roles, overwrites and time-outs, against the rule told bit by bit."""

from __future__ import annotations

from pathlib import Path

from derailed.api.app import ROUTES
from tests.permissions.rounds import APART, RULES, play, template

_WORLDS = 5
_ROUNDS = 2


def test_no_random_case_is_answered_otherwise_than_the_rule_says(tmp_path: Path) -> None:
    assert play(tmp_path, range(_WORLDS), _ROUNDS) > _WORLDS * _ROUNDS * len(RULES)


def test_every_route_has_its_rule() -> None:
    paths = {f"{method} {template(path)}" for route in ROUTES for method in route.http_methods for path in route.paths}
    assert paths == RULES.keys() | APART.keys()
