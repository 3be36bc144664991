"""What the dashboard asks for is what the servers export, and the page lists all of it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.test_deploy import COMPOSE, DEPLOY, ROOT
from tests.journeys.server import Server, ask, free_port
from tests.journeys.split import Split
from tests.servers.broker import Broker

PAGE: Final = (ROOT / "docs" / "operating.md").read_text()
DASHBOARD: Final[dict[str, Any]] = msgspec.json.decode((DEPLOY / "grafana" / "derailed.json").read_bytes())
QUERIES: Final = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
_WORDS: Final = {
    "avg", "by", "clamp_min", "histogram_quantile", "instance", "job", "le", "max", "min", "namespace", "rate", "sum",
    "library", "method", "outcome", "route", "service", "state", "status", "version", "without",
}  # fmt: skip
"""Of the query language, and labels."""


@cache
def listed() -> dict[str, str]:
    """What the page lists: a metric and its type."""
    table = PAGE.partition("| metric | type |")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", table, re.MULTILINE))


def _exported(text: str) -> dict[str, str]:
    """Names as queries have them."""
    families = list(text_string_to_metric_families(text))
    kept = [each for each in families if not each.name.endswith("_created")]  # when a histogram began: of no use
    return {f"{each.name}_total" if each.type == "counter" else each.name: each.type for each in kept}


def test_every_query_names_metrics_that_are_on_the_page() -> None:
    assert len(QUERIES) >= 10
    for query in QUERIES:
        bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\([a-z, ]+\) ", " ", query)
        used = {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"[a-z_]{2,}", bare)} - _WORDS
        assert used, query
        assert used <= set(listed()), query


def test_prometheus_asks_every_process_of_the_compose_file_at_its_health_port() -> None:
    told = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]
    ours = {name for name, service in COMPOSE["services"].items() if service["image"] == "derailed"}
    assert {target for each in told["static_configs"] for target in each["targets"]} == {
        f"{name}:9090" for name in ours
    }
    assert told["metrics_path"] == "/metrics"


class _WithPages(Broker):
    """A broker that tells of itself."""

    def __init__(self) -> None:
        super().__init__()
        self.pages = free_port()

    def command(self) -> list[str]:
        """What runs it."""
        first, *more = super().command()
        return [first, f"DERAILED_HEALTH_PORT={self.pages}", *more]


@pytest.mark.slow
def test_the_page_lists_what_the_processes_and_a_broker_export_and_nothing_else(tmp_path: Path) -> None:
    exported: dict[str, str] = {}
    with _WithPages() as broker, Split(tmp_path / "data") as split:
        for port in (broker.pages, *(part.port for part in split.parts)):
            status, text = ask(f"http://127.0.0.1:{port}/metrics")
            assert status == 200
            exported |= _exported(text)
    assert exported == listed()


@pytest.mark.slow
def test_one_process_exports_what_many_do_but_for_what_is_between_them(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        status, text = ask(f"{server.url}/metrics")
    assert status == 200
    elsewhere = {name for name in listed() if name.startswith(("derailed_broker_", "derailed_grpc_"))}
    assert set(_exported(text)) == set(listed()) - elsewhere
