"""What delivering a frame costs, against the bare `send` floor in the same run, and what an idle session weighs.

`python -m bench.gateway` starts `derailed up` with members of one guild, brings all of them in with IDENTIFY, posts
messages at a modest rate, prints a table, and writes it with a plot to bench/results/.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl

from bench import processes
from derailed.actions.tokens import Tokens
from derailed.model import permissions
from derailed.model.guild import Member
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from derailed.model.user import User
from derailed.store import Connection, members, users
from derailed.store.sqlite import SqliteStore
from tests.journeys.people import Account, Guild, register
from tests.journeys.server import Server, free_port

RESULTS = Path(__file__).parent / "results"
CONTENT = "Departures are on the left, arrivals on the right; mind the gap and have your ticket ready."
ROUNDS = 5
FRAMES_A_ROUND = 80_000
WARM = 50
OTHERS = 500
"""Sessions that are there before those that are weighed: what the first ones have the process load is not theirs."""
PATIENCE_S = 60
FLOOR_SECONDS_A_FRAME = 20e-6
"""The pace of posting: every process on the machine has to keep up, or it is queues that are measured."""


class Case(NamedTuple):
    """One crowd: how many, how compressed, and what it may cost."""

    sessions: int
    mode: str
    budget: float | None
    budget_kb: float


CASES = (
    Case(1_000, "plain", 1.15, 5),
    Case(1_000, "zlib-stream", 1.5, 6),
    Case(1_000, "zstd-stream", None, 70),
    Case(10_000, "plain", 1.15, 5),
    Case(10_000, "zlib-stream", 1.5, 6),
)


class Cost(NamedTuple):
    """What one crowd cost: µs of CPU a frame, a round each, and bytes of memory an idle session."""

    case: Case
    frame_bytes: int
    server_us: list[float]
    posting_us: list[float]
    floor_us: list[float]
    session_bytes: float

    @property
    def delivery_us(self) -> list[float]:
        """What is left of a round when what the posts cost that nobody heard is taken off."""
        return [own - post for own, post in zip(self.server_us, self.posting_us, strict=True)]

    @property
    def ratio(self) -> float:
        """The median over the rounds, each against the floor of its own turn."""
        return statistics.median(own / bare for own, bare in zip(self.delivery_us, self.floor_us, strict=True))


class Place(NamedTuple):
    """Where messages are posted, and by whom."""

    owner: str
    guild_id: int
    channel_id: int
    unheard_id: int
    """A channel that nobody but the owner may view, who has no session."""


class Helper:
    """A process of the bench that is spoken to in lines."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def say(self, line: str) -> None:
        """Send one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Wait for one line."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "a process of the bench ended"
        return line.strip()

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


class Crowd:
    """The clients of one case, in a process of their own."""

    def __init__(self, port: int, mode: str, tokens: list[str]) -> None:
        self.size = len(tokens)
        self.frame = b""
        self.bytes = 0
        self._helper = Helper("bench.crowd", port, mode)
        self._helper.say("\n".join([*tokens, "."]))
        assert self._helper.hear() == "ready"

    def wait_for(self, frames: int = 0, size: int = 0) -> None:
        """Return when so many frames, or bytes, have come."""
        came = self.bytes = 0
        deadline = time.monotonic() + PATIENCE_S
        while came < frames or self.bytes < size:
            assert time.monotonic() < deadline, f"{came} of {frames} frames, {self.bytes} of {size} bytes came"
            time.sleep(0.02)
            self._helper.say("")
            more, of_bytes, last = self._helper.hear().split(" ")
            came, self.bytes = came + int(more), self.bytes + int(of_bytes)
            self.frame = bytes.fromhex(last)

    def times(self, since_ns: int = 0) -> tuple[float, ...]:
        """Milliseconds after which half, 99 % and all of what came since the last time was there."""
        self._helper.say(f"times {since_ns}")
        return tuple(map(float, self._helper.hear().split()))

    def beat(self) -> None:
        """All send a heartbeat, so that none is taken for dead."""
        self._helper.say("beat")
        self._helper.hear()
        self.wait_for(frames=self.size)

    def end(self) -> None:
        """All hang up."""
        self._helper.end()


async def populate(server: Server, place: Place, count: int) -> list[str]:
    """Make accounts that belong to the guild, without a password each; their tokens. The server does not run."""
    store = SqliteStore.open(server.data / "derailed.sqlite", lambda: EPOCH_MS)
    ids = Snowflakes(9)
    tokens = Tokens(store, lambda: EPOCH_MS)

    async def work(tx: Connection) -> list[str]:
        made = []
        for number in range(count):
            user_id = ids.next(EPOCH_MS + 1)
            await users.insert(tx, User(id=user_id, username=f"member{number}"), None)
            await members.insert(tx, Member(guild_id=place.guild_id, user_id=user_id, joined_at=EPOCH_MS))
            made.append(await tokens.issue(tx, ids.next(EPOCH_MS + 1), user_id))
        return made

    made = await store.write(work)
    await store.close()
    return made


def settle(server: Server) -> Place:
    """An owner, a guild, and its first channel."""
    with register(server, "owner") as owner:
        guild = Guild(owner)
        hidden = [{"id": str(guild.id), "type": 0, "allow": "0", "deny": str(permissions.VIEW_CHANNEL)}]
        body = {"name": "unheard", "permission_overwrites": hidden}
        unheard = owner.call("POST", f"/guilds/{guild.id}/channels", body)["id"]
        return Place(owner.token, guild.id, guild.general, int(unheard))


def per_frame(pid: int, idle: float, before: float, began: float, frames: int) -> float:
    """µs of CPU a frame since `before`, less what the process uses when nothing happens."""
    return (processes.cpu_seconds(pid) - before - idle * (time.monotonic() - began)) / frames * 1e6


def idle_cpu(pid: int) -> float:
    """Seconds of CPU a second, over a second."""
    before = processes.cpu_seconds(pid)
    time.sleep(1)
    return processes.cpu_seconds(pid) - before


def server_round(server: Server, owner: Account, channel_id: int, crowd: Crowd, posts: int, heard: int) -> float:
    """Post, and wait until all that is heard of it has come."""
    idle = idle_cpu(server.pid)
    before, began = processes.cpu_seconds(server.pid), time.monotonic()
    for number in range(posts):
        pace(began, number, crowd.size)
        owner.send(channel_id, CONTENT)
    crowd.wait_for(frames=heard)
    return per_frame(server.pid, idle, before, began, posts * crowd.size)


def floor_round(floor: Helper, crowd: Crowd, size: int, posts: int) -> float:
    """The same with nothing but system calls."""
    before, began = processes.cpu_seconds(floor.pid), time.monotonic()
    for number in range(posts):
        pace(began, number, crowd.size)
        floor.say("")
    crowd.wait_for(size=posts * crowd.size * size)
    return per_frame(floor.pid, 0, before, began, posts * crowd.size)


def pace(began: float, number: int, sessions: int) -> None:
    """Wait for this post's turn."""
    time.sleep(max(0.0, began + number * sessions * FLOOR_SECONDS_A_FRAME - time.monotonic()))


def measure(server: Server, place: Place, tokens: list[str], case: Case) -> Cost:
    """One case on a freshly started server."""
    tokens, others = tokens[: case.sessions], tokens[case.sessions :][:OTHERS]
    with server, Account(server, place.owner) as owner, contextlib.ExitStack() as cleanup:
        warm_up(server, owner, place, tokens[:WARM], case.mode)
        earlier = Crowd(server.port, case.mode, others)
        empty = processes.resident_bytes(server.pid)
        crowd = Crowd(server.port, case.mode, tokens)
        cleanup.callback(crowd.end)
        weight = (processes.resident_bytes(server.pid) - empty) / case.sessions
        earlier.end()
        owner.send(place.channel_id, CONTENT)
        crowd.wait_for(frames=case.sessions)
        cost = Cost(case, len(crowd.frame), [], [], [], weight)
        if case.budget is not None:
            port = free_port()
            floor = Helper("bench.sends", port)
            cleanup.callback(floor.end)
            floor.hear()
            readers = Crowd(port, "bare", tokens)
            cleanup.callback(readers.end)
            rounds(server, owner, place, (crowd, floor, readers), cost)
        return cost


def rounds(server: Server, owner: Account, place: Place, parts: tuple[Crowd, Helper, Crowd], cost: Cost) -> None:
    """Delivering, posting alone, and the floor, in turns, so that what else the machine does falls on all alike."""
    crowd, floor, readers = parts
    posts = FRAMES_A_ROUND // crowd.size
    floor.say(crowd.frame.hex())
    for _ in range(ROUNDS):
        crowd.beat()
        cost.posting_us.append(server_round(server, owner, place.unheard_id, crowd, posts, 0))
        cost.server_us.append(server_round(server, owner, place.channel_id, crowd, posts, posts * crowd.size))
        cost.floor_us.append(floor_round(floor, readers, cost.frame_bytes, posts))
        taken = zip(("all", "posting", "bare"), (cost.server_us, cost.posting_us, cost.floor_us), strict=True)
        said = ", ".join(f"{name} {each[-1]:.2f} µs" for name, each in taken)
        print(f"{cost.case.sessions} {cost.case.mode}: {said}", file=sys.stderr)


def warm_up(server: Server, owner: Account, place: Place, tokens: list[str], mode: str) -> None:
    """Let everything be loaded that is loaded once."""
    crowd = Crowd(server.port, mode, tokens)
    for _ in range(3):
        owner.send(place.channel_id, CONTENT)
    crowd.wait_for(frames=3 * len(tokens))
    crowd.end()
    time.sleep(0.5)


def table(costs: list[Cost]) -> str:
    """The numbers, medians over the rounds."""
    lines = [
        "| sessions | frames | bytes | all CPU a frame | delivering | bare `send` | ratio | budget | RSS | budget |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for cost in costs:
        case = cost.case
        spent = [""] * 5
        if case.budget is not None:
            times = (cost.server_us, cost.delivery_us, cost.floor_us)
            spent = [f"{statistics.median(each):.2f} µs" for each in times]
            spent += [f"{cost.ratio:.2f} ×", f"≤ {case.budget} ×"]
        lines.append(
            f"| {case.sessions:,} | {case.mode} | {cost.frame_bytes} | {' | '.join(spent)} "
            f"| {cost.session_bytes / 1024:.1f} KB | ≤ {case.budget_kb:g} KB |"
        )
    return "\n".join(lines)


def plot(costs: list[Cost]) -> None:
    """CPU a frame beside its floor, a dot a round; memory a session."""
    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    names = [f"{each.case.sessions:,} {each.case.mode}" for each in costs]
    timed = [(name, each) for name, each in zip(names, costs, strict=True) if each.server_us]
    for at, (_, cost) in enumerate(timed):
        for shift, each, colour in ((-0.2, cost.floor_us, "#9aa5b1"), (0.2, cost.delivery_us, "#d9a441")):
            left.barh(at + shift, statistics.median(each), 0.38, color=colour)
            left.plot(each, [at + shift] * len(each), "k.", markersize=3)
    left.set_yticks(range(len(timed)), [name for name, _ in timed])
    left.set_title("µs of CPU to deliver a frame: bare send (grey), Derailed", fontsize=10)
    right.barh(names, [each.session_bytes / 1024 for each in costs], color="#d9a441")
    right.set_title("KB of memory an idle session", fontsize=10)
    for axis in (left, right):
        axis.invert_yaxis()
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(RESULTS / "gateway.svg")


def main() -> None:
    """Measure, print, write."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data")
        with server:
            place = settle(server)
        tokens = asyncio.run(populate(server, place, max(case.sessions for case in CASES) + OTHERS))
        costs = [measure(server, place, tokens, case) for case in CASES if selected(case)]
    how = (
        f"Medians of {ROUNDS} rounds in turns, {FRAMES_A_ROUND:,} frames a round. All CPU is what the server's process "
        "used, less what it uses idle. Delivering is that less what the same posts cost in a channel nobody hears: "
        "they are far between here, and each pays for its own sync to disk. Bare is a process that does "
        "nothing but `send` the same bytes to as many sockets. RSS is what an identified session adds to a process "
        f"that has {OTHERS} already."
    )
    printed = f"{table(costs)}\n\n{how}\n"
    print(printed)
    if len(costs) == len(CASES):
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "gateway.md").write_text(f"# Gateway\n\n`python -m bench.gateway`\n\n{printed}\n![](gateway.svg)\n")
        plot(costs)


def selected(case: Case) -> bool:
    """Whether the command line asks for it: `python -m bench.gateway 1000 plain`."""
    return all(word in (str(case.sessions), case.mode) for word in sys.argv[1:])


if __name__ == "__main__":
    main()
