"""Application commands: kept, given back, and held to Discord's rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from derailed.wire import limits
from tests.api.door import Door, Person, visit

PING = {"name": "ping", "description": "pong"}


async def bot_of(door: Door, name: str = "anna") -> tuple[Person, Person, str]:
    """A person, their bot, and the path of its commands."""
    owner = await door.register(name)
    bot = await door.bot(owner, f"{name}bot")
    return owner, bot, f"/applications/{bot.id}/commands"


def option(**more: Any) -> dict[str, Any]:
    """A command with one option."""
    return {**PING, "options": [{"type": 3, "name": "word", "description": "d", **more}]}


def test_a_command_is_kept_as_it_was_sent(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        _, bot, path = await bot_of(door)
        sub = {
            "type": 1,
            "name": "add",
            "description": "d",
            "options": [{"type": 6, "name": "who", "description": "d"}],
        }
        choice = {"name": "One", "name_localizations": {"de": "Eins"}, "value": 1}
        commands = [
            {**PING, "default_member_permissions": "8", "dm_permission": False, "nsfw": True, "contexts": [0]},
            {"name": "queue", "description": "d", "options": [sub]},
            {
                "name": "pick",
                "description": "d",
                "options": [{"type": 4, "name": "n", "description": "d", "choices": [choice]}],
            },
            {"name": "Report it", "type": 3, "default_member_permissions": 1024},
        ]
        made = await bot.do("PUT", path, commands)
        assert [(each["name"], each["type"], each["application_id"]) for each in made] == [
            ("ping", 1, bot.id),
            ("queue", 1, bot.id),
            ("pick", 1, bot.id),
            ("Report it", 3, bot.id),
        ]
        assert (made[0]["default_member_permissions"], made[0]["dm_permission"], made[0]["nsfw"]) == ("8", False, True)
        assert (made[3]["default_member_permissions"], made[3]["description"]) == ("1024", "")
        assert made[1]["options"][0]["options"] == sub["options"]
        assert made[2]["options"][0]["choices"] == [choice]
        assert await bot.get(path) == made
        assert await bot.get(f"{path}/{made[0]['id']}") == made[0]

    visit(tmp_path, story)


def test_a_command_keeps_its_id_for_as_long_as_its_name(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        _, bot, path = await bot_of(door)
        first = await bot.ask("POST", path, PING)
        again = await bot.ask("POST", path, {**PING, "description": "ping"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        assert first.json()["version"] != again.json()["version"]
        menu = await bot.do("POST", path, {"name": "ping", "type": 2})
        synced = await bot.do("PUT", path, [{"name": "other", "description": "d"}, PING])
        assert synced[1]["id"] == first.json()["id"]
        assert menu["id"] not in [each["id"] for each in await bot.get(path)]
        swapped = [{**PING, "id": synced[0]["id"]}, {**PING, "name": "other", "id": int(synced[1]["id"])}]
        renamed = await bot.do("PUT", path, swapped)
        assert [(each["id"], each["name"]) for each in renamed] == [
            (synced[0]["id"], "ping"),
            (synced[1]["id"], "other"),
        ]
        edited = await bot.do("PATCH", f"{path}/{synced[0]['id']}", {"description": "new", "options": []})
        assert (edited["name"], edited["description"]) == ("ping", "new")
        taken = await bot.ask("PATCH", f"{path}/{synced[0]['id']}", {"name": "other"})
        assert list(taken.json()["errors"]) == ["name"]
        await bot.do("DELETE", f"{path}/{synced[0]['id']}")
        for method in ("GET", "PATCH", "DELETE"):
            refused = await bot.ask(method, f"{path}/{synced[0]['id']}", {} if method == "PATCH" else None)
            assert (refused.status_code, refused.json()["code"]) == (404, 10063)
        assert await bot.do("PUT", path, []) == await bot.get(path) == []

    visit(tmp_path, story)


def test_a_guild_has_commands_of_its_own(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, bot, path = await bot_of(door)
        guild = await anna.guild()
        in_guild = f"/applications/{bot.id}/guilds/{guild['id']}/commands"
        refused = await bot.ask("PUT", in_guild, [PING])
        assert (refused.status_code, refused.json()["code"]) == (403, 50001)
        await anna.do("POST", f"/oauth2/authorize?client_id={bot.id}&scope=bot", {"guild_id": guild["id"]})
        (command,) = await bot.do("PUT", in_guild, [PING])
        assert (command["guild_id"], "dm_permission" in command) == (guild["id"], False)
        assert await bot.get(path) == []
        assert await anna.get(in_guild) == [command]
        assert (await bot.ask("GET", f"{path}/{command['id']}")).json()["code"] == 10063
        assert await bot.get(f"{in_guild}/permissions") == []
        assert (await bot.ask("GET", f"{in_guild}/{command['id']}/permissions")).json()["code"] == 10066
        await anna.do("DELETE", f"/guilds/{guild['id']}")
        assert (await bot.ask("GET", in_guild)).json()["code"] == 50001

    visit(tmp_path, story)


def test_commands_are_their_bots_and_its_owners_alone(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, bot, path = await bot_of(door)
        _, other, _ = await bot_of(door, "ben")
        command = await anna.do("POST", path, PING)
        for method, asked, body in (
            ("GET", path, None),
            ("POST", path, PING),
            ("PUT", path, []),
            ("GET", f"{path}/{command['id']}", None),
            ("PATCH", f"{path}/{command['id']}", {}),
            ("DELETE", f"{path}/{command['id']}", None),
        ):
            refused = await other.ask(method, asked, body)
            assert (refused.status_code, refused.json()["code"]) == (403, 20012), (method, asked)
        assert (await bot.ask("GET", "/applications/1/commands")).json()["code"] == 10002
        assert await bot.get(path) == [command]

    visit(tmp_path, story)


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ({**PING, "name": "Ping"}, "name"),
        ({**PING, "name": "two words"}, "name"),
        ({**PING, "name": "x" * 33}, "name"),
        ({**PING, "description": ""}, "description"),
        ({**PING, "description": "x" * 101}, "description"),
        ({**PING, "type": 4}, "type"),
        ({**PING, "type": 2}, "description"),
        ({"type": 2, "name": "x", "options": option()["options"]}, "options"),
        ({**PING, "contexts": [3]}, "contexts.0"),
        ({**PING, "options": [{"type": 3, "name": f"w{n}", "description": "d"} for n in range(26)]}, "options"),
        ({**PING, "options": option()["options"] * 2}, "options"),
        (option(type=12), "options.0.type"),
        (option(name="A"), "options.0.name"),
        (option(description=""), "options.0.description"),
        (option(options=option()["options"]), "options.0.options"),
        (option(type=2, options=option()["options"]), "options.0.options.0.type"),
        (option(type=1, options=option(type=1)["options"]), "options.0.options.0.type"),
        ({**PING, "options": [*option(type=1)["options"], {"type": 3, "name": "b", "description": "d"}]}, "options"),
        (
            {**PING, "options": [*option()["options"], {"type": 3, "name": "b", "description": "d", "required": True}]},
            "options",
        ),
        (option(choices=[{"name": "a", "value": 1}]), "options.0.choices.0.value"),
        (option(type=4, choices=[{"name": "a", "value": 1 << 60}]), "options.0.choices.0.value"),
        (option(choices=[{"name": "", "value": "a"}]), "options.0.choices.0.name"),
        (option(choices=[{"name": "a", "value": "a"}] * 2), "options.0.choices"),
        (option(type=6, choices=[{"name": "a", "value": "a"}]), "options.0.choices"),
        (option(autocomplete=True, choices=[{"name": "a", "value": "a"}]), "options.0.autocomplete"),
        (option(min_value=1), "options.0.min_value"),
        (option(type=10, min_value=2, max_value=1.5), "options.0.min_value"),
        (option(max_length=6001), "options.0.max_length"),
        (option(choices=[{"name": f"{n:099}", "value": "x" * 100} for n in range(25)]), None),
    ],
)
def test_what_is_wrong_with_a_command_is_named(tmp_path: Path, command: dict[str, Any], where: str | None) -> None:
    async def story(door: Door) -> None:
        _, bot, path = await bot_of(door)
        if where is None:
            assert (await bot.ask("POST", path, command)).status_code == 201
            long = {**command, "options": [{**command["options"][0], "name": name} for name in ("a", "b")]}
            assert list((await bot.ask("POST", path, long)).json()["errors"]) == ["options"]
            return
        refused = (await bot.ask("POST", path, command)).json()
        assert refused["code"] == 50035, refused
        assert where in set(leaves(refused["errors"])), refused
        many = (await bot.ask("PUT", path, [PING, command])).json()
        assert f"1.{where}" in set(leaves(many["errors"]))

    visit(tmp_path, story)


def leaves(tree: Any, path: str = "") -> list[str]:
    """Where the tree of a form error has something to say."""
    found = [path.removeprefix(".")] if "_errors" in tree else []
    return found + [each for key, inner in tree.items() if key != "_errors" for each in leaves(inner, f"{path}.{key}")]


def test_two_commands_of_one_list_are_not_called_alike(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        _, bot, path = await bot_of(door)
        refused = await bot.ask("PUT", path, [PING, PING])
        assert leaves(refused.json()["errors"]) == ["1.name"]

    visit(tmp_path, story)


def test_an_application_has_only_so_many_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "COMMANDS", 1)
    monkeypatch.setattr(limits, "MENU_COMMANDS", 1)

    async def story(door: Door) -> None:
        _, bot, path = await bot_of(door)
        for kind in (1, 2, 3):
            body = {"type": kind, "description": "d" if kind == 1 else ""}
            await bot.do("POST", path, {**body, "name": "first"})
            await bot.do("POST", path, {**body, "name": "first"})
            refused = await bot.ask("POST", path, {**body, "name": "second"})
            assert (refused.status_code, refused.json()["code"]) == (400, 30032)
        refused = await bot.ask("PUT", path, [PING, {**PING, "name": "pong"}])
        assert refused.json()["code"] == 30032

    visit(tmp_path, story)
