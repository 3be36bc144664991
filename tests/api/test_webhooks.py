"""Webhooks: who manages them, and what their token is good for."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.api import paths
from derailed.wire.limits import WEBHOOKS
from tests.api.door import Door, Person, visit
from tests.api.pictures import data_uri, png
from tests.api.test_messages import Talk, code_of, talk
from tests.api.test_pins import VIEW, guest

MANAGE_WEBHOOKS = 1 << 29


class Hook:
    """A webhook, and the one who made it in the first channel of their guild."""

    def __init__(self, door: Door, t: Talk, made: dict[str, Any]) -> None:
        self.door = door
        self.t = t
        self.made = made
        self.id: str = made["id"]
        self.token: str = made["token"]
        self.managed = f"/webhooks/{made['id']}"
        self.path = f"/webhooks/{made['id']}/{made['token']}"
        self.channel: str = t.guild["system_channel_id"]

    async def say(self, **body: Any) -> dict[str, Any]:
        """Execute it, as one who has no account."""
        answer = await self.door.ask("POST", f"{self.path}?wait=true", body)
        assert answer.status_code == 200, answer.text
        sent: dict[str, Any] = answer.json()
        return sent

    async def permit(self, person: Person, **overwrite: Any) -> None:
        """Allow or deny somebody something in the channel."""
        await self.t.person.do("PUT", f"/channels/{self.channel}/permissions/{person.id}", {"type": 1, **overwrite})


def hooked(folder: Path, story: Callable[[Hook], Awaitable[None]]) -> None:
    async def begin(door: Door) -> None:
        t = await talk(door)
        channel = t.guild["system_channel_id"]
        await story(Hook(door, t, await t.person.do("POST", f"/channels/{channel}/webhooks", {"name": " Gazette "})))

    visit(folder, begin)


def test_a_webhook_is_made_listed_changed_and_removed(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        person = hook.t.person
        assert re.fullmatch(r"[\w-]{64}", hook.made["token"])
        assert hook.made == {
            "id": hook.id,
            "type": 1,
            "guild_id": hook.t.guild["id"],
            "channel_id": hook.channel,
            "user": hook.made["user"],
            "name": "Gazette",
            "avatar": None,
            "token": hook.token,
            "application_id": None,
        }
        assert hook.made["user"]["id"] == person.id
        for path in (f"/channels/{hook.channel}/webhooks", f"/guilds/{hook.t.guild['id']}/webhooks"):
            assert await person.get(path) == [hook.made]
        assert await person.get(hook.managed) == hook.made
        assert (await person.do("PATCH", hook.managed, {"name": "Herald"})) == {**hook.made, "name": "Herald"}
        since = len(hook.door.records)
        await person.do("PATCH", hook.managed, {"name": "Herald", "avatar": None})
        assert hook.door.told(since) == []
        await person.do("DELETE", hook.managed)
        assert code_of(await person.ask("GET", hook.managed)) == (404, 10015)
        assert hook.door.told()[-2:] == ["WEBHOOKS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]

    hooked(tmp_path, story)


def test_its_token_is_enough_to_see_change_and_remove_a_webhook(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        nobody = hook.door
        known = (await nobody.ask("GET", hook.path)).json()
        assert known == {key: value for key, value in hook.made.items() if key != "user"}
        changed = await nobody.ask("PATCH", hook.path, {"name": "Herald", "channel_id": "5"})
        assert changed.json() == {**known, "name": "Herald"}
        assert hook.door.told()[-1] == "WEBHOOKS_UPDATE"
        assert (await nobody.ask("DELETE", hook.path)).status_code == 204
        assert code_of(await nobody.ask("GET", hook.path)) == (404, 10015)

    hooked(tmp_path, story)


def test_a_wrong_token_is_refused_and_a_wrong_id_is_unknown(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        sent = (await hook.say(content="x"))["id"]
        for wrong, expected in (
            (f"/webhooks/{hook.id}/{hook.token[:-1]}", (401, 50027)),
            (f"/webhooks/{hook.id}/nonsense", (401, 50027)),
            (f"/webhooks/{hook.id}/%C3%A9%00", (401, 50027)),
            (f"/webhooks/5/{hook.token}", (404, 10015)),
            (f"/webhooks/word/{hook.token}", (404, 10015)),
        ):
            for method, path, body in (
                ("GET", wrong, None),
                ("PATCH", wrong, {"name": "x"}),
                ("DELETE", wrong, None),
                ("POST", wrong, {"content": "x"}),
                ("GET", f"{wrong}/messages/{sent}", None),
                ("PATCH", f"{wrong}/messages/{sent}", {"content": "x"}),
                ("DELETE", f"{wrong}/messages/{sent}", None),
            ):
                assert code_of(await hook.door.ask(method, path, body)) == expected
        assert len(await hook.t.person.get(hook.t.path)) == 1

    hooked(tmp_path, story)


def test_webhooks_and_their_tokens_are_for_those_who_manage_them(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        ben = await guest(hook.door, hook.t)
        in_channel, in_guild = f"/channels/{hook.channel}/webhooks", f"/guilds/{hook.t.guild['id']}/webhooks"
        attempts = [
            ("GET", in_channel, None),
            ("GET", in_guild, None),
            ("POST", in_channel, {"name": "x"}),
            ("GET", hook.managed, None),
            ("PATCH", hook.managed, {"name": "x"}),
            ("DELETE", hook.managed, None),
        ]
        for method, path, body in attempts:
            answer = await ben.ask(method, path, body)
            assert code_of(answer) == (403, 50013)
            assert hook.token not in answer.text
        await hook.permit(ben, allow=MANAGE_WEBHOOKS)
        assert await ben.get(in_channel) == [hook.made]
        assert code_of(await ben.ask("GET", in_guild)) == (403, 50013)
        told = [record.data + (record.stripped or b"") for _, record in hook.door.records]
        assert all(hook.token.encode() not in data for data in told)
        log = await hook.t.person.ask("GET", f"/guilds/{hook.t.guild['id']}/audit-logs")
        assert hook.token not in log.text

    hooked(tmp_path, story)


def test_webhooks_of_hidden_channels_are_not_shown(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        ben = await guest(hook.door, hook.t)
        guild = hook.t.guild["id"]
        role = await hook.t.person.do("POST", f"/guilds/{guild}/roles", {"permissions": str(MANAGE_WEBHOOKS)})
        await hook.t.person.do("PUT", f"/guilds/{guild}/members/{ben.id}/roles/{role['id']}")
        assert await ben.get(f"/guilds/{guild}/webhooks") == [hook.made]
        for overwrite, code in (({"deny": VIEW}, 50001), ({"deny": MANAGE_WEBHOOKS}, 50013)):
            await hook.permit(ben, **overwrite)
            assert await ben.get(f"/guilds/{guild}/webhooks") == []
            for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
                assert code_of(await ben.ask(method, hook.managed, body)) == (403, code)
            assert code_of(await ben.ask("GET", f"/channels/{hook.channel}/webhooks")) == (403, code)
        stranger = await hook.door.register("sam")
        assert code_of(await stranger.ask("GET", hook.managed)) == (403, 50001)

    hooked(tmp_path, story)


def test_a_webhook_moves_only_to_where_one_manages_webhooks(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        person = hook.t.person
        ben = await guest(hook.door, hook.t, allow=MANAGE_WEBHOOKS)
        other = await person.do("POST", f"/guilds/{hook.t.guild['id']}/channels", {"name": "other"})
        assert code_of(await ben.ask("PATCH", hook.managed, {"channel_id": other["id"]})) == (403, 50013)
        hidden = {"type": 1, "deny": VIEW}
        await person.do("PUT", f"/channels/{other['id']}/permissions/{ben.id}", hidden)
        for unknown in (other["id"], "5"):
            assert code_of(await ben.ask("PATCH", hook.managed, {"channel_id": unknown})) == (404, 10003)
        elsewhere = await (await hook.door.register("sam")).guild()
        target = {"channel_id": elsewhere["system_channel_id"]}
        assert code_of(await person.ask("PATCH", hook.managed, target)) == (404, 10003)
        since = len(hook.door.records)
        moved = await person.do("PATCH", hook.managed, {"channel_id": other["id"]})
        assert moved == {**hook.made, "channel_id": other["id"]}
        assert hook.door.told(since) == ["WEBHOOKS_UPDATE", "WEBHOOKS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        assert (await hook.say(content="here"))["channel_id"] == other["id"]

    hooked(tmp_path, story)


def test_a_channel_has_so_many_webhooks(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        person, path = hook.t.person, f"/channels/{hook.channel}/webhooks"
        for number in range(WEBHOOKS - 1):
            await person.do("POST", path, {"name": str(number)})
        assert code_of(await person.ask("POST", path, {"name": "x"})) == (400, 30007)
        other = await person.do("POST", f"/guilds/{hook.t.guild['id']}/channels", {"name": "other"})
        made = await person.do("POST", f"/channels/{other['id']}/webhooks", {"name": "x"})
        target = {"channel_id": hook.channel}
        assert code_of(await person.ask("PATCH", f"/webhooks/{made['id']}", target)) == (400, 30007)

    hooked(tmp_path, story)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "\0", None])
def test_a_webhook_needs_a_name(tmp_path: Path, name: str | None) -> None:
    async def story(hook: Hook) -> None:
        path = f"/channels/{hook.channel}/webhooks"
        answer = await hook.t.person.ask("POST", path, {"name": name})
        assert code_of(answer) == (400, 50035)
        assert list(answer.json()["errors"]) == ["name"]
        if name is not None:
            for attempt in (
                hook.t.person.ask("PATCH", hook.managed, {"name": name}),
                hook.door.ask("PATCH", hook.path, {"name": name}),
            ):
                assert code_of(await attempt) == (400, 50035)

    hooked(tmp_path, story)


def test_webhooks_go_with_their_channel_and_guild(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        person = hook.t.person
        other = await person.do("POST", f"/guilds/{hook.t.guild['id']}/channels", {"name": "other"})
        made = await person.do("POST", f"/channels/{other['id']}/webhooks", {"name": "x"})
        await person.do("DELETE", f"/channels/{other['id']}")
        assert code_of(await person.ask("GET", f"/webhooks/{made['id']}")) == (404, 10015)
        await person.do("DELETE", f"/guilds/{hook.t.guild['id']}")
        assert code_of(await hook.door.ask("POST", hook.path, {"content": "x"})) == (404, 10015)

    hooked(tmp_path, story)


def test_a_webhook_is_logged_without_its_token(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        entry = msgspec.json.decode(hook.door.records[-1][1].data)
        assert (entry["action_type"], entry["target_id"]) == (50, hook.id)
        assert {each["key"] for each in entry["changes"]} >= {"name", "channel_id"}
        assert "token" not in {each["key"] for each in entry["changes"]}

    hooked(tmp_path, story)


def test_a_webhooks_token_is_left_out_of_the_log() -> None:
    assert paths.shape("/api/v10/webhooks/123/s3-cr_et/messages/5") == "/api/v…/webhooks/…/messages/…"
    assert paths.shape("/api/webhooks/123/s3-cr_et") == "/api/webhooks/…"


def test_a_webhook_shows_an_avatar_by_both_ways_in(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        picture = data_uri(png())
        shown = await hook.t.person.do("PATCH", hook.managed, {"avatar": picture})
        assert re.fullmatch(r"[0-9a-f]{32}", shown["avatar"])
        assert (await hook.say(content="x"))["author"]["avatar"] == shown["avatar"]
        other = (await hook.door.ask("PATCH", hook.path, {"avatar": picture})).json()
        assert other["avatar"] not in (None, shown["avatar"])
        assert (await hook.door.ask("PATCH", hook.path, {"name": "x"})).json()["avatar"] == other["avatar"]
        assert (await hook.door.ask("PATCH", hook.path, {"avatar": None})).json()["avatar"] is None
        answer = await hook.door.ask("PATCH", hook.path, {"avatar": "nonsense"})
        assert code_of(answer) == (400, 50035)
        assert list(answer.json()["errors"]) == ["avatar"]
        made = {"name": "y", "avatar": picture}
        assert (await hook.t.person.do("POST", f"/channels/{hook.channel}/webhooks", made))["avatar"]

    hooked(tmp_path, story)
