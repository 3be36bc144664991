"""Rules of channels, their overwrites, invites and webhooks."""

from __future__ import annotations

from typing import Any, Final

from tests.permissions import rule
from tests.permissions.cases import IN_CHANNEL, Case, Rule, belongs, can_talk, needs
from tests.permissions.worlds import CATEGORY, OF_MEMBER, OF_ROLE, Bit, Overwrite, Place, overwrite

_MANAGE: Final = needs(Bit.MANAGE_CHANNELS)


def _shape(of: Overwrite) -> dict[str, Any]:
    return {"id": str(of.target), "type": of.kind, "allow": str(of.allow), "deny": str(of.deny)}


def _with_one(case: Case, before: tuple[Overwrite, ...]) -> tuple[Overwrite, ...]:
    """The list with one that is new or other than it was."""
    target = case.random.choice(list(case.inside.roles))
    left = tuple(each for each in before if each.target != target)
    return (*left, overwrite(case.random, target, OF_ROLE))


def _parent(case: Case) -> Any:
    """A category, or what can be none."""
    return case.random.choice([each.id for each in case.inside.places.values()])


def _may_be_in(case: Case, parent_id: int) -> bool:
    parent = case.inside.places[parent_id]
    return parent.kind == CATEGORY and case.may(Bit.VIEW_CHANNEL, parent)


def _change(case: Case) -> dict[str, Any]:
    if case.place is None:
        return {"nsfw": True}
    kind = case.random.choice(("plain", "overwrites", "parent", "locked"))
    case.chosen = {"kind": kind}
    if kind == "plain":
        return {"nsfw": True}
    if kind == "overwrites":
        case.chosen["after"] = _with_one(case, case.there.overwrites)
        return {"permission_overwrites": [_shape(each) for each in case.chosen["after"]]}
    case.chosen["parent"] = _parent(case)
    return {"parent_id": str(case.chosen["parent"]), "lock_permissions": kind == "locked"}


def _is_sound(case: Case) -> int | None:
    parent = case.chosen.get("parent")
    if parent in (None, case.there.parent):
        return None
    return None if case.there.kind != CATEGORY and _may_be_in(case, parent) else 50035


def _may_give(case: Case) -> int | None:
    """Who changes overwrites manages roles there, and holds what changes."""
    after = case.chosen.get("after")
    if case.chosen.get("kind") == "locked" and _is_sound(case) is None:
        after = case.inside.places[case.chosen["parent"]].overwrites
    if after is None or set(after) == set(case.there.overwrites):
        return None
    allowed = rule.may_overwrite(case.inside, case.actor, case.there, case.there.overwrites, after)
    return None if allowed and case.may_here(Bit.MANAGE_ROLES) else 50013


def _make(case: Case) -> dict[str, Any]:
    body: dict[str, Any] = {"name": "new", "type": 0}
    if case.guild is None:
        return body
    kind = case.random.choice(("plain", "overwrites", "parent"))
    if kind == "overwrites":
        case.chosen["after"] = _with_one(case, ())
        body["permission_overwrites"] = [_shape(each) for each in case.chosen["after"]]
    if kind == "parent":
        case.chosen["parent"] = _parent(case)
        body["parent_id"] = str(case.chosen["parent"])
    return body


def _can_be_made(case: Case) -> int | None:
    parent = case.chosen.get("parent")
    return None if parent is None or _may_be_in(case, parent) else 50035


def _may_give_new(case: Case) -> int | None:
    after = case.chosen.get("after")
    if after is None:
        return None
    allowed = rule.may_overwrite(case.inside, case.actor, None, (), after)
    return None if allowed and case.may(Bit.MANAGE_ROLES) else 50013


def _move(case: Case) -> list[dict[str, Any]]:
    place_id = case.draw("channel_id")
    place = case.chosen["place"] = case.guild.places.get(place_id) if case.guild else None
    moved: dict[str, Any] = {"id": str(place_id), "position": 7}
    if place is not None and case.random.random() < 0.6:
        case.chosen["parent"] = _parent(case)
        case.chosen["locked"] = case.random.random() < 0.5
        moved |= {"parent_id": str(case.chosen["parent"]), "lock_permissions": case.chosen["locked"]}
    return [moved]


def _moves_what_it_sees(case: Case) -> int | None:
    place: Place | None = case.chosen["place"]
    return None if place is not None and case.may(Bit.VIEW_CHANNEL, place) else 10003


def _moves_soundly(case: Case) -> int | None:
    place, parent = case.chosen["place"], case.chosen.get("parent")
    if place is None or parent in (None, place.parent):
        return None
    return None if place.kind != CATEGORY and _may_be_in(case, parent) else 50035


def _moves_what_it_manages(case: Case) -> int | None:
    """To put it elsewhere takes the same as to change it; its place in the order alone does not."""
    place, parent_id = case.chosen["place"], case.chosen.get("parent")
    if place is None or parent_id is None or _moves_soundly(case) is not None:
        return None
    parent = case.inside.places[parent_id]
    locks = case.chosen["locked"] and set(parent.overwrites) != set(place.overwrites)
    if (locks or place.parent != parent_id) and not case.may(Bit.MANAGE_CHANNELS, place):
        return 50013
    allowed = rule.may_overwrite(case.inside, case.actor, place, place.overwrites, parent.overwrites)
    return None if not locks or (allowed and case.may(Bit.MANAGE_ROLES, place)) else 50013


def _sees_its_channels(case: Case, told: Any) -> None:
    assert {int(each["id"]) for each in told} == rule.seen(case.inside, case.actor)


def _one_overwrite(case: Case) -> dict[str, Any]:
    target = case.ids["target_id"]
    kind = OF_ROLE if case.guild is not None and target in case.guild.roles else OF_MEMBER
    new = case.chosen["new"] = overwrite(case.random, target, kind)
    return _shape(new)


def _has_target(case: Case) -> int | None:
    target = case.ids["target_id"]
    return None if target in case.inside.roles or target in case.inside.members else 10007


def _may_set(case: Case) -> int | None:
    left = tuple(each for each in case.there.overwrites if each.target != case.ids["target_id"])
    after = (*left, case.chosen["new"]) if "new" in case.chosen else left
    allowed = rule.may_overwrite(case.inside, case.actor, case.there, case.there.overwrites, after)
    return None if allowed else 50013


def _is_overwritten(case: Case) -> int | None:
    return None if any(each.target == case.ids["target_id"] for each in case.there.overwrites) else 10009


def _is_open(case: Case) -> int | None:
    way = case.world.way(case.ids["code"])
    return 10006 if way is None or way.over else None


def _way(case: Case) -> tuple[Any, Any, Any]:
    """The invite, where it leads to, and the guild that is in."""
    way = case.world.way(case.ids["code"])
    assert way is not None
    place = case.world.place(way.place)
    assert place is not None
    return way, place, case.world.home_of(place)


def _may_come_in(case: Case) -> int | None:
    _, _, guild = _way(case)
    return 40007 if case.actor in guild.banned else None


def _is_in_its_guild(case: Case) -> int | None:
    return None if case.actor in _way(case)[2].members else 10004


def _may_close(case: Case) -> int | None:
    way, place, guild = _way(case)
    manages = rule.may(guild, case.actor, Bit.MANAGE_GUILD) or case.may(Bit.MANAGE_CHANNELS, place)
    return None if way.inviter == case.actor or manages else 50013


def _is_a_preview(case: Case, told: Any) -> None:
    """Whoever has the code sees the name of the guild and of one channel, and nobody in it."""
    _, place, guild = _way(case)
    assert told["guild"]["id"] == str(guild.id)
    assert told["channel"] == {"id": str(place.id), "name": f"c{place.id}", "type": place.kind}
    assert not told.keys() & {"uses", "max_uses", "max_age", "temporary", "created_at"}
    assert not told["guild"].keys() & {"roles", "channels", "members", "emojis", "owner_id"}


def _lists_open_ways(case: Case, told: Any) -> None:
    shown = {case.there.id} if case.place is not None else rule.seen(case.inside, case.actor)
    expected = {way.code for way in case.inside.ways.values() if way.place in shown and not way.over}
    assert {each["code"] for each in told} == expected


def _hook_place(case: Case) -> Place | None:
    hook = case.world.hook(case.ids["webhook_id"])
    return None if hook is None else case.world.place(hook.place)


def _is_a_hook(case: Case) -> int | None:
    return 10015 if _hook_place(case) is None else None


def _sees_the_hook(case: Case) -> int | None:
    place = _hook_place(case)
    return None if place is not None and case.may(Bit.VIEW_CHANNEL, place) else 50001


def _manages_the_hook(case: Case) -> int | None:
    place = _hook_place(case)
    return None if place is not None and case.may(Bit.MANAGE_WEBHOOKS, place) else 50013


def _change_hook(case: Case) -> dict[str, Any]:
    if case.random.random() < 0.5:
        return {"name": "other"}
    case.chosen["to"] = case.random.choice(list(case.world.home.places))
    return {"channel_id": str(case.chosen["to"])}


def _may_move_hook(case: Case) -> int | None:
    place = _hook_place(case)
    if place is None or case.chosen.get("to") in (None, place.id):
        return None
    target = case.world.home_of(place).places.get(case.chosen["to"])
    if target is None or not case.may(Bit.VIEW_CHANNEL, target):
        return 10003
    return None if case.may(Bit.MANAGE_WEBHOOKS, target) else 50013


def _moves_hook_to_talk(case: Case) -> int | None:
    target = case.world.place(case.chosen["to"]) if "to" in case.chosen else None
    return 50024 if target is not None and target.kind == CATEGORY else None


def _knows_the_token(case: Case) -> int | None:
    hook = case.world.hook(case.ids["webhook_id"])
    return None if hook is not None and hook.token == case.ids["token"] else 50027


def _said_it(case: Case) -> int | None:
    place = _hook_place(case)
    said = case.world.said(case.ids["message_id"])
    own = said is not None and place is not None and (said.place, said.author) == (place.id, case.ids["webhook_id"])
    return None if own else 10008


def _lists_managed_hooks(case: Case, told: Any) -> None:
    places = [case.there] if case.place is not None else list(case.inside.places.values())
    managed = {place.id for place in places if case.may(Bit.MANAGE_WEBHOOKS, place)}
    expected = {hook.id for hook in case.inside.hooks.values() if hook.place in managed}
    assert {int(each["id"]) for each in told} == expected


def _plain(case: Case) -> dict[str, Any]:
    return {"content": "hello"}


_CHANNEL: Final = "/channels/{channel_id}"
_OVERWRITE: Final = f"{_CHANNEL}/permissions/{{target_id}}"
_HOOK: Final = "/webhooks/{webhook_id}"
_BY_TOKEN: Final = f"{_HOOK}/{{token}}"
_HOOKED: Final = f"{_BY_TOKEN}/messages/{{message_id}}"
_GUILD: Final = "/guilds/{guild_id}"
_BY_HOOK: Final = (_is_a_hook, _knows_the_token)
_TO_HOOK: Final = (_is_a_hook, _sees_the_hook)

RULES: Final[dict[str, Rule]] = {
    f"PATCH {_CHANNEL}": Rule(IN_CHANNEL, (_MANAGE, _is_sound, _may_give), _change),
    f"DELETE {_CHANNEL}": Rule(IN_CHANNEL, (_MANAGE,)),
    f"GET {_GUILD}/channels": Rule((belongs,), (), None, _sees_its_channels),
    f"POST {_GUILD}/channels": Rule((belongs,), (_MANAGE, _can_be_made, _may_give_new), _make),
    f"PATCH {_GUILD}/channels": Rule(
        (belongs,), (_MANAGE, _moves_what_it_sees, _moves_soundly, _moves_what_it_manages), _move
    ),
    f"PUT {_OVERWRITE}": Rule(IN_CHANNEL, (needs(Bit.MANAGE_ROLES), _has_target, _may_set), _one_overwrite),
    f"DELETE {_OVERWRITE}": Rule(IN_CHANNEL, (needs(Bit.MANAGE_ROLES), _is_overwritten, _may_set)),
    f"POST {_CHANNEL}/invites": Rule(IN_CHANNEL, (needs(Bit.CREATE_INSTANT_INVITE), can_talk)),
    f"GET {_CHANNEL}/invites": Rule(IN_CHANNEL, (_MANAGE,), None, _lists_open_ways),
    f"GET {_GUILD}/invites": Rule((belongs,), (needs(Bit.MANAGE_GUILD),), None, _lists_open_ways),
    "GET /invites/{code}": Rule((_is_open,), (), None, _is_a_preview),
    "POST /invites/{code}": Rule(
        (lambda case: 20001 if case.is_bot else None, _is_open), (_may_come_in,), None, _is_a_preview
    ),
    "DELETE /invites/{code}": Rule((_is_open, _is_in_its_guild), (_may_close,), None, _is_a_preview),
    f"POST {_CHANNEL}/webhooks": Rule(
        IN_CHANNEL, (needs(Bit.MANAGE_WEBHOOKS), can_talk), lambda case: {"name": "hook"}
    ),
    f"GET {_CHANNEL}/webhooks": Rule(IN_CHANNEL, (needs(Bit.MANAGE_WEBHOOKS),), None, _lists_managed_hooks),
    f"GET {_GUILD}/webhooks": Rule((belongs,), (needs(Bit.MANAGE_WEBHOOKS),), None, _lists_managed_hooks),
    f"GET {_HOOK}": Rule(_TO_HOOK, (_manages_the_hook,)),
    f"PATCH {_HOOK}": Rule(_TO_HOOK, (_manages_the_hook, _may_move_hook, _moves_hook_to_talk), _change_hook),
    f"DELETE {_HOOK}": Rule(_TO_HOOK, (_manages_the_hook,)),
    f"GET {_BY_TOKEN}": Rule(_BY_HOOK),
    f"PATCH {_BY_TOKEN}": Rule(_BY_HOOK, (), lambda case: {"name": "other"}),
    f"DELETE {_BY_TOKEN}": Rule(_BY_HOOK),
    f"POST {_BY_TOKEN}": Rule(_BY_HOOK, (), _plain),
    f"GET {_HOOKED}": Rule(_BY_HOOK, (_said_it,)),
    f"PATCH {_HOOKED}": Rule(_BY_HOOK, (_said_it,), _plain),
    f"DELETE {_HOOKED}": Rule(_BY_HOOK, (_said_it,)),
}
