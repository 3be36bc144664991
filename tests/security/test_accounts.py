"""Passwords that are guessed by who is logged in, and searches by who does not stop."""

from __future__ import annotations

from pathlib import Path

from tests.api.door import PASSWORD, Door
from tests.api.test_limits import limit, limited


def test_whoever_found_a_token_guesses_no_password_with_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await limit(door)
        guesses = [await anna.ask("POST", "/users/@me/delete", {"password": f"guess {n}"}) for n in range(3)]
        renames = [await anna.ask("PATCH", "/users/@me", {"username": "eve", "password": f"{n}"}) for n in range(2)]
        assert {each.status_code for each in (*guesses, *renames)} == {400}
        for method, path in (("POST", "/users/@me/delete"), ("PATCH", "/users/@me")):
            assert (await anna.ask(method, path, {"username": "eve", "password": PASSWORD})).status_code == 429
        door.now_ms += 60_000
        assert (await anna.ask("POST", "/users/@me/delete", {"password": PASSWORD})).status_code == 204

    limited(tmp_path, story)


def test_nobody_searches_all_the_time_wherever_they_do(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guilds = [await anna.guild(f"guild{number}") for number in range(3)]
        await limit(door)
        answers = []
        for guild in guilds:
            door.now_ms += 1000
            answers += [(await anna.ask("GET", f"/guilds/{guild['id']}/messages/search")).status_code for _ in range(6)]
        assert answers == [200] * 5 + [429] + [200] * 5 + [429] * 7

    limited(tmp_path, story)
