"""How many belong and how many are here, wherever an answer says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from derailed.presence import Announced, Status
from tests.api.door import Door, Person, visit

COUNTS = ("approximate_member_count", "approximate_presence_count")


def comes(door: Door, person: Person, *guilds: dict[str, Any], status: Status = "online") -> bytes:
    """Somebody has a session."""
    user_id, guild_ids = int(person.id), tuple(int(guild["id"]) for guild in guilds)
    session_id = user_id.to_bytes(16)
    door.presences.link("a").up(Announced(session_id, user_id, 1, guild_ids, status))
    return session_id


def test_who_is_not_offline_is_counted_wherever_members_are(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, dora = [await door.register(name) for name in ("anna", "ben", "cleo", "dora")]
        guild, other = await anna.guild(), await anna.guild("other")
        code = await anna.invite(guild)
        for person in (ben, cleo, dora):
            await person.join(code)
        comes(door, anna, guild, other)
        comes(door, ben, guild, status="dnd")
        comes(door, cleo, guild, status="invisible")
        of_guild = await anna.get(f"/guilds/{guild['id']}?with_counts=true")
        preview = await anna.get(f"/guilds/{guild['id']}/preview")
        invite = (await door.ask("GET", f"/invites/{code}?with_counts=true")).json()
        listed = await anna.get("/users/@me/guilds?with_counts=true")
        for shown in (of_guild, preview, invite, listed[0]):
            assert [shown[count] for count in COUNTS] == [4, 2]
        assert [listed[1][count] for count in COUNTS] == [1, 1]

    visit(tmp_path, story)


def test_nothing_is_counted_unless_it_is_asked(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        code = await anna.invite(guild)
        shown = [await anna.get(f"/guilds/{guild['id']}"), (await anna.get("/users/@me/guilds"))[0]]
        shown.append((await door.ask("GET", f"/invites/{code}")).json())
        assert not any(count in each for each in shown for count in COUNTS)

    visit(tmp_path, story)
