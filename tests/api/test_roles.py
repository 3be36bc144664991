"""Roles: how they look, and how many hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.actions import roles
from derailed.wire import limits
from tests.api.door import Door, visit
from tests.api.pictures import data_uri, png


def test_a_role_has_a_colour_or_a_gradient(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}/roles"
        gradient = {"primary_color": 1, "secondary_color": 2, "tertiary_color": 3}
        role = await anna.do("POST", path, {"colors": gradient, "hoist": True, "mentionable": True})
        assert (role["color"], role["colors"], role["hoist"], role["mentionable"]) == (1, gradient, True, True)
        plain = await anna.do("PATCH", f"{path}/{role['id']}", {"color": 9})
        assert plain["colors"] == {"primary_color": 9, "secondary_color": None, "tertiary_color": None}
        assert await anna.get(f"{path}/{role['id']}") == plain

    visit(tmp_path, story)


def test_a_role_shows_an_image_or_an_emoji(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}/roles"
        role = await anna.do("POST", path, {"icon": data_uri(png())})
        assert isinstance(role["icon"], str)
        path = f"{path}/{role['id']}"
        assert (await anna.do("PATCH", path, {"name": "driver"}))["icon"] == role["icon"]
        changed = await anna.do("PATCH", path, {"unicode_emoji": "🚂", "icon": None})
        assert (changed["icon"], changed["unicode_emoji"]) == (None, "🚂")
        changed = await anna.do("PATCH", path, {"icon": data_uri(png())})
        assert (changed["icon"] != role["icon"], changed["unicode_emoji"]) == (True, None)
        changed = await anna.do("PATCH", path, {"unicode_emoji": "🚂"})
        assert (changed["icon"], changed["unicode_emoji"]) == (None, "🚂")

    visit(tmp_path, story)


def test_all_that_everyone_has_are_permissions(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        path = f"/guilds/{guild['id']}/roles/{guild['id']}"
        body = {"permissions": "1024", "name": "all", "color": 5, "hoist": True, "icon": data_uri(png())}
        role = await anna.do("PATCH", path, body)
        assert (role["permissions"], role["name"], role["color"]) == ("1024", "@everyone", 0)
        assert (role["hoist"], role["icon"]) == (False, None)

    visit(tmp_path, story)


def test_wrong_fields_of_a_role_are_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}/roles"
        for wrong in (
            {"name": "x" * 101},
            {"color": 1 << 24},
            {"colors": {"primary_color": 1 << 24}},
            {"colors": {"primary_color": 1, "tertiary_color": 1}},
            {"unicode_emoji": "train"},
            {"icon": "data:image/png;base64,AAAA"},
            {"icon": data_uri(png() + bytes(limits.SMALL_IMAGE))},
            {"permissions": "many"},
        ):
            refused = await anna.ask("POST", path, wrong)
            assert (refused.status_code, list(refused.json()["errors"])) == (400, list(wrong)), wrong

    visit(tmp_path, story)


def test_it_is_counted_who_holds_which_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "_COUNTED_AT_ONCE", 2)

    async def story(door: Door) -> None:
        anna, sam = await door.register("anna"), await door.register("sam")
        guild = await anna.guild()
        path = f"/guilds/{guild['id']}"
        held, spare = [(await anna.do("POST", f"{path}/roles", {}))["id"] for _ in range(2)]
        for name in ("ben", "cleo", "dora"):
            person = await door.register(name)
            await person.join(await anna.invite(guild))
            await anna.do("PUT", f"{path}/members/{person.id}/roles/{held}")
        assert await anna.get(f"{path}/roles/member-counts") == {held: 3, spare: 0}
        assert (await sam.ask("GET", f"{path}/roles/member-counts")).json()["code"] == 10004

    visit(tmp_path, story)
