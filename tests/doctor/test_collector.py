"""A collector of traces that is not there, or is none, is found."""

from __future__ import annotations

from pathlib import Path

from tests.doctor.seeds import found
from tests.journeys.server import free_port
from tests.servers.collector import Collector


def test_a_collector_that_takes_traces_is_no_finding(tmp_path: Path) -> None:
    with Collector() as collector:
        assert found(tmp_path, traces_url=collector.url) == set()
        assert (collector.asked, collector.spans) == (1, [])


def test_a_collector_that_takes_none_is_found(tmp_path: Path) -> None:
    with Collector() as collector:
        assert found(tmp_path, traces_url=f"{collector.url}/elsewhere") == {"collector-unreachable"}
    assert found(tmp_path, traces_url=f"http://127.0.0.1:{free_port()}") == {"collector-unreachable"}
