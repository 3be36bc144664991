"""Rules of guilds, roles, members, bans, emojis, and of accounts and their applications."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from tests.api.pictures import data_uri, png
from tests.permissions import rule
from tests.permissions.cases import Case, Check, Rule, belongs, needs
from tests.permissions.worlds import Bit

_ROLES: Final = needs(Bit.MANAGE_ROLES)
_BAN: Final = needs(Bit.BAN_MEMBERS)
_PRUNE: Final = needs(Bit.KICK_MEMBERS, Bit.MANAGE_GUILD)
_PICTURE: Final = data_uri(png(8, 8))


def _change_guild(case: Case) -> dict[str, Any]:
    if case.random.random() < 0.5:
        return {"description": "ours"}
    case.chosen["owner"] = case.draw("user_id")
    return {"owner_id": str(case.chosen["owner"])}


def _may_give_away(case: Case) -> int | None:
    owner = case.chosen.get("owner", case.inside.owner)
    if owner == case.inside.owner:
        return None
    if case.actor != case.inside.owner:
        return 50013
    if owner not in case.inside.members:
        return 10007
    return 50035 if owner in case.world.bots else None


def _owns(case: Case) -> int | None:
    return None if case.actor == case.inside.owner else 50013


def _owns_nothing_here(case: Case) -> int | None:
    return 50055 if case.actor == case.inside.owner else None


def _own_guilds_are_whole(case: Case, told: Any) -> None:
    expected = {str(each.id): each for each in case.world.guilds() if case.actor in each.members}
    assert {each["id"]: int(each["permissions"]) for each in told} == {
        guild_id: rule.number(guild, case.actor) for guild_id, guild in expected.items()
    }
    assert [each["id"] for each in told if each["owner"]] == [
        guild_id for guild_id, guild in expected.items() if guild.owner == case.actor
    ]


def _has_role(case: Case) -> int | None:
    return None if case.ids["role_id"] in case.inside.roles else 10011


def _above_role(case: Case) -> int | None:
    role = case.inside.roles.get(case.ids["role_id"])
    return None if role is None or rule.stands_above_role(case.inside, case.actor, role) else 50013


def _bits(case: Case) -> dict[str, Any]:
    role = case.inside.roles.get(case.ids.get("role_id", 0)) if case.guild else None
    before = case.inside.roles[case.inside.id].bits if case.guild and role is None else role.bits if role else 0
    after = before
    if case.random.random() < 0.7:
        after ^= 1 << case.random.choice(list(Bit))
    case.chosen = {"before": before, "after": after}
    return {"permissions": str(after)}


def _may_grant(case: Case) -> int | None:
    allowed = rule.may_grant(case.inside, case.actor, case.chosen["before"], case.chosen["after"])
    return None if allowed else 50013


def _is_a_role_to_delete(case: Case) -> int | None:
    role = case.inside.roles.get(case.ids["role_id"])
    return 50028 if role is not None and (role.managed or role.id == case.inside.id) else None


def _order(case: Case) -> list[dict[str, Any]]:
    case.ids["role_id"] = role = case.draw("role_id")
    case.chosen["position"] = case.random.randint(1, 5)
    return [{"id": str(role), "position": case.chosen["position"]}]


def _may_order(case: Case) -> int | None:
    role = case.inside.roles.get(case.ids["role_id"])
    if case.ids["role_id"] == case.inside.id:
        return None
    if role is None:
        return 10011
    after = role._replace(position=case.chosen["position"])
    if after == role:
        return None
    both = rule.stands_above_role(case.inside, case.actor, role) and rule.stands_above_role(
        case.inside, case.actor, after
    )
    return None if both else 50013


def _is_member(case: Case) -> int | None:
    if case.ids["user_id"] in case.inside.members:
        return None
    return 10007 if case.ids["user_id"] in case.world.everybody else 10013


def _above(case: Case) -> int | None:
    """Banned can also be who is no member, and stands nowhere."""
    other = case.ids["user_id"]
    return None if other not in case.inside.members or rule.stands_above(case.inside, case.actor, other) else 50013


def _may_hold(case: Case, changed: set[int]) -> int | None:
    for role_id in changed:
        role = case.inside.roles.get(role_id)
        if role is None:
            return 10011
        if role.managed:
            return 50028
        if not rule.stands_above_role(case.inside, case.actor, role):
            return 50013
    return None


def _set_role(case: Case, *, give: bool) -> int | None:
    """Whether what changes by it may be changed; nothing does where the role was held already, or was not."""
    member, role = case.inside.members.get(case.ids["user_id"]), case.ids["role_id"]
    if member is None or role == case.inside.id:
        return None
    return _may_hold(case, {role}) if (role in member.roles) != give else None


def _change_member(case: Case) -> dict[str, Any]:
    kind = case.random.choice(("nick", "roles", "time_out", "flags", "mute"))
    case.chosen = {"kind": kind}
    if kind == "roles":
        case.chosen["roles"] = {case.draw("role_id") for _ in range(2)}
        return {"roles": [str(each) for each in case.chosen["roles"]]}
    if kind == "time_out":
        return {"communication_disabled_until": None}
    value: dict[str, Any] = {"nick": "n", "flags": 4, "mute": True}
    return {kind: value[kind]}


def _may_change_member(case: Case) -> int | None:
    member = case.inside.members.get(case.ids["user_id"])
    if member is None:
        return None
    allowed = True
    match case.chosen["kind"]:
        case "nick" if case.ids["user_id"] == case.actor:
            allowed = case.may(Bit.CHANGE_NICKNAME)
        case "nick":
            allowed = case.may(Bit.MANAGE_NICKNAMES) and _above(case) is None
        case "roles":
            changed = (case.chosen["roles"] - {case.inside.id}) ^ member.roles
            return _may_hold(case, changed) if case.may(Bit.MANAGE_ROLES) else 50013
        case "time_out":
            powerful = rule.is_all_powerful(case.inside, case.ids["user_id"])
            allowed = case.may(Bit.MODERATE_MEMBERS) and _above(case) is None and not powerful
        case "flags":
            moderates = (Bit.MODERATE_MEMBERS, Bit.KICK_MEMBERS, Bit.BAN_MEMBERS)
            manages = case.may(Bit.MANAGE_GUILD) or case.may(Bit.MANAGE_ROLES)
            allowed = manages or all(case.may(bit) for bit in moderates)
        case "mute":
            return 40032 if case.may(Bit.MUTE_MEMBERS) else 50013
    return None if allowed else 50013


def _some_members(case: Case, told: Any) -> None:
    assert {int(each["user"]["id"]) for each in told} == case.inside.members.keys()


def is_somebody(case: Case) -> int | None:
    """10013."""
    return None if case.ids["user_id"] in case.world.everybody else 10013


def _is_banned(case: Case) -> int | None:
    return None if case.ids["user_id"] in case.inside.banned else 10026


def _banned_are_whole(case: Case, told: Any) -> None:
    assert {int(each["user"]["id"]) for each in told} == case.inside.banned


def _two(case: Case) -> dict[str, Any]:
    case.chosen["users"] = case.random.sample(case.world.everybody, 2)
    return {"user_ids": [str(each) for each in case.chosen["users"]]}


def _to_ban(case: Case) -> set[int]:
    guild = case.inside
    able = {u for u in case.chosen["users"] if u not in guild.members or rule.stands_above(guild, case.actor, u)}
    return able - guild.banned


def _bans_somebody(case: Case) -> int | None:
    return None if _to_ban(case) else 500000


def _banned_who_could_be(case: Case, told: Any) -> None:
    assert {int(each) for each in told["banned_users"]} == _to_ban(case)


def _included(case: Case) -> dict[str, Any]:
    case.ids["role_id"] = case.draw("role_id")
    case.query = f"include_roles={case.ids['role_id']}"
    return {"include_roles": [str(case.ids["role_id"])]}


def _counted(case: Case) -> None:
    _included(case)


def _draw(case: Case) -> dict[str, Any]:
    return {"name": "new", "image": _PICTURE}


def _has_emoji(case: Case) -> int | None:
    return None if case.ids["emoji_id"] in case.inside.drawn else 10014


def _may_draw(case: Case) -> int | None:
    either = case.may(Bit.CREATE_GUILD_EXPRESSIONS) or case.may(Bit.MANAGE_GUILD_EXPRESSIONS)
    return None if either else 50013


def _may_redraw(case: Case) -> int | None:
    drawn = case.inside.drawn.get(case.ids["emoji_id"])
    own = drawn is not None and drawn.by == case.actor
    return _may_draw(case) if own else needs(Bit.MANAGE_GUILD_EXPRESSIONS)(case)


def _shows_who_drew(case: Case, told: Any) -> None:
    for each in told if isinstance(told, list) else [told]:
        assert ("user" in each) == (_may_draw(case) is None)


def _is_application(case: Case) -> int | None:
    return None if case.ids["application_id"] in case.world.bots else 10002


def _keeps(case: Case, *, bot_too: bool) -> int | None:
    application = case.ids["application_id"]
    allowed = {case.world.bots.get(application), application if bot_too else None}
    return None if case.actor in allowed else 20012


def _bot_is_in(case: Case) -> int | None:
    return None if rule.is_member(case.world, case.ids["guild_id"], case.ids["application_id"]) else 50001


def _has_command(case: Case) -> int | None:
    own = case.world.commands.get(case.ids["command_id"]) == case.ids["application_id"]
    return None if own and "guild_id" not in case.ids else 10063


def _authorize(case: Case) -> dict[str, Any]:
    case.ids["application_id"] = case.draw("application_id")
    case.ids["guild_id"] = case.draw("guild_id")
    case.query = f"client_id={case.ids['application_id']}"
    return {"guild_id": str(case.ids["guild_id"]), "permissions": str(1 << Bit.BAN_MEMBERS)}


def _may_be_added(case: Case) -> int | None:
    return 40007 if case.ids["application_id"] in case.inside.banned else None


def for_people(case: Case) -> int | None:
    """Bots can not."""
    return 20001 if case.is_bot else None


def _for_bots(case: Case) -> int | None:
    return None if case.is_bot else 20002


def _refuses(code: int) -> Check:
    return lambda case: code


def _everybody(case: Case) -> None:
    case.query = "limit=1000"


def _searched(case: Case) -> None:
    case.query = "query=u&limit=1000"


_GUILD: Final = "/guilds/{guild_id}"
_ROLE: Final = f"{_GUILD}/roles/{{role_id}}"
_MEMBER: Final = f"{_GUILD}/members/{{user_id}}"
_EMOJI: Final = f"{_GUILD}/emojis/{{emoji_id}}"
_APPLICATION: Final = "/applications/{application_id}"
_IN: Final = (belongs,)
_KEPT: Final = (_is_application, partial(_keeps, bot_too=True))
_OWN: Final = (_is_application, partial(_keeps, bot_too=False))
_COMMAND: Final = {"name": "new", "description": "d"}
_NOUNS: Final = (
    "auto-moderation/rules",
    "integrations",
    "preview",
    "regions",
    "roles",
    "roles/member-counts",
    "scheduled-events",
    "stickers",
    "templates",
    "threads/active",
    "vanity-url",
    "widget",
)
"""What everyone in a guild may see."""


def _of_commands() -> dict[str, Rule]:
    """Alike everywhere and in one guild, where the bot must be."""
    rules: dict[str, Rule] = {}
    for path, gates in ((_APPLICATION, _KEPT), (f"{_APPLICATION}{_GUILD}", (*_KEPT, _bot_is_in))):
        rules |= {
            f"GET {path}/commands": Rule(gates),
            f"POST {path}/commands": Rule(gates, (), lambda case: _COMMAND),
            f"PUT {path}/commands": Rule(gates, (), lambda case: [_COMMAND]),
            f"GET {path}/commands/{{command_id}}": Rule(gates, (_has_command,)),
            f"PATCH {path}/commands/{{command_id}}": Rule(gates, (_has_command,), lambda case: {"description": "e"}),
            f"DELETE {path}/commands/{{command_id}}": Rule(gates, (_has_command,)),
        }
    told = f"GET {_APPLICATION}{_GUILD}/commands"
    rules[f"{told}/permissions"] = Rule((*_KEPT, _bot_is_in))
    rules[f"{told}/{{command_id}}/permissions"] = Rule((*_KEPT, _bot_is_in), (_refuses(10066),))
    return rules


RULES: Final[dict[str, Rule]] = {
    **{f"GET {_GUILD}/{noun}": Rule(_IN) for noun in _NOUNS},
    f"GET {_GUILD}": Rule(_IN),
    f"GET {_GUILD}/widget.json": Rule(_IN, (_refuses(50004),)),
    f"PATCH {_GUILD}": Rule(_IN, (needs(Bit.MANAGE_GUILD), _may_give_away), _change_guild),
    f"DELETE {_GUILD}": Rule(_IN, (_owns,)),
    f"DELETE /users/@me{_GUILD}": Rule(_IN, (_owns_nothing_here,)),
    "GET /users/@me/guilds": Rule((), (), None, _own_guilds_are_whole),
    f"GET {_GUILD}/audit-logs": Rule(_IN, (needs(Bit.VIEW_AUDIT_LOG),)),
    f"GET {_ROLE}": Rule(_IN, (_has_role,)),
    f"POST {_GUILD}/roles": Rule(_IN, (_ROLES, _may_grant), _bits),
    f"PATCH {_ROLE}": Rule(_IN, (_ROLES, _has_role, _above_role, _may_grant), _bits),
    f"PATCH {_GUILD}/roles": Rule(_IN, (_ROLES, _may_order), _order),
    f"DELETE {_ROLE}": Rule(_IN, (_ROLES, _has_role, _above_role, _is_a_role_to_delete)),
    f"PUT {_MEMBER}/roles/{{role_id}}": Rule(_IN, (_ROLES, _is_member, _has_role, partial(_set_role, give=True))),
    f"DELETE {_MEMBER}/roles/{{role_id}}": Rule(_IN, (_ROLES, _is_member, _has_role, partial(_set_role, give=False))),
    f"GET {_GUILD}/members": Rule(_IN, (), _everybody, _some_members),
    f"GET {_GUILD}/members/search": Rule(_IN, (), _searched, _some_members),
    f"GET {_MEMBER}": Rule(_IN, (_is_member,)),
    f"GET /users/@me{_GUILD}/member": Rule(_IN),
    f"PATCH {_MEMBER}": Rule(_IN, (_is_member, _may_change_member), _change_member),
    f"PATCH {_GUILD}/members/@me": Rule(_IN, (needs(Bit.CHANGE_NICKNAME),), lambda case: {"nick": "n"}),
    f"PATCH {_GUILD}/members/@me/nick": Rule(_IN, (needs(Bit.CHANGE_NICKNAME),), lambda case: {"nick": "n"}),
    f"DELETE {_MEMBER}": Rule(_IN, (needs(Bit.KICK_MEMBERS), _is_member, _above)),
    f"GET {_GUILD}/bans": Rule(_IN, (_BAN,), None, _banned_are_whole),
    f"GET {_GUILD}/bans/{{user_id}}": Rule(_IN, (_BAN, _is_banned)),
    f"PUT {_GUILD}/bans/{{user_id}}": Rule(_IN, (_BAN, is_somebody, _above)),
    f"DELETE {_GUILD}/bans/{{user_id}}": Rule(_IN, (_BAN, _is_banned)),
    f"POST {_GUILD}/bulk-ban": Rule(
        _IN, (needs(Bit.BAN_MEMBERS, Bit.MANAGE_GUILD), _bans_somebody), _two, _banned_who_could_be
    ),
    f"GET {_GUILD}/prune": Rule(_IN, (_PRUNE, _has_role, _above_role), _counted),
    f"POST {_GUILD}/prune": Rule(_IN, (_PRUNE, _has_role, _above_role), _included),
    f"GET {_GUILD}/emojis": Rule(_IN, (), None, _shows_who_drew),
    f"GET {_EMOJI}": Rule(_IN, (_has_emoji,), None, _shows_who_drew),
    f"POST {_GUILD}/emojis": Rule(_IN, (_may_draw,), _draw),
    f"PATCH {_EMOJI}": Rule(_IN, (_has_emoji, _may_redraw), lambda case: {"name": "other"}),
    f"DELETE {_EMOJI}": Rule(_IN, (_has_emoji, _may_redraw)),
    "GET /users/{user_id}": Rule((), (is_somebody,)),
    "POST /guilds": Rule((for_people,), (), lambda case: {"name": "mine"}),
    "GET /applications": Rule(),
    "POST /applications": Rule((for_people,), (), lambda case: {"name": "helper"}),
    "GET /applications/@me": Rule((_for_bots,)),
    "GET /oauth2/applications/@me": Rule((_for_bots,)),
    f"GET {_APPLICATION}": Rule(_KEPT),
    f"PATCH {_APPLICATION}": Rule(_OWN, (), lambda case: {"description": "d"}),
    f"POST {_APPLICATION}/bot/reset": Rule(_OWN),
    "POST /oauth2/authorize": Rule(
        (for_people, belongs), (needs(Bit.MANAGE_GUILD), _is_application, _may_be_added), _authorize
    ),
    **_of_commands(),
}
