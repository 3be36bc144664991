"""npm's side of the audit: the lock files, and what the app imports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tools.audit.licences import is_allowed

_IMPORT: Final = re.compile(r"""(?:from|import|require)\s*\(?\s*["']((?:@[\w.-]+/)?[\w.-]+)(?:/[\w./-]*)?["']""")

UNIMPORTED: Final = {
    "@types/node": "types",
    "axe-core": "is read as a file, by the journeys",
    "jsdom": "is named in vite.config.ts",
    "prettier": "is a command",
    "prettier-plugin-svelte": "is named in .prettierrc",
    "svelte-check": "is a command",
    "typescript": "is a command",
    "unicode-emoji-json": "is read as a file",
}
"""Declared, and imported nowhere."""


def of_lock(file: str, package: Mapping[str, Any], lock: Mapping[str, Any]) -> list[str]:
    """What is wrong with one of them."""
    wrong, packages = [], dict(lock["packages"])
    root = packages.pop("")
    if any(root.get(group) != package.get(group) for group in ("dependencies", "devDependencies")):
        wrong.append(f"{file}: what it is for is not what package.json asks for (npm install)")
    for where, each in packages.items():
        name = where.rpartition("node_modules/")[2]
        if not str(each.get("integrity", "")).startswith("sha512-"):
            wrong.append(f"{file}: {name} has no hash")
        if each.get("extraneous"):
            wrong.append(f"{file}: {name} is wanted by nothing")
        if "resolved" in each:
            wrong.append(f"{file}: {name} has an address")
        if not is_allowed(str(each.get("license", ""))):
            wrong.append(f"{file}: {name} is under {each.get('license')}, which is not one that we allow")
    return wrong


def of_installed(folder: Path, lock: Mapping[str, Any]) -> list[str]:
    """What says of itself otherwise than the lock file does."""
    wrong = []
    for where, each in lock["packages"].items():
        file = folder / where / "package.json"
        if not where or not file.exists():  # others are of other machines' kinds
            continue
        found = json.loads(file.read_text())
        if found["version"] != each["version"]:
            wrong.append(f"{where} is installed as {found['version']}, and locked as {each['version']}")
        said = found.get("license")
        if isinstance(said, str) and said != each.get("license"):
            wrong.append(f"{where} says that it is under {said}, and its lock {each.get('license')}")
    return wrong


def of_imports(package: Mapping[str, Any], texts: Iterable[str]) -> list[str]:
    """What is imported and not declared, or declared and not imported."""
    declared = {*package.get("dependencies", {}), *package.get("devDependencies", {})}
    used = {name for text in texts for name in _IMPORT.findall(text) if not name.startswith((".", "node:"))}
    wrong = [f"the app imports {name}, which is not declared" for name in sorted(used - declared)]
    wrong += [f"{name} is declared and not imported" for name in sorted(declared - used - UNIMPORTED.keys())]
    return wrong + [f"{name} is imported after all" for name in sorted(used & UNIMPORTED.keys())]


def of_all(root: Path) -> list[str]:
    """Everything that is wrong here."""
    wrong = []
    for file in sorted(_locks(root)):
        folder = file.parent
        package, lock = json.loads((folder / "package.json").read_text()), json.loads(file.read_text())
        wrong += of_lock(str(file.relative_to(root)), package, lock) + of_installed(folder, lock)
        if folder.name == "web":
            wrong += of_imports(package, [path.read_text() for path in _sources(folder)])
    return wrong


def _locks(root: Path) -> Iterable[Path]:
    return (path for path in root.glob("**/package-lock.json") if "node_modules" not in path.parts)


def _sources(web: Path) -> Iterable[Path]:
    folders = [web / name for name in ("src", "tests")]
    inner = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".ts", ".svelte", ".js")]
    return [*inner, *web.glob("*.ts"), *web.glob("*.js")]
