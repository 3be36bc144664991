"""What counts who is here does without those who know, if need be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from derailed.actions.guilds import Guilds
from derailed.actions.invites import Invites
from derailed.wire.requests import CreateInvite
from tests.actions.community import GENERAL, GUILD, OWNER, Community, actor, live
from tests.contracts.presences import client, services


def test_while_presence_is_down_the_count_is_0_and_the_rest_is_answered(tmp_path: Path) -> None:
    async def story(community: Community) -> None:
        async with services(1) as (addresses, (server,)), client(addresses) as presences:
            await server.stop()
            context = replace(community.context, presences=presences)
            guilds, invites = Guilds(context), Invites(context)
            found = await guilds.counted(actor(OWNER), GUILD)
            assert (found.guild.id, found.member_count, found.online) == (GUILD, 3, 0)
            code = (await invites.create(actor(OWNER), GENERAL, CreateInvite())).invite.code
            opened = await invites.get(code, counted=True)
            assert (opened.member_count, opened.online) == (3, 0)
            (listed,) = await guilds.own(actor(OWNER), before=None, after=0, limit=1, counted=True)
            assert (listed.member_count, listed.online) == (3, 0)

    live(tmp_path, story)
