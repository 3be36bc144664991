"""FUNCTION: filter libraries, written in Lua, which a namespace runs in a process of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derailed.broker.server import Refused

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection


def function(connection: Connection, command: list[bytes]) -> None:
    """FUNCTION LOAD [REPLACE] code | LIST | DELETE name."""
    if not connection.user.admin:
        raise Refused("NOPERM only an admin may change filters")
    raise Refused("ERR this broker runs no filters")
