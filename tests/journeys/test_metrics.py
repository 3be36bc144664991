"""What is counted is what happened: of one process, and of many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.journeys.deployment import Deployment
from tests.journeys.people import register
from tests.journeys.place import Place, run
from tests.journeys.server import Server, ask
from tests.journeys.sockets import Socket
from tests.journeys.split import Split

pytestmark = pytest.mark.slow

MESSAGES = "/channels/{channel_id}/messages"
COUNTED_WITHIN_S = 20
Numbers = Callable[..., float]


def numbers(server: Deployment) -> Numbers:
    """What all processes say now, summed: ask it for a name and labels."""
    ports = [part.port for part in server.parts] if isinstance(server, Split) else [int(server.url.rpartition(":")[2])]
    samples = []
    for port in ports:
        status, text = ask(f"http://127.0.0.1:{port}/metrics")
        assert status == 200
        samples += [each for family in text_string_to_metric_families(text) for each in family.samples]

    def found(name: str, **labels: str) -> float:
        fits = [
            each.value for each in samples if each.name == f"derailed_{name}" and labels.items() <= each.labels.items()
        ]
        return sum(fits)

    return found


async def counted(server: Deployment, true: Callable[[Numbers], bool]) -> Numbers:
    """The numbers once that is so: some follow a moment later."""
    async with asyncio.timeout(COUNTED_WITHIN_S):
        while True:
            found = await asyncio.to_thread(numbers, server)
            if true(found):
                return found
            await asyncio.sleep(0.05)


def test_messages_and_who_hears_them_are_counted(own_place: Place) -> None:
    place, server = own_place, own_place.server

    async def journey() -> None:
        before = numbers(server)
        async with place.socket() as anna, place.socket("zlib-stream") as ben, place.socket("zstd-stream") as bot:
            await anna.identify(place.anna)
            await ben.identify(place.ben)
            await bot.identify(place.bot, intents=1 << 9)
            live = await counted(server, lambda now: now("gateway_sessions", state="live") == 3)
            assert (live("gateway_sockets"), live("gateway_identified_total")) == (3, 3)
            assert live("presence_users") == live("presence_sessions") == 3
            assert live("members_kept") >= 3
            said = [place.say(f"number {number}") for number in range(20)]
            for socket in (anna, ben, bot):
                while socket.messages() != said:
                    await socket.receive()
            after = await counted(
                server, lambda now: now("gateway_deliveries_total") >= live("gateway_deliveries_total") + 60
            )

            def more(name: str, **labels: str) -> float:
                return after(name, **labels) - before(name, **labels)

            assert more("messages_total") == 20
            assert more("http_requests_total", method="POST", route=MESSAGES, status="2xx") == 20
            assert more("http_request_seconds_count", method="POST", route=MESSAGES) == 20
            assert more("http_request_seconds_sum", method="POST", route=MESSAGES) > 0
            assert after("gateway_sent_bytes_total") > live("gateway_sent_bytes_total") + 60 * 100
            assert more("gateway_events_total") >= 20
            assert more("store_commit_seconds_count") > 0
            assert more("store_group_writes_sum") >= 20
            assert after("store_read_seconds_count") > 0
            assert after("store_size_bytes") > 100_000
            assert (after("store_up") > 0, after("store_groups_refused_total")) == (True, 0)
        gone = await counted(server, lambda now: now("gateway_sockets") == now("outbox_rows") == 0)
        assert gone("bus_appended_total") >= 20
        assert gone("bus_lag_seconds") < COUNTED_WITHIN_S
        assert gone("bus_offset") > before("bus_offset")

    run(journey())


def test_a_direct_message_is_one_however_many_hear_of_it(own_place: Place) -> None:
    place = own_place
    before = numbers(place.server)
    channel = place.anna.call("POST", "/users/@me/channels", {"recipient_id": str(place.ben.id)})["id"]
    for number in range(3):
        place.anna.send(int(channel), f"secret {number}")
    after = numbers(place.server)
    assert after("messages_total") - before("messages_total") == 3
    assert after("events_emitted_total") - before("events_emitted_total") >= 6


def test_resumes_are_counted_whole_and_refused(own_place: Place) -> None:
    place, server = own_place, own_place.server

    async def journey() -> None:
        async with place.socket() as anna:
            ready = await anna.identify(place.anna)
            await anna.whole(place.anna, place.guild.general)
            anna.lose()
        place.say("missed")
        async with Socket(server) as again:
            await again.resume(place.anna, ready["session_id"], anna.sequence)
            await again.until("RESUMED")
            async with Socket(server) as forged:
                await forged.resume(place.anna, "x" + ready["session_id"], anna.sequence)
                assert (await forged.op(9))["d"] is False
            now = await counted(server, lambda now: now("gateway_resumes_total", outcome="whole") == 1)
            assert now("gateway_resumes_total", outcome="refused") == 1
            assert now("presence_flaps_total") == 1
            assert now("gateway_slow_cut_total") == 0

    run(journey())


def test_what_comes_too_often_is_counted_and_what_no_route_is_for(tmp_path: Path) -> None:
    with Server(tmp_path / "data", DERAILED_RATE_LIMITS="0.1") as server:
        with register(server, "anna") as anna:
            statuses = [anna.status("GET", "/users/@me") for _ in range(30)]
        with httpx.Client(base_url=server.api) as client:
            for path in ("/nothing/1", "/nothing/2"):
                assert client.get(path).status_code in (404, 429)
        now = numbers(server)
    assert 429 in statuses
    assert now("http_rate_limited_total", method="GET", route="/users/@me") == statuses.count(429)
    assert now("http_requests_total", method="GET", route="/users/@me", status="2xx") == statuses.count(200)
    assert now("http_requests_total", method="other", route="other") == 2


def test_streams_between_processes_are_counted_and_that_they_were_lost(tmp_path: Path) -> None:
    with Split(tmp_path / "data") as split:

        async def journey() -> None:
            # Two nodes and the members' service have one to presence, the nodes one to the members' service.
            first = await counted(split, lambda now: now("grpc_streams", service="presence") == 3)
            assert first("grpc_streams", service="members") == 2
            assert first("presence_nodes") == 3
            split.presence.restart()
            again = await counted(split, lambda now: now("grpc_reconnects_total", service="presence") == 3)
            assert again("grpc_reconnects_total", service="members") == 0

        run(journey())
