"""Whom a message mentions."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.model.errors import Invalid
from tests.actions.community import ANNA, BEN, GUILD, HELPERS, OWNER, QUIET, STRANGER, Community, field_of, live


def test_mentions_name_who_exists_and_only_what_the_sender_may(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        content = (
            f"<@{BEN}> <@!{STRANGER}> <@{BEN}> <@99999999999999999> <@&{HELPERS}> <@&{QUIET}> <@&{GUILD}> @everyone"
        )
        sent = await c.send(ANNA, content)
        assert [user["username"] for user in sent["mentions"]] == ["ben", "sam"]
        assert sent["mention_roles"] == [str(HELPERS)]
        assert sent["mention_everyone"] is False
        assert c.told[-1].mentions == (BEN, STRANGER)
        assert (await c.page(ANNA))[0]["mentions"] == [
            {key: value for key, value in user.items() if key != "member"} for user in sent["mentions"]
        ]
        sent = await c.send(OWNER, content)
        assert sent["mention_roles"] == [str(HELPERS), str(QUIET)]
        assert sent["mention_everyone"] is True

    live(tmp_path, story)


def test_what_stands_in_code_mentions_nobody(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(OWNER, f"`@everyone` ```\n<@{BEN}>\n``` `<@&{HELPERS}>`")
        assert (sent["mentions"], sent["mention_roles"], sent["mention_everyone"]) == ([], [], False)

    live(tmp_path, story)


@pytest.mark.parametrize(
    ("allowed", "users", "everyone"),
    [
        (None, [ANNA, BEN], True),
        ({}, [], False),
        ({"parse": ["users"]}, [ANNA, BEN], False),
        ({"parse": ["everyone"]}, [], True),
        ({"users": [str(BEN)]}, [BEN], False),
        ({"parse": ["everyone"], "users": [ANNA, OWNER]}, [ANNA], True),
    ],
)
def test_allowed_mentions_decides_which_count(
    tmp_path: Path, allowed: object, users: list[int], everyone: bool
) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(OWNER, f"<@{ANNA}> <@{BEN}> @here", allowed_mentions=allowed)
        assert [int(user["id"]) for user in sent["mentions"]] == users
        assert sent["mention_everyone"] is everyone

    live(tmp_path, story)


def test_allowed_mentions_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        for allowed in ({"parse": ["users"], "users": [BEN]}, {"parse": ["all"]}):
            with pytest.raises(Invalid) as refused:
                await c.send(ANNA, "plain", allowed_mentions=allowed)
            assert field_of(refused) == ("allowed_mentions",)

    live(tmp_path, story)
