"""How the app feels: the first paint that one can use, what moves by itself, its weight, and scrolling far back.

`python -m bench.app [MESSAGES]` starts a server, fills a channel, opens it in Chromium, scrolls through all of it,
prints a table and writes it to bench/results/. The floor is the same browser scrolling an empty page as far, frame by
frame: one without a graphics card draws by the processor, and what that can not do nobody's page can.
"""

from __future__ import annotations

import gzip
import itertools
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from derailed.site import FOLDER
from tests.journeys import browser as browsers
from tests.journeys.app import PASSWORD
from tests.journeys.server import Server, until

MESSAGES: Final = 10_000
STEP_PX: Final = 120
FRAMES_MAX: Final = 9_000
FLOOR_FRAMES: Final = 900
LONG_MS: Final = 25
ROUNDS: Final = 5
RESULT: Final = Path(__file__).parent / "results" / "app.md"

# Runs before the page's own scripts: notes when one can write and read, and what moved without having been touched.
WATCH: Final = """
    window.usable = null; window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    const look = () => {
        const usable = document.querySelector("textarea") && document.querySelectorAll("[data-message]").length > 5;
        if (usable) requestAnimationFrame(() => setTimeout(() => (window.usable = performance.now())));
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
"""
SCROLL: Final = """async ([selector, step, most]) => {
    const pane = document.querySelector(selector);
    const times = [];
    let waited = 0;
    let begun = false;
    let before = await new Promise(requestAnimationFrame);
    while (times.length < most && waited < most && !begun) {
        const waits = pane.scrollTop === 0;
        begun = waits && (pane.id === "pane" || pane.innerText.includes("This is where it begins."));
        pane.scrollTop -= step;
        const now = await new Promise(requestAnimationFrame);
        if (waits) waited += 1;
        else times.push(now - before);
        before = now;
    }
    return [times, begun];
}"""
EMPTY: Final = "<div id='pane' style='height: 100vh; overflow: auto'><div style='height: {height}px'></div></div>"


class Scrolled(NamedTuple):
    """Milliseconds between frames, and what the page's thread worked for each."""

    times: list[float]
    work: float
    drawn: int = 0

    @property
    def rate(self) -> float:
        """Frames a second."""
        return 1000 * len(self.times) / sum(self.times)

    @property
    def long(self) -> float:
        """The share of those that one sees falter."""
        return sum(each > LONG_MS for each in self.times) / len(self.times)


class Opened(NamedTuple):
    """When one could read and write, and how far things jumped meanwhile."""

    usable_ms: float
    shifted: float


def main(messages: int) -> None:
    """Measure, print, write."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data") as server:
        token, address = filled(server, messages)
        found = browsers.find()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(found.program), env=dict(found.environment))
            first = [opened(fresh(browser, token), address) for _ in range(ROUNDS)]
            page = fresh(browser, token)
            again = [opened(page, address) for _ in range(ROUNDS)]
            floor = scrolled_empty(browser)
            ours = scrolled(page)
            browser.close()
    printed = table(first, again[1:], ours, floor)
    print(printed)
    RESULT.write_text(f"# App\n\n`python -m bench.app {messages}`: {messages:,} messages in one channel.\n\n{printed}")


def filled(server: Server, messages: int) -> tuple[str, str]:
    """A token, and the address of a channel in which much was said."""
    with httpx.Client(base_url=server.api, timeout=60) as api:
        token = api.post("/auth/register", json={"username": "ann", "password": PASSWORD}).json()["token"]
        api.headers["Authorization"] = token
        guild = api.post("/guilds", json={"name": "Platform nine"}).json()
        channel = guild["system_channel_id"]

        def say(number: int) -> None:
            words = " ".join(itertools.islice(itertools.cycle(["mind", "the", "**gap**"]), 3 + number * 7 % 30))
            api.post(f"/channels/{channel}/messages", json={"content": f"{number} {words}"}).raise_for_status()

        with ThreadPoolExecutor(8) as people:
            list(people.map(say, range(messages)))
    return token, f"{server.url}/channels/{guild['id']}/{channel}"


def fresh(browser: Browser, token: str) -> Page:
    """A page of somebody signed in whose browser has kept nothing else."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(f"localStorage.setItem('token', '{token}');{WATCH}")
    return page


def opened(page: Page, address: str) -> Opened:
    """Open the channel and wait until it can be used."""
    page.goto(address)
    until(lambda: page.evaluate("window.usable") is not None, "the app can be used", 60)
    page.wait_for_load_state("networkidle")
    return Opened(*page.evaluate("[window.usable, window.shifted]"))


def scrolled(page: Page) -> Scrolled:
    """Up to where it begins, frame by frame; older pages come meanwhile."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    before = _worked(devtools)
    times, begun = page.evaluate(SCROLL, ["[role=log]", STEP_PX, FRAMES_MAX])
    assert begun, "it was scrolled to the first message"
    return Scrolled(times, (_worked(devtools) - before) / len(times), page.locator("[data-message]").count())


def scrolled_empty(browser: Browser) -> Scrolled:
    """The least that a browser does for as many pixels a frame."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_content(EMPTY.format(height=FLOOR_FRAMES * STEP_PX))
    page.evaluate("document.querySelector('#pane').scrollTop = 1e9")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    before = _worked(devtools)
    times, _ = page.evaluate(SCROLL, ["#pane", STEP_PX, FLOOR_FRAMES])
    return Scrolled(times, (_worked(devtools) - before) / len(times))


def _worked(devtools: CDPSession) -> float:
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"]) * 1000


def weight() -> tuple[int, int]:
    """Compressed bytes of all of the app, and of what is fetched to begin with."""
    page = (FOLDER / "index.html").read_text()
    files = {path: len(gzip.compress(path.read_bytes(), 9)) for path in FOLDER.rglob("*") if path.is_file()}
    begins = [bytes_ for path, bytes_ in files.items() if path.name == "index.html" or path.name in page]
    return sum(files.values()), sum(begins)


def table(first: list[Opened], again: list[Opened], ours: Scrolled, floor: Scrolled) -> str:
    """The numbers."""
    whole, begins = weight()
    most = max(each.shifted for each in first + again)
    late = sorted(ours.times)[len(ours.times) * 95 // 100]
    rows = [
        ("first usable paint, nothing kept", _usable(first), "", "< 1,000 ms"),
        ("the same, opened again", _usable(again), "", "< 1,000 ms"),
        ("the app, compressed", f"{whole / 1000:.0f} KB", "", "< 200 KB"),
        ("of it fetched to begin with", f"{begins / 1000:.0f} KB", "", ""),
        ("layout shift while it opens, the most of all rounds", f"{most:.4f}", "", "0"),
        ("frames a second", f"{ours.rate:.1f}", f"{floor.rate:.1f}", "60"),
        ("between two frames, median", f"{statistics.median(ours.times):.1f} ms", _median(floor), "16.7 ms"),
        ("between two frames, 95 of 100 within", f"{late:.1f} ms", "", ""),
        (f"frames longer than {LONG_MS} ms", f"{ours.long:.1%}", f"{floor.long:.1%}", "0 %"),
        ("work of the page's thread a frame", f"{ours.work:.1f} ms", f"{floor.work:.1f} ms", "< 16.7 ms"),
        ("messages drawn at once", f"{ours.drawn}", "", ""),
    ]
    lines = ["| what | the app | an empty page | budget |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    said = f"\n{len(ours.times):,} frames of {STEP_PX} px, {ROUNDS} rounds of opening, no graphics card.\n"
    return "\n".join([*lines, said])


def _usable(rounds: list[Opened]) -> str:
    return f"{statistics.median(each.usable_ms for each in rounds):.0f} ms"


def _median(of: Scrolled) -> str:
    return f"{statistics.median(of.times):.1f} ms"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES)
