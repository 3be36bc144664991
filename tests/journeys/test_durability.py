"""An answer that says "kept" comes after the disk has it: seen from outside, in the calls to the kernel."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from tests.journeys.people import Guild, register
from tests.journeys.server import Server
from tests.journeys.syscalls import Call, calls


def test_a_message_is_on_the_disk_before_its_author_is_answered(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    server = Server(tmp_path / "data")
    server.command = [server.command[0], "-m", "tests.journeys.syscalls", str(trace), *server.command]
    content = f"kept {secrets.token_hex(16)}"
    with server, register(server, "anna") as author:
        author.send(Guild(author).general, content)
        seen = list(calls(trace))

    written = _first(seen, 0, lambda call: call.path.endswith("-wal") and content in call.data and call.ended)
    synced = _first(seen, written, lambda call: call.path == seen[written].path and "sync" in call.name and call.ended)
    answered = _first(seen, written, lambda call: call.path.startswith("socket:") and call.data.startswith("HTTP/1.1"))
    assert written < synced < answered
    assert seen[answered].data.startswith("HTTP/1.1 200")
    assert any(content in call.data for call in seen[answered:])


def _first(seen: list[Call], start: int, wanted: Callable[[Call], bool]) -> int:
    return next(number for number, call in enumerate(seen) if number >= start and wanted(call))
