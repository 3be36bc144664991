"""The sync law for the end of an account: what a guild and a friend knew, with what they are told, is what is left."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.api.door import PASSWORD, Door, swept, visit
from tests.test_sync_law import _apply, _scene, _snapshot, _state


def test_old_snapshot_and_the_events_of_an_accounts_end_make_the_new_snapshot(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        scene = await _scene(door)
        door.now_ms += 1000
        before = _state(await _snapshot(scene))
        since = len(door.records)
        await scene.ben.do("POST", "/users/@me/delete", {"password": PASSWORD})
        await swept(door)
        for topic, record in door.records[since:]:
            if topic == f"guild:{scene.guild}":
                _apply(before, record)
        assert before == _state(await _snapshot(scene))

    visit(tmp_path, story)


def test_old_friends_and_the_events_of_an_accounts_end_make_the_new_friends(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        for other in (ben, cleo):
            await anna.do("PUT", f"/users/@me/relationships/{other.id}", {})
            await other.do("PUT", f"/users/@me/relationships/{anna.id}", {})
        known = {each["id"]: each for each in await anna.get("/users/@me/relationships")}
        since = len(door.records)
        await ben.do("POST", "/users/@me/delete", {"password": PASSWORD})
        await swept(door)
        for topic, record in door.records[since:]:
            if topic == f"user:{anna.id}":
                assert record.event == "RELATIONSHIP_REMOVE"
                del known[msgspec.json.decode(record.data)["id"]]
        assert known == {each["id"]: each for each in await anna.get("/users/@me/relationships")}

    visit(tmp_path, story)


def test_old_notes_and_profile_and_what_ones_sessions_are_told_make_the_new_ones(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        for other in (ben, cleo):
            await anna.do("PUT", f"/users/@me/notes/{other.id}", {"note": "old"})
        kept = await anna.get("/users/@me/notes")
        said = (await anna.get(f"/users/{anna.id}/profile"))["user_profile"]
        since = len(door.records)
        await anna.do("PUT", f"/users/@me/notes/{ben.id}", {"note": "new"})
        await anna.do("PUT", f"/users/@me/notes/{cleo.id}", {"note": ""})
        await anna.do("PATCH", "/users/@me/profile", {"bio": "trains", "accent_color": 7})
        for topic, record in door.records[since:]:
            assert topic == f"user:{anna.id}"
            told = msgspec.json.decode(record.data)
            if record.event == "USER_PROFILE_UPDATE":
                said = told
            else:
                kept[told["id"]] = told["note"]
        assert {key: note for key, note in kept.items() if note} == await anna.get("/users/@me/notes")
        assert said == (await anna.get(f"/users/{anna.id}/profile"))["user_profile"]

    visit(tmp_path, story)
