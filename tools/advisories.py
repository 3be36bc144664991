"""`make advisories`: known vulnerabilities of all that is locked, from the databases that the registries keep.

What could not be asked is said loudly and is exit code 3: nobody shall take silence for an answer. 1: there are some.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tools.setup import ROOT, VENV, find_npm

_LOCKS: Final = ("requirements-dev.lock", "requirements-node.lock", "requirements-audit.lock")
_WITHIN_S: Final = 900


def main() -> None:
    """Ask for all, and say what came of it."""
    found, unknown = list[str](), list[str]()
    tool = _pip_audit()
    for lock in _LOCKS:
        ran = subprocess.run(
            [tool, "--requirement", ROOT / lock, "--no-deps", "--disable-pip", "--format", "json"],
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
        _sort(of_pip(lock, ran.stdout, ran.stderr), found, unknown)
    npm = find_npm()
    for folder in sorted(path.parent for path in ROOT.glob("**/package-lock.json") if "node_modules" not in path.parts):
        command = [*npm.command, "audit", "--json", "--package-lock-only"]
        ran = subprocess.run(
            command, cwd=folder, env=npm.environment, capture_output=True, text=True, timeout=_WITHIN_S, check=False
        )
        _sort(of_npm(str(folder.relative_to(ROOT)), ran.stdout, ran.stderr), found, unknown)
    for line in (*found, *unknown):
        print(f"advisories: {line}", file=sys.stderr)
    if unknown:
        print("\nNOT AUDITED: what stands above could not be asked for. Nothing is known about it.", file=sys.stderr)
    raise SystemExit(1 if found else 3 if unknown else 0)


def of_pip(lock: str, said: str, complained: str) -> tuple[list[str], list[str]]:
    """What pip-audit found, and what it does not know: it passes over what it can not ask for."""
    answer = _json(said)
    if answer is None:
        return [], [f"{lock}: {_last(complained)}"]
    found, unknown = [], []
    for package in answer["dependencies"]:
        name = f"{lock}: {package['name']}"
        if "skip_reason" in package:
            unknown.append(f"{name}: {package['skip_reason']}")
        for each in package.get("vulns", ()):
            mended = ", ".join(each.get("fix_versions", ())) or "no version"
            found.append(f"{name} {package['version']}: {each['id']}, mended in {mended}")
    return found, unknown


def of_npm(folder: str, said: str, complained: str) -> tuple[list[str], list[str]]:
    """The same of npm audit."""
    answer = _json(said)
    if answer is None or "vulnerabilities" not in answer:
        return [], [f"{folder}/package-lock.json: {_last(complained)}"]
    found = [
        f"{folder}: {name} {each['range']}: {each['severity']}" for name, each in answer["vulnerabilities"].items()
    ]
    return found, []


def _pip_audit() -> Path:
    """The tool, in an environment of its own: what it needs is nothing that we need."""
    home, lock = VENV / "advisories", ROOT / "requirements-audit.lock"
    if not (home / "bin" / "pip-audit").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "--requirement", str(lock)], check=True)
    return home / "bin" / "pip-audit"


def _sort(answer: tuple[list[str], list[str]], found: list[str], unknown: list[str]) -> None:
    found += answer[0]
    unknown += answer[1]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and "log of this run" not in line]
    return lines[-1].strip() if lines else "there was no answer"


if __name__ == "__main__":
    main()
