"""Searching for messages, by those who may read them: indexed, not yet indexed, edited and gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from derailed.actions import indexing, message_search
from derailed.actions.indexing import Indexing
from derailed.store import Connection, transfers
from derailed.wire import search as wire
from tests.api.door import Door, Person, opened, swept, visit
from tests.api.pictures import png

READ, VIEW = 1 << 16, 1 << 10
_SAID = "SELECT channel_id, id, author_id, reply_to, mentions, body, webhook_author FROM messages"

Follow = Callable[[Door], Awaitable[None]]


async def indexed(door: Door) -> None:
    """Let the index follow."""
    await Indexing(door.context).finish()


async def not_indexed(door: Door) -> None:
    """Let it be behind."""


def found(answer: Any) -> list[str]:
    """What was said in the messages of an answer, which are as many as it says."""
    assert answer["total_results"] >= len(answer["messages"])
    return [message["content"] for (message,) in answer["messages"]]


async def look(person: Person, where: str, **query: Any) -> list[str]:
    """What somebody finds."""
    return found(await person.get(f"{where}/messages/search?{urlencode(query, doseq=True)}"))


async def say(person: Person, channel: str, *texts: str, **more: Any) -> list[str]:
    """Say these; their ids."""
    ids = []
    for text in texts:
        person.door.now_ms += 1
        ids.append((await person.do("POST", f"/channels/{channel}/messages", {"content": text, **more}))["id"])
    return ids


async def station(door: Door) -> tuple[Person, Person, str, str, str]:
    """Anna's guild, where Ben is too: its path, the general channel, and one for Anna alone."""
    anna, ben = await door.register("anna"), await door.register("ben")
    guild = await anna.guild()
    await ben.join(await anna.invite(guild))
    path = f"/guilds/{guild['id']}"
    deny = [{"id": guild["id"], "type": 0, "deny": str(VIEW)}]
    staff = await anna.do("POST", f"{path}/channels", {"name": "staff", "permission_overwrites": deny})
    return anna, ben, path, guild["system_channel_id"], staff["id"]


@pytest.mark.parametrize("follow", [indexed, not_indexed])
def test_one_finds_what_one_may_read_and_learns_of_nothing_else(tmp_path: Path, follow: Follow) -> None:
    async def story(door: Door) -> None:
        anna, ben, path, general, staff = await station(door)
        await say(anna, general, "the night train", "the day train")
        await say(anna, staff, "the secret train")
        await follow(door)
        assert await look(anna, path, content="train") == ["the secret train", "the day train", "the night train"]
        answer = await ben.get(f"{path}/messages/search?content=train")
        assert (answer["total_results"], found(answer)) == (2, ["the day train", "the night train"])
        assert await look(ben, path, content="train", channel_id=staff) == []
        assert (await ben.ask("GET", f"/channels/{staff}/messages/search")).json()["code"] == 50001
        assert await look(ben, f"/channels/{general}", content="NIGHT") == ["the night train"]
        cleo = await door.register("cleo")
        assert (await cleo.ask("GET", f"{path}/messages/search")).json()["code"] == 10004
        await anna.do("PUT", f"/channels/{general}/permissions/{ben.id}", {"type": 1, "deny": str(READ)})
        assert await look(ben, path, content="train") == []
        assert await look(ben, f"/channels/{general}") == []

    visit(tmp_path, story)


@pytest.mark.parametrize("follow", [indexed, not_indexed])
def test_every_filter_leaves_what_it_says(tmp_path: Path, follow: Follow) -> None:
    async def story(door: Door) -> None:
        anna, ben, path, general, staff = await station(door)
        (plain, link) = await say(anna, general, "plain", "see https://a.example/x")
        await say(ben, general, f"to <@{anna.id}>")
        await say(anna, general, "@everyone come")
        await say(anna, general, "card", embeds=[{"title": "timetable"}])
        await say(anna, staff, "elsewhere")
        for name, kind, content in (("track.png", "image/png", png()), ("horn.mp3", "audio/mpeg", b"ID3")):
            door.now_ms += 1
            files = {"files[0]": (name, content, kind)}
            body = {"payload_json": json.dumps({"content": name.split(".")[0]})}
            sent = await anna.ask("POST", f"/channels/{general}/messages", data=body, files=files)
            assert sent.status_code == 200
        await anna.do("PUT", f"/channels/{general}/messages/pins/{plain}")
        await follow(door)

        async def those(**query: Any) -> list[str]:
            return await look(anna, path, **query)

        assert await those(author_id=ben.id) == [f"to <@{anna.id}>"]
        assert len(await those(author_id=[anna.id, ben.id])) == 8
        assert await those(mentions=anna.id) == [f"to <@{anna.id}>"]
        assert await those(mention_everyone="true") == ["@everyone come"]
        assert await those(has="link") == ["see https://a.example/x"]
        assert await those(has="embed") == ["card"]
        assert await those(content="timetable") == ["card"]
        assert await those(has="file") == ["horn", "track"]
        assert await those(has="image") == ["track"]
        assert await those(has="sound") == ["horn"]
        assert await those(has=["file", "-image"]) == ["horn"]
        assert await those(content="mp3") == ["horn"]
        assert await those(pinned="true") == ["plain"]
        assert "plain" not in await those(pinned="false")
        assert await those(channel_id=staff) == ["elsewhere"]
        assert await those(max_id=link) == ["plain"]
        assert await those(min_id=plain, max_id=int(link) + 1) == ["see https://a.example/x"]
        assert (await those(sort_order="asc"))[:2] == ["plain", "see https://a.example/x"]
        assert await those(sort_by="relevance", content="plain") == ["plain"]

    visit(tmp_path, story)


def test_edits_and_deletions_are_followed_at_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, path, general, _ = await station(door)
        one, two, three = await say(anna, general, "first train", "second train", "third train")
        await indexed(door)
        await anna.do("PATCH", f"/channels/{general}/messages/{one}", {"content": "first tram"})
        await anna.do("DELETE", f"/channels/{general}/messages/{two}")

        async def as_it_is() -> None:
            answer = await anna.get(f"{path}/messages/search?content=train")
            assert (answer["total_results"], found(answer)) == (1, ["third train"])
            assert await look(anna, path, content="tram") == ["first tram"]

        await as_it_is()
        await indexed(door)
        await as_it_is()
        await anna.do("PATCH", f"/channels/{general}/messages/{three}", {"content": "third tram"})
        await anna.do("POST", f"/channels/{general}/messages/bulk-delete", {"messages": [one, three]})
        assert await look(anna, path, content="tram") == []
        await indexed(door)
        assert await look(anna, path) == []
        assert await rows(door, "search_index") == await rows(door, "search_stale") == 0

    visit(tmp_path, story)


async def rows(door: Door, table: str) -> int:
    """How many there are."""
    (row,) = await door.store.read(lambda tx: tx.fetch(f"SELECT COUNT(*) FROM {table}"))
    return int(row[0])


def test_who_sends_a_message_writes_nothing_for_the_index(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, path, general, _ = await station(door)
        await say(anna, general, "the first train", "the last train")
        for table in ("search_index", "search_stale", "search_progress"):
            assert await rows(door, table) == 0, table
        assert len(await look(anna, path, content="train")) == 2

    visit(tmp_path, story)


def test_nothing_is_left_of_a_channel_or_a_guild_that_is_gone(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, path, general, staff = await station(door)
        await say(anna, general, "in general")
        await say(anna, staff, "in staff")
        await indexed(door)
        await anna.do("DELETE", f"/channels/{staff}")
        assert await look(anna, path) == ["in general"]
        await anna.do("DELETE", path)
        await swept(door)
        await indexed(door)
        for table in ("search_index", "search_stale", "search_progress"):
            assert await rows(door, table) == 0, table

    visit(tmp_path, story)


def test_messages_that_come_back_before_the_index_has_let_go_of_them_are_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_BATCH", 1)

    async def story(door: Door) -> None:
        anna, _, path, general, _ = await station(door)
        await say(anna, general, *(f"train {number}" for number in range(4)))
        await indexed(door)
        said = await door.store.read(lambda tx: tx.fetch(_SAID))
        await anna.do("DELETE", path)
        await swept(door)

        async def bring_back(tx: Connection) -> None:
            for row in said:
                await transfers.add_message(tx, row)

        await door.store.write(bring_back)
        await indexed(door)
        assert await rows(door, "search_index") == 4
        assert await rows(door, "search_stale") == 0

    visit(tmp_path, story)


def test_pages_follow_each_other_and_only_so_many_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_search, "COUNTED", 8)

    async def story(door: Door) -> None:
        anna, _, path, general, _ = await station(door)
        await say(anna, general, *(f"train {number}" for number in range(6)))
        await indexed(door)
        await say(anna, general, *(f"train {number}" for number in range(6, 10)))
        search = f"{path}/messages/search?content=train&limit=3"
        pages = [await anna.get(f"{search}&offset={offset}") for offset in (0, 3, 6, 9)]
        assert [page["total_results"] for page in pages] == [8] * 4
        assert [text for page in pages for text in found(page)] == [f"train {number}" for number in range(9, 1, -1)]

    visit(tmp_path, story)


def test_what_was_there_before_is_indexed_in_steps_and_by_several_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_BATCH", 2)
    monkeypatch.setattr(indexing, "_CHANNELS", 2)
    monkeypatch.setattr(message_search, "_UNINDEXED", 3)

    async def story(door: Door) -> None:
        anna, _, path, general, _ = await station(door)
        others = [(await anna.do("POST", f"{path}/channels", {"name": f"c{number}"}))["id"] for number in range(5)]
        for channel in (general, *others):
            await say(anna, channel, *(f"train {number}" for number in range(3)))
        pending = await anna.ask("GET", f"{path}/messages/search")
        assert (pending.status_code, pending.json()["code"]) == (202, 110000)
        one, other = Indexing(door.context), Indexing(door.context)
        await one.step()
        await one.finish()
        await other.finish()
        assert len(await look(anna, path, content="train")) == 18
        assert await rows(door, "search_index") == 18

    visit(tmp_path, story)


def test_a_search_in_between_a_change_of_what_one_may_read_shows_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(door: Door) -> None:
        anna, ben, path, general, _ = await station(door)
        await say(anna, general, "the last train")
        await indexed(door)
        apart = door.store.read_apart
        tries: list[int] = []

        async def while_hidden(work: Any) -> Any:
            answer = await apart(work)
            tries.append(1)
            if len(tries) == 1:
                await anna.do("PUT", f"/channels/{general}/permissions/{ben.id}", {"type": 1, "deny": str(VIEW)})
            return answer

        monkeypatch.setattr(door.store, "read_apart", while_hidden)
        assert await look(ben, path, content="train") == []
        assert tries == [1]

    visit(tmp_path, story)


def test_what_is_no_query_is_refused_by_name(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, path, general, _ = await station(door)
        for query, field in (
            ("content=" + "x" * (wire.MAX_CONTENT + 1), "content"),
            ("&".join("author_id=1" for _ in range(101)), "author_id"),
            ("author_id=anna", "author_id"),
            ("has=nothing", "has"),
            ("pinned=perhaps", "pinned"),
            ("offset=9976", "offset"),
            ("limit=26", "limit"),
            ("limit=0", "limit"),
            ("sort_order=up", "sort_order"),
            ("min_id=-1", "min_id"),
            ("&".join("x=1" for _ in range(1001)), "content"),
        ):
            for where in (path, f"/channels/{general}"):
                refused = (await anna.ask("GET", f"{where}/messages/search?{query}")).json()
                assert (refused["code"], list(refused["errors"])) == (50035, [field]), query

    visit(tmp_path, story)


def test_nothing_that_is_searched_for_is_a_command(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, path, general, staff = await station(door)
        await say(anna, staff, "secret")
        await say(anna, general, "public")
        await indexed(door)
        for text in (
            'public" OR "secret',
            "public' | 'secret",
            "terms : secret",
            "secret*",
            "NOT public",
            f'x" OR "_c{staff}',
            f"_c{staff}",
            "public & secret",
            "') UNION SELECT 1 --",
            "\0secret",
            "^secret",
            "NEAR(secret public)",
            "\\'secret",
            "secret:*",
        ):
            assert "secret" not in await look(ben, path, content=text), text
        assert await look(ben, path, content="public\0") == ["public"]
        assert await look(ben, path, content='"public"') == ["public"]

    visit(tmp_path, story)


def test_a_search_finds_the_same_after_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as door:
            anna, _, path, general, _ = await station(door)
            await say(anna, general, "the first train")
            await indexed(door)
            await say(anna, general, "the last train")
            now_ms = door.now_ms
        async with opened(tmp_path) as door:
            door.now_ms = now_ms + 1000
            again = Person(door, anna.token, anna.account)
            assert await look(again, path, content="train") == ["the last train", "the first train"]
            await indexed(door)
            assert await look(again, path, content="train") == ["the last train", "the first train"]

    asyncio.run(run())


@pytest.mark.parametrize("follow", [indexed, not_indexed])
def test_a_dm_is_searched_by_the_two_who_are_in_it(tmp_path: Path, follow: Follow) -> None:
    async def story(door: Door) -> None:
        anna, ben, path, _, _ = await station(door)
        cleo = await door.register("cleo")
        dm = (await anna.do("POST", "/users/@me/channels", {"recipient_id": ben.id}))["id"]
        await say(anna, dm, "the midnight train")
        await follow(door)
        for person in (anna, ben):
            assert await look(person, f"/channels/{dm}", content="midnight") == ["the midnight train"]
        assert (await cleo.ask("GET", f"/channels/{dm}/messages/search")).json()["code"] == 50001
        assert await look(anna, path, content="midnight") == []

    visit(tmp_path, story)
