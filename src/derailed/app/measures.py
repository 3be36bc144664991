"""What Prometheus is told, of each part that a process has. Everything is read when it is asked for, and only then."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from derailed import telemetry
from derailed.actions import tally
from derailed.telemetry import Metric, counter, counters, gauge, gauges, spread, spreads

if TYPE_CHECKING:
    from derailed.actions.publisher import Publisher
    from derailed.actions.tally import Tally
    from derailed.api.meter import Meter
    from derailed.gateway.service import Service
    from derailed.members import Members
    from derailed.members.keeper import Keeper
    from derailed.presence import Presences
    from derailed.presence.sessions import Census
    from derailed.store import Store

VERSION: Final = version("derailed")


class _Line(Protocol):
    up: bool
    found: int


@runtime_checkable
class _Remote(Protocol):
    """What is asked of services elsewhere."""

    @property
    def lines(self) -> Sequence[_Line]: ...


def of_build(service: str) -> None:
    """What runs here."""
    labels = {(VERSION, service, platform.python_version()): 1.0}
    telemetry.tell(
        lambda: [gauges("build_info", "1; the labels say what runs.", ("version", "service", "python"), labels)]
    )


def of_requests(meter: Meter) -> None:
    """What the API answered."""
    route = ("method", "route")

    def told() -> Iterator[Metric]:
        by_class = {
            (*key, status): float(count)
            for key, counted in meter.routes.items()
            for status, count in counted.by_class.items()
        }
        yield counters("http_requests", "Requests answered.", (*route, "status"), by_class)
        yield spreads("http_request_seconds", "How long an answer took.", route, meter.routes)
        limited = {
            key: float(counted.statuses[429]) for key, counted in meter.routes.items() if 429 in counted.statuses
        }
        yield counters("http_rate_limited", "Requests refused for coming too often.", route, limited)

    telemetry.tell(told)


def of_events(made: Tally, publisher: Publisher, store: Store, now_ms: Callable[[], int]) -> None:
    """What happened, and how far it has come."""
    waiting = (0, 0.0)

    async def look() -> None:
        nonlocal waiting
        waiting = await tally.waiting(store, now_ms())

    def told() -> Iterator[Metric]:
        yield counter("messages", "Messages that were sent.", made.messages)
        yield counter("events_emitted", "Records that were committed.", made.events)
        yield gauge("outbox_rows", "Records that the bus may not have yet.", waiting[0])
        yield gauge("outbox_age_seconds", "For how long the oldest of them has waited.", waiting[1])
        yield gauge("publisher_stuck", "1 while the bus or the database can not be reached.", publisher.is_stuck)
        yield counter("bus_appended", "Records that the bus has from here.", publisher.appended)
        yield gauge("bus_appended_offset", "The highest offset that one of them got.", publisher.offset)

    telemetry.tell(told, look)


def of_store(store: Store) -> None:
    """What the database did and has to do."""
    size = 0

    async def look() -> None:
        nonlocal size
        size = await store.size()

    def told() -> Iterator[Metric]:
        meter, load = store.meter, store.load()
        yield gauge("store_up", "1 while the database can be reached.", store.is_up)
        yield gauge("store_size_bytes", "What the database takes.", size)
        yield spread("store_commit_seconds", "How long a group of writes took until it was durable.", meter.commits)
        yield spread("store_group_writes", "Verbs that one commit served.", meter.writes)
        yield counter("store_groups_refused", "Groups that the database refused.", meter.refused)
        yield spread("store_read_seconds", "How long a read took, with its wait for its turn.", meter.reads)
        yield gauge("store_writes_waiting", "Verbs that wait for a group.", load.waiting)
        yield gauge("store_connections", "Connections to the database.", load.connections)
        yield gauge("store_connections_busy", "Those that are at work.", load.busy)

    telemetry.tell(told, look)


def of_gateway(service: Service) -> None:
    """What a node of the Gateway has and did."""
    hub = service.hub
    registry, traffic = hub.registry, hub.registry.traffic

    def told() -> Iterator[Metric]:
        stages = Counter(each.stage.name.lower() for each in registry.everyone())
        by_state = {(state,): float(stages[state]) for state in ("preparing", "live", "held")}
        yield gauge("gateway_sockets", "Sockets that are open.", service.sockets())
        yield gauges("gateway_sessions", "Sessions that are on this node.", ("state",), by_state)
        yield gauge("gateway_topics", "Topics that its sessions follow.", len(registry.topics))
        yield counter("gateway_events", "Records heard for its sessions.", traffic.events)
        yield counter("gateway_deliveries", "Events sent, each to one socket.", traffic.deliveries)
        yield counter("gateway_sent_bytes", "What its sockets were sent.", traffic.bytes)
        yield counter("gateway_identified", "Sessions that came in anew.", traffic.identified)
        resumes = {("whole",): float(traffic.resumed), ("refused",): float(traffic.resumes_refused)}
        yield counters("gateway_resumes", "Sessions that were taken up again, or not.", ("outcome",), resumes)
        yield counter("gateway_refused", "Sessions that had to start afresh.", traffic.refused)
        yield counter("gateway_slow_cut", "Sockets cut off because nobody read.", traffic.cut)
        yield gauge("bus_offset", "Up to it all records were handled here.", hub.cursor)
        yield gauge("bus_lag_seconds", "For how long records wait here.", service.lag_s)

    telemetry.tell(told, service.look)


def of_census(census: Callable[[], Census]) -> None:
    """Who is here, where that is known."""

    def told() -> Iterator[Metric]:
        now = census()
        yield gauge("presence_nodes", "Nodes that have a link.", now.nodes)
        yield gauge("presence_sessions", "Sessions that are known.", now.sessions)
        yield gauge("presence_users", "Users that have one.", now.users)
        yield counter("presence_flaps", "Sessions that lost their socket and came back in time.", now.flaps)
        yield counter("presence_changes", "How often a user looked different.", now.changes)

    telemetry.tell(told)


def of_keeper(keeper: Keeper) -> None:
    """Which members are in memory."""

    def told() -> Iterator[Metric]:
        guilds, members = keeper.census()
        yield gauge("members_guilds", "Guilds whose members are in memory.", guilds)
        yield gauge("members_kept", "Members in memory.", members)

    telemetry.tell(told)


def of_services(presences: Presences, members: Members | None = None) -> None:
    """Who is here and who belongs, if that is known in this process; else the streams to those who know."""
    from derailed.members.local import LocalMembers
    from derailed.presence.local import LocalPresences

    if isinstance(presences, LocalPresences):
        of_census(presences.census)
    if isinstance(members, LocalMembers):
        of_keeper(members.keeper)
    asked: dict[str, object] = {"presence": presences, "members": members}
    remote = {service: through for service, through in asked.items() if isinstance(through, _Remote)}
    if remote:
        _of_lines(remote)


def _of_lines(of: Mapping[str, _Remote]) -> None:
    def told() -> Iterator[Metric]:
        up, again = {}, {}
        for service, through in of.items():
            up[service,] = float(sum(line.up for line in through.lines))
            again[service,] = float(sum(max(line.found - 1, 0) for line in through.lines))
        yield gauges("grpc_streams", "Streams to services that are up.", ("service",), up)
        yield counters("grpc_reconnects", "How often one was there again.", ("service",), again)

    telemetry.tell(told)
