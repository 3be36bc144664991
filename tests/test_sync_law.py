"""The sync law: for every verb, the old snapshot and the events that followed make the new snapshot.

A snapshot is what a client is told when it enters: GUILD_CREATE for the owner, who sees everything. The events are
the records that the verb left in the outbox, applied as a client applies them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from derailed.actions.sessions import GuildSnapshot
from derailed.model.guild import ChannelType
from derailed.wire import events, rest
from derailed.wire.records import INTERNAL, Record
from tests import databases
from tests.api.door import Door, Person, departed, swept, visit
from tests.api.pictures import data_uri, png

State = dict[str, Any]


class Scene(NamedTuple):
    """A guild with an owner, a member, a bot, a role, a category with a channel, and a message."""

    door: Door
    owner: Person
    ben: Person
    bot: Person
    guild: str
    general: str
    category: str
    inside: str
    role: str
    message: str

    def behind(self, door: Door) -> Scene:
        """The same people and ids, behind another door to the same database."""
        people: dict[str, Any] = {name: Person(door, old.token, old.account) for name, old in self._people().items()}
        return self._replace(door=door, **people)

    def _people(self) -> dict[str, Person]:
        return {"owner": self.owner, "ben": self.ben, "bot": self.bot}

    async def do(self, method: str, path: str, body: Any = None) -> Any:
        """Let the owner do it; names in the path stand for the scene's ids."""
        named = {name: value for name, value in self._asdict().items() if isinstance(value, str)}
        return await self.owner.do(method, path.format(ben=self.ben.id, bot=self.bot.id, **named), body)


Verb = Callable[[Scene], Awaitable[Any]]


def verb(method: str, path: str, body: Any = None) -> Verb:
    """What the owner does."""

    async def run(scene: Scene) -> None:
        await scene.do(method, path, body)

    return run


async def _overwrite_then_delete_role(scene: Scene) -> None:
    await scene.do("PUT", "/guilds/{guild}/members/{ben}/roles/{role}")
    await scene.do("PUT", "/channels/{general}/permissions/" + scene.role, {"type": 0, "deny": "1024"})
    await scene.do("DELETE", "/guilds/{guild}/roles/{role}")


async def _rename_account(scene: Scene) -> None:
    await scene.ben.do("PATCH", "/users/@me", {"global_name": "Benjamin"})


async def _leave(scene: Scene) -> None:
    await scene.ben.do("DELETE", f"/users/@me/guilds/{scene.guild}")


async def _join(scene: Scene, **terms: object) -> None:
    cleo = await scene.door.register("cleo")
    await cleo.join((await scene.do("POST", "/channels/{general}/invites", terms))["code"])


async def _close_invite(scene: Scene) -> None:
    code = (await scene.do("POST", "/channels/{general}/invites", {}))["code"]
    await scene.do("DELETE", f"/invites/{code}")


async def _add_bot(scene: Scene) -> None:
    other = await scene.door.bot(scene.owner, "other")
    path = f"/oauth2/authorize?client_id={other.id}&scope=bot&permissions=2048"
    await scene.owner.do("POST", path, {"guild_id": scene.guild, "authorize": True})


async def _give_away(scene: Scene) -> None:
    await scene.do("PATCH", "/guilds/{guild}", {"owner_id": scene.ben.id})


async def _remove_reaction(scene: Scene) -> None:
    path = "/channels/{general}/messages/{message}/reactions/🚂/@me"
    await scene.do("PUT", path)
    await scene.do("DELETE", path)


async def _pin(scene: Scene) -> str:
    path = "/channels/{general}/messages/pins/{message}"
    await scene.do("PUT", path)
    return path


async def _unpin(scene: Scene) -> None:
    await scene.do("DELETE", await _pin(scene))


async def _delete_pinned(scene: Scene) -> None:
    await _pin(scene)
    await scene.do("DELETE", "/channels/{general}/messages/{message}")


async def _delete_many(scene: Scene) -> None:
    messages = [(await scene.do("POST", "/channels/{general}/messages", {"content": "x"}))["id"] for _ in range(2)]
    await scene.do("POST", "/channels/{general}/messages/bulk-delete", {"messages": messages})


async def _ban(scene: Scene) -> None:
    await scene.ben.do("POST", f"/channels/{scene.general}/messages", {"content": "x"})
    await scene.do("PUT", "/guilds/{guild}/bans/{ben}", {"delete_message_seconds": 60})
    await swept(scene.door)


async def _ban_many(scene: Scene) -> None:
    await scene.do("POST", "/guilds/{guild}/bulk-ban", {"user_ids": [scene.ben.id, scene.bot.id]})


async def _unban(scene: Scene) -> None:
    await _ban(scene)
    await scene.do("DELETE", "/guilds/{guild}/bans/{ben}")


async def _visitor_leaves(scene: Scene) -> None:
    await _join(scene, temporary=True)
    await departed(scene.door)
    assert scene.door.told()[-2:] == ["GUILD_MEMBER_REMOVE", "left"]


async def _prune(scene: Scene) -> None:
    scene.door.now_ms += 31 * 24 * 3600 * 1000
    await scene.do("POST", "/guilds/{guild}/prune", {"days": 30})
    await swept(scene.door)


async def _move(scene: Scene) -> None:
    moves = [{"id": scene.general, "position": 7, "parent_id": scene.category}, {"id": scene.inside, "position": 3}]
    await scene.do("PATCH", "/guilds/{guild}/channels", moves)


async def _add_emoji(scene: Scene) -> Any:
    body = {"name": "train", "image": data_uri(png()), "roles": [scene.role]}
    return await scene.do("POST", "/guilds/{guild}/emojis", body)


async def _edit_emoji(scene: Scene) -> None:
    emoji = await _add_emoji(scene)
    await scene.do("PATCH", f"/guilds/{scene.guild}/emojis/{emoji['id']}", {"name": "tram"})


async def _delete_emoji(scene: Scene) -> None:
    emoji = await _add_emoji(scene)
    await scene.do("DELETE", f"/guilds/{scene.guild}/emojis/{emoji['id']}")


async def _delete_role_of_emoji(scene: Scene) -> None:
    await _add_emoji(scene)
    await scene.do("DELETE", "/guilds/{guild}/roles/{role}")


async def _order_roles(scene: Scene) -> None:
    await scene.do(
        "PATCH", "/guilds/{guild}/roles", [{"id": scene.guild, "position": 0}, {"id": scene.role, "position": 5}]
    )


VERBS: dict[str, Verb] = {
    "edit guild": verb("PATCH", "/guilds/{guild}", {"name": "terminus", "verification_level": 2}),
    "edit guild to the same": verb("PATCH", "/guilds/{guild}", {"name": "station"}),
    "give guild away": _give_away,
    "create channel": verb("POST", "/guilds/{guild}/channels", {"name": "platform", "topic": "trains"}),
    "create category": verb("POST", "/guilds/{guild}/channels", {"name": "platforms", "type": 4}),
    "edit channel": verb("PATCH", "/channels/{inside}", {"name": "buffet", "parent_id": None, "nsfw": True}),
    "move channels": _move,
    "delete channel": verb("DELETE", "/channels/{inside}"),
    "delete category": verb("DELETE", "/channels/{category}"),
    "delete system channel": verb("DELETE", "/channels/{general}"),
    "set overwrite": verb("PUT", "/channels/{general}/permissions/{ben}", {"type": 1, "deny": 1024}),
    "create role": verb("POST", "/guilds/{guild}/roles", {"name": "guard", "permissions": "8", "color": 255}),
    "edit role": verb("PATCH", "/guilds/{guild}/roles/{role}", {"hoist": True, "permissions": 1024}),
    "edit everyone": verb("PATCH", "/guilds/{guild}/roles/{guild}", {"permissions": 1024}),
    "order roles": _order_roles,
    "delete role": _overwrite_then_delete_role,
    "add emoji": _add_emoji,
    "edit emoji": _edit_emoji,
    "delete emoji": _delete_emoji,
    "delete role of emoji": _delete_role_of_emoji,
    "name member": verb("PATCH", "/guilds/{guild}/members/{ben}", {"nick": "Ben"}),
    "give role": verb("PUT", "/guilds/{guild}/members/{ben}/roles/{role}"),
    "kick": verb("DELETE", "/guilds/{guild}/members/{ben}"),
    "kick bot": verb("DELETE", "/guilds/{guild}/members/{bot}"),
    "time member out": verb(
        "PATCH", "/guilds/{guild}/members/{ben}", {"communication_disabled_until": "2024-07-05T00:00:00+00:00"}
    ),
    "let member by": verb("PATCH", "/guilds/{guild}/members/{ben}", {"flags": 4}),
    "ban": _ban,
    "ban many": _ban_many,
    "unban": _unban,
    "prune": _prune,
    "visitor leaves": _visitor_leaves,
    "leave": _leave,
    "join": _join,
    "add bot": _add_bot,
    "rename account": _rename_account,
    "close invite": _close_invite,
    "create invite": verb("POST", "/channels/{general}/invites", {}),
    "send message": verb("POST", "/channels/{general}/messages", {"content": "hello"}),
    "edit message": verb("PATCH", "/channels/{general}/messages/{message}", {"content": "changed"}),
    "delete message": verb("DELETE", "/channels/{general}/messages/{message}"),
    "pin": verb("PUT", "/channels/{general}/messages/pins/{message}"),
    "unpin": _unpin,
    "delete pinned message": _delete_pinned,
    "delete many messages": _delete_many,
    "webhook": verb("POST", "/channels/{general}/webhooks", {"name": "hook"}),
    "add reaction": verb("PUT", "/channels/{general}/messages/{message}/reactions/🚂/@me"),
    "remove reaction": _remove_reaction,
    "clear reactions": verb("DELETE", "/channels/{general}/messages/{message}/reactions"),
    "clear emoji": verb("DELETE", "/channels/{general}/messages/{message}/reactions/🚂"),
}
_UNSEEN = {
    "MESSAGE_UPDATE",
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "MESSAGE_REACTION_REMOVE_ALL",
    "MESSAGE_REACTION_REMOVE_EMOJI",
    "WEBHOOKS_UPDATE",
    "GUILD_BAN_ADD",
    "GUILD_BAN_REMOVE",
    "INVITE_CREATE",
    "INVITE_DELETE",
    "GUILD_AUDIT_LOG_ENTRY_CREATE",
}
"""Events that change nothing of a snapshot, which holds no messages, no invites and no audit log."""


@pytest.fixture(scope="module")
def station(database: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scene]:
    """A database with a scene in it, made once for each kind, and the scene as it was."""
    folder = tmp_path_factory.mktemp("station")
    made: list[Scene] = []

    async def story(door: Door) -> None:
        made.append(await _scene(door))

    visit(folder, story)
    return folder, made[0]


@pytest.mark.parametrize("name", VERBS)
def test_old_snapshot_and_events_make_the_new_snapshot(tmp_path: Path, station: tuple[Path, Scene], name: str) -> None:
    folder, made = station
    databases.copy(folder, tmp_path)

    async def story(door: Door) -> None:
        door.now_ms += 1000  # ids go on after those of the scene
        scene = made.behind(door)
        before = _state(await _snapshot(scene))
        since = len(door.records)
        await VERBS[name](scene)
        for topic, record in door.records[since:]:
            if topic == f"guild:{scene.guild}":
                _apply(before, record)
        assert before == _state(await _snapshot(scene))

    visit(tmp_path, story)


def test_a_new_guild_is_whole_at_its_first_rev(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        owner = await door.register("anna")
        guild = await owner.guild()
        found = await door.verbs.sessions.guild(int(guild["id"]), int(owner.id), members_up_to=50)
        assert found is not None
        assert found.rev == found.guild.rev == 1
        assert [(topic, record.event, record.rev, record.id) for topic, record in door.records] == [
            (f"guild:{guild['id']}", "GUILD_UPDATE", 1, int(guild["id"])),
            (f"user:{owner.id}", "joined", 1, 1),
        ]

    visit(tmp_path, story)


def test_everybody_is_told_of_the_end_of_their_guild(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        scene = await _scene(door)
        since = len(door.records)
        await scene.do("DELETE", "/guilds/{guild}")
        ((first, deleted),) = door.records[since:]
        assert (first, deleted.event) == (f"guild:{scene.guild}", "GUILD_DELETE")
        assert await door.verbs.sessions.guild(int(scene.guild), int(scene.owner.id), members_up_to=50) is None
        await swept(door)
        rest_of_them = door.records[since + 1 :]
        assert {topic for topic, _ in rest_of_them} == {f"user:{p.id}" for p in (scene.owner, scene.ben, scene.bot)}
        assert {(record.event, record.id, record.data) for _, record in rest_of_them} == {
            ("left", deleted.rev, b'{"id":"%s"}' % scene.guild.encode())
        }

    visit(tmp_path, story)


async def _scene(door: Door) -> Scene:
    owner, ben = await door.register("anna"), await door.register("ben")
    guild = await owner.guild()
    bot = await door.bot(owner)
    await ben.join(await owner.invite(guild))
    path = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=1024"
    await owner.do("POST", path, {"guild_id": guild["id"], "authorize": True})
    category = await owner.do("POST", f"/guilds/{guild['id']}/channels", {"name": "hall", "type": 4})
    inside = {"name": "inside", "parent_id": category["id"]}
    channel = await owner.do("POST", f"/guilds/{guild['id']}/channels", inside)
    role = await owner.do("POST", f"/guilds/{guild['id']}/roles", {"name": "porter"})
    general = guild["system_channel_id"]
    message = await owner.do("POST", f"/channels/{general}/messages", {"content": "first"})
    ids = (each["id"] for each in (category, channel, role, message))
    return Scene(door, owner, ben, bot, guild["id"], general, *ids)


async def _snapshot(scene: Scene) -> GuildSnapshot:
    found = await scene.door.verbs.sessions.guild(int(scene.guild), int(scene.owner.id), members_up_to=50)
    assert found is not None
    assert found.member is not None
    return found


def _state(snapshot: GuildSnapshot) -> State:
    """GUILD_CREATE as a client holds it: lists that have no order become maps."""
    assert snapshot.member is not None
    shape = events.guild_create(
        snapshot.guild,
        snapshot.member,
        snapshot.member_count,
        [rest.member(*pair) for pair in snapshot.members],
        [rest.channel(each, snapshot.last_message_ids.get(each.id)) for each in snapshot.guild.channels.values()],
        large=False,
    )
    state: State = msgspec.to_builtins(shape)
    for name in ("roles", "channels"):
        state[name] = {each["id"]: each for each in state[name]}
    state["members"] = {each["user"]["id"]: each for each in state["members"]}
    return state


def _apply(state: State, record: Record) -> None:
    assert record.event not in INTERNAL
    assert str(record.guild) == state["id"]
    data = msgspec.json.decode(record.data)
    match record.event:
        case "GUILD_UPDATE":
            state.update({**data, "roles": {each["id"]: each for each in data["roles"]}})
        case "CHANNEL_CREATE" | "CHANNEL_UPDATE":
            assert str(record.channel) == data["id"]
            state["channels"][data["id"]] = data
        case "CHANNEL_DELETE":
            del state["channels"][data["id"]]
        case "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE":
            assert str(record.id) == data["role"]["id"]
            state["roles"][data["role"]["id"]] = data["role"]
        case "GUILD_ROLE_DELETE":
            del state["roles"][data["role_id"]]
            for member in state["members"].values():
                member["roles"] = [each for each in member["roles"] if each != data["role_id"]]
        case "GUILD_EMOJIS_UPDATE":
            state["emojis"] = data["emojis"]
        case "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE":
            assert str(record.target) == data["user"]["id"]
            assert data.pop("guild_id") == state["id"]
            state["member_count"] += record.event == "GUILD_MEMBER_ADD"
            state["members"][data["user"]["id"]] = data
        case "GUILD_MEMBER_REMOVE":
            state["member_count"] -= 1
            del state["members"][data["user"]["id"]]
        case "MESSAGE_CREATE":
            assert state["channels"][data["channel_id"]]["type"] == ChannelType.TEXT
            state["channels"][data["channel_id"]]["last_message_id"] = data["id"]
        case "CHANNEL_PINS_UPDATE":
            state["channels"][data["channel_id"]]["last_pin_timestamp"] = data["last_pin_timestamp"]
        case "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK":
            pass  # clients keep the id of a newest message that is gone, and a snapshot has it too
        case _:
            assert record.event in _UNSEEN
