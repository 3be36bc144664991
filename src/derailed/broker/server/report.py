"""What the broker says of itself: INFO for its clients, metrics for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from derailed.broker.server.commands.about import VERSION_WE_ARE_LIKE

if TYPE_CHECKING:
    from derailed.broker.server.server import Server

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
Metric = CounterMetricFamily | GaugeMetricFamily


class Report:
    """Reads the server's counters."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def info(self, wanted: set[str]) -> str:
        """Redis's INFO, of the sections wanted; all when none is."""
        everything = not wanted or wanted & {"all", "default", "everything"}
        parts = [
            f"# {name.capitalize()}\r\n" + "".join(f"{key}:{value}\r\n" for key, value in facts.items())
            for name, facts in self._sections().items()
            if everything or name in wanted
        ]
        return "\r\n".join(parts)

    def _sections(self) -> dict[str, dict[str, object]]:
        server = self._server
        return {
            "server": {
                "redis_version": VERSION_WE_ARE_LIKE,
                "redis_mode": "standalone",
                "server_name": "derailed",
                "run_id": server.run_id,
                "process_id": os.getpid(),
                "uptime_in_seconds": int(server.clock() - server.began),
            },
            "clients": {
                "connected_clients": len(server.connections),
                "maxclients": server.limits.clients,
                "pubsub_channels": len(server.channels),
                "topics_heard": sum(len(each.listeners) for each in server.namespaces),
            },
            "memory": {"used_memory_rss": _rss(), "maxmemory": 0, "maxmemory_policy": "noeviction"},
            "persistence": {"loading": 0},
            "stats": {
                "total_connections_received": server.accepted,
                "rejected_connections": server.turned_away,
                "total_commands_processed": server.commands,
                "published": server.published,
                "slow_subscribers_dropped": server.dropped,
            },
            "replication": {"role": "master", "connected_slaves": 0},
            "cluster": {"cluster_enabled": 0},
            "filters": _filters(server),
            "namespaces": {
                each.name: f"level={each.level},head={each.log.head},horizon={each.log.horizon},"
                f"epoch={each.log.epoch},full={int(bool(each.full))}"
                for each in server.namespaces
            },
        }

    def registry(self) -> CollectorRegistry:
        """The metrics, read when they are asked for."""
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        registry.register(_Collector(self._server))
        return registry


class _Collector(Collector):
    def __init__(self, server: Server) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        server = self._server
        for name, text, value in (
            ("commands", "Commands done.", server.commands),
            ("published", "Messages published that somebody heard.", server.published),
            ("connections", "Clients that came.", server.accepted),
            ("turned_away", "Clients that found the broker full.", server.turned_away),
            ("dropped", "Subscribers that were too slow.", server.dropped),
        ):
            yield CounterMetricFamily(f"derailed_broker_{name}", text, value=value)
        errors = CounterMetricFamily("derailed_broker_filter_errors", "Calls that failed.", labels=["library"])
        ends = CounterMetricFamily("derailed_broker_filter_ends", "Processes that had to end.", labels=["library"])
        for library in server.filters.standings():
            name = f"{{{library.namespace}}}{library.name}"
            errors.add_metric([name], library.errors)
            ends.add_metric([name], library.ends)
        yield from (errors, ends)
        yield GaugeMetricFamily("derailed_broker_clients", "Clients there now.", value=len(server.connections))
        heads = GaugeMetricFamily("derailed_broker_head", "The last offset.", labels=["namespace"])
        horizons = GaugeMetricFamily("derailed_broker_horizon", "Up to it all is trimmed.", labels=["namespace"])
        heard = GaugeMetricFamily("derailed_broker_topics_heard", "Topics with listeners.", labels=["namespace"])
        full = GaugeMetricFamily("derailed_broker_refuses_appends", "The disk is full.", labels=["namespace"])
        for each in server.namespaces:
            heads.add_metric([each.name], each.log.head)
            horizons.add_metric([each.name], each.log.horizon)
            heard.add_metric([each.name], len(each.listeners))
            full.add_metric([each.name], bool(each.full))
        yield from (heads, horizons, heard, full)


def _filters(server: Server) -> dict[str, object]:
    libraries = server.filters.standings()
    return {
        "filter_libraries": len(libraries),
        "filter_libraries_resting": sum(each.paused for each in libraries),
        "filter_errors": sum(each.errors for each in libraries),
        "filter_ends": sum(each.ends for each in libraries),
    }


def text(registry: CollectorRegistry) -> bytes:
    """Prometheus' format."""
    return generate_latest(registry)


def _rss() -> int:
    """Bytes of memory in use; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * _PAGE if statm.exists() else 0
