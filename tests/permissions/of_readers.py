"""Rules of what people have read, of what calls them, and of what they want to hear."""

from __future__ import annotations

from typing import Any, Final

from tests.permissions import rule
from tests.permissions.cases import TALKING, Case, Rule, belongs
from tests.permissions.worlds import Bit

_CHANNEL: Final = "/channels/{channel_id}"
_SETTINGS: Final = "/users/@me/guilds/{guild_id}/settings"


def _is_a_person(case: Case) -> int | None:
    return 20001 if case.is_bot else None


def _mutes(case: Case) -> dict[str, Any]:
    return {"muted": True, "channel_overrides": {str(case.draw("channel_id")): {"muted": True}}}


def _mutes_many(case: Case) -> dict[str, Any]:
    case.chosen["guild"] = case.draw("guild_id")
    return {"guilds": {str(case.chosen["guild"]): {"muted": True}}}


def _belongs_to_all(case: Case) -> int | None:
    return None if rule.is_member(case.world, case.chosen["guild"], case.actor) else 10004


def _reads_many(case: Case) -> dict[str, Any]:
    channels = [case.draw("channel_id") for _ in range(5)]
    return {"read_states": [{"channel_id": str(each), "message_id": str((1 << 62) - 1)} for each in channels]}


def _only_what_is_readable(case: Case, told: Any) -> None:
    for each in told:
        place = case.world.place(int(each["channel_id"]))
        assert place is not None
        assert case.may(Bit.VIEW_CHANNEL, place)
        assert case.may(Bit.READ_MESSAGE_HISTORY, place)


RULES: Final[dict[str, Rule]] = {
    f"POST {_CHANNEL}/messages/{{message_id}}/ack": Rule((_is_a_person, *TALKING), body=lambda case: {}),
    f"POST {_CHANNEL}/pins/ack": Rule((_is_a_person, *TALKING), body=lambda case: {}),
    f"DELETE {_CHANNEL}/messages/ack": Rule((_is_a_person,), body=lambda case: {}),
    "POST /guilds/{guild_id}/ack": Rule((_is_a_person, belongs), body=lambda case: {}),
    "POST /read-states/ack-bulk": Rule((_is_a_person,), body=_reads_many),
    f"GET {_SETTINGS}": Rule((_is_a_person, belongs)),
    f"PATCH {_SETTINGS}": Rule((_is_a_person, belongs), body=_mutes),
    "PATCH /users/@me/guilds/settings": Rule((_is_a_person, _belongs_to_all), body=_mutes_many),
    "GET /users/@me/mentions": Rule((_is_a_person,), shown=_only_what_is_readable),
    "DELETE /users/@me/mentions/{message_id}": Rule((_is_a_person,)),
}
