"""A guild of many in the app: its list of members is scrolled, and no more of it is asked for or drawn than is seen."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.app import Person
from tests.journeys.server import Server

pytestmark = pytest.mark.slow

MANY = 70_000  # a guild of more is large, and lists only those who are here
ROW_PX = 44


def test_a_list_of_seventy_thousand_is_scrolled_to_its_end(people: list[Person], tmp_path: Path) -> None:
    ann, _ = people
    with Server(tmp_path / "data") as server:
        ann.open(f"{server.url}/register")
        ann.register("ann")
        ann.create_guild("Central")
        guild = int(ann.page.url.split("/")[-2])
        server.terminate()
        _crowd(server.data / "derailed.sqlite", guild)
        server.start()
        ann.page.reload()
        members = ann.page.get_by_label("Member list")
        expect(members).to_contain_text(f"Offline {MANY:,}")
        assert members.evaluate("list => list.scrollHeight") == (MANY + 3) * ROW_PX
        expect(members.get_by_role("button", name="passenger 000003")).to_be_visible()
        members.evaluate("list => list.scrollTop = list.scrollHeight / 2")
        expect(members.get_by_role("button", name="passenger 035000")).to_be_visible()
        members.evaluate("list => list.scrollTop = list.scrollHeight")
        expect(members.get_by_role("button", name=f"passenger {MANY:06}")).to_be_visible()
        assert members.get_by_role("listitem").count() < 60
        ann.composer.press_sequentially("@passenger0699")
        expect(ann.page.get_by_role("option").first).to_contain_text("passenger 0699")
        ann.composer.fill("")
        members.evaluate("list => list.scrollTop = 0")
        expect(members.get_by_role("button", name="ann")).to_be_visible()
        ann.page.goto("about:blank")


def _crowd(file: Path, guild: int) -> None:
    """As many as would take a day to register."""
    ids = range(1, MANY + 1)
    with closing(sqlite3.connect(file)) as db:
        db.executemany(
            "INSERT INTO users (id, username, username_key, global_name) VALUES (?, ?, ?, ?)",
            ((each, f"passenger{each:06}", f"passenger{each:06}", f"passenger {each:06}") for each in ids),
        )
        db.executemany(
            "INSERT INTO members (guild_id, user_id, joined_at) VALUES (?, ?, ?)", ((guild, each, each) for each in ids)
        )
        db.execute("UPDATE guilds SET member_count = member_count + ? WHERE id = ?", (MANY, guild))
        db.commit()
