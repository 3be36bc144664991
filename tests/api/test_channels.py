"""Channels and their overwrites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from derailed.model import permissions
from derailed.model.permissions import MANAGE_CHANNELS, MANAGE_ROLES, SEND_MESSAGES, VIEW_CHANNEL
from derailed.wire import limits
from tests.api.door import Door, Person, visit


async def pair(door: Door, held: int = 0) -> tuple[Person, Person, dict[str, Any]]:
    """An owner, a member whose only role holds these permissions, and their guild."""
    anna, ben = await door.register("anna"), await door.register("ben")
    guild = await anna.guild()
    await ben.join(await anna.invite(guild))
    if held:
        role = await anna.do("POST", f"/guilds/{guild['id']}/roles", {"permissions": held})
        await anna.do("PUT", f"/guilds/{guild['id']}/members/{ben.id}/roles/{role['id']}")
    return anna, ben, guild


def test_channels_are_made_below_those_there_are(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}/channels"
        first = await anna.ask("POST", path, {"name": "platform", "topic": "trains", "rate_limit_per_user": 5})
        assert first.status_code == 201
        channel = first.json()
        assert (channel["position"], channel["topic"], channel["rate_limit_per_user"]) == (1, "trains", 5)
        category = await anna.do("POST", path, {"name": "hall", "type": 4})
        assert (category["type"], category["position"]) == (4, 0)
        assert "topic" not in category
        said = await anna.ask("POST", f"/channels/{category['id']}/messages", {"content": "x"})
        assert (said.status_code, said.json()["code"]) == (400, 50024)

    visit(tmp_path, story)


def test_a_channel_in_a_category_begins_with_its_overwrites(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild_id = (await anna.guild())["id"]
        path = f"/guilds/{guild_id}/channels"
        hidden = {"id": int(guild_id), "type": 0, "allow": 0, "deny": VIEW_CHANNEL}
        category = await anna.do("POST", path, {"name": "staff", "type": 4, "permission_overwrites": [hidden]})
        synced = await anna.do("POST", path, {"name": "a", "parent_id": category["id"]})
        assert synced["permission_overwrites"] == category["permission_overwrites"]
        own = {**hidden, "deny": SEND_MESSAGES}
        different = await anna.do(
            "POST", path, {"name": "b", "parent_id": category["id"], "permission_overwrites": [own]}
        )
        assert different["permission_overwrites"][0]["deny"] == str(SEND_MESSAGES)
        moved = [{"id": different["id"], "parent_id": category["id"], "lock_permissions": True}]
        await anna.do("PATCH", path, moved)
        locked = await anna.get(f"/channels/{different['id']}")
        assert locked["permission_overwrites"] == category["permission_overwrites"]

    visit(tmp_path, story)


def test_a_deleted_category_lets_its_channels_go(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}/channels"
        category = await anna.do("POST", path, {"name": "hall", "type": 4})
        inside = [await anna.do("POST", path, {"name": name, "parent_id": category["id"]}) for name in "ab"]
        since = len(door.records)
        assert (await anna.do("DELETE", f"/channels/{category['id']}"))["id"] == category["id"]
        assert door.told(since) == [*["CHANNEL_UPDATE"] * 2, "CHANNEL_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        for channel in inside:
            assert (await anna.get(f"/channels/{channel['id']}"))["parent_id"] is None
        assert (await anna.ask("GET", f"/channels/{category['id']}")).json()["code"] == 10003

    visit(tmp_path, story)


def test_a_hidden_channel_is_shown_nowhere(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, guild = await pair(door, MANAGE_CHANNELS | permissions.MANAGE_GUILD)
        path = f"/guilds/{guild['id']}/channels"
        hidden = {"id": guild["id"], "type": 0, "allow": 0, "deny": VIEW_CHANNEL}
        staff = await anna.do("POST", path, {"name": "staff", "permission_overwrites": [hidden]})
        await anna.do("POST", f"/channels/{staff['id']}/invites", {})
        assert [each["name"] for each in await ben.get(path)] == ["general"]
        assert await ben.get(f"/guilds/{guild['id']}/invites") != []
        assert all(each["channel"]["name"] == "general" for each in await ben.get(f"/guilds/{guild['id']}/invites"))
        for method, asked, body in (
            ("GET", f"/channels/{staff['id']}", None),
            ("PATCH", f"/channels/{staff['id']}", {"name": "x"}),
            ("DELETE", f"/channels/{staff['id']}", None),
            ("GET", f"/channels/{staff['id']}/invites", None),
            ("POST", f"/channels/{staff['id']}/invites", {}),
            ("PUT", f"/channels/{staff['id']}/permissions/{ben.id}", {"type": 1, "allow": VIEW_CHANNEL}),
            ("DELETE", f"/channels/{staff['id']}/permissions/{guild['id']}", None),
        ):
            refused = await ben.ask(method, asked, body)
            assert (refused.status_code, refused.json()["code"]) == (403, 50001), asked
        moved = await ben.ask("PATCH", path, [{"id": staff["id"], "position": 3}])
        assert moved.json()["code"] == 10003

    visit(tmp_path, story)


def test_overwrites_apply_by_kind_and_not_in_the_order_of_their_rows(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, guild = await pair(door, SEND_MESSAGES)
        (role,) = (await ben.get(f"/guilds/{guild['id']}/members/{ben.id}"))["roles"]
        rows = [
            {"id": ben.id, "type": 1, "allow": SEND_MESSAGES, "deny": 0},
            {"id": role, "type": 0, "allow": 0, "deny": SEND_MESSAGES},
            {"id": guild["id"], "type": 0, "allow": 0, "deny": SEND_MESSAGES},
        ]
        channel = guild["system_channel_id"]
        for order in (rows, rows[::-1], rows[1:] + rows[:1]):
            await anna.do("PATCH", f"/channels/{channel}", {"permission_overwrites": order})
            await ben.do("POST", f"/channels/{channel}/messages", {"content": "I may"})
        await anna.do("DELETE", f"/channels/{channel}/permissions/{ben.id}")
        refused = await ben.ask("POST", f"/channels/{channel}/messages", {"content": "I may not"})
        assert refused.json()["code"] == 50013

    visit(tmp_path, story)


def test_one_grants_in_a_channel_only_what_one_has(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, guild = await pair(door, MANAGE_ROLES | MANAGE_CHANNELS)
        channel = guild["system_channel_id"]
        path = f"/channels/{channel}/permissions/{ben.id}"
        for body in ({"type": 1, "allow": permissions.MANAGE_MESSAGES}, {"type": 1, "deny": permissions.ADMINISTRATOR}):
            assert (await ben.ask("PUT", path, body)).json()["code"] == 50013
        await ben.do("PUT", path, {"type": 1, "deny": SEND_MESSAGES})
        everyone = f"/channels/{channel}/permissions/{guild['id']}"
        await anna.do("PUT", everyone, {"type": 0, "deny": permissions.MANAGE_MESSAGES})
        assert (await ben.ask("DELETE", everyone)).json()["code"] == 50013
        row = {"id": ben.id, "type": 1, "allow": permissions.MANAGE_MESSAGES, "deny": 0}
        refused = await ben.ask("PATCH", f"/channels/{channel}", {"permission_overwrites": [row]})
        assert refused.json()["code"] == 50013

    visit(tmp_path, story)


def test_who_shuts_a_channel_to_everybody_can_open_it_again(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        _, ben, guild = await pair(door, MANAGE_ROLES | MANAGE_CHANNELS)
        path = f"/channels/{guild['system_channel_id']}/permissions/{guild['id']}"
        await ben.do("PUT", path, {"type": 0, "deny": SEND_MESSAGES})
        await ben.do("PUT", path, {"type": 0, "allow": SEND_MESSAGES})
        await ben.do("DELETE", path)

    visit(tmp_path, story)


def test_only_an_administrator_says_who_manages_roles_in_a_channel(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, guild = await pair(door, MANAGE_ROLES | MANAGE_CHANNELS)
        row = {"id": ben.id, "type": 1, "allow": MANAGE_ROLES}
        path = f"/channels/{guild['system_channel_id']}/permissions/{ben.id}"
        assert (await ben.ask("PUT", path, row)).json()["code"] == 50013
        body = {"name": "mine", "permission_overwrites": [row]}
        assert (await ben.ask("POST", f"/guilds/{guild['id']}/channels", body)).json()["code"] == 50013
        await anna.do("PUT", path, row)
        await anna.do("POST", f"/guilds/{guild['id']}/channels", body)

    visit(tmp_path, story)


def test_an_announcement_channel_is_a_text_channel_by_another_name(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}/channels"
        news = await anna.do("POST", path, {"name": "news", "type": 5, "default_auto_archive_duration": 1440})
        assert (news["type"], news["position"], news["default_auto_archive_duration"]) == (5, 1, 1440)
        await anna.do("POST", f"/channels/{news['id']}/messages", {"content": "the line is open"})
        plain = await anna.do("PATCH", f"/channels/{news['id']}", {"type": 0, "default_auto_archive_duration": None})
        assert (plain["type"], "default_auto_archive_duration" in plain) == (0, False)
        assert (await anna.get(f"/channels/{news['id']}"))["type"] == 0
        category = await anna.do("POST", path, {"name": "hall", "type": 4})
        assert list((await anna.ask("PATCH", f"/channels/{category['id']}", {"type": 0})).json()["errors"]) == ["type"]

    visit(tmp_path, story)


def test_a_category_holds_only_so_many_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CATEGORY_CHANNELS", 2)

    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}/channels"
        hall = (await anna.do("POST", path, {"name": "hall", "type": 4}))["id"]
        made = [await anna.do("POST", path, {"name": name}) for name in "abc"]
        moves = [{"id": each["id"], "parent_id": hall} for each in made]
        assert list((await anna.ask("PATCH", path, moves)).json()["errors"]) == ["parent_id"]
        await anna.do("PATCH", path, moves[:2])
        await anna.do("PATCH", path, moves[:2])  # they are in it already
        for method, where, body in (
            ("PATCH", f"/channels/{made[2]['id']}", {"parent_id": hall}),
            ("POST", path, {"name": "d", "parent_id": hall}),
        ):
            refused = (await anna.ask(method, where, body)).json()
            assert refused["errors"]["parent_id"]["_errors"][0]["code"] == "CHANNEL_PARENT_MAX_CHANNELS"

    visit(tmp_path, story)


def test_channels_that_are_moved_together_are_judged_one_after_another(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        path = f"/guilds/{guild['id']}/channels"
        hall = (await anna.do("POST", path, {"name": "hall", "type": 4}))["id"]
        channel = guild["system_channel_id"]
        await anna.do("PATCH", path, [{"id": channel, "parent_id": hall}, {"id": channel, "position": 9}])
        moved = await anna.get(f"/channels/{channel}")
        assert (moved["parent_id"], moved["position"]) == (hall, 9)

    visit(tmp_path, story)


def test_overwrites_name_roles_and_members_of_the_guild(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, guild = await pair(door)
        stranger = await door.register("sam")
        path = f"/channels/{guild['system_channel_id']}/permissions"
        assert (await anna.ask("PUT", f"{path}/1", {"type": 0})).json()["code"] == 10011
        assert (await anna.ask("PUT", f"{path}/{stranger.id}", {"type": 1})).json()["code"] == 10007
        assert (await anna.ask("PUT", f"{path}/1", {"type": 7})).json()["code"] == 50035
        assert (await anna.ask("DELETE", f"{path}/1")).json()["code"] == 10009

    visit(tmp_path, story)


def test_wrong_fields_of_a_channel_are_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        for body in (
            {"name": ""},
            {"name": "x" * 101},
            {"topic": "x" * 1025},
            {"rate_limit_per_user": 21_601},
            {"position": 1 << 40},
            {"flags": 1 << 70},
            {"parent_id": guild["system_channel_id"]},
            {"default_auto_archive_duration": 61},
            {"type": 4},
            {"type": 2},
            {"permission_overwrites": [{"id": 1, "type": 2}]},
            {"permission_overwrites": [{"id": 1, "type": 0, "deny": 1}]},
        ):
            refused = await anna.ask("PATCH", f"/channels/{guild['system_channel_id']}", body)
            assert (refused.status_code, list(refused.json()["errors"])) == (400, list(body)), body
        for kind in (1, 2, 10, 13, 15):
            refused = await anna.ask("POST", f"/guilds/{guild['id']}/channels", {"name": "voice", "type": kind})
            assert list(refused.json()["errors"]) == ["type"]

    visit(tmp_path, story)


def test_a_guild_has_only_so_many_channels_and_roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHANNELS", 2)
    monkeypatch.setattr(limits, "ROLES", 2)

    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}"
        for kind, code in (("channels", 30013), ("roles", 30005)):
            await anna.do("POST", f"{path}/{kind}", {"name": "second"})
            assert (await anna.ask("POST", f"{path}/{kind}", {"name": "one more"})).json()["code"] == code

    visit(tmp_path, story)


def test_a_hidden_category_is_none_and_a_channel_is_moved_by_who_manages_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, guild = await pair(door, MANAGE_CHANNELS)
        path = f"/guilds/{guild['id']}/channels"
        closed = [{"id": guild["id"], "type": 0, "deny": VIEW_CHANNEL}]
        hidden = await anna.do("POST", path, {"name": "staff", "type": 4, "permission_overwrites": closed})
        shown = await anna.do("POST", path, {"name": "talk", "type": 4})
        refused = [{"id": guild["id"], "type": 0, "deny": MANAGE_CHANNELS}]
        kept = await anna.do("POST", path, {"name": "kept", "permission_overwrites": refused})

        assert (await ben.ask("POST", path, {"name": "in", "parent_id": hidden["id"]})).json()["code"] == 50035
        general = {"id": guild["system_channel_id"], "parent_id": hidden["id"]}
        assert (await ben.ask("PATCH", path, [general])).json()["code"] == 50035
        away = [{"id": kept["id"], "parent_id": shown["id"]}]
        assert (await ben.ask("PATCH", path, away)).json()["code"] == 50013
        await ben.do("PATCH", path, [{"id": kept["id"], "position": 4}])

    visit(tmp_path, story)
