"""Rules of searching: what is found, and how much is counted, is what may be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from tests.permissions.cases import TALKING, Case, Rule, belongs
from tests.permissions.worlds import CATEGORY, Bit, Place, Said

_KINDS: Final[dict[str, Callable[[Case, Said], bool]]] = {
    "": lambda case, said: True,
    "content=SAID": lambda case, said: True,
    "content=unsaid": lambda case, said: False,
    "pinned=true": lambda case, said: said.pinned,
    "pinned=false": lambda case, said: not said.pinned,
    "has=-file": lambda case, said: True,
    "author_id=": lambda case, said: said.author == case.chosen["id"],
    "channel_id=": lambda case, said: said.place == case.chosen["id"],
    "content=said in ": lambda case, said: said.place == case.chosen["id"],
}


def _ask(case: Case) -> None:
    kind = case.random.choice(list(_KINDS))
    chosen = case.draw("channel_id" if kind != "author_id=" else "user_id")
    case.chosen = {"kind": kind, "id": chosen, "asc": case.random.random() < 0.3}
    order = "&sort_order=asc" if case.chosen["asc"] else ""
    case.query = f"{kind.replace(' ', '%20')}{chosen if kind.endswith(('=', ' ')) else ''}{order}"


def _readable(case: Case, places: Iterable[Place]) -> list[int]:
    """Those that are asked for and that the actor may read, ascending; what nobody wrote is never found."""
    open_to_them = {
        place.id
        for place in places
        if place.kind != CATEGORY and case.may(Bit.VIEW_CHANNEL, place) and case.may(Bit.READ_MESSAGE_HISTORY, place)
    }
    fits = _KINDS[case.chosen["kind"]]
    of_them = [each for each in case.inside.said.values() if each.place in open_to_them and not each.notice]
    return sorted(each.id for each in of_them if fits(case, each))


def _is_whole(places: Callable[[Case], Iterable[Place]]) -> Callable[[Case, Any], None]:
    def shown(case: Case, told: Any) -> None:
        expected = sorted(_readable(case, places(case)), reverse=not case.chosen["asc"])
        assert told["total_results"] == len(expected)
        assert [int(message["id"]) for (message,) in told["messages"]] == expected[:25]

    return shown


RULES: Final = {
    "GET /guilds/{guild_id}/messages/search": Rule(
        (belongs,), (), _ask, _is_whole(lambda case: case.inside.places.values())
    ),
    "GET /channels/{channel_id}/messages/search": Rule(TALKING, (), _ask, _is_whole(lambda case: [case.there])),
}
