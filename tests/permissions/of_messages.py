"""Rules of messages, pins and reactions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from tests.permissions.cases import IN_CHANNEL, NO_EMOJI, TALKING, Case, Check, Rule, finds, needs, needs_any
from tests.permissions.worlds import ANNOUNCEMENT, UNICODE, Bit

_READ: Final = needs(Bit.READ_MESSAGE_HISTORY)
_MODERATE: Final = needs(Bit.MANAGE_MESSAGES)
_PIN: Final = needs_any(Bit.PIN_MESSAGES, Bit.MANAGE_MESSAGES)


def _readable(case: Case) -> list[int]:
    """The channel's messages that the actor may read, ascending."""
    if not case.may_here(Bit.READ_MESSAGE_HISTORY):
        return []
    return sorted(each.id for each in case.inside.said.values() if each.place == case.there.id)


def _ask_page(case: Case) -> None:
    way = case.random.choice(("", "before", "after", "around"))
    bound = case.draw("message_id")
    case.chosen = {"way": way, "bound": bound}
    case.query = f"{way}={bound}&limit=100" if way else ""


def _page_is_whole(case: Case, told: Any) -> None:
    bound = case.chosen["bound"]
    kept = {"before": lambda each: each < bound, "after": lambda each: each > bound}.get(case.chosen["way"])
    expected = [each for each in _readable(case) if kept is None or kept(each)]
    assert [int(each["id"]) for each in told] == expected[::-1]


def _say(case: Case) -> dict[str, Any]:
    kind = case.random.choice(("plain", "embed", "reply", "mention"))
    case.chosen = {"kind": kind}
    body: dict[str, Any] = {"content": "hello"}
    if kind == "embed":
        body["embeds"] = [{"title": "look"}]
    if kind == "reply":
        case.ids["message_id"] = case.draw("message_id")
        body["message_reference"] = {"message_id": str(case.ids["message_id"])}
    if kind == "mention":
        roles = "".join(f"<@&{role}>" for role in case.inside.roles) if case.guild else ""
        body["content"] = f"@everyone {roles}"
    return body


def _said_well(case: Case) -> int | None:
    if case.chosen["kind"] == "embed" and not case.may_here(Bit.EMBED_LINKS):
        return 50013
    if case.chosen["kind"] == "reply" and not case.may_here(Bit.READ_MESSAGE_HISTORY):
        return 50013
    return None


def _answers(case: Case) -> int | None:
    if case.chosen["kind"] == "reply" and (case.said is None or case.said.notice):
        return 50035
    return None


def _mentions_count(case: Case, told: Any) -> None:
    may = case.may_here(Bit.MENTION_EVERYONE)
    mentioned = case.chosen["kind"] == "mention"
    assert told["mention_everyone"] == (mentioned and may)
    roles = [role for role in case.inside.roles.values() if role.id != case.inside.id]
    expected = {str(role.id) for role in roles if mentioned and (may or role.mentionable)}
    assert set(told["mention_roles"]) == expected


def _change(case: Case) -> dict[str, Any]:
    kind = case.random.choice(("content", "embeds", "flags"))
    case.chosen = {"kind": kind}
    value: dict[str, Any] = {"content": "new", "embeds": [{"title": "t"}], "flags": 4}
    return {kind: value[kind]}


def _is_own_or_hides(case: Case) -> int | None:
    """Another's message: only what it shows can be hidden, and only by who manages messages."""
    if case.said is None or case.said.author == case.actor:
        return None
    return None if case.chosen["kind"] == "flags" and case.may_here(Bit.MANAGE_MESSAGES) else 50005


def _embeds_allowed(case: Case) -> int | None:
    return 50013 if case.chosen["kind"] == "embeds" and not case.may_here(Bit.EMBED_LINKS) else None


def _is_spoken(case: Case) -> int | None:
    return 50021 if case.said is not None and case.said.notice else None


def _own_or_moderates(case: Case) -> int | None:
    return None if case.said is not None and case.said.author == case.actor else _MODERATE(case)


def _is_announced(case: Case) -> int | None:
    return None if case.there.kind == ANNOUNCEMENT else 50024


def _many(case: Case) -> dict[str, Any]:
    """Two messages, wherever they are: what is not in the channel is passed over."""
    ids = case.random.sample(list(case.world.home.said), 2)
    return {"messages": [str(each) for each in ids]}


def _pinned(case: Case) -> set[int]:
    return {each for each in _readable(case) if case.inside.said[each].pinned}


def _pins_are_whole(case: Case, told: Any) -> None:
    assert _ids(each["message"] for each in told["items"]) == _pinned(case)


def _old_pins_are_whole(case: Case, told: Any) -> None:
    assert _ids(told) == _pinned(case)


def _is_emoji(case: Case) -> int | None:
    return 10014 if case.ids["emoji"] == NO_EMOJI else None


def _may_add(case: Case) -> int | None:
    """An emoji that is on the message may be added by everyone who reads it."""
    on_it = case.said is not None and case.said.reactors and case.ids["emoji"] == UNICODE
    return None if on_it or case.may_here(Bit.ADD_REACTIONS) else 50013


def _may_use(case: Case) -> int | None:
    """A guild's emoji is for its members, and for those of them with a role of its list."""
    found = re.fullmatch(r"e\d+:(\d+)", case.ids["emoji"])
    if found is None:
        return None
    guild = next(each for each in case.world.guilds() if int(found[1]) in each.drawn)
    if guild is not case.inside and not case.may_here(Bit.USE_EXTERNAL_EMOJIS):
        return 50013
    if case.actor not in guild.members:
        return 10014
    wanted = guild.drawn[int(found[1])].roles
    return 10014 if wanted and not wanted & guild.members[case.actor].roles else None


def _reactors_are_whole(case: Case, told: Any) -> None:
    assert case.said is not None
    assert _ids(told) == (set(case.said.reactors) if case.ids["emoji"] == UNICODE else set())


def _own_reaction_or_moderates(case: Case) -> int | None:
    return None if case.ids["user_id"] == case.actor else _MODERATE(case)


def _ids(shapes: Iterable[Any]) -> set[int]:
    return {int(each["id"]) for each in shapes}


def _reacting(*checks: Check) -> Rule:
    """`_is_emoji` says nothing of the channel, so it comes first."""
    return Rule((_is_emoji, *TALKING), (_READ, finds, *checks))


_CHANNEL: Final = "/channels/{channel_id}"
_MESSAGE: Final = f"{_CHANNEL}/messages/{{message_id}}"
_REACTIONS: Final = f"{_MESSAGE}/reactions"
_KIND: Final = f"{_REACTIONS}/{{emoji}}"

RULES: Final[dict[str, Rule]] = {
    f"GET {_CHANNEL}/messages": Rule(TALKING, (), _ask_page, _page_is_whole),
    f"GET {_MESSAGE}": Rule(TALKING, (_READ, finds)),
    f"POST {_CHANNEL}/messages": Rule(TALKING, (needs(Bit.SEND_MESSAGES), _said_well, _answers), _say, _mentions_count),
    f"PATCH {_MESSAGE}": Rule(TALKING, (finds, _is_own_or_hides, _embeds_allowed, _is_spoken), _change),
    f"DELETE {_MESSAGE}": Rule(TALKING, (finds, _own_or_moderates)),
    f"POST {_CHANNEL}/messages/bulk-delete": Rule(TALKING, (_MODERATE,), _many),
    f"POST {_MESSAGE}/crosspost": Rule(TALKING, (needs(Bit.SEND_MESSAGES), finds, _own_or_moderates, _is_announced)),
    f"POST {_CHANNEL}/typing": Rule(TALKING, (needs(Bit.SEND_MESSAGES),)),
    f"GET {_CHANNEL}/messages/pins": Rule(TALKING, (), None, _pins_are_whole),
    f"GET {_CHANNEL}/pins": Rule(TALKING, (), None, _old_pins_are_whole),
    f"PUT {_CHANNEL}/messages/pins/{{message_id}}": Rule(TALKING, (_PIN, finds, _is_spoken)),
    f"PUT {_CHANNEL}/pins/{{message_id}}": Rule(TALKING, (_PIN, finds, _is_spoken)),
    f"DELETE {_CHANNEL}/messages/pins/{{message_id}}": Rule(TALKING, (_PIN, finds)),
    f"DELETE {_CHANNEL}/pins/{{message_id}}": Rule(TALKING, (_PIN, finds)),
    f"PUT {_KIND}/@me": _reacting(_may_add, _may_use),
    f"DELETE {_KIND}/@me": _reacting(),
    f"DELETE {_KIND}/{{user_id}}": _reacting(_own_reaction_or_moderates),
    f"GET {_KIND}": Rule((_is_emoji, *TALKING), (_READ, finds), None, _reactors_are_whole),
    f"DELETE {_KIND}": _reacting(_MODERATE),
    f"DELETE {_REACTIONS}": Rule(TALKING, (_READ, finds, _MODERATE)),
    f"GET {_CHANNEL}": Rule(IN_CHANNEL),
    f"PUT {_CHANNEL}/recipients/{{user_id}}": Rule(IN_CHANNEL, (lambda case: 50024,)),
    f"DELETE {_CHANNEL}/recipients/{{user_id}}": Rule(IN_CHANNEL, (lambda case: 50024,)),
}
