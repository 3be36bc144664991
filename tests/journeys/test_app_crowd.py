"""Guilds of many in the app: of a list of members no more is asked for or drawn than is seen.

A guild of more than 75,000 is large: its list has those who are here, and the others are found by name.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import asyncpg  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import expect

from tests.journeys.app import Person
from tests.journeys.server import Server

pytestmark = pytest.mark.slow

MANY = 70_000  # more than 75,000 are a large guild
LARGE = 100_000
FIRST = 1 << 57  # ids as they are, of some time ago
ROW_PX = 44
ACCOUNT = ("id", "username", "username_key", "global_name")
SEAT = ("guild_id", "user_id", "joined_at")


def test_a_list_of_seventy_thousand_is_scrolled_to_its_end(server: Server, people: list[Person]) -> None:
    ann, _ = people
    ann.open(f"{server.url}/register")
    ann.register("ann")
    ann.create_guild("Central")
    guild = int(ann.page.url.split("/")[-2])
    server.terminate()
    _crowd(server, guild, MANY)
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


def test_a_guild_of_a_hundred_thousand_lists_who_is_here_and_finds_the_others(
    server: Server, people: list[Person]
) -> None:
    ann, ben = people
    ann.open(f"{server.url}/register")
    ann.register("ann")
    ann.create_guild("Central")
    guild, link = int(ann.page.url.split("/")[-2]), ann.invite()
    server.terminate()
    _crowd(server, guild, LARGE)
    server.start()
    ann.page.reload()
    members = ann.page.get_by_role("complementary", name="Members")
    expect(members.get_by_role("heading", name="Members")).to_have_text(f"Members {LARGE + 1:,}")
    expect(members.get_by_role("listitem")).to_have_text(["Online 1", "ann"])
    ben.open(link)
    expect(ben.page.get_by_text(f"{LARGE + 1:,} members")).to_be_visible()
    ben.register("ben")
    expect(ben.composer).to_be_visible()
    expect(members.get_by_role("listitem")).to_have_text(["Online 2", "ann", "ben"])
    expect(members.get_by_role("heading", name="Members")).to_have_text(f"Members {LARGE + 2:,}")
    ben.composer.press_sequentially("@passenger09999")
    expect(ben.page.get_by_role("option").first).to_contain_text("passenger 09999")
    ben.composer.press_sequentially("9")
    expect(ben.page.get_by_role("option")).to_have_count(1)
    ben.composer.press("Enter")
    ben.composer.press_sequentially("where are you?")
    ben.composer.press("Enter")
    ann.message("where are you?").get_by_role("button", name="@passenger 099999").click()
    expect(ann.page.get_by_role("dialog", name="Profile of passenger 099999")).to_contain_text("Member since")
    ben.page.goto("about:blank")
    expect(members.get_by_role("listitem")).to_have_text(["Online 1", "ann"])
    ann.page.goto("about:blank")


def _crowd(server: Server, guild: int, many: int) -> None:
    """As many as would take a day to register."""
    names = [(FIRST + number, f"passenger{number:06}", f"passenger {number:06}") for number in range(1, many + 1)]
    accounts = [(each, name, name, shown) for each, name, shown in names]
    seats = [(guild, each, each - FIRST) for each, _, _ in names]
    url = server.settings.get("DERAILED_DATABASE_URL")
    if url is not None:
        with ThreadPoolExecutor(1) as beside:  # the browsers have a loop here
            beside.submit(lambda: asyncio.run(_to_postgres(url, accounts, seats))).result()
        return
    with closing(sqlite3.connect(server.data / "derailed.sqlite")) as db:
        db.executemany(f"INSERT INTO users ({', '.join(ACCOUNT)}) VALUES (?, ?, ?, ?)", accounts)
        db.executemany(f"INSERT INTO members ({', '.join(SEAT)}) VALUES (?, ?, ?)", seats)
        db.execute("UPDATE guilds SET member_count = member_count + ? WHERE id = ?", (many, guild))
        db.commit()


async def _to_postgres(url: str, accounts: list[tuple[int, str, str, str]], seats: list[tuple[int, int, int]]) -> None:
    db = await asyncpg.connect(url)
    await db.copy_records_to_table("users", records=accounts, columns=ACCOUNT)
    await db.copy_records_to_table("members", records=seats, columns=SEAT)
    await db.execute("UPDATE guilds SET member_count = member_count + $1 WHERE id = $2", len(seats), seats[0][0])
    await db.close()
