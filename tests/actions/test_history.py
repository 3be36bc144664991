"""History in pages, against a brute-force model."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from derailed.model import snowflakes
from derailed.model.message import Message
from derailed.store import Connection, messages
from tests.actions.community import ANNA, GENERAL, STAFF, Community, live

_ids = st.integers(1, 40)


def _model(ids: list[int], where: dict[str, int], limit: int) -> list[int]:
    """The same in the plainest words: ids ascending in, newest first out."""
    if "around" in where:
        older = [each for each in ids if each < where["around"]][::-1][: limit // 2][::-1]
        newer = [each for each in ids if each >= where["around"]][: limit - limit // 2]
        chosen = older + newer
    elif "after" in where:
        chosen = [each for each in ids if each > where["after"]][:limit]
    else:
        chosen = [each for each in ids if each < where.get("before", snowflakes.MAX)][::-1][:limit][::-1]
    return chosen[::-1]


async def _fill(c: Community, channel_id: int, ids: list[int]) -> None:
    async def work(tx: Connection) -> None:
        for each in ids:
            messages.insert(tx, Message(channel_id, each, ANNA, None, None, 0, b',"id":"%d"}' % each))

    await c.store.write(work)


@settings(max_examples=25)
@given(
    st.sets(_ids, max_size=20),
    st.lists(
        st.tuples(
            st.one_of(
                st.just({}),
                st.builds(
                    lambda key, at: {key: at},
                    st.sampled_from(["before", "after", "around"]),
                    st.one_of(st.integers(0, 41), st.just(snowflakes.MAX)),
                ),
            ),
            st.integers(1, 12),
        ),
        min_size=10,
        max_size=10,
    ),
)
def test_every_page_is_the_models(ids: set[int], asked: list[tuple[dict[str, int], int]]) -> None:
    async def story(c: Community) -> None:
        await _fill(c, GENERAL, sorted(ids))
        await _fill(c, STAFF, [1, 20, 40])  # another channel's are never among them
        for where, limit in asked:
            page = await c.page(ANNA, **where, limit=limit)
            assert [int(message["id"]) for message in page] == _model(sorted(ids), where, limit)

    with tempfile.TemporaryDirectory() as folder:
        live(Path(folder), story)


def test_a_page_shows_each_message_as_it_shows_alone(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        first = await c.send(ANNA, f"<@{ANNA}>")
        await c.send(ANNA, message_reference={"message_id": first["id"]})
        await c.send(ANNA)
        page = await c.page(ANNA)
        assert page == [await c.get(ANNA, message["id"]) for message in page]
        assert len(page) == 3

    live(tmp_path, story)
