"""The pages on the broker are true: what stands in them after a `>` is given to Redis's own command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from derailed.broker.server.commands.refused import REASONS
from derailed.broker.server.commands.table import ALL
from derailed.broker.server.configuration import Configuration, load
from tests.broker.process import Broker
from tests.servers import redis_tools

DOCS = Path(__file__).resolve().parents[2] / "docs"
WIRE = DOCS / "wire" / "broker.md"
BLOCK = re.compile(r"^```redis\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("page", [WIRE, DOCS / "broker" / "start.md"], ids=lambda page: page.name)
def test_a_page_can_be_typed_in(page: Path, tmp_path: Path) -> None:
    session = "".join(BLOCK.findall(page.read_text()))
    commands = [line[2:] for line in session.splitlines() if line.startswith("> ")]
    with Broker(tmp_path / "data") as broker:
        said = redis_tools.run("cli", broker.port, "-3", "--no-raw", given="\n".join(commands) + "\n")
    expected = [line for line in session.splitlines() if not line.startswith("> ")]
    lines = [line.rstrip() for line in said.splitlines() if line]
    assert len(expected) > 10
    assert [_blurred(line, wanted) for line, wanted in zip(lines, expected, strict=False)] == expected
    assert len(lines) == len(expected)


def _blurred(line: str, wanted: str) -> str:
    """An epoch is another one each time."""
    shown, _, rest = wanted.partition("…")
    return wanted if "…" in wanted and line.startswith(shown) and not rest else line


def test_the_page_has_every_command_and_no_other() -> None:
    named = set(re.findall(r"`([A-Z]{3,}|[A-Z]+)\b", WIRE.read_text()))
    assert {command.name.upper() for command in ALL} <= named
    shown = {line.split()[1] for line in WIRE.read_text().splitlines() if line.startswith("> ")}
    assert shown - {"NONSENSE"} <= {command.name.upper() for command in ALL} | {name.decode() for name in REASONS}


def test_the_file_that_is_shown_has_the_defaults(tmp_path: Path) -> None:
    page = (DOCS / "broker" / "operations.md").read_text()
    shown = re.search(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert shown is not None
    file = tmp_path / "broker.toml"
    file.write_text(shown[1].replace('"…"', f'"{"0" * 64}"'))
    read, plain = load(file), Configuration()
    assert (read.spaces, read.limits) == (plain.spaces, plain.limits)
    assert read.users[0].read == (b"news:", b"log:")
    assert (read.certificate, read.key) == (tmp_path / "cert.pem", tmp_path / "key.pem")
