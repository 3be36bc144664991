"""Every check finds what it is about, and nothing in what is healthy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from derailed.doctor.facts import At, Bus, Database, Facts, Machine, Public, Secret
from derailed.doctor.table import CHECKS, SETTING_WRONG
from tests.doctor.seeds import names, settings

OTHERS: Final = {
    "http_host": "0.0.0.0",
    "public_url": "https://chat.example.org",
    "trusted_proxies": "127.0.0.1/32",
}
SPLIT: Final = {
    "database_url": "postgresql://chat:a-long-random-one@db.example/chat",
    "bus_url": "redis://bus.example:6379/0",
    "presence_url": "10.0.0.1:50051",
}
_AT: Final = (At("DERAILED_HTTP_PORT", "127.0.0.1:8080", "permission denied"),)
POSTGRES: Final = Database(is_postgres=True, version=(18, 6))

SETTINGS: Final[dict[str, dict[str, str]]] = {
    "registration-unlimited": {"rate_limits": "off"},
    "limits-loose": OTHERS | {"rate_limits": "5000"},
    "limits-alone": SPLIT | {"bus_url": "broker://10.0.0.1:6380/chat"},
    "public-url-missing": {"http_host": "0.0.0.0"},
    "public-url-local": OTHERS | {"public_url": "http://localhost:8080"},
    "public-url-plain": OTHERS | {"public_url": "http://chat.example.org"},
    "gateway-url-plain": OTHERS | {"gateway_url": "ws://gateway.example.org"},
    "gateway-url-local": OTHERS | {"gateway_url": "wss://127.0.0.1:8081"},
    "proxies-untrusted": OTHERS | {"trusted_proxies": ""},
    "proxies-anybody": OTHERS | {"trusted_proxies": "0.0.0.0/0"},
    "grpc-open": SPLIT | {"presence_host": "8.8.8.8"},
    "presence-alone": {"bus_url": "redis://bus.example:6379/0"},
    "split-in-halves": SPLIT | {"database_url": ""},
    "password-weak": SPLIT | {"database_url": "postgresql://chat:postgres@db.example/chat"},
}
MACHINES: Final[dict[str, Machine]] = {
    "port-taken": Machine(taken=_AT),
    "address-unusable": Machine(not_ours=_AT),
    "server-not-ready": Machine(not_ready="bus: it can not be reached"),
    "app-missing": Machine(app_is_built=False),
    "data-unwritable": Machine(unwritable="Read-only file system"),
    "data-readable": Machine(data_mode=0o755),
    "data-elsewhere": Machine(filesystem="nfs4"),
    "data-in-memory": Machine(filesystem="tmpfs"),
    "disk-full": Machine(free_bytes=1 << 20),
    "files-few": Machine(files=256),
    "runs-as-root": Machine(is_root=True),
    "secret-readable": Machine(secret=Secret(path="secret", mode=0o644)),
    "secret-unusable": Machine(secret=Secret(path="secret", size=7)),
    "broker-file-wrong": Machine(broker_file="broker.toml: there is no 'level'"),
    "broker-certificate-ends": Machine(broker_certificate_s=-1.0),
}
DATABASES: Final[dict[str, Database]] = {
    "database-unreachable": Database(trouble="DERAILED_DATABASE_URL: can not connect"),
    "database-old": Database(is_postgres=True, version=(12, 1)),
    "database-behind": Database(pending=("0007_more.sql",)),
    "database-incompatible": Database(incompatible="the database was made by a newer version"),
    "database-rights": replace(POSTGRES, may_create=False),
    "database-connections": replace(POSTGRES, connections=5),
    "database-standby": replace(POSTGRES, is_standby=True),
    "database-encoding": replace(POSTGRES, encoding="SQL_ASCII"),
    "database-forgets": replace(POSTGRES, not_synced=("fsync = off",)),
    "database-plain": replace(POSTGRES, is_private=False),
    "clock-database": replace(POSTGRES, ahead_s=-30.0),
}
BUSES: Final[dict[str, Bus]] = {
    "bus-unreachable": Bus(trouble="DERAILED_BUS_URL: 10.0.0.1:6379 can not be reached"),
    "bus-cluster": Bus(info={"cluster_enabled": "1"}),
    "bus-evicts": Bus(info={"maxmemory_policy": "allkeys-lru"}),
    "bus-memory": Bus(info={"maxmemory": str(1 << 30), "used_memory": str(1 << 30)}),
    "bus-replica": Bus(info={"role": "slave"}),
    "bus-old": Bus(info={"redis_version": "5.0.14"}),
    "bus-save-failed": Bus(info={"rdb_last_bgsave_status": "err"}),
    "bus-plain": Bus(is_private=False),
    "bus-level": Bus(level="memory"),
    "bus-window": Bus(window_ms=60_000),
    "clock-bus": Bus(ahead_s=90.0),
}
ELSEWHERE: Final[dict[str, dict[str, Any]]] = {
    "limits-unreachable": {"limits": "no answer"},
    "blobs-unreachable": {"blobs": "no answer"},
    "service-silent": {"silent": _AT},
    "traces-missing": {"traces_missing": True},
    "collector-unreachable": {"collector": "no answer"},
}
OUTSIDE: Final[dict[str, Public]] = {
    "public-unreachable": Public(trouble="no answer"),
    "public-elsewhere": Public(health="status 404"),
    "public-not-ready": Public(not_ready="bus: it can not be reached"),
    "certificate-refused": Public(certificate="certificate has expired"),
    "certificate-ends": Public(certificate_s=86_400.0),
    "gateway-mixed": Public(gateway="ws://chat.example.org/gateway"),
    "gateway-not-upgraded": Public(upgrade="chat.example.org/gateway answers with status 400"),
    "metrics-open": Public(shows_metrics=True),
    "files-refused": Public(refuses_files=True),
}

_ALONE: Final = settings()
_FOR_OTHERS: Final = settings(**OTHERS)
SEEDS: Final[dict[str, Facts]] = {
    **{name: Facts(settings=settings(**told)) for name, told in SETTINGS.items()},
    **{name: Facts(settings=_FOR_OTHERS, machine=machine) for name, machine in MACHINES.items()},
    **{name: Facts(settings=_ALONE, database=database) for name, database in DATABASES.items()},
    **{name: Facts(settings=_ALONE, bus=bus) for name, bus in BUSES.items()},
    **{name: Facts(settings=_ALONE, **facts) for name, facts in ELSEWHERE.items()},
    **{name: Facts(settings=_FOR_OTHERS, public=public) for name, public in OUTSIDE.items()},
}


@pytest.mark.parametrize("name", SEEDS)
def test_each_check_finds_what_it_is_about_and_nothing_else(name: str) -> None:
    assert names(SEEDS[name]) == {name}


def test_every_check_has_its_seed_and_a_name_of_its_own() -> None:
    checks = [check.name for check in CHECKS]
    assert sorted(checks) == sorted(SEEDS)
    assert SETTING_WRONG[0] not in checks


@pytest.mark.parametrize(
    "facts",
    [
        Facts(settings=_ALONE, database=Database()),
        Facts(settings=_FOR_OTHERS, public=Public(gateway="wss://chat.example.org/gateway", certificate_s=5e6)),
        Facts(settings=settings(**OTHERS, **SPLIT), database=POSTGRES, bus=Bus(info={"role": "master"})),
    ],
)
def test_nothing_is_found_in_what_is_healthy(facts: Facts) -> None:
    assert names(facts) == set()


def test_every_finding_says_what_it_is_about_and_what_to_do_in_one_line() -> None:
    for check in CHECKS:
        for text in (check.when, check.remedy):
            assert text
            assert "\n" not in text
            assert not text.endswith(".")
