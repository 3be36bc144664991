"""Reactions with guilds' own emojis."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from derailed.model import permissions
from derailed.model.errors import Forbidden, Unknown
from derailed.model.guild import Emoji, Guild, Member, Role
from derailed.store import Connection, emojis, guilds, members, roles
from tests.actions.community import ANNA, BEN, GENERAL, GUILD, HELPERS, OWNER, Community, actor, deny, general, live

PARTY, PRIVATE, FOREIGN, CLOSED = (10_000_000_000_000_000 + number for number in range(41, 45))
ELSEWHERE = 10_000_000_000_000_002


async def furnish(c: Community) -> int:
    """Give the guild emojis, and another guild, which Anna belongs to; the id of a message."""

    async def work(tx: Connection) -> None:
        await emojis.insert(tx, GUILD, Emoji(id=PARTY, name="party", user_id=OWNER, animated=True))
        await emojis.insert(tx, GUILD, Emoji(id=PRIVATE, name="private", user_id=OWNER, roles=(HELPERS,)))
        await guilds.insert(tx, Guild(id=ELSEWHERE, rev=0, name="e", owner_id=OWNER, roles={}, channels={}))
        await roles.insert(tx, ELSEWHERE, Role(id=ELSEWHERE, name="@everyone", permissions=0, position=0))
        await members.insert(tx, Member(guild_id=ELSEWHERE, user_id=ANNA, joined_at=1))
        await emojis.insert(tx, ELSEWHERE, Emoji(id=FOREIGN, name="foreign", user_id=OWNER))
        await emojis.insert(tx, ELSEWHERE, Emoji(id=CLOSED, name="closed", user_id=OWNER, roles=(5,)))

    await c.change(work)
    return int((await c.send(BEN))["id"])


def test_a_guilds_own_emoji_is_reacted_with_and_known_by_its_id(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = await furnish(c)
        await c.reactions.add(actor(ANNA), GENERAL, message_id, f"a:party:{PARTY}")
        added = msgspec.json.decode(c.told[-1].data)
        assert added["emoji"] == {"id": str(PARTY), "name": "party", "animated": True}

        async def rename(tx: Connection) -> None:
            await emojis.update(tx, Emoji(id=PARTY, name="feast", user_id=OWNER, animated=True))

        await c.change(rename)
        since = len(c.told)
        await c.reactions.add(actor(ANNA), GENERAL, message_id, f"feast:{PARTY}")
        assert c.events(since) == []
        await c.reactions.add(actor(BEN), GENERAL, message_id, f"feast:{PARTY}")
        (shown,) = (await c.get(BEN, message_id))["reactions"]
        assert (shown["count"], shown["me"]) == (2, True)
        assert shown["emoji"] == added["emoji"]
        users = await c.reactions.users(actor(ANNA), GENERAL, message_id, f"x:{PARTY}")
        assert [user.id for user in users] == [ANNA, BEN]
        await c.reactions.remove(actor(BEN), GENERAL, message_id, f"x:{PARTY}", BEN)
        assert msgspec.json.decode(c.told[-1].data)["emoji"] == added["emoji"]
        await c.reactions.clear_emoji(actor(OWNER), GENERAL, message_id, f"x:{PARTY}")
        assert c.told[-1].event == "MESSAGE_REACTION_REMOVE_EMOJI"
        assert "reactions" not in await c.get(BEN, message_id)

    live(tmp_path, story)


def test_an_emoji_for_some_roles_is_unknown_to_others(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = await furnish(c)
        with pytest.raises(Unknown, match="unknown_emoji"):
            await c.reactions.add(actor(ANNA), GENERAL, message_id, f"private:{PRIVATE}")

        async def help_out(tx: Connection) -> None:
            await members.update(tx, Member(guild_id=GUILD, user_id=ANNA, joined_at=1, roles=(HELPERS,)))

        await c.change(help_out)
        await c.reactions.add(actor(ANNA), GENERAL, message_id, f"private:{PRIVATE}")
        await c.reactions.add(actor(BEN), GENERAL, message_id, f"private:{PRIVATE}")

    live(tmp_path, story)


def test_another_guilds_emoji_is_for_its_members_who_may_use_it_here(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = await furnish(c)
        for user_id, emoji in ((BEN, f"foreign:{FOREIGN}"), (ANNA, f"closed:{CLOSED}")):
            with pytest.raises(Unknown, match="unknown_emoji"):
                await c.reactions.add(actor(user_id), GENERAL, message_id, emoji)
        await c.overwrite(general(), deny(GUILD, permissions.USE_EXTERNAL_EMOJIS))
        with pytest.raises(Forbidden, match="missing_permissions"):
            await c.reactions.add(actor(ANNA), GENERAL, message_id, f"foreign:{FOREIGN}")
        await c.overwrite(general())
        await c.reactions.add(actor(ANNA), GENERAL, message_id, f"foreign:{FOREIGN}")
        await c.reactions.add(actor(BEN), GENERAL, message_id, f"foreign:{FOREIGN}")

    live(tmp_path, story)


def test_joining_a_guilds_emoji_needs_no_permission_and_a_new_one_does(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = await furnish(c)
        await c.overwrite(general(), deny(GUILD, permissions.ADD_REACTIONS))
        with pytest.raises(Forbidden, match="missing_permissions"):
            await c.reactions.add(actor(ANNA), GENERAL, message_id, f"party:{PARTY}")
        await c.reactions.add(actor(OWNER), GENERAL, message_id, f"party:{PARTY}")
        await c.reactions.add(actor(ANNA), GENERAL, message_id, f"party:{PARTY}")

    live(tmp_path, story)


def test_what_was_reacted_with_outlives_its_emoji(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = await furnish(c)
        await c.reactions.add(actor(ANNA), GENERAL, message_id, f"party:{PARTY}")
        await c.change(lambda tx: emojis.delete(tx, PARTY))
        (shown,) = (await c.get(BEN, message_id))["reactions"]
        assert shown["emoji"] == {"id": str(PARTY), "name": "party", "animated": True}
        await c.reactions.remove(actor(ANNA), GENERAL, message_id, f"party:{PARTY}", ANNA)
        assert "reactions" not in await c.get(BEN, message_id)

    live(tmp_path, story)
