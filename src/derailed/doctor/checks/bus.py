"""What processes share beside the database: the bus, the limits, files, services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from derailed.doctor.checks import Check
from derailed.doctor.facts import Bus, Facts

_MEMORY: Final = 64 << 20
"""Less than this holds no five minutes of a busy evening."""
_NEARLY: Final = 0.9
_OLD: Final = (6,)
_APART_S: Final = 2.0
_NOTHING: Final = Bus()


def bus_unreachable(facts: Facts) -> Iterator[str]:
    """The bus's server can not be reached, or does not let us in."""
    if trouble := _seen(facts).trouble:
        yield trouble


def bus_cluster(facts: Facts) -> Iterator[str]:
    """It is a cluster, and one bus is one sequence."""
    if _seen(facts).info.get("cluster_enabled") == "1":
        yield "DERAILED_BUS_URL leads to a cluster: one bus is one sequence, which one server keeps"


def bus_evicts(facts: Facts) -> Iterator[str]:
    """It throws away keys when it is full."""
    policy = _seen(facts).info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield f"the bus's server evicts keys (maxmemory-policy {policy}), and events with them"


def bus_memory(facts: Facts) -> Iterator[str]:
    """It has too little memory, or hardly any left."""
    used, most = (_number(facts, name) for name in ("used_memory", "maxmemory"))
    if 0 < most < _MEMORY:
        yield f"the bus's server may use {most >> 20} MiB"
    elif most and used > _NEARLY * most:
        yield f"the bus's server uses {used >> 20} of its {most >> 20} MiB, and refuses events when it is full"


def bus_replica(facts: Facts) -> Iterator[str]:
    """It is a replica, which can not be written to."""
    if _seen(facts).info.get("role") == "slave":
        yield "DERAILED_BUS_URL leads to a replica, which takes no events"


def bus_old(facts: Facts) -> Iterator[str]:
    """It is older than the protocol that we speak."""
    version = _seen(facts).info.get("redis_version", "6")
    if tuple(int(part) for part in version.split(".")[:1] if part.isdigit()) < _OLD:
        yield f"the bus's server is like Redis {version}, and 6 is needed"


def bus_save_failed(facts: Facts) -> Iterator[str]:
    """It is to save its data and can not, which makes it refuse writes."""
    info = _seen(facts).info
    for name in ("rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status"):
        if info.get(name, "ok") != "ok":
            yield f"the bus's server can not save its data ({name} is {info[name]}), and may refuse events for it"


def bus_plain(facts: Facts) -> Iterator[str]:
    """The way to it leads through the world, and is neither encrypted nor locked."""
    if not _seen(facts).is_private:
        yield "the bus is reached through the world without TLS or without a password"


def bus_level(facts: Facts) -> Iterator[str]:
    """The broker's namespace acknowledges what is not on the disk."""
    if _seen(facts).level != "disk":
        yield f"the broker's namespace has level {_seen(facts).level}: what is acknowledged must be on the disk"


def bus_window(facts: Facts) -> Iterator[str]:
    """The broker's namespace forgets sooner than clients are to resume."""
    window_ms, wanted_s = _seen(facts).window_ms, facts.settings.resume_window_s
    if window_ms is not None and window_ms < 1000 * wanted_s:
        yield f"the broker's namespace keeps {window_ms // 1000} s, and clients are to resume for {wanted_s} s"


def clock_bus(facts: Facts) -> Iterator[str]:
    """This machine's clock and the bus's differ."""
    ahead_s = _seen(facts).ahead_s
    if abs(ahead_s) > _APART_S:
        which = "ahead of" if ahead_s > 0 else "behind"
        yield f"the clock of the bus is {abs(ahead_s):.0f} seconds {which} that of this machine"


def limits_unreachable(facts: Facts) -> Iterator[str]:
    """Rate limits can not be counted where they are to be."""
    if facts.limits:
        yield f"DERAILED_LIMITS_URL: {facts.limits}"


def blobs_unreachable(facts: Facts) -> Iterator[str]:
    """Files can not be read where they are to be kept."""
    if facts.blobs:
        yield f"DERAILED_BLOBS_URL: {facts.blobs}"


def service_silent(facts: Facts) -> Iterator[str]:
    """A presence or members service is named, and none answers there."""
    for at in facts.silent:
        yield f"{at.variable}: no service answers at {at.address} ({at.seen})"


def _seen(facts: Facts) -> Bus:
    return facts.bus or _NOTHING


def _number(facts: Facts, name: str) -> int:
    text = _seen(facts).info.get(name, "0")
    return int(text) if text.isdigit() else 0


CHECKS: Final = (
    Check(bus_unreachable, "start it, and correct the address, the user or the password in DERAILED_BUS_URL"),
    Check(bus_cluster, "use a server that is not in cluster mode, or `derailed broker`"),
    Check(bus_evicts, "set maxmemory-policy noeviction on that server"),
    Check(bus_memory, "raise its maxmemory to 4 GiB, twice what the bus keeps at most"),
    Check(bus_replica, "set DERAILED_BUS_URL to the primary"),
    Check(bus_old, "install Valkey, or Redis 6 or newer"),
    Check(bus_save_failed, 'make room on its disk; or turn saving off (save ""), which the bus does without'),
    Check(bus_plain, "use rediss:// or brokers:// with a password, or a network of its own"),
    Check(bus_level, 'set level = "disk" for the namespace in the broker\'s file'),
    Check(bus_window, "raise the namespace's window, or lower DERAILED_RESUME_WINDOW"),
    Check(clock_bus, "let both machines follow NTP (timedatectl set-ntp true)"),
    Check(limits_unreachable, "start it, and correct the address; until then each process counts for itself"),
    Check(blobs_unreachable, "correct the bucket, its endpoint, or the credentials in the environment"),
    Check(service_silent, "start it there, and see that the same addresses are set everywhere"),
)
