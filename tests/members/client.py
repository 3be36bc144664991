"""What a client makes of GUILD_MEMBER_LIST_UPDATE: rows by their index, as far as it follows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec


class Client:
    """One follower's screen."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self.ranges = list(ranges)
        self.rows: dict[int, Any] = {}
        self.groups: list[tuple[str, int]] = []
        self.counts = (0, 0)
        self.id = ""
        self.ops: list[str] = []

    def read(self, data: bytes) -> None:
        """Take in one update."""
        update = msgspec.json.decode(data)
        self.id = update["id"]
        self.groups = [(group["id"], group["count"]) for group in update["groups"]]
        self.counts = (update["member_count"], update["online_count"])
        for op in update["ops"]:
            self.ops.append(op["op"])
            self._take(op)

    def _take(self, op: dict[str, Any]) -> None:
        match op["op"]:
            case "SYNC":
                first, last = op["range"]
                self._clear(first, last)
                self.rows |= dict(enumerate(op["items"], first))
            case "INVALIDATE":
                self._clear(*op["range"])
            case "INSERT":
                at = op["index"]
                self.rows = {row + (row >= at): item for row, item in self.rows.items()} | {at: op["item"]}
            case "UPDATE":
                self.rows[op["index"]] = op["item"]
            case "DELETE":
                at = op["index"]
                self.rows = {row - (row > at): item for row, item in self.rows.items() if row != at}

    def _clear(self, first: int, last: int) -> None:
        self.rows = {row: item for row, item in self.rows.items() if not first <= row <= last}

    def shown(self) -> list[str | None]:
        """Each row of its ranges, as far as the list goes: a group's or a member's id; None for one it lacks."""
        total = sum(count + 1 for _, count in self.groups)
        wanted = [row for first, last in self.ranges for row in range(first, min(last + 1, total))]
        return [name(self.rows[row]) if row in self.rows else None for row in wanted]


def name(item: dict[str, Any]) -> str:
    """A group's id, or what a member shows."""
    if "group" in item:
        return str(item["group"]["id"])
    member = item["member"]
    return f"{member['user']['id']} {member['nick']} {member['roles']} {member['presence']['status']}"
