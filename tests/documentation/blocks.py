"""Every block of the documentation that is code, a command, or what a program says; and which test it is run by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt

ROOT: Final = Path(__file__).resolve().parents[2]
_MARKDOWN: Final = MarkdownIt("commonmark").enable("table")

COMMANDS: Final = "tests/documentation/test_commands.py"
_API: Final = "tests/wire/test_docs.py"
RUN_BY: Final = {
    ("docs/bots.md", "js"): "tests/journeys/test_bots_page.py",
    ("docs/bots.md", "python"): "tests/journeys/test_bots_page.py",
    ("docs/broker/filters.md", "lua"): "tests/broker/test_filters_cookbook.py",
    ("docs/broker/operations.md", "toml"): "tests/broker/test_docs.py",
    ("docs/broker/start.md", "python"): COMMANDS,
    ("docs/broker/start.md", "redis"): "tests/broker/test_docs.py",
    ("docs/operating.md", "toml"): COMMANDS,
    ("docs/rules.md", "console"): COMMANDS,
    ("docs/rules.md", "lua"): COMMANDS,
    ("docs/wire/broker.md", "redis"): "tests/broker/test_docs.py",
    ("docs/wire/gateway.md", "gateway"): "tests/journeys/test_gateway_docs.py",
    ("docs/wire/links.md", "json"): COMMANDS,
    **{
        (f"docs/{page}.md", "http"): _API
        for page in (
            *("wire/rest", "wire/people", "wire/conversations", "wire/reading", "tokens", "permissions", "errors"),
        )
    },
    ("docs/wire/limits.md", "http"): COMMANDS,
}
"""By page and kind. The test goes over all blocks of that kind on that page: one that is added is run, too."""

ELSEWHERE: Final = {
    "make run": ("tests/journeys/test_newcomer.py", "make run"),
    "make split": ("tests/journeys/test_newcomer.py", "make split"),
    "make check": (".ci/run", "make check"),
    ".venv/bin/pip install discord.py\nBOT_TOKEN=TOKEN .venv/bin/python examples/conductor.py": (
        "tests/journeys/test_newcomer.py",
        "pip install",
    ),
    ".venv/bin/derailed bot create conductor --guild GUILD_ID": ("tests/journeys/test_newcomer.py", "bot create"),
    ".venv/bin/derailed top": ("tests/journeys/test_newcomer.py", "derailed top"),
    ".venv/bin/derailed broker": ("tests/broker/process.py", "broker"),
    ".venv/bin/derailed broker bench --page docs/broker": ("tests/broker/test_bench.py", "bench"),
    ".venv/bin/derailed broker bench --topics 100000000 --page docs/broker": ("tests/broker/test_bench.py", "--topics"),
}
"""Commands that run for long, or make this very clone: each by a test of its own, and a word that stands in it."""

SHOWN: Final = {
    "> FUNCTION LOAD": "tests/broker/test_server_filters.py has it with sockets of its own",
    "derailed: DERAILED_BUS_URL": "an error, compared in tests/journeys/test_operating_docs.py",
    "derailed: DERAILED_PRESENCE_URL": "an error, compared in tests/journeys/test_operating_docs.py",
    "presence: no service answers": "what /readyz says",
    "derailed-guild.json": "names of files",
    "Authorization: <a person's token>": "a header",
    "DERAILED_BLOBS_URL=s3://": "a setting, as tests/blobs/test_s3.py has it",
}
"""What is no command, by how it begins, and what it is."""


class Block(NamedTuple):
    """One of them. `kind` is what stands after its fence; empty without one."""

    page: str
    kind: str
    text: str


def blocks() -> Iterator[Block]:
    """All of them, page by page, in their order."""
    pages = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
    for page in pages:
        for token in _MARKDOWN.parse(page.read_text()):
            if token.type in ("fence", "code_block"):
                yield Block(str(page.relative_to(ROOT)), token.info.strip(), token.content)


def of(page: str, kind: str) -> list[str]:
    """Those of one kind on one page."""
    return [block.text for block in blocks() if (block.page, block.kind) == (page, kind)]
