"""XNAMESPACE: what a namespace is like, for those who must know before they rely on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derailed.broker.server.configuration import DEFAULT

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection


def xnamespace(connection: Connection, command: list[bytes]) -> None:
    """XNAMESPACE [namespace]: how durable it is, how long and how much it keeps, and where its log is."""
    namespace = connection.server.namespaces.named(command[1] if len(command) > 1 else DEFAULT.encode())
    connection.settle()
    log = namespace.log
    connection.answer(
        {
            "name": namespace.name,
            "level": namespace.level,
            "window_ms": namespace.retention.window_ms,
            "bytes": namespace.retention.bytes,
            "epoch": log.epoch,
            "began": log.began,
            "head": log.head,
            "horizon": log.horizon,
        }
    )
