"""Rules of what accounts are to each other, and of what they set for themselves."""

from __future__ import annotations

from typing import Any, Final

from tests.permissions.cases import Case, Check, Rule
from tests.permissions.of_guilds import for_people, is_somebody

_WITH: Final = "/users/@me/relationships/{user_id}"


def _other(case: Case) -> int:
    """Who is asked: by the path, or by the name in the body."""
    found: int = case.ids.get("user_id") or case.chosen["user"]
    return found


def _by_name(case: Case) -> dict[str, Any]:
    case.chosen["user"] = case.draw("user_id")
    return {"username": f"u{case.chosen['user']}"}


def _is_oneself(case: Case) -> int | None:
    return 80003 if _other(case) == case.actor else None


def _has_a_name(case: Case) -> int | None:
    return None if _other(case) in case.world.everybody else 80004


def _is_a_bot(case: Case) -> int | None:
    return 80002 if _other(case) in case.world.bots else None


def _is_no_friend(case: Case) -> int | None:
    return 10013  # nobody is, on the stage


def _knows_nobody(case: Case, told: Any) -> None:
    assert told == []


_SOMEBODY_ELSE: Final[tuple[Check, ...]] = (for_people, _is_oneself, is_somebody)


def _knows(case: Case) -> int | None:
    """Oneself, or who is in a guild that one is in."""
    guilds = case.world.guilds()
    known = any(case.actor in each.members and _other(case) in each.members for each in guilds)
    return None if known or _other(case) == case.actor else 50001


def _mutual_are_whole(case: Case, told: Any) -> None:
    both = [each.id for each in case.world.guilds() if {case.actor, _other(case)} <= each.members.keys()]
    assert [int(each["id"]) for each in told["mutual_guilds"]] == both


def _is_unwritten(case: Case) -> int | None:
    return 10013  # nobody has written anything, on the stage


def _runs_nothing(case: Case) -> int | None:
    return 50013  # nobody on the stage was named an operator, whatever they own


RULES: Final[dict[str, Rule]] = {
    "GET /users/@me/relationships": Rule((for_people,), (), None, _knows_nobody),
    "POST /users/@me/relationships": Rule((for_people, _has_a_name, _is_oneself, _is_a_bot), (), _by_name),
    f"PUT {_WITH}": Rule((*_SOMEBODY_ELSE, _is_a_bot), (), lambda case: {"type": 1}),
    f"PATCH {_WITH}": Rule((for_people, is_somebody, _is_no_friend), (), lambda case: {"nickname": "n"}),
    f"DELETE {_WITH}": Rule((for_people, is_somebody)),
    "GET /users/{user_id}/profile": Rule((is_somebody, _knows), (), None, _mutual_are_whole),
    "PATCH /users/@me/profile": Rule((), (), lambda case: {"bio": "b"}),
    "GET /users/@me/notes": Rule((for_people,)),
    "GET /users/@me/notes/{user_id}": Rule((for_people, _is_unwritten)),
    "PUT /users/@me/notes/{user_id}": Rule((for_people, is_somebody), (), lambda case: {"note": "n"}),
    "GET /operator": Rule((_runs_nothing,)),
    "GET /auth/sessions": Rule((for_people,)),
    "POST /auth/sessions/logout": Rule((for_people,), (), lambda case: {"session_id_hashes": ["x"]}),
    "POST /users/@me/delete": Rule((for_people, lambda case: 50035), (), lambda case: {"password": "guess"}),
    "POST /users/@me/harvest": Rule((for_people,)),
    "GET /users/@me/harvest": Rule((for_people, lambda case: 0)),
    "GET /users/@me/harvest/archive": Rule((for_people, lambda case: 0)),
    "GET /users/@me/settings": Rule((for_people,)),
    "PATCH /users/@me/settings": Rule((for_people,), (), lambda case: {"status": "dnd"}),
}
