"""One client's socket. All commands of a turn of the loop are done, then written to the log and answered at once.

What was appended at level `disk` is answered when it is on the disk: the answers of that read, and all output after
them, wait for their ticket. A command that takes time *blocks*: those behind it wait, as they do in Redis.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, cast

import hiredis

from derailed.broker import LogFailed
from derailed.broker.server import Refused, resp
from derailed.broker.server.commands import Handler, bulk
from derailed.broker.server.commands.table import BEFORE_AUTH, COMMANDS, LISTENING, refusal
from derailed.broker.server.configuration import NOBODY, User
from derailed.broker.server.guard import Guard, Violation

if TYPE_CHECKING:
    from derailed.broker.filters import Attributes
    from derailed.broker.server.filtering import Filtered, Hearing
    from derailed.broker.server.replay import Replay
    from derailed.broker.server.server import Server

_INCOMPLETE: Final = object()
_NOT_PLAIN: Final = "ERR Protocol error: a command is an array of bulk strings"
_LAST_WORDS_S: Final = 5.0
"""Time for a client that is dropped to read why."""


class Connection(asyncio.Protocol):
    """A client."""

    __slots__ = (
        "_backlog", "_blocked", "_emitted", "_failed", "_gets", "_guard", "_handlers", "_is_dirty", "_pending",
        "_pushes", "_reader", "_reading", "_resting", "_task", "channels", "client_info", "clients", "closing",
        "failures", "filtered", "hearings", "id", "is_due", "name", "out", "replaying", "server", "shards", "since",
        "stalled", "ticket", "topics", "transport", "user", "version",
    )  # fmt: skip

    def __init__(self, server: Server) -> None:
        self.server = server
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)  # until the loop has made it
        self.id = server.next_id()
        self.since = server.clock()
        self.name = b""
        self.client_info: dict[bytes, bytes] = {}
        self.version = 2
        self.user = NOBODY
        self.failures = 0
        self.topics: set[bytes] = set()
        self.clients: dict[bytes, Attributes] = {}
        """Its own, of whom filters know."""
        self.filtered: dict[str, Filtered] = {}
        """What it hears through filters, by namespace."""
        self.hearings: dict[bytes, Hearing] = {}
        """Topics that it hears through filters."""
        self.channels: set[bytes] = set()
        self.shards: set[bytes] = set()
        self.replaying: dict[bytes, Replay] = {}
        """Topics that are not yet heard live: the log is their queue."""
        self.out: list[bytes] = []
        """Answers of this read."""
        self.ticket = 0
        """The sync that they wait for."""
        self.stalled = False
        """It does not read what it was sent: nothing is replayed to it, and none of its commands are done."""
        self.closing = False
        self.is_due = False
        """It was read in this turn of the loop, and is answered at its end."""
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._gets = self._reader.gets
        self._guard = Guard(self._reader, server.limits.command)
        self._pushes: list[bytes] = []
        self._is_dirty = False
        self._pending: deque[tuple[int, bytes]] = deque()
        self._blocked: Callable[[], None] | None = None
        self._backlog: deque[list[bytes]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._handlers: dict[bytes, Handler] = BEFORE_AUTH
        self._resting = False
        self.become(server.first_user)

    # What the event loop says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=1 << 20)
        self.server.welcome(self)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self.closing:
            return
        commands: list[Any] = []
        wrong = ""
        try:
            self._guard.feed(data)
            commands.extend(iter(self._gets, _INCOMPLETE))
            self._guard.done(len(data), len(commands))
        except (hiredis.ProtocolError, Violation) as violation:
            wrong = f"ERR Protocol error: {violation}"
        self.server.commands += len(commands)
        if self._blocked is None and not self.stalled:
            self._run(commands)
        else:
            self._backlog.extend(commands)
            self._rest()
        if wrong:
            self.finish()
            self.end(wrong)
        elif not self.is_due:
            self.is_due = True
            self.server.finish_soon(self)

    def pause_writing(self) -> None:
        """Called by the event loop: what was sent is not read."""
        self.stalled = True
        self._rest()

    def resume_writing(self) -> None:
        """Called by the event loop: it is."""
        self.stalled = False
        self.server.replays.resume(self)
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self.closing = True
        if self._blocked is not None:
            self._blocked()
        if self._task is not None:
            self._task.cancel()
        self.server.farewell(self)

    # What commands use.

    def become(self, user: User) -> None:
        """Have this user's rights."""
        self.user = user
        self._guard.is_strict = user is NOBODY
        self.choose_handlers()

    def choose_handlers(self) -> None:
        """Which commands can be given now. In version 2 a push can not be told from an answer."""
        if self.user is NOBODY:
            self._handlers = BEFORE_AUTH
        elif self.version == 2 and (self.topics or self.channels or self.shards):
            self._handlers = LISTENING
        else:
            self._handlers = COMMANDS

    @property
    def heard(self) -> int:
        """How many topics and channels it hears."""
        return len(self.topics) + len(self.channels) + len(self.shards)

    def answer(self, value: resp.Value) -> None:
        """Answer the command at hand."""
        self.out.append(resp.encode(value, self.version))

    def push(self, frame: bytes) -> None:
        """Send something beside the answers, when this read is done."""
        self.take(frame if self.version == 3 else resp.older(frame))

    def take(self, frame: bytes) -> None:
        """The same, of what is in its version already."""
        self._pushes.append(frame)
        if not self._is_dirty:
            self._is_dirty = True
            self.server.dirty.append(self)

    def hear(self, topic: bytes, offset: int, rev: int, payload: bytes, frame: bytes) -> None:
        """A record of a topic that it has subscribed to. One that is being replayed comes from the log."""
        if topic in self.replaying:
            return
        self.push(frame)

    def tell_silenced(self, namespace: str, library: str, called: bytes) -> None:
        """A library is gone. Whoever is filtered by it hears nothing more, and should know."""
        filtered = self.filtered.get(namespace)
        if filtered is not None and library in filtered.judged.libraries:
            self.push(resp.push(resp.bulk(b"xsilenced"), resp.bulk(called)))

    @property
    def following(self) -> deque[list[bytes]]:
        """The commands behind the one that blocks."""
        return self._backlog

    def settle(self) -> None:
        """Write and tell what this read appended so far. Raises Refused when the log could not; then we hang up."""
        failure = self.server.settle()
        if failure:
            self.lose(failure)
            raise Refused(failure)
        self.server.send_pushes()  # what is told now comes before the answer that is made now

    def block(self, cancel: Callable[[], None]) -> None:
        """Do nothing more until `unblock`; `cancel` is called when the client leaves before."""
        self._blocked = cancel

    def unblock(self, answer: bytes) -> None:
        """Answer what blocked, and go on with what came after it."""
        self._blocked = None
        self._task = None
        if self.closing:
            return
        self.out.append(answer)
        self._go_on()

    def later(self, work: Coroutine[Any, Any, bytes]) -> None:
        """Answer with what comes of this."""

        async def wait() -> None:
            try:
                answer = await work
            except Refused as reason:
                answer = resp.error(str(reason))
            except LogFailed as failure:
                answer = resp.error(f"LOGFAILED {failure}")
            self.unblock(answer)

        self._task = asyncio.get_running_loop().create_task(wait())
        self.block(lambda: None)

    # What goes out.

    def finish(self) -> None:
        """Write to the log, tell who listens, answer."""
        failure = self.server.settle_read()
        if failure:
            self.lose(failure)
        self.send()
        self.server.send_pushes()

    def send(self) -> None:
        """Write the answers and pushes that there are, or hold them back until they are true."""
        self._is_dirty = False
        if not self.out and not self._pushes:
            return
        chunk = b"".join(chain(self.out, self._pushes))
        self.out.clear()
        pushed = bool(self._pushes)
        self._pushes.clear()
        if self.closing:
            return
        ticket, self.ticket = self.ticket, 0
        if ticket or self._pending:
            if not self._pending:
                self.server.commits.wait(self)
            self._pending.append((ticket, chunk))
            return
        self.transport.write(chunk)
        if pushed and self.transport.get_write_buffer_size() > self.server.limits.output:
            self.server.dropped += 1
            self.end(f"SLOW {self.server.limits.output} bytes were not read: the subscription is over")

    def synced(self, ticket: int) -> None:
        """See `commits.Waiter`."""
        true = []
        while self._pending and self._pending[0][0] <= ticket:
            true.append(self._pending.popleft()[1])
        if true and not self.transport.is_closing():
            self.transport.write(b"".join(true))
        if self._pending:
            self.server.commits.wait(self)
        elif self.closing:
            self._close()

    def sync_failed(self, reason: str) -> None:
        """See `commits.Waiter`."""
        self._pending.clear()
        if self.closing:
            self._close()
        self.end(f"LOGFAILED {reason}; nobody knows what is on the disk")

    def lose(self, failure: str) -> None:
        """The answers of this read may not be true."""
        self.out.clear()
        self.end(_lost(failure))

    def end(self, last_words: str) -> None:
        """Say why, and close; a client that does not read it is cut off."""
        if self.closing:
            return
        failure = self.server.settle_read()
        if failure:
            self.out.clear()
        self.out.append(resp.error(_lost(failure) if failure else last_words))
        self._hang_up()

    def quit(self) -> None:
        """Close when all is answered."""
        if self.closing:
            return
        failure = self.server.settle_read()
        if failure:
            self.lose(failure)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        """Say what is left, when it is true."""
        self.send()
        self.closing = True
        self.server.forget_subscriptions(self)
        if not self._pending:
            self._close()

    def _close(self) -> None:
        self.transport.close()
        asyncio.get_running_loop().call_later(_LAST_WORDS_S, self.transport.abort)

    # What is done.

    def _run(self, given: list[list[bytes]]) -> None:
        out = self.out
        done = bulk.begin(self, given) if len(given) >= bulk.LEAST and self._handlers is COMMANDS else 0
        commands = iter(given[done:] if done else given)
        for command in commands:
            try:
                handler = self._handlers[command[0]]
            except (TypeError, KeyError, IndexError):
                found = self._find(command)
                if found is None:
                    continue
                handler = found
            try:
                handler(self, command)
            except Refused as reason:
                out.append(resp.error(str(reason)))
            except (TypeError, AttributeError):
                if _is_plain(command):
                    raise  # our mistake, not theirs
                self.end(_NOT_PLAIN)
            if self._blocked is not None or self.closing:
                self._backlog.extend(commands)
                self._rest()
                return

    def _find(self, command: Any) -> Handler | None:
        """The handler of a name in other letters; None when there is none, and that was said."""
        if command is None or command == []:
            return None
        if not _is_plain(command):
            self.end(_NOT_PLAIN)
            return None
        handler = self._handlers.get(command[0].upper())
        if handler is None:
            self.out.append(resp.error(refusal(self._handlers, command)))
        return handler

    def _go_on(self) -> None:
        """Do what waits, as far as it can be done now."""
        if self._blocked is None and not self.stalled:
            backlog, self._backlog = self._backlog, deque()
            self._run(list(backlog))
        if self._blocked is None and not self.stalled and not self.closing and self._resting:
            self._resting = False
            self.transport.resume_reading()
        self.finish()

    def _rest(self) -> None:
        """Read nothing more while it is stalled or too much waits."""
        too_much = len(self._backlog) > self.server.limits.pipeline
        if (self.stalled or too_much) and not self._resting and not self.closing:
            self._resting = True
            self.transport.pause_reading()


def _lost(failure: str) -> str:
    return f"LOGFAILED {failure}; nobody knows which of these commands were done"


def _is_plain(command: Any) -> bool:
    return isinstance(command, list) and all(type(part) is bytes for part in command)
