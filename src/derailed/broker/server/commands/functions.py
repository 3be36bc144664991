"""FUNCTION and XCLIENTS: filter libraries, written in Lua, and the clients of a connection that they know.

A library begins with `#!lua name=rule`, or `#!lua name={space}rule` for another namespace than the default one.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from derailed.broker.filters import Attributes, FilterError, Standing
from derailed.broker.server import Refused, resp
from derailed.broker.server.configuration import DEFAULT

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection

_FIRST_LINE: Final = re.compile(rb"#!lua name=(\S+)[ \t]*\r?\n")
_NAME: Final = re.compile(rb"(?:\{([^{}]*)\})?([^{}]+)")


def function(connection: Connection, command: list[bytes]) -> None:
    """FUNCTION LOAD [REPLACE] code | LIST [LIBRARYNAME pattern] [WITHCODE] | DELETE name."""
    if not connection.user.admin:
        raise Refused("NOPERM only an admin may see or change filters")
    match command[1].upper(), command[2:]:
        case b"LOAD", [source]:
            _load(connection, source, replace=False)
        case b"LOAD", [word, source] if word.upper() == b"REPLACE":
            _load(connection, source, replace=True)
        case b"LIST", rest:
            _list(connection, rest)
        case b"DELETE", [name]:
            _delete(connection, name)
        case name, _:
            raise Refused(f"ERR FUNCTION {name.decode(errors='replace')} is not supported, or not like this")


def _load(connection: Connection, source: bytes, *, replace: bool) -> None:
    first = _FIRST_LINE.match(source)
    if first is None:
        raise Refused("ERR a library begins with the line #!lua name=…")
    namespace, name = _named(connection, first[1])
    server = connection.server

    async def load() -> bytes:
        try:
            await server.change_filters(server.filters.load(namespace, name, source, replace=replace))
        except FilterError as error:
            raise Refused(f"ERR {error}") from None
        return resp.bulk(first[1])

    connection.later(load())


def _delete(connection: Connection, given: bytes) -> None:
    namespace, name = _named(connection, given)
    server = connection.server

    async def delete() -> bytes:
        if not await server.change_filters(server.filters.delete(namespace, name)):
            raise Refused("ERR Library not found")
        for each in tuple(server.connections):
            each.tell_silenced(namespace, name, given)
        server.send_pushes()
        return resp.OK

    connection.later(delete())


def _named(connection: Connection, given: bytes) -> tuple[str, str]:
    """Of which namespace, and what. Raises Refused."""
    found = _NAME.fullmatch(given)
    if found is None:
        raise Refused("ERR a library is called rule, or {space}rule")
    namespace = connection.server.namespaces.named(DEFAULT.encode() if found[1] is None else found[1])
    return namespace.name, found[2].decode(errors="replace")


def _list(connection: Connection, rest: list[bytes]) -> None:
    pattern, with_code = "*", False
    while rest:
        match rest[0].upper(), rest[1:]:
            case b"LIBRARYNAME", [name, *rest]:
                pattern = name.decode(errors="replace")
            case b"WITHCODE", rest:
                with_code = True
            case _:
                raise Refused("ERR FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]")
    libraries = connection.server.filters.standings()
    connection.answer([_about(each, with_code=with_code) for each in libraries if fnmatchcase(_called(each), pattern)])


def _called(library: Standing) -> str:
    return library.name if library.namespace == DEFAULT else f"{{{library.namespace}}}{library.name}"


def _about(library: Standing, *, with_code: bool) -> dict[str, resp.Value]:
    functions: list[resp.Value] = [
        {"name": name, "description": None, "flags": ["no-writes"]} for name in library.functions
    ]
    about: dict[str, resp.Value] = {
        "library_name": _called(library),
        "engine": "LUA",
        "functions": functions,
        "namespace": library.namespace,
        "errors": library.errors,
        "ends": library.ends,
        "last_fault": library.last_fault,
        "rests": int(library.paused),
    }
    return about | ({"library_code": library.source} if with_code else {})


def xclients(connection: Connection, command: list[bytes]) -> None:
    """XCLIENTS SET client attributes [client attributes …] | DROP client [client …] | COUNT; attributes are JSON."""
    match command[1].upper(), command[2:]:
        case b"SET", rest if rest and not len(rest) & 1:
            _set(connection, {name: _attributes(text) for name, text in zip(rest[::2], rest[1::2], strict=True)})
        case b"DROP", [_, *_] as names:
            there = [name for name in dict.fromkeys(names) if connection.clients.pop(name, None) is not None]
            for filtered in connection.filtered.values():
                filtered.change(sum(map(len, there)), partial(filtered.judged.drop, there))
            connection.answer(len(there))
        case b"COUNT", []:
            connection.answer(len(connection.clients))
        case _:
            raise Refused("ERR XCLIENTS SET client attributes …, DROP client … or COUNT")


def _set(connection: Connection, clients: dict[bytes, Attributes]) -> None:
    try:
        size = connection.server.filters.check(clients, len(connection.clients))
        for filtered in connection.filtered.values():
            filtered.change(size, partial(filtered.judged.set, clients))
    except FilterError as error:
        raise Refused(f"ERR {error}") from None
    connection.clients.update(clients)
    connection.answer(len(clients))


def _attributes(text: bytes) -> Attributes:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("ERR a client's attributes are a JSON object") from None
    if not isinstance(found, dict) or not all(isinstance(value, str | int | float | bool) for value in found.values()):
        raise Refused("ERR a client's attributes are a JSON object of strings, numbers and booleans")
    return found
