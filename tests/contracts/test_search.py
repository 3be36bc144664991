"""What every store promises of its index: the same messages for the same question, whatever the words."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from derailed.model import words
from derailed.model.errors import Unavailable
from derailed.store import Connection, Store, search, writes
from derailed.store.search import Question
from tests.contracts.stores import Open, Play, run

MAX: Final = (1 << 63) - 1

CORPUS: Final = (
    "The night train is late",
    "the NIGHT mail",
    "un café à Zürich, s'il vous plaît",
    "Straße und Straßenbahn",
    "ΑΘΗΝΑ το πρωί",
    "Ёлка и поезд",
    "東京都に行く",
    "京都の夜",
    "학교에 갑니다",
    "สวัสดีครับ",
    "हिन्दी में लिखा",
    "مرحبًا يا عالم",
    "שָׁלוֹם עולם",
    "👩‍💻 is at work 👍🏽",
    "🇩🇪 plays 🇫🇷",
    "<:train:1258291200000000001> leaves",
    "ＦＵＬＬ　ＷＩＤＴＨ ﬁne",
    "it's 12:30, don't_wait",
    'a "quoted" \\ back\\slash AND (NOT) * NEAR/2 ^x',
    "'; DROP TABLE search_index; --",
)
ASKED: Final[dict[str, set[int]]] = {
    "night": {1, 2},
    "Night TRAIN": {1},
    "nighttrain": set(),
    "cafe zurich": {3},
    "PLAÎT": {3},
    "strasse": {4},
    "STRASSE": {4},
    "αθηνα": {5},
    "елка": {6},
    "東京": {7},
    "京都": {7, 8},
    "夜": {8},
    "학교": {9},
    "สวัส": {10},
    "हिन्दी": {11},
    "مرحبا": {12},
    "שלום": {13},
    "👍": {14},
    "💻": {14},
    "🇩🇪": {15},
    "🇪🇫": set(),
    "train": {1, 16},
    "full width fine": {17},
    "12 30": {18},
    "don't": {18},
    "quoted back": {19},
    "near": {19},
    "drop table": {20},
    "'": set(range(1, 21)),
    '"': set(range(1, 21)),
    "\\": set(range(1, 21)),
}
"""Of what holds no word at all, every message has all."""


async def fill(tx: Connection) -> None:
    """The corpus, in two channels."""
    for number, text in enumerate(CORPUS, 1):
        search.add(tx, number % 2, number, {*words.of_text(text), f"_c{number % 2}", "_all"})


def question(text: str, **more: Any) -> Question:
    """The words of the text, in both channels."""
    every = tuple((word,) for word in sorted(words.asked(text)))
    return Question(every, (), 0, MAX, channel_ids=(0, 1))._replace(**more)


async def found(store: Store, asked: Question, limit: int = 100) -> list[int]:
    """The ids."""
    total, ids = await store.read_apart(lambda tx: search.hits(tx, asked, limit, 0, limit))
    assert total == len(ids)
    return ids


@pytest.mark.parametrize("text", ASKED)
def test_every_database_finds_the_same(play: Play, text: str) -> None:
    async def story(store: Store) -> None:
        await store.write(fill)
        assert set(await found(store, question(text))) == ASKED[text]
        by_hand = {
            number
            for number, said in enumerate(CORPUS, 1)
            if question(text).fits(number, {*words.of_text(said), f"_c{number % 2}"})
        }
        assert by_hand == ASKED[text]

    play(story)


def test_what_is_found_is_in_order_within_bounds_and_no_more_than_asked_for(play: Play) -> None:
    async def story(store: Store) -> None:
        await store.write(fill)
        assert await found(store, question("")) == list(range(20, 0, -1))
        assert await found(store, question("", oldest_first=True)) == list(range(1, 21))
        assert await found(store, question(""), limit=3) == [20, 19, 18]
        assert await found(store, question("", oldest_first=True), limit=3) == [1, 2, 3]
        assert await store.read(lambda tx: search.hits(tx, question(""), 10, 2, 3)) == (10, [18, 17, 16])
        assert await store.read(lambda tx: search.hits(tx, question(""), 10, 9, 3)) == (10, [11])
        assert await found(store, question("", above=5, below=9)) == [8, 7, 6]
        assert await found(store, question("", channel_ids=(1,))) == list(range(19, 0, -2))
        assert await found(store, question("night", none=("train", "nothing"))) == [2]
        assert await found(store, question("", none=("_all",))) == []

    play(story)


@pytest.mark.parametrize(("look", "skim"), [(1, 1), (2, 6), (3, 20), (20, 100)])
def test_what_is_common_is_found_the_same_without_the_index(
    play: Play, monkeypatch: pytest.MonkeyPatch, look: int, skim: int
) -> None:
    """Where the index is in no order, the newest messages are looked at first; elsewhere this says the same twice."""
    asked = [
        question(""),
        question("", oldest_first=True),
        question("", above=3, below=17),
        question("", channel_ids=(1,)),
        question("", none=("train",)),
        question("night", none=("mail",)),
        question("train", oldest_first=True),
        question("", every=(("night", "train", "at"),)),
        question("", every=(("_c0",), ("夜", "京都"))),
    ]

    async def story(store: Store) -> None:
        await store.write(fill)
        await store.write(touch)
        for limit in (1, 3, 7, 100):
            found_by: list[list[list[int]]] = []
            for most in ((0, 0), (look, skim)):
                monkeypatch.setattr(search, "_LOOK", max(1, most[0]))
                monkeypatch.setattr(search, "_SKIM", most[1])
                found_by.append([await found(store, each, limit) for each in asked])
            assert found_by[0] == found_by[1]

    async def touch(tx: Connection) -> None:
        search.touch(tx, 0, [18, 2])

    play(story)


def test_a_question_may_be_long(play: Play) -> None:
    async def story(store: Store) -> None:
        await store.write(fill)
        channels, authors = tuple(range(500)), tuple(f"_a{number}" for number in range(100))
        asked = question("night", channel_ids=channels, none=authors)
        assert await found(store, asked) == [2, 1]
        many = " ".join(f"w{number}" for number in range(500))
        assert await found(store, question(many)) == []

    play(story)


def test_what_was_touched_is_not_found_until_it_is_settled(play: Play) -> None:
    async def story(store: Store) -> None:
        async def touch(tx: Connection) -> None:
            search.touch(tx, 1, [1])

        async def settle(tx: Connection) -> None:
            await search.drop(tx, [1])
            search.add(tx, 1, 1, ["tram", "_c1"])
            await search.settle(tx, 1, 1)

        await store.write(fill)
        await store.write(touch)
        assert await found(store, question("night")) == [2]
        await store.write(touch)
        await store.write(settle)
        assert await store.read(lambda tx: search.touched(tx, 1, 10)) == [(1, 2)]
        assert await found(store, question("tram")) == []
        await store.write(lambda tx: search.settle(tx, 1, 2))
        assert await found(store, question("tram")) == [1]

    play(story)


def test_the_channels_of_what_was_found_are_known(play: Play) -> None:
    async def story(store: Store) -> None:
        await store.write(fill)
        assert await store.read(lambda tx: search.channels_of(tx, [])) == {}
        assert await store.read(lambda tx: search.channels_of(tx, [3, 4, 77])) == {3: 1, 4: 0}

    play(story)


def test_reads_apart_hold_up_nothing_and_only_so_many_wait(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """They look at their tables at the same moment as the others."""

    async def story(store: Store) -> None:
        await store.write(fill)
        many = [asyncio.create_task(found(store, question("night"))) for _ in range(3 * writes.SEARCHES_WAITING_MAX)]
        assert await store.read(lambda tx: search.channels_of(tx, [3])) == {3: 1}
        answers = await asyncio.gather(*many, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, Unavailable)]
        assert refused
        assert all(answer == [2, 1] for answer in answers if not isinstance(answer, Unavailable))
        assert len(answers) - len(refused) >= writes.SEARCHES_WAITING_MAX
        assert await found(store, question("night")) == [2, 1]

    play(story)


def test_a_read_that_takes_too_long_is_given_up(driver: str, open_store: Open) -> None:
    endless = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT COUNT(*) FROM n"
    store_module = "derailed.store.sqlite" if driver == "sqlite" else "derailed.store.postgres"

    async def main() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"{store_module}.SEARCH_WITHIN_S", 1)
            store = await open_store()
            try:
                with pytest.raises(Unavailable):
                    await store.read_apart(lambda tx: tx.fetch(endless))
                assert await found(store, question("night")) == []
            finally:
                await store.close()

    run(main())
