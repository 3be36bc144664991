"""Commands about the connection and the broker itself."""

from __future__ import annotations

import hmac
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from derailed.broker.server import Refused, resp

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection

VERSION_WE_ARE_LIKE: Final = "7.4.0"
"""Clients choose by it which commands and options they use."""
_TRIES: Final = 10


def hello(connection: Connection, command: list[bytes]) -> None:
    """HELLO [version [AUTH user password] [SETNAME name]]."""
    rest = command[1:]
    version = connection.version
    if rest:
        if rest[0] not in (b"2", b"3"):
            raise Refused("NOPROTO unsupported protocol version")
        version, rest = int(rest[0]), rest[1:]
    name = None
    while rest:
        match rest[0].upper(), len(rest):
            case b"AUTH", n if n >= 3:
                _log_in(connection, rest[1], rest[2])
                rest = rest[3:]
            case b"SETNAME", n if n >= 2:
                name, rest = _name(rest[1]), rest[2:]
            case _:
                raise Refused("ERR syntax error in HELLO")
    if not connection.user.name:
        raise Refused("NOAUTH HELLO must be called with the client already authenticated, or with AUTH")
    connection.version = version
    connection.name = connection.name if name is None else name
    connection.choose_handlers()
    connection.answer(
        {
            "server": "derailed",
            "version": VERSION_WE_ARE_LIKE,
            "proto": version,
            "id": connection.id,
            "mode": "standalone",
            "role": "master",
            "modules": [],
        }
    )


def auth(connection: Connection, command: list[bytes]) -> None:
    """AUTH [user] password."""
    user = command[1] if len(command) == 3 else b"default"
    _log_in(connection, user, command[-1])
    connection.out.append(resp.OK)


def _log_in(connection: Connection, name: bytes, password: bytes) -> None:
    server = connection.server
    if not server.users:
        raise Refused("ERR this broker has no users: nobody needs AUTH")
    user = server.users.get(name)
    digest = sha256(password).hexdigest()
    if user is not None and hmac.compare_digest(digest, user.digest):
        connection.become(user)
        return
    connection.failures += 1
    if connection.failures >= _TRIES:
        connection.end("WRONGPASS too many tries")
    raise Refused("WRONGPASS invalid username-password pair")


def ping(connection: Connection, command: list[bytes]) -> None:
    """PING [text]."""
    if connection.version == 2 and connection.heard:
        connection.answer([b"pong", command[1] if len(command) > 1 else b""])
    elif len(command) > 1:
        connection.out.append(resp.bulk(command[1]))
    else:
        connection.out.append(b"+PONG\r\n")


def echo(connection: Connection, command: list[bytes]) -> None:
    """ECHO text."""
    connection.out.append(resp.bulk(command[1]))


def select(connection: Connection, command: list[bytes]) -> None:
    """SELECT 0: there are namespaces, not numbers."""
    if command[1] != b"0":
        raise Refused("ERR DB index is out of range: topics belong to namespaces, by the {name} in them")
    connection.out.append(resp.OK)


def leave(connection: Connection, command: list[bytes]) -> None:
    """QUIT."""
    connection.out.append(resp.OK)
    connection.server.settle()
    connection.quit()


def reset(connection: Connection, command: list[bytes]) -> None:
    """RESET."""
    connection.server.forget_subscriptions(connection)
    connection.version = 2
    connection.name = b""
    connection.become(connection.server.first_user)
    connection.out.append(b"+RESET\r\n")


def client(connection: Connection, command: list[bytes]) -> None:
    """CLIENT, what libraries say of themselves and ask."""
    match command[1].upper(), command[2:]:
        case b"ID", []:
            connection.answer(connection.id)
        case b"GETNAME", []:
            connection.answer(connection.name or None)
        case b"SETNAME", [name]:
            connection.name = _name(name)
            connection.out.append(resp.OK)
        case b"SETINFO", [(b"LIB-NAME" | b"LIB-VER" | b"lib-name" | b"lib-ver") as what, value]:
            connection.client_info[what.lower()] = _name(value)
            connection.out.append(resp.OK)
        case b"INFO", []:
            connection.answer(_line(connection))
        case b"LIST", []:
            if not connection.user.admin:
                raise Refused("NOPERM only an admin may see other clients")
            connection.answer("".join(_line(each) for each in connection.server.connections))
        case ((b"NO-EVICT" | b"NO-TOUCH"), [(b"on" | b"off" | b"ON" | b"OFF")]):
            connection.out.append(resp.OK)
        case name, _:
            raise Refused(f"ERR CLIENT {name.decode(errors='replace')} is not supported, or not like this")


def _name(text: bytes) -> bytes:
    if any(byte <= 32 or byte > 126 for byte in text):
        raise Refused("ERR Client names cannot contain spaces, newlines or special characters.")
    return text


def _line(connection: Connection) -> str:
    host, port, *_ = connection.transport.get_extra_info("peername") or ("?", 0)
    told = connection.client_info
    return (
        f"id={connection.id} addr={host}:{port} name={connection.name.decode()} "
        f"age={int(connection.server.clock() - connection.since)} db=0 sub={len(connection.channels)} psub=0 "
        f"ssub={len(connection.shards)} topics={len(connection.topics)} "
        f"omem={connection.transport.get_write_buffer_size()} user={connection.user.name} resp={connection.version} "
        f"lib-name={told.get(b'lib-name', b'').decode()} lib-ver={told.get(b'lib-ver', b'').decode()}\n"
    )


def info(connection: Connection, command: list[bytes]) -> None:
    """INFO [section …]."""
    wanted = {section.decode(errors="replace").lower() for section in command[1:]}
    connection.answer(connection.server.info(wanted))


def config(connection: Connection, command: list[bytes]) -> None:
    """CONFIG GET, which tools ask before they begin; of Redis's settings only how durable we are has a meaning."""
    if command[1].upper() != b"GET":
        raise Refused("ERR the broker is set by its file and its environment, not by CONFIG")
    level = connection.server.namespaces.default.level
    known = {"save": "", "appendonly": "yes" if level == "disk" else "no"}
    asked = {name.decode(errors="replace").lower() for name in command[2:]}
    connection.answer({name: value for name, value in known.items() if name in asked})


def now(connection: Connection, command: list[bytes]) -> None:
    """TIME."""
    seconds, rest_ns = divmod(time.time_ns(), 1_000_000_000)
    connection.answer([str(seconds), str(rest_ns // 1000)])
