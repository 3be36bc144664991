"""Every command: its name, how many parts it has, and what does it. `docs/wire/broker.md` says how each differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from derailed.broker.server import Refused, resp
from derailed.broker.server.commands import Command, Handler, about, functions, namespace, pubsub, streams, topics
from derailed.broker.server.commands.refused import REASONS

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection


def _command(connection: Connection, command: list[bytes]) -> None:
    """COMMAND [COUNT | INFO name … | DOCS name … | LIST]."""
    named = [name.decode(errors="replace").lower() for name in command[2:]]
    match command[1].upper() if len(command) > 1 else b"INFO":
        case b"COUNT":
            connection.answer(len(ALL))
        case b"LIST":
            connection.answer([each.name for each in ALL])
        case b"INFO":
            found = [_about(each) for each in ALL if not named or each.name in named]
            connection.answer(found)
        case b"DOCS":
            connection.answer({each.name: _docs(each) for each in ALL if not named or each.name in named})
        case name:
            raise Refused(f"ERR COMMAND {name.decode(errors='replace')} is not supported")


def _about(command: Command) -> list[resp.Value]:
    has_topic = command.handler in (streams.xadd, streams.xrange, streams.xrevrange, streams.xlen)
    return [command.name, command.parts, [], int(has_topic), int(has_topic), int(has_topic), [], [], [], []]


def _docs(command: Command) -> dict[str, resp.Value]:
    return {"summary": command.summary, "since": "1.0.0", "group": "broker", "arity": command.parts}


ALL: Final = (
    Command("hello", -1, about.hello, "Chooses the protocol's version, and logs in"),
    Command("auth", -2, about.auth, "Logs in"),
    Command("ping", -1, about.ping, "Answers"),
    Command("echo", 2, about.echo, "Answers with what it was given"),
    Command("select", 2, about.select, "Chooses database 0, the only one"),
    Command("quit", -1, about.leave, "Closes the connection"),
    Command("reset", -1, about.reset, "Forgets all that the connection was told"),
    Command("client", -2, about.client, "What a client says of itself"),
    Command("info", -1, about.info, "What the broker says of itself"),
    Command("config", -2, about.config, "Answers GET with nothing: there is no such setting"),
    Command("command", -1, _command, "The commands"),
    Command("time", 1, about.now, "The broker's clock"),
    Command("publish", 3, pubsub.publish, "A message for who listens to a channel now"),
    Command("spublish", 3, pubsub.spublish, "A message for who listens to a shard channel now"),
    Command("subscribe", -2, pubsub.subscribe, "Listens to channels"),
    Command("unsubscribe", -1, pubsub.unsubscribe, "Listens to channels no more"),
    Command("ssubscribe", -2, pubsub.ssubscribe, "Listens to shard channels"),
    Command("sunsubscribe", -1, pubsub.sunsubscribe, "Listens to shard channels no more"),
    Command("pubsub", -2, pubsub.pubsub, "How many listen"),
    Command("xadd", -5, streams.xadd, "Appends a record to a topic"),
    Command("xrange", -4, streams.xrange, "A topic's records between two ids"),
    Command("xrevrange", -4, streams.xrevrange, "The same, newest first"),
    Command("xread", -3, streams.xread, "Topics' records after ids; may wait for them"),
    Command("xlen", 2, streams.xlen, "Counts a topic's records"),
    Command("xinfo", -2, streams.xinfo, "What there is to say about a topic"),
    Command("xsubscribe", -3, topics.xsubscribe, "Topics' records after ids, and then those that come"),
    Command("xunsubscribe", -1, topics.xunsubscribe, "Listens to topics no more"),
    Command("xpublish", -4, topics.xpublish, "A record for who has subscribed to a topic now; not kept"),
    Command("xhead", -1, topics.xhead, "A namespace's epoch, last offset and horizon"),
    Command("xfence", -1, topics.xfence, "The same, when all up to there has been sent here"),
    Command("xnamespace", -1, namespace.xnamespace, "A namespace's level and retention, and where its log is"),
    Command("xappend", -8, topics.xappend, "Appends records with revs, several all or none"),
    Command("xhistory", -6, topics.xhistory, "Topics' records after offsets, whole or null"),
    Command("function", -2, functions.function, "Loads, lists and deletes filters"),
    Command("xclients", -2, functions.xclients, "The connection's own clients, for filters to know"),
)

_all_bytes: Final = b"".join
_UNCOUNTED: Final = (streams.xadd, pubsub.publish)
"""They see for themselves what they were given: these are asked a million times a second."""


def _counted(command: Command) -> Handler:
    handler, parts, name = command.handler, command.parts, command.name
    if handler in _UNCOUNTED:
        return handler

    def count(connection: Connection, given: list[bytes]) -> None:
        _all_bytes(given)  # raises TypeError
        if len(given) != parts if parts >= 0 else len(given) < -parts:
            raise Refused(f"ERR wrong number of arguments for '{name}' command")
        handler(connection, given)

    return count


def _handlers(*names: str) -> dict[bytes, Handler]:
    found: dict[bytes, Handler] = {}
    for command in ALL:
        if not names or command.name in names:
            found[command.name.upper().encode()] = found[command.name.encode()] = _counted(command)
    return found


COMMANDS: Final = _handlers()
BEFORE_AUTH: Final = _handlers("hello", "auth", "quit", "reset")
LISTENING: Final = _handlers(
    "subscribe",
    "unsubscribe",
    "ssubscribe",
    "sunsubscribe",
    "xsubscribe",
    "xunsubscribe",
    "xclients",
    "ping",
    "quit",
    "reset",
)


def refusal(handlers: dict[bytes, Handler], command: list[Any]) -> str:
    """Why there is no such command, now or at all."""
    name = command[0].upper()
    shown = command[0][:64].decode(errors="replace")
    if handlers is BEFORE_AUTH:
        return "NOAUTH Authentication required."
    if handlers is LISTENING and name in COMMANDS:
        return f"ERR Can't execute '{shown}': a connection of protocol 2 that listens can do nothing else; HELLO 3 can"
    if name in REASONS:
        return f"ERR {name.decode()} is not supported: {REASONS[name]}"
    return f"ERR unknown command '{shown}'"
