"""Members that somebody asks for are followed, at the node and at the service, where that is wanted."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.contracts.member_services import remote
from tests.gateway.house import house
from tests.members.town import FIRST
from tests.servers.collector import following

FIND = "derailed.members.v1.Members/Link find"


def test_a_question_for_members_is_followed_at_both_ends(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(60), house(tmp_path) as place, remote(place.town) as members:
            node = await place.node(members.link("node"))
            screen = await place.enter(node, 1)
            assert len(await screen.ask("")) == 1
            async with following(1.0) as collector:
                (chunk,) = await screen.ask(None, FIRST + 2)
                assert [each["user"]["id"] for each in chunk["members"]] == [str(FIRST + 2)]
        ((asked, question, answer),) = collector.traces.values()
        assert (asked.name, question.name, answer.name) == ("REQUEST_GUILD_MEMBERS", FIND, FIND)
        assert (asked.kind, question.kind, answer.kind) == ("server", "client", "server")
        assert (asked.parent, question.parent, answer.parent) == ("", asked.id, question.id)
        assert not any(span.failed for span in (asked, question, answer))

    asyncio.run(story())
