"""The audit log: who did what to whom, why, and what changed by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from derailed.model.permissions import VIEW_AUDIT_LOG
from derailed.wire import limits
from derailed.wire.audit import Action
from tests.api.door import Door, Person, visit
from tests.api.pictures import data_uri, png
from tests.api.test_members import code_of, crew

DAY_MS = 86_400_000


async def entries(person: Person, path: str, query: str = "") -> list[dict[str, Any]]:
    """A page of the log."""
    found: list[dict[str, Any]] = (await person.get(f"{path}/audit-logs{query}"))["audit_log_entries"]
    return found


def changes(entry: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What it says was changed: old and new by key."""
    return {each["key"]: (each.get("old_value"), each.get("new_value")) for each in entry.get("changes", ())}


def test_the_log_says_who_did_what_to_whom_and_why(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, sam, path, _, _ = await crew(door)
        reason = {"x-audit-log-reason": "too loud / zu laut: %F0%9F%93%A2"}
        await ben.ask("PATCH", f"{path}/members/{sam.id}", {"nick": "hush"}, headers=reason)
        page = await anna.get(f"{path}/audit-logs?limit=1")
        (entry,) = page.pop("audit_log_entries")
        assert entry == {
            "id": entry["id"],
            "user_id": ben.id,
            "target_id": sam.id,
            "action_type": 24,
            "changes": [{"key": "nick", "new_value": "hush"}],
            "reason": "too loud / zu laut: 📢",
        }
        assert [each["username"] for each in page.pop("users")] == ["ben", "sam"]
        assert set(map(tuple, page.values())) == {()}
        topic, record = door.records[-1]
        told = msgspec.json.decode(record.data)
        assert (topic.split(":")[0], record.event) == ("guild", "GUILD_AUDIT_LOG_ENTRY_CREATE")
        assert told == {**entry, "guild_id": path.split("/")[-1]}

    visit(tmp_path, story)


def test_a_reason_is_read_however_it_was_written_and_refused_when_it_is_too_long(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, sam, path, _, _ = await crew(door)

        async def kept(header: bytes) -> Any:
            await anna.ask("PUT", f"{path}/bans/{sam.id}", headers={"x-audit-log-reason": header})
            reason = (await anna.get(f"{path}/bans/{sam.id}"))["reason"]
            await anna.ask("DELETE", f"{path}/bans/{sam.id}")
            return reason

        assert await kept(b"plain words / and more") == "plain words / and more"
        assert await kept("schön".encode()) == "schön"
        assert await kept(b"%zz %ff %00") == "%zz \ufffd"
        assert await kept(b"%20") is None
        assert await kept(b"x" * 512) == "x" * 512
        assert await kept(b"%C3%A4" * 512) == "ä" * 512
        answer = await anna.ask("PUT", f"{path}/bans/{sam.id}", headers={"x-audit-log-reason": "x" * 513})
        assert (answer.status_code, answer.json()["code"]) == (400, 50035)
        assert await code_of(anna, "GET", f"{path}/bans/{sam.id}") == 10026

    visit(tmp_path, story)


def test_what_changed_is_said_key_by_key(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, _, path, low, _ = await crew(door)
        (general,) = await anna.get(f"{path}/channels")
        channel = f"/channels/{general['id']}"

        async def last(method: str, where: str, body: Any = None) -> dict[str, tuple[Any, Any]]:
            await anna.do(method, where, body)
            return changes((await entries(anna, path, "?limit=1"))[0])

        assert await last("PATCH", path, {"name": "terminus", "description": "the end"}) == {
            "name": ("station", "terminus"),
            "description": (None, "the end"),
        }
        assert await last("PATCH", channel, {"topic": "trains", "nsfw": True}) == {
            "topic": (None, "trains"),
            "nsfw": (False, True),
        }
        assert await last("PATCH", f"{path}/roles/{low}", {"permissions": "8", "hoist": True}) == {
            "permissions": (str((1 << 1) + (1 << 27) + (1 << 28) + (1 << 40)), "8"),
            "hoist": (False, True),
        }
        assert await last("DELETE", f"{path}/members/{ben.id}/roles/{low}") == {
            "$remove": (None, [{"id": low, "name": "low"}])
        }
        until = "2024-07-04T06:20:00+00:00"
        assert await last("PATCH", f"{path}/members/{ben.id}", {"communication_disabled_until": until}) == {
            "communication_disabled_until": (None, "2024-07-04T06:20:00.000000+00:00")
        }
        made = await last("POST", f"{channel}/invites", {"max_uses": 3})
        assert made["max_uses"] == (None, 3)
        assert made["inviter_id"] == (None, anna.id)
        gone = await last("DELETE", f"{path}/roles/{low}")
        assert gone["name"] == ("low", None)
        since = len(door.records)
        await anna.do("PATCH", path, {"name": "terminus"})
        assert door.told(since) == []

    visit(tmp_path, story)


def test_an_overwrite_that_was_changed_with_its_channel_has_an_entry_of_its_own(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, sam, path, low, _ = await crew(door)
        (general,) = await anna.get(f"{path}/channels")
        channel = f"/channels/{general['id']}"
        await anna.do("PUT", f"{channel}/permissions/{low}", {"type": 0, "allow": "1024"})
        overwrites = [{"id": low, "type": 0, "deny": "1024"}, {"id": sam.id, "type": 1, "allow": "2048"}]
        await anna.do("PATCH", channel, {"name": "platform", "permission_overwrites": overwrites})
        await anna.do("DELETE", f"{channel}/permissions/{sam.id}")
        found = await entries(anna, path, "?limit=5")
        assert [each["action_type"] for each in found] == [15, 14, 13, 11, 13]
        assert {each["target_id"] for each in found} == {general["id"]}
        assert found[1]["options"] == {"id": low, "type": "0", "role_name": "low"}
        assert changes(found[1]) == {"allow": ("1024", "0"), "deny": ("0", "1024")}
        assert found[0]["options"] == {"id": sam.id, "type": "1"}
        assert changes(found[3]) == {"name": ("general", "platform")}

    visit(tmp_path, story)


def test_the_log_is_paged_and_filtered_by_user_and_action(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, sam, path, low, _ = await crew(door)
        everything = await entries(anna, path, "?limit=100")
        ids = [each["id"] for each in everything]
        assert ids == sorted(ids, key=int, reverse=True)
        await ben.do("PATCH", f"{path}/members/{sam.id}", {"nick": "hush"})
        (only,) = await entries(anna, path, f"?user_id={ben.id}")
        assert only["action_type"] == 24
        assert [each["action_type"] for each in await entries(anna, path, "?action_type=30")] == [30, 30]
        assert await entries(anna, path, f"?user_id={ben.id}&action_type=30") == []
        assert [each["id"] for each in await entries(anna, path, f"?before={ids[0]}&limit=2")] == ids[1:3]
        assert [each["id"] for each in await entries(anna, path, "?after=0&limit=2")] == ids[:-3:-1]
        assert [each["id"] for each in await entries(anna, path, f"?after={ids[2]}&limit=2")] == [ids[1], ids[0]]
        assert [each["id"] for each in await entries(anna, path, f"?after={ids[2]}&before={ids[0]}")] == [ids[1]]
        for query in ("limit=0", "limit=101", "before=x", "action_type=x"):
            assert await code_of(anna, "GET", f"{path}/audit-logs?{query}") == 50035
        assert await code_of(ben, "GET", f"{path}/audit-logs") == 50013
        await anna.do("PATCH", f"{path}/roles/{low}", {"permissions": str(VIEW_AUDIT_LOG)})
        assert len(await entries(ben, path)) == len(everything) + 2

    visit(tmp_path, story)


def test_the_log_forgets_what_is_old(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, sam, path, _, _ = await crew(door)
        assert len(await entries(anna, path)) > 1
        door.now_ms += limits.AUDIT_LOG_MS + DAY_MS
        assert await entries(anna, path) == []
        for nick in "abcdefgh":
            await anna.do("PATCH", f"{path}/members/{sam.id}", {"nick": nick})
        kept = await door.store.read(lambda tx: tx.fetch("SELECT id FROM audit_log"))
        assert len(kept) == len(await entries(anna, path)) == 8

    visit(tmp_path, story)


def test_every_verb_that_is_audited_leaves_its_entry(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, sam, path, _, _ = await crew(door)
        guild = path.split("/")[-1]
        (general,) = await anna.get(f"{path}/channels")
        channel = f"/channels/{general['id']}"
        bot = await door.bot(anna)
        said = [await sam.do("POST", f"{channel}/messages", {"content": f"{number}"}) for number in range(4)]
        ids = [each["id"] for each in said]
        done: list[Action] = []

        async def do(action: Action, method: str, where: str, body: Any = None) -> Any:
            answer = await anna.do(method, where, body)
            done.append(action)
            found = [each for each in await entries(anna, path, "?limit=3") if each["action_type"] == action]
            assert found, action.name
            assert found[0]["user_id"] == anna.id
            return answer

        await do(Action.GUILD_UPDATE, "PATCH", path, {"name": "terminus"})
        made = await do(Action.CHANNEL_CREATE, "POST", f"{path}/channels", {"name": "platform"})
        await do(Action.CHANNEL_UPDATE, "PATCH", f"/channels/{made['id']}", {"name": "buffet"})
        for action, allow in ((Action.OVERWRITE_CREATE, "0"), (Action.OVERWRITE_UPDATE, "1024")):
            await do(action, "PUT", f"/channels/{made['id']}/permissions/{guild}", {"type": 0, "allow": allow})
        await do(Action.OVERWRITE_DELETE, "DELETE", f"/channels/{made['id']}/permissions/{guild}")
        await do(Action.CHANNEL_DELETE, "DELETE", f"/channels/{made['id']}")
        role = await do(Action.ROLE_CREATE, "POST", f"{path}/roles", {"name": "guard"})
        await do(Action.ROLE_UPDATE, "PATCH", f"{path}/roles/{role['id']}", {"name": "porter"})
        await do(Action.MEMBER_ROLE_UPDATE, "PUT", f"{path}/members/{sam.id}/roles/{role['id']}")
        await do(Action.ROLE_DELETE, "DELETE", f"{path}/roles/{role['id']}")
        await do(Action.MEMBER_UPDATE, "PATCH", f"{path}/members/{sam.id}", {"nick": "Sam"})
        authorize = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=0"
        await do(Action.BOT_ADD, "POST", authorize, {"guild_id": guild, "authorize": True})
        invite = await do(Action.INVITE_CREATE, "POST", f"{channel}/invites", {"unique": True})
        await do(Action.INVITE_DELETE, "DELETE", f"/invites/{invite['code']}")
        await do(Action.MESSAGE_PIN, "PUT", f"{channel}/messages/pins/{ids[0]}")
        await do(Action.MESSAGE_UNPIN, "DELETE", f"{channel}/messages/pins/{ids[0]}")
        await do(Action.MESSAGE_DELETE, "DELETE", f"{channel}/messages/{ids[0]}")
        await do(Action.MESSAGE_BULK_DELETE, "POST", f"{channel}/messages/bulk-delete", {"messages": ids[1:3]})
        webhook = await do(Action.WEBHOOK_CREATE, "POST", f"{channel}/webhooks", {"name": "clock"})
        await do(Action.WEBHOOK_UPDATE, "PATCH", f"/webhooks/{webhook['id']}", {"name": "bell"})
        page = await anna.ask("GET", f"{path}/audit-logs?limit=1")
        assert [each["name"] for each in page.json()["webhooks"]] == ["bell"]
        assert webhook["token"] not in page.text
        await do(Action.WEBHOOK_DELETE, "DELETE", f"/webhooks/{webhook['id']}")
        emoji = await do(Action.EMOJI_CREATE, "POST", f"{path}/emojis", {"name": "train", "image": data_uri(png(2, 2))})
        await do(Action.EMOJI_UPDATE, "PATCH", f"{path}/emojis/{emoji['id']}", {"name": "tram"})
        await do(Action.EMOJI_DELETE, "DELETE", f"{path}/emojis/{emoji['id']}")
        await do(Action.MEMBER_KICK, "DELETE", f"{path}/members/{ben.id}")
        await do(Action.MEMBER_BAN_ADD, "PUT", f"{path}/bans/{cleo.id}")
        await do(Action.MEMBER_BAN_REMOVE, "DELETE", f"{path}/bans/{cleo.id}")
        door.now_ms += 31 * DAY_MS
        await do(Action.MEMBER_PRUNE, "POST", f"{path}/prune", {"days": 1})
        assert set(done) == set(Action)

    visit(tmp_path, story)
