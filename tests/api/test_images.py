"""Avatars, icons and their like: taken in JSON, shown by name, fetched without a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from derailed.actions.sweeper import Sweeper
from tests.api.door import Door, Person, visit
from tests.api.pictures import data_uri, gif, png

DAY_MS = 24 * 60 * 60 * 1000


async def application(person: Person) -> str:
    made: dict[str, Any] = await person.do("POST", "/applications", {"name": "helper"})
    return f"/applications/{made['id']}"


async def status_of(door: Door, path: str) -> int:
    return (await door.client.get(path)).status_code


@pytest.mark.parametrize(
    ("field", "where", "folder"),
    [
        ("avatar", "/users/@me", "avatars"),
        ("banner", "/users/@me", "banners"),
        ("icon", "/guilds", "icons"),
        ("banner", "/guilds", "banners"),
        ("splash", "/guilds", "splashes"),
        ("icon", "/applications", "app-icons"),
    ],
)
def test_an_image_is_shown_replaced_and_removed(tmp_path: Path, field: str, where: str, folder: str) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = where
        if where == "/guilds":
            path = f"/guilds/{(await anna.guild())['id']}"
        elif where == "/applications":
            path = await application(anna)
        of = await anna.do("PATCH", path, {field: data_uri(png())})
        first = f"/{folder}/{of['id']}/{of[field]}.png"
        answer = await door.client.get(f"{first}?size=1024")
        assert (answer.content, answer.headers["content-type"]) == (png(), "image/png")
        again = await anna.do("PATCH", path, {field: data_uri(gif(2), "gif")})
        assert again[field].startswith("a_")
        assert (await anna.get(path))[field] == again[field]
        second = f"/{folder}/{of['id']}/{again[field]}.gif"
        gone = await anna.do("PATCH", path, {field: None})
        assert gone[field] is None
        for url in (first, second):
            assert await status_of(door, url) == 200  # it may be on screens
        door.now_ms += DAY_MS
        while await Sweeper(door.context).sweep():
            pass
        for url in (first, second):
            assert await status_of(door, url) == 404

    visit(tmp_path, story)


def test_a_guild_may_be_made_with_an_icon(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        made = await anna.do("POST", "/guilds", {"name": "station", "icon": data_uri(png())})
        assert await status_of(door, f"/icons/{made['id']}/{made['icon']}.webp") == 200

    visit(tmp_path, story)


def test_everyone_who_sees_an_avatar_is_told_of_a_new_one(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await anna.guild()
        since = len(door.records)
        own = await anna.do("PATCH", "/users/@me", {"avatar": data_uri(png())})
        assert door.told(since) == ["GUILD_MEMBER_UPDATE", "USER_UPDATE"]
        assert own["avatar"].encode() in door.records[since][1].data
        bot = await door.bot(anna)
        assert (await bot.do("PATCH", "/users/@me", {"avatar": data_uri(png())}))["avatar"]

    visit(tmp_path, story)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("", "IMAGE_INVALID"),
        ("https://chat.example/a.png", "IMAGE_INVALID"),
        ("data:image/png;base64,", "IMAGE_INVALID"),
        ("data:image/png;base64,*", "IMAGE_INVALID"),
        (data_uri(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg+xml"), "IMAGE_INVALID"),
        (data_uri(b"<html>"), "IMAGE_INVALID"),
        (data_uri(png()[:12]), "IMAGE_INVALID"),
        (data_uri(png() + bytes(5 << 20)), "BINARY_TYPE_MAX_SIZE"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path: Path, image: str, code: str) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        answer = await anna.ask("PATCH", "/users/@me", {"avatar": image})
        assert answer.status_code == 400
        assert answer.json()["errors"]["avatar"]["_errors"][0]["code"] == code
        assert not (tmp_path / "blobs").exists()

    visit(tmp_path, story)


def test_only_routes_with_images_take_long_bodies(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        long = data_uri(png() + bytes(1 << 20))
        assert (await anna.ask("PATCH", f"/guilds/{guild['id']}", {"icon": long})).status_code == 200
        assert (await anna.ask("PATCH", f"/guilds/{guild['id']}/channels", {"x": long})).status_code == 413
        assert (await anna.ask("PATCH", "/users/@me", {"avatar": "x" * (8 << 20)})).status_code == 413

    visit(tmp_path, story)


def test_an_image_that_nobody_may_set_goes_again(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        guild = await anna.guild()
        await ben.join(await anna.invite(guild))
        refused = await ben.ask("PATCH", f"/guilds/{guild['id']}", {"icon": data_uri(png())})
        assert refused.status_code == 403
        await Sweeper(door.context).sweep()
        assert not any(path.is_file() for path in (tmp_path / "blobs").rglob("*"))

    visit(tmp_path, story)
