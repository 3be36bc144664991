"""The style that can be checked: who may import whom, what is pure, how long things are, what no file may hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "derailed"

NOUNS = {"model", "wire"}
MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    "wire": {"model"},
    "store": {"model"},
    "blobs": {"model"},
    "limits": {"model"},
    "broker": set(),
    "bus": NOUNS | {"broker"},
    "presence": NOUNS | {"bus", "generated"},
    "members": NOUNS | {"store", "bus", "presence", "generated"},
    "unfurl": set(),
    "rules": NOUNS | {"broker"},
    "servers": set(),
    "actions": NOUNS | {"store", "blobs", "limits", "unfurl", "bus", "presence", "members"},
    "api": NOUNS | {"limits", "actions"},
    "transfer": NOUNS | {"store", "blobs", "actions"},
    "gateway": NOUNS | {"actions", "bus", "presence", "members", "rules"},
}
COMPOSITION = {"app", "cli", "doctor", "__main__"}
"""May name every part: they put them together, or look at all of them."""

ALONE = {"settings", "clock", "telemetry", "traces", "site", "progress"}
"""Stand beside the rooms and know none of them."""

SPOKEN_BY_ALL = {"telemetry", "traces"}
"""What the process says of itself; a pure module says nothing."""

OPEN = NOUNS | {"actions", "store"}
"""Rooms whose modules are their front door: words, verbs, and the tables of the store."""

DRIVERS = {"store.sqlite", "store.postgres", "store.migrate"}

ENTERED_BY_NAME = {
    ("bus.embedded", "broker.log"),
    ("bus.syncer", "broker.log"),
    *(("rules.lua", f"broker.filters{part}") for part in ("", ".clients", ".libraries", ".shelf")),
}
"""The embedded bus *is* the broker's log, in this process, and rules are its filters."""

PURE = (
    "model/",
    "wire/",
    "gateway/session.py",
    "gateway/audience.py",
    "limits/windows.py",
    "presence/tracker.py",
    "members/roster.py",
    "members/lists.py",
    "members/packing.py",
    "members/ranked.py",
    "unfurl/addresses.py",
    "unfurl/page.py",
    "transfer/layout.py",
    "doctor/facts.py",
    "doctor/table.py",
    "doctor/checks/",
)
IMPURE = {"asyncio", "logging", "os", "random", "secrets", "socket", "structlog", "threading", "time", "uvloop"}

LINES_A_FILE = 400
LINES_A_FUNCTION = 60
LINES_A_DOCSTRING = 10

NOT_OURS = {
    ".git",
    ".venv",
    "node_modules",
    "web_dist",
    "data",
    "generated",
    "generated.ts",
    ".hypothesis",
    "__pycache__",
}
TEXTS = {".py", ".md", ".toml", ".lock", ".json", ".ts", ".js", ".svelte", ".css", ".html", ".sh", ".sql", ".proto"}

# Put together here, so that this file does not hold them.
REGISTRIES = [
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
]
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:work|tmp|root)/")


class Module(NamedTuple):
    """One source file, parsed."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.split(".")[0]


@cache
def modules() -> list[Module]:
    """Every module of ours, named as in `bus.embedded`."""
    paths = sorted(path for path in SOURCE.rglob("*.py") if "generated" not in path.parts)
    return [Module(_name(path), path, ast.parse(path.read_text())) for path in paths]


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(module: Module) -> Iterator[str]:
    """Everything it imports, in full: `from derailed.store import guilds` is `derailed.store.guilds`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports relatively"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(module: Module) -> Iterator[tuple[str, str]]:
    """(room, module) of what it imports of ours, other than from its own room."""
    known = {other.name for other in modules()}
    for name in imports(module):
        if name.startswith("derailed."):
            target = name.removeprefix("derailed.")
            while target and target not in known:
                target = target.rpartition(".")[0]
            room = target.split(".")[0]
            if room and room != module.room:
                yield room, target


def files() -> Iterator[Path]:
    """Every text that is ours to read."""
    pending = [ROOT]
    while pending:
        for path in sorted(pending.pop().iterdir()):
            if path.name in NOT_OURS or path.name.endswith("_cache"):
                continue
            if path.is_dir():
                pending.append(path)
            elif path.suffix in TEXTS or path.name in ("Makefile", "python", "run"):
                yield path


def test_imports_point_one_way() -> None:
    wrong = [
        f"{module.name} imports {target}"
        for module in modules()
        if module.room not in COMPOSITION
        for room, target in ours(module)
        if room not in MAY_IMPORT.get(module.room, set()) | SPOKEN_BY_ALL
    ]
    assert wrong == []


def test_every_room_is_on_the_map() -> None:
    assert {module.room for module in modules()} <= set(MAY_IMPORT) | COMPOSITION | ALONE | {""}


def test_a_foreign_room_is_entered_by_its_front_door() -> None:
    wrong = [
        f"{module.name} imports {target}"
        for module in modules()
        if module.room not in COMPOSITION
        for room, target in ours(module)
        if "." in target and (room not in OPEN or target in DRIVERS) and (module.name, target) not in ENTERED_BY_NAME
    ]
    assert wrong == []


def test_pure_modules_know_no_clock_no_chance_and_no_network() -> None:
    wrong = [
        f"{module.name} imports {name}"
        for module in modules()
        if module.path.relative_to(SOURCE).as_posix().startswith(PURE)
        for name in imports(module)
        if name.split(".")[0] in IMPURE or name.startswith(("derailed.telemetry", "derailed.traces"))
    ]
    assert wrong == []


def test_only_settings_reads_the_environment() -> None:
    readers = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {a.name for a in node.names} & {"environ", "getenv"}
        )
    }
    assert readers == {"settings"}


def test_files_are_short() -> None:
    code = [path for path in files() if path.suffix in {".py", ".ts", ".svelte"}]
    assert [f"{path.name}: {n}" for path in code if (n := path.read_text().count("\n")) > LINES_A_FILE] == []


def test_functions_are_short() -> None:
    long = [
        f"{module.name}.{node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LINES_A_FUNCTION
    ]
    assert long == []


def test_every_module_says_what_it_is_in_a_few_lines() -> None:
    said = {module.name: prose(ast.get_docstring(module.tree) or "") for module in modules()}
    assert [name for name, lines in said.items() if not 1 <= len(lines) <= LINES_A_DOCSTRING] == []


def prose(text: str) -> list[str]:
    """Its lines, without drawings and blank ones."""
    return [line for line in text.splitlines() if line and line[0] not in " ├└│"]


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    wrong = []
    for path in files():
        text = path.read_text()
        if any(host in text for host in REGISTRIES) or MACHINE_PATH.search(text):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_no_file_holds_half_of_a_merge() -> None:
    half = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
    assert [str(path.relative_to(ROOT)) for path in files() if half.search(path.read_text())] == []


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for path in ROOT.glob("requirements*.lock"):
        text = path.read_text()
        assert "://" not in text
        assert "index-url" not in text
        assert text.count("--hash=sha256:") >= text.count("==")
    assert '"resolved"' not in (ROOT / "web" / "package-lock.json").read_text()


def test_decisions_are_numbered_one_after_the_other() -> None:
    pages = sorted((ROOT / "docs" / "decisions").iterdir())
    assert [page.name[:5] for page in pages] == [f"{number:04}-" for number in range(1, len(pages) + 1)]
    for number, page in enumerate(pages, 1):
        assert page.read_text().startswith(f"# {number}. ")
