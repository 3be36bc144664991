"""Rules of an operator: the examples, what they are told, and how they come and go."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from derailed.broker.filters.shelf import Shelf
from derailed.rules.lua import SPACE, LuaRules
from derailed.wire.records import Record

EXAMPLES = Path(__file__).parents[2] / "examples" / "rules"
BANNED = 1258291200000000003
HOUR_MS = 3_600_000


def play(case: Callable[[LuaRules], Awaitable[None]], folder: Path) -> None:
    async def main() -> None:
        rules = await LuaRules.open(folder)
        try:
            await case(rules)
        finally:
            await rules.close()

    uvloop.run(main())


def put(folder: Path, *names: str) -> None:
    for name in names:
        Shelf(folder).keep(SPACE, name, (EXAMPLES / f"{name}.lua").read_bytes())


def said(author: int = 1, content: str = "hi", event: str = "MESSAGE_CREATE") -> Record:
    return Record(event=event, rev=1, author=author, data=json.dumps({"content": content}).encode())


def any_of(rules: LuaRules) -> bool:
    return rules.active


def test_a_shadow_banned_author_is_heard_by_themself_only(tmp_path: Path) -> None:
    put(tmp_path, "shadow_ban")

    async def case(rules: LuaRules) -> None:
        crowd = rules.crowd()
        crowd.are({1: False, 2: True, BANNED: False})
        assert await crowd.barred("guild:1", said(BANNED)) == {1, 2}
        assert await crowd.barred("guild:1", said(BANNED, event="TYPING_START")) == {1, 2}
        assert await crowd.barred("guild:1", said(1)) == set()
        crowd.are({2: True, 4: False})
        assert await crowd.barred("guild:1", said(BANNED)) == {2, 4}

    play(case, tmp_path)


def test_quiet_hours_are_quiet_but_for_who_is_mentioned(tmp_path: Path) -> None:
    put(tmp_path, "quiet_hours")

    async def case(rules: LuaRules) -> None:
        crowd = rules.crowd()
        crowd.are({1: False, 2: True, 3: False, 33: False})
        night = Record(event="MESSAGE_CREATE", time=23 * HOUR_MS, channel=BANNED, author=1, mentions=(3,))
        day = Record(event="MESSAGE_CREATE", time=12 * HOUR_MS, channel=BANNED, author=1)
        elsewhere = Record(event="MESSAGE_CREATE", time=23 * HOUR_MS, channel=5, author=1)
        assert await crowd.barred("guild:1", night) == {33}
        assert await crowd.barred("guild:1", day) == await crowd.barred("guild:1", elsewhere) == set()

    play(case, tmp_path)


def test_a_word_of_the_list_reaches_only_its_author(tmp_path: Path) -> None:
    put(tmp_path, "words")

    async def case(rules: LuaRules) -> None:
        crowd = rules.crowd()
        crowd.are({1: False, 2: False})
        assert await crowd.barred("guild:1", said(1, "Get FREE coins now")) == {2}
        assert await crowd.barred("guild:1", said(2, "Get FREE coins now")) == {1}
        assert await crowd.barred("guild:1", said(1, "good morning")) == set()

    play(case, tmp_path)


def test_what_was_missed_is_judged_for_one(tmp_path: Path) -> None:
    put(tmp_path, "shadow_ban", "words")

    async def case(rules: LuaRules) -> None:
        shape = Record(event="CHANNEL_UPDATE", rev=2, author=BANNED)
        missed = [("guild:1", each) for each in (said(BANNED), shape, said(1), said(1, "cheap pills"))]
        assert await rules.withheld(2, missed, bot=False) == [True, False, False, True]
        assert await rules.withheld(BANNED, missed, bot=False) == [False, False, False, True]

    play(case, tmp_path)


def test_rules_come_and_go_while_a_node_runs(tmp_path: Path) -> None:
    async def case(rules: LuaRules) -> None:
        assert not any_of(rules)
        crowd = rules.crowd()
        crowd.are({1: False})
        assert await crowd.barred("guild:1", said(BANNED)) == set()
        put(tmp_path, "shadow_ban")
        await rules.look()
        assert any_of(rules)
        assert await crowd.barred("guild:1", said(BANNED)) == {1}
        Shelf(tmp_path).keep(SPACE, "shadow_ban", b"function deliver(message) return message.fields.author ~= '9' end")
        await rules.look()
        assert await crowd.barred("guild:1", said(BANNED)) == set()
        assert await crowd.barred("guild:1", said(9)) == {1}
        Shelf(tmp_path).keep(SPACE, "shadow_ban", b"function deliver(")
        await rules.look()  # what does not load leaves what was there
        assert await crowd.barred("guild:1", said(9)) == {1}
        Shelf(tmp_path).drop(SPACE, "shadow_ban")
        await rules.look()
        assert not any_of(rules)
        assert await crowd.barred("guild:1", said(9)) == set()

    play(case, tmp_path)


def test_a_rule_that_does_not_end_bars_everybody_and_is_counted(tmp_path: Path) -> None:
    Shelf(tmp_path).keep(SPACE, "loops", b"function deliver(m) while m.fields.content == 'loop' do end return true end")

    async def case(rules: LuaRules) -> None:
        crowd = rules.crowd()
        crowd.are({1: False, 2: False})
        assert await crowd.barred("guild:1", said(1, "loop")) == {1, 2}
        assert await crowd.barred("guild:1", said(1)) == set()
        assert rules.standings()[0].ends == 1

    play(case, tmp_path)
