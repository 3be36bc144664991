"""What the database keeps of a guild is in an archive, or is named as left out: a new column can not be forgotten."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from msgspec import structs

from derailed.store.sqlite import SqliteStore
from derailed.store.upkeep import opening
from derailed.transfer import layout
from tests.transfer.made import sound
from tests.transfer.test_bad_archives import read

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
CARRIED: dict[str, type[layout.Line]] = {
    "users": layout.UserLine,
    "guilds": layout.GuildLine,
    "roles": layout.RoleLine,
    "channels": layout.ChannelLine,
    "emojis": layout.EmojiLine,
    "webhooks": layout.WebhookLine,
    "invites": layout.InviteLine,
    "bans": layout.BanLine,
    "audit_log": layout.AuditLine,
    "members": layout.MemberLine,
    "messages": layout.MessageLine,
    "reactions": layout.ReactionLine,
    "pins": layout.PinLine,
}
APART = {"guild_id", "username_key", "nick_key", "member_count", "reacted"}
"""Which guild it is says the archive; the others are made from what is there."""
LEFT_OUT = {
    "users": {"email", "password", "seen_at"},
    "channels": {"owner_id", "icon"},  # of groups
    "webhooks": {"token"},
    "members": {"avatar", "temporary"},
}
ELSEWHERE = {
    *("topics", "outbox", "nonces", "slow_mode", "workers", "chores", "deleted_channels", "doomed_blobs"),
    *("imports", "imported_ids", "migrations", "operators"),
    *("tokens", "applications", "commands", "relationships", "user_settings", "profiles", "notes", "harvests"),
    *("read_states", "mentions", "dismissed_mentions", "guild_settings", "spoken", "recipients", "directs"),
}
"""What is about the instance, about accounts, or made anew."""


def test_every_column_is_carried_or_left_out_on_purpose(tmp_path: Path) -> None:
    for name, columns in asyncio.run(_tables(tmp_path / "derailed.sqlite")).items():
        if name not in ELSEWHERE:
            fields = {field.name for field in structs.fields(CARRIED[name])}
            assert columns - fields == (APART & columns) | LEFT_OUT.get(name, set()), name


def test_the_page_names_each_kind_of_line_with_all_that_is_in_it() -> None:
    kinds: tuple[type[layout.Line], ...] = (layout.Page, layout.Blob, *CARRIED.values())
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", PAGE, re.MULTILINE))
    assert rows.keys() == {kind.__struct_config__.tag for kind in kinds}
    for kind in kinds:
        fields = [field.name for field in structs.fields(kind)]
        assert re.findall(r"`(\w+)`", rows[str(kind.__struct_config__.tag)]) == fields


def test_the_page_says_how_large_things_may_be() -> None:
    assert f"{layout.LINE_MAX >> 20} MiB" in PAGE
    assert f"{layout.PAGE_MAX >> 20} MiB" in PAGE
    assert f"{layout.SHAPE_MAX:,}" in PAGE
    assert read(sound().bytes()) == 3


async def _tables(path: Path) -> dict[str, set[str]]:
    await SqliteStore.open(path, lambda: 0).close()
    database = await opening.open_database("here", str(path))
    try:
        return {table.name: set(table.columns) for table in await database.tables()}
    finally:
        await database.close()
