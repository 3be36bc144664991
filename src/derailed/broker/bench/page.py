"""Writing it down: tables into the marked places of a page, plots beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from derailed.broker.bench.alone import Memory, Tail
from derailed.broker.bench.many import Filled
from derailed.broker.bench.versus import Line

PAGE: Final = "performance.md"
Rows = Sequence[tuple[str, ...]]


class Report:
    """One measured thing: shown on the terminal, and put into the page where there is one."""

    def __init__(self, console: Console, folder: Path | None) -> None:
        self._console = console
        self._folder = folder

    def versus(self, lines: Sequence[Line]) -> None:
        """Beside others."""
        head = ("what", "server", "a second", "processor µs", "p99 ms", "Derailed is")
        rows = [
            (line.test, line.server, f"{line.rate:,.0f}", f"{line.cpu_us:.2f}", f"{line.p99_ms:.1f}", _ratio(line))
            for line in lines
        ]
        self._show("versus", head, rows)
        self._plot("versus.svg", lambda axes: _bars(axes, lines))

    def memory(self, found: Sequence[Memory], number: int) -> None:
        """What subscriptions cost."""
        rows = [(each.server, each.command, f"{each.bytes:.0f}") for each in found]
        self._show("memory", ("server", f"{number:,} topics on one connection", "bytes each"), rows)

    def tails(self, buckets: int, tails: Sequence[Tail]) -> None:
        """How long a cold tail takes."""
        rows = [(tail.topics, *(f"{us:.0f}" for us in tail[1:])) for tail in tails]
        head = (f"topics, with {buckets} buckets", "p50 µs", "p99 µs", "processor p50 µs", "processor p99 µs")
        self._show("tails", head, rows)

    def many(self, filled: Filled) -> None:
        """A broker full of topics."""
        last = filled.samples[-1]
        rows = [
            ("appended a second, on the average", f"{filled.topics / filled.seconds:,.0f}"),
            ("memory (RSS) when full", f"{last.rss / 1e6:,.0f} MB"),
            ("disk", f"{filled.disk / 1e9:.1f} GB, {filled.disk / filled.topics:.0f} bytes a topic"),
            ("stop, until all is put to rest", f"{filled.stop_s:.2f} s"),
            ("restart, until it answers", f"{filled.restart_s:.2f} s"),
            ("memory (RSS) after the restart and the reads", f"{filled.rss_after_restart / 1e6:,.0f} MB"),
            ("last record of a topic by chance, over the socket", _both(filled.cold_us)),
            ("the same of an absent topic", _both(filled.absent_us)),
        ]
        self._show(f"topics {filled.topics}", (f"{filled.topics:,} topics", ""), rows)
        self._plot(f"topics-{filled.topics}.svg", lambda axes: _curves(axes, filled))

    def _show(self, place: str, head: tuple[str, ...], rows: Rows) -> None:
        table = Table(*head, box=None, header_style="bold")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
        if self._folder is not None:
            text = "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
            _put(self._folder / PAGE, place, text)

    def _plot(self, name: str, draw: Any) -> None:
        if self._folder is None:
            return
        if find_spec("matplotlib") is None:
            self._console.print(f"{name} was not drawn: that takes matplotlib")
            return
        import matplotlib as mpl

        mpl.use("svg")
        mpl.rcParams["svg.hashsalt"] = "derailed"
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
        draw(axes)
        figure.savefig(self._folder / name, metadata={"Date": None})
        pyplot.close(figure)


def _put(page: Path, place: str, text: str) -> None:
    """Between `<!-- place -->` and `<!-- end -->`; at the end where there is no such place."""
    content = page.read_text("utf-8") if page.exists() else ""
    marked = f"<!-- {place} -->\n\n{text}\n\n<!-- end -->"
    pattern = re.compile(rf"<!-- {re.escape(place)} -->.*?<!-- end -->", re.DOTALL)
    content = pattern.sub(lambda _: marked, content) if pattern.search(content) else f"{content}\n{marked}\n"
    page.write_text(content, "utf-8")


def _ratio(line: Line) -> str:
    return "" if line.server == "Derailed" else f"{line.ratio:.2f} ×"


def _both(ranks: tuple[float, float]) -> str:
    return f"p50 {ranks[0]:.0f} µs, p99 {ranks[1]:.0f} µs"


def _bars(axes: Any, lines: Sequence[Line]) -> None:
    tests = list(dict.fromkeys(line.test for line in lines))
    servers = list(dict.fromkeys(line.server for line in lines))
    height = 0.8 / len(servers)
    for number, server in enumerate(servers):
        rates = [next((each.rate for each in lines if (each.test, each.server) == (test, server)), 0) for test in tests]
        axes.barh([place + number * height for place in range(len(tests))], rates, height, label=server)
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(tests))], tests)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("a second")
    axes.legend()


def _curves(axes: Any, filled: Filled) -> None:
    topics = [sample.topics / 1e6 for sample in filled.samples]
    axes.plot(topics, [sample.rss / 1e6 for sample in filled.samples], label="memory (RSS), MB")
    axes.set_xlabel("million topics")
    axes.set_ylabel("MB")
    axes.set_ylim(bottom=0)
    rates = axes.twinx()
    steps = list(zip(filled.samples, filled.samples[1:], strict=False))
    pace = [(after.topics - before.topics) / max(after.seconds - before.seconds, 1e-9) for before, after in steps]
    rates.plot(topics[1:], pace, color="tab:orange", label="appended a second")
    rates.set_ylabel("appended a second")
    rates.set_ylim(bottom=0)
    axes.figure.legend(loc="upper center", ncols=2)
