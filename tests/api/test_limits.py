"""How often one may ask: what is counted, for whom, and what an answer tells of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from derailed.api import app
from derailed.api.addresses import address_of
from derailed.api.buckets import Buckets
from derailed.api.entrance import Limiting
from derailed.limits.local import LocalLimits
from tests.api.door import PASSWORD, Door, Person, opened, served

PROXY = ip_network("10.0.0.0/8")
HOME = "203.0.113.7"


def limited(folder: Path, story: Callable[[Door], Awaitable[None]], scale: float = 1.0) -> None:
    """Run the story behind a door that limits, once people have come in by one that does not."""

    async def run() -> None:
        async with opened(folder) as door:
            limiting = Limiting(LocalLimits(lambda: door.now_ms), scale, (PROXY,), lambda: door.now_ms)
            door.limited = app.create(door.verbs, limiting=limiting)  # type: ignore[attr-defined]
            await story(door)

    asyncio.run(run())


async def limit(door: Door, address: str = HOME) -> None:
    """From now on requests are limited, and come from that address."""
    await door.client.aclose()
    transport = httpx.ASGITransport(served(door.limited), client=(address, 5000))  # type: ignore[attr-defined]
    door.client = httpx.AsyncClient(transport=transport, base_url="http://chat.example")


async def person_with_channel(door: Door) -> tuple[Person, str]:
    """Somebody, and the path of a channel's messages."""
    anna = await door.register("anna")
    channel = (await anna.guild())["system_channel_id"]
    await limit(door)
    return anna, f"/channels/{channel}/messages"


async def statuses(ask: Callable[[], Awaitable[httpx.Response]], count: int) -> list[int]:
    """How so many of these are answered."""
    return [(await ask()).status_code for _ in range(count)]


def test_an_answer_tells_what_is_left_and_a_refusal_when_to_come_back(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, path = await person_with_channel(door)
        opened_ms = door.now_ms
        for left in (4, 3, 2, 1, 0):
            sent = await anna.ask("POST", path, {"content": "x"})
            assert sent.status_code == 200
            assert sent.headers["x-ratelimit-limit"] == "5"
            assert sent.headers["x-ratelimit-remaining"] == str(left)
            assert float(sent.headers["x-ratelimit-reset"]) * 1000 == opened_ms + 5000
            assert float(sent.headers["x-ratelimit-reset-after"]) * 1000 == opened_ms + 5000 - door.now_ms
            door.now_ms += 100
        refused = await anna.ask("POST", path, {"content": "x"})
        assert refused.status_code == 429
        assert refused.json() == {"message": "You are being rate limited.", "retry_after": 4.5, "global": False}
        assert refused.headers["content-type"] == "application/json"
        assert refused.headers["retry-after"] == "5"
        assert refused.headers["via"]
        assert refused.headers["x-ratelimit-scope"] == "user"
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert refused.headers["x-ratelimit-bucket"] == sent.headers["x-ratelimit-bucket"]
        assert refused.headers["x-ratelimit-reset"] == sent.headers["x-ratelimit-reset"]
        assert "x-ratelimit-global" not in refused.headers
        door.now_ms += 4500
        again = await anna.ask("POST", path, {"content": "x"})
        assert (again.status_code, again.headers["x-ratelimit-remaining"]) == (200, "4")
        assert float(again.headers["x-ratelimit-reset"]) > float(sent.headers["x-ratelimit-reset"])

    limited(tmp_path, story)


def test_what_fails_costs_as_much_and_names_the_same_bucket(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, path = await person_with_channel(door)
        good = await anna.ask("POST", path, {"content": "x"})
        bad = await anna.ask("POST", path, {"content": ""})
        file = await anna.ask("POST", path, files={"payload_json": b"{"})
        assert [each.status_code for each in (bad, file)] == [400, 400]
        assert [each.headers["x-ratelimit-remaining"] for each in (good, bad, file)] == ["4", "3", "2"]
        assert len({each.headers["x-ratelimit-bucket"] for each in (good, bad, file)}) == 1

    limited(tmp_path, story)


def test_each_channel_and_each_account_has_its_own(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        ben = await door.register("ben")
        anna = await door.register("anna")
        guild = await anna.guild()
        other = (await anna.do("POST", f"/guilds/{guild['id']}/channels", {"name": "other"}))["id"]
        await ben.join(await anna.invite(guild))
        await limit(door)
        first = f"/channels/{guild['system_channel_id']}/messages"
        for person, path in ((anna, first), (anna, f"/channels/{other}/messages"), (ben, first)):
            assert await statuses(lambda p=person, w=path: p.ask("POST", w, {"content": "x"}), 6) == [200] * 5 + [429]  # type: ignore[misc]

    limited(tmp_path, story)


def test_a_second_token_is_no_second_budget(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, path = await person_with_channel(door)
        login = await door.ask("POST", "/auth/login", {"login": "anna", "password": PASSWORD})
        again = Person(door, login.json()["token"], anna.account)
        assert await statuses(lambda: anna.ask("POST", path, {"content": "x"}), 3) == [200] * 3
        assert await statuses(lambda: again.ask("POST", path, {"content": "x"}), 3) == [200, 200, 429]

    limited(tmp_path, story)


@pytest.mark.parametrize("spelling", ["/api/v9{}", "/api{}", "/api/v10{}/", "/api/v10/{}", "/api/v10{}?x=1"])
def test_another_spelling_of_a_path_is_no_second_budget(tmp_path: Path, spelling: str) -> None:
    async def story(door: Door) -> None:
        anna, path = await person_with_channel(door)
        assert await statuses(lambda: anna.ask("POST", path, {"content": "x"}), 5) == [200] * 5
        assert (await anna.ask("POST", spelling.format(path), {"content": "x"})).status_code == 429

    limited(tmp_path, story)


def test_nobody_asks_more_than_fifty_times_a_second_in_all(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _ = await person_with_channel(door)
        paths = ["/users/@me", "/users/@me/guilds", "/voice/regions", "/no/such/route"]
        found = [(await anna.ask("GET", paths[number % 4])).status_code for number in range(50)]
        assert set(found) == {200, 404}
        refused = await anna.ask("GET", "/users/@me")
        assert refused.status_code == 429
        assert refused.json()["global"] is True
        assert refused.headers["x-ratelimit-global"] == "true"
        assert refused.headers["x-ratelimit-scope"] == "global"
        assert refused.headers["x-ratelimit-bucket"]
        door.now_ms += 1000
        assert (await anna.ask("GET", "/users/@me")).status_code == 200

    limited(tmp_path, story)


def test_anonymous_calls_are_limited_by_address(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _ = await person_with_channel(door)
        assert await statuses(lambda: door.ask("GET", "/gateway"), 51) == [200] * 50 + [429]
        assert (await door.ask("GET", "/nothing")).status_code == 429
        assert (await door.ask("GET", "/users/@me", token="a.b")).status_code == 429
        assert (await anna.ask("GET", "/users/@me")).status_code == 200
        await limit(door, "203.0.113.8")
        assert (await door.ask("GET", "/gateway")).status_code == 200

    limited(tmp_path, story)


def test_passwords_are_guessed_slowly_by_an_address_and_for_an_account(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.register("anna")
        await door.register("ben")

        def guess(name: str) -> Callable[[], Awaitable[httpx.Response]]:
            return lambda: door.ask("POST", "/auth/login", {"login": name, "password": "wrong"})

        await limit(door)
        assert await statuses(guess("anna"), 6) == [400] * 5 + [429]
        await limit(door, "203.0.113.8")
        assert await statuses(guess(" ANNA"), 1) == [429]
        assert await statuses(guess("ben"), 5) == [400] * 5
        assert await statuses(guess("carl"), 5) == [400] * 4 + [429]
        door.now_ms += 60_000
        right = await door.ask("POST", "/auth/login", {"login": "anna", "password": PASSWORD})
        assert right.status_code == 200

    limited(tmp_path, story)


def test_accounts_are_made_slowly_by_an_address_also_by_who_has_one(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await limit(door)
        bodies = iter([{"username": f"sock{number}", "password": PASSWORD} for number in range(9)])
        assert await statuses(lambda: door.ask("POST", "/auth/register", next(bodies)), 3) == [201] * 3
        assert await statuses(lambda: anna.ask("POST", "/auth/register", next(bodies)), 3) == [201, 201, 429]

    limited(tmp_path, story)


def test_an_address_of_many_bad_tokens_is_not_heard_for_a_while(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        async def guess() -> int:
            door.now_ms += 1000  # faster than this it is limited as anonymous
            return (await door.ask("GET", "/users/@me", token="bad.token")).status_code

        anna, _ = await person_with_channel(door)
        begun_ms = door.now_ms
        assert [await guess() for _ in range(103)] == [401] * 101 + [429] * 2
        refused = await anna.ask("GET", "/users/@me")
        assert refused.status_code == 429
        assert refused.json()["retry_after"] == 600 - (door.now_ms - begun_ms - 1000) / 1000
        assert (await door.ask("GET", "/gateway")).status_code == 200
        door.now_ms += 600_000
        assert await guess() == 401
        assert (await anna.ask("GET", "/users/@me")).status_code == 200

    limited(tmp_path, story, scale=0.01)


def test_guessing_codes_of_invites_is_slow(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _ = await person_with_channel(door)
        assert await statuses(lambda: door.ask("GET", "/invites/guess"), 31) == [404] * 30 + [429]
        assert await statuses(lambda: anna.ask("GET", "/invites/guess"), 31) == [404] * 30 + [429]
        assert await statuses(lambda: anna.ask("POST", "/invites/guess"), 11) == [404] * 10 + [429]

    limited(tmp_path, story)


def test_a_webhook_has_one_budget_wherever_it_is_used_from_and_no_stranger_spends_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, path = await person_with_channel(door)
        made = await anna.do("POST", path.replace("/messages", "/webhooks"), {"name": "news"})
        webhook = f"/webhooks/{made['id']}"

        def say(token: str) -> Callable[[], Awaitable[httpx.Response]]:
            return lambda: door.ask("POST", f"{webhook}/{token}", {"content": "x"})

        assert await statuses(say("guess"), 6) == [401] * 5 + [429]
        assert await statuses(say(made["token"]), 3) == [204] * 3
        await limit(door, "203.0.113.8")
        assert await statuses(say(made["token"]), 3) == [204] * 2 + [429]

    limited(tmp_path, story)


def test_a_channel_is_renamed_twice_in_ten_minutes_and_changed_more_often(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, path = await person_with_channel(door)
        channel = path.removesuffix("/messages")
        assert (await anna.ask("PATCH", channel, {"name": "one"})).status_code == 200
        assert (await anna.ask("PATCH", channel, {"topic": "two"})).status_code == 200
        refused = await anna.ask("PATCH", channel, {"name": "three"})
        assert refused.status_code == 429
        assert refused.json()["retry_after"] == 600
        assert int(refused.headers["x-ratelimit-remaining"]) > 0  # so libraries know that it is not the bucket's
        assert (await anna.ask("PATCH", channel, {"name": "one", "topic": "two", "nsfw": True})).status_code == 200
        door.now_ms += 600_000
        assert (await anna.ask("PATCH", channel, {"name": "three"})).status_code == 200

    limited(tmp_path, story)


def test_a_scale_multiplies_every_rate(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, path = await person_with_channel(door)
        sent = await anna.ask("POST", path, {"content": "x"})
        assert sent.headers["x-ratelimit-limit"] == "10"
        assert await statuses(lambda: anna.ask("POST", path, {"content": "x"}), 10) == [200] * 9 + [429]

    limited(tmp_path, story, scale=2)


def test_every_route_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(app.ROUTES, 1)
    asked = [(str(method), path) for route in app.ROUTES for path in route.paths for method in route.http_methods]
    names = set()
    for method, path in asked:
        example = re.sub(r"\{\w+:(\w+)\}", lambda kind: "1" if kind[1] == "int" else "word", path)
        found = buckets.of(method, f"/api/v10{example}")
        assert found is not None, (method, path)
        names.add(found[0].name)
    assert len(names) == len(asked)


def test_another_spelling_of_a_number_is_no_second_budget() -> None:
    buckets = Buckets(app.ROUTES, 1)
    one, other = (buckets.of("POST", f"/api/v10/channels/{number}/messages") for number in ("7", "007"))
    assert one == other
    assert buckets.of("POST", "/api/v10/channels/٧/messages") is None


def test_what_is_no_route_has_none() -> None:
    buckets = Buckets(app.ROUTES, 1)
    for path in ("/", "/api", "/api/v10", "/api/v10/no/such/route", "/api/v10/channels/x/messages"):
        assert buckets.of("POST", path) is None


def scope(client: str, *forwarded: bytes) -> dict[str, Any]:
    return {"client": (client, 1), "headers": [(b"x-forwarded-for", value) for value in forwarded]}


def test_who_is_behind_a_proxy_is_believed_of_trusted_proxies_only() -> None:
    assert address_of(scope("198.51.100.1", b"203.0.113.7"), (PROXY,)) == "198.51.100.1"
    assert address_of(scope("10.0.0.1", b"203.0.113.7"), ()) == "10.0.0.1"
    assert address_of(scope("127.0.0.1", b"203.0.113.7"), (PROXY,)) == "127.0.0.1"
    assert address_of(scope("10.0.0.1", b"203.0.113.7"), (PROXY,)) == "203.0.113.7"
    assert address_of(scope("10.0.0.1", b"6.6.6.6, 203.0.113.7, 10.0.0.2"), (PROXY,)) == "203.0.113.7"
    assert address_of(scope("10.0.0.1", b"6.6.6.6", b"203.0.113.7"), (PROXY,)) == "203.0.113.7"
    assert address_of(scope("10.0.0.1", b"6.6.6.6, what, 10.0.0.2"), (PROXY,)) == "10.0.0.2"
    assert address_of(scope("10.0.0.1", b"what"), (PROXY,)) == "10.0.0.1"
    assert address_of(scope("10.0.0.1"), (PROXY,)) == "10.0.0.1"


def test_the_addresses_of_one_ipv6_network_are_one_and_a_mapped_one_is_the_ipv4_address() -> None:
    assert address_of(scope("2001:db8::1"), ()) == address_of(scope("2001:db8::ffff:1:2:3"), ())
    assert address_of(scope("2001:db8::1"), ()) != address_of(scope("2001:db8:0:1::1"), ())
    assert address_of(scope("fe80::1%eth0"), ()) == address_of(scope("fe80::2"), ())
    assert address_of(scope("::ffff:203.0.113.7"), ()) == "203.0.113.7"
    assert address_of({"client": None, "headers": []}, ()) == "local"


def test_a_limit_answer_is_an_object_that_libraries_can_read(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, path = await person_with_channel(door)
        await statuses(lambda: anna.ask("DELETE", f"{path}/1"), 5)
        refused = await anna.ask("DELETE", f"{path}/1")
        assert refused.status_code == 429
        assert isinstance(json.loads(refused.content)["retry_after"], float)

    limited(tmp_path, story)
