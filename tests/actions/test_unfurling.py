"""Links are shown after the message is sent, and only while it is the message that was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.actions import links
from derailed.actions.unfurling import Unfurling
from derailed.model import permissions
from derailed.model.message import MessageFlag
from derailed.telemetry import CAUSE
from derailed.unfurl import Preview
from tests.actions.community import ANNA, BEN, GENERAL, GUILD, OWNER, Community, actor, deny, general, live
from tests.unfurl.strangers import Stranger, answer, stranger

PAGE = b"""<head><title>Timetable</title><meta name="description" content="All trains">
<meta property="og:site_name" content="Station"><meta property="og:image" content="http://img.example/a.png">
<meta name="theme-color" content="#102030"></head>"""


class Scene:
    """A community whose links are looked at, on a stranger's server."""

    def __init__(self, community: Community, other: Stranger, unfurling: Unfurling) -> None:
        self.community = community
        self.other = other
        self.unfurling = unfurling

    def hold(self) -> asyncio.Event:
        """Let no answer come before this is set."""
        answers, preview = asyncio.Event(), self.unfurling._unfurler.preview

        async def held(url: str) -> Preview | None:
            await answers.wait()
            return await preview(url)

        self.unfurling._unfurler.preview = held  # type: ignore[method-assign]
        return answers

    async def settled(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message, once nothing is looked at any more."""
        await self.unfurling.settled()
        found: dict[str, Any] = await self.community.get(OWNER, message["id"])
        return found


@asynccontextmanager
async def unfurled(community: Community) -> AsyncIterator[Scene]:
    """Have what is committed looked at."""
    async with stranger({"/": answer(PAGE), "/cat.png": answer(b"", "image/png")}) as other:
        unfurling = Unfurling(community.context, other.client())
        kept = community.store.committed

        def committed(rows: Any) -> None:
            kept(rows)
            unfurling.take(rows)

        community.store.committed = committed
        running = asyncio.create_task(unfurling.run())
        try:
            yield Scene(community, other, unfurling)
        finally:
            running.cancel()
            await asyncio.wait([running])


def look(folder: Path, story: Callable[[Scene], Awaitable[None]]) -> None:
    """Run the story."""

    async def run(community: Community) -> None:
        async with asyncio.timeout(20), unfurled(community) as scene:
            await story(scene)

    live(folder, run)


def test_a_link_is_shown_by_an_edit_that_nobody_made(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        link = scene.other.url()
        sent = await scene.community.send(ANNA, f"see {link}!")
        assert sent["embeds"] == []
        shown = await scene.settled(sent)
        assert shown["embeds"] == [
            {
                "type": "link",
                "title": "Timetable",
                "description": "All trains",
                "url": link,
                "color": 0x102030,
                "thumbnail": {"url": "http://img.example/a.png"},
                "provider": {"name": "Station"},
            }
        ]
        assert shown["edited_timestamp"] is None
        update = scene.community.told[-1]
        assert (update.event, update.id, update.author) == ("MESSAGE_UPDATE", int(sent["id"]), ANNA)
        event = msgspec.json.decode(update.data)
        assert {key: event[key] for key in shown} == shown  # the event makes what is read afterwards
        assert update.stripped is not None
        assert b"Timetable" not in update.stripped

    look(tmp_path, story)


def test_what_shows_a_link_is_caused_by_what_sent_it(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        CAUSE.set("edge-4711")
        sent = await scene.community.send(ANNA, scene.other.url())
        CAUSE.set("another")
        assert (await scene.settled(sent))["embeds"]
        caused = [(record.event, record.cause) for record in scene.community.told[-2:]]
        assert caused == [("MESSAGE_CREATE", "edge-4711"), ("MESSAGE_UPDATE", "edge-4711")]

    look(tmp_path, story)


def test_an_image_is_shown_as_one(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        link = scene.other.url("/cat.png")
        shown = await scene.settled(await scene.community.send(ANNA, link))
        assert shown["embeds"] == [{"type": "image", "url": link, "thumbnail": {"url": link}}]

    look(tmp_path, story)


def test_who_may_not_embed_links_has_none_looked_at(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.community.overwrite(general(), deny(GUILD, permissions.EMBED_LINKS))
        shown = await scene.settled(await scene.community.send(ANNA, scene.other.url()))
        assert shown["embeds"] == []
        assert scene.other.asked == []

    look(tmp_path, story)


@pytest.mark.parametrize("content", ["<{}>", "`{}`", "```\n{}\n```", "no link at all", "x{}"])
def test_links_that_are_not_meant_to_be_shown_are_not_looked_at(tmp_path: Path, content: str) -> None:
    async def story(scene: Scene) -> None:
        shown = await scene.settled(await scene.community.send(ANNA, content.format(scene.other.url())))
        assert shown["embeds"] == []
        assert scene.other.asked == []

    look(tmp_path, story)


def test_suppressed_embeds_and_messages_that_bring_their_own_are_left_alone(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        link = scene.other.url()
        quiet = await scene.community.send(ANNA, link, flags=int(MessageFlag.SUPPRESS_EMBEDS))
        own = await scene.community.send(ANNA, link, embeds=[{"title": "mine", "provider": {"name": "forged"}}])
        assert (await scene.settled(quiet))["embeds"] == []
        assert (await scene.settled(own))["embeds"] == [{"type": "rich", "title": "mine"}]
        assert scene.other.asked == []

    look(tmp_path, story)


def test_a_message_that_was_changed_or_deleted_meanwhile_is_not_touched(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        community, link, answers = scene.community, scene.other.url(), scene.hold()
        edited, deleted, suppressed = [await community.send(who, link) for who in (ANNA, BEN, OWNER)]
        await community.edit(ANNA, edited["id"], content="never mind")
        await community.messages.delete(actor(BEN), GENERAL, int(deleted["id"]))
        await community.edit(OWNER, suppressed["id"], flags=int(MessageFlag.SUPPRESS_EMBEDS))
        told = len(community.told)
        answers.set()
        assert (await scene.settled(edited))["embeds"] == []
        assert (await scene.settled(suppressed))["embeds"] == []
        assert len(community.told) == told
        assert len(scene.other.asked) >= 1

    look(tmp_path, story)


def test_who_lost_the_permission_meanwhile_has_none_shown(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        answers = scene.hold()
        sent = await scene.community.send(ANNA, scene.other.url())
        await scene.community.overwrite(general(), deny(GUILD, permissions.EMBED_LINKS))
        answers.set()
        assert (await scene.settled(sent))["embeds"] == []

    look(tmp_path, story)


def test_new_links_take_the_place_of_old_ones(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        sent = await scene.community.send(ANNA, scene.other.url())
        await scene.settled(sent)
        picture = scene.other.url("/cat.png")
        await scene.community.edit(ANNA, sent["id"], content=picture)
        assert [each["type"] for each in (await scene.settled(sent))["embeds"]] == ["image"]
        await scene.community.edit(ANNA, sent["id"], content="no link")
        assert (await scene.settled(sent))["embeds"] == []

    look(tmp_path, story)


def test_a_link_that_goes_round_is_asked_for_once(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        for _ in range(3):
            await scene.settled(await scene.community.send(ANNA, scene.other.url()))
        assert len(scene.other.asked) == 1
        scene.community.now_ms += 5 * 60 * 1000
        await scene.settled(await scene.community.send(ANNA, scene.other.url()))
        assert len(scene.other.asked) == 2

    look(tmp_path, story)


def test_too_much_is_dropped_and_nobody_keeps_others_from_being_served(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        answers = scene.hold()
        for number in range(40):
            scene.other.answers[f"/{number}"] = answer()
            await scene.community.send(ANNA, scene.other.url(f"/{number}"))
        bens = await scene.community.send(BEN, scene.other.url())
        answers.set()
        assert (await scene.settled(bens))["embeds"] != []
        assert len(scene.other.asked) == 6
        assert scene.unfurling._of == {}  # nothing is left of it

    look(tmp_path, story)


def test_a_fault_of_ours_ends_neither_the_process_nor_what_waits(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        preview = scene.unfurling._unfurler.preview

        async def faulty(url: str) -> Preview | None:
            if url.endswith("/fault"):
                raise RuntimeError("unforeseen")
            return await preview(url)

        scene.unfurling._unfurler.preview = faulty  # type: ignore[method-assign]
        await scene.settled(await scene.community.send(ANNA, scene.other.url("/fault")))
        for _ in range(5):
            assert (await scene.settled(await scene.community.send(ANNA, scene.other.url())))["embeds"] != []

    look(tmp_path, story)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("http://a.example and https://b.example/x?y=1#z.", ["http://a.example", "https://b.example/x?y=1#z"]),
        ("(see http://a.example/b_(c)) ok", ["http://a.example/b_(c)"]),
        ("**http://a.example**, ||http://b.example||", ["http://a.example", "http://b.example"]),
        ("HTTP://A.example", ["HTTP://A.example"]),
        ("http://a.example http://a.example", ["http://a.example"]),
        ("<http://a.example> ftp://b.example xhttp://c.example", []),
        ("`http://a.example` ```http://b.example```", []),
        (" ".join(f"http://a.example/{number}" for number in range(9)), [f"http://a.example/{n}" for n in range(5)]),
        ("http://a.example/" + "x" * 2100, []),
    ],
)
def test_links_are_found_as_people_write_them(content: str, found: list[str]) -> None:
    assert links.in_content(content) == found
