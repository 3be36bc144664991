"""The audit finds each thing that may not be, by name; and here it finds nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

from tools import advisories
from tools.audit import licences, npm, python

ROOT = Path(__file__).parents[2]
HASH = "    --hash=sha256:" + "0" * 64
LOCK = f"""one==1.0 \\
{HASH}
    # via derailed (pyproject.toml)
two==2.0 ; python_version < '3.12' \\
{HASH}
    # via
    #   one
"""
GROUPS = {"": {"one"}, "dev": {"three"}}


class Installed(Distribution):
    """A package as its metadata tells of it."""

    def __init__(self, name: str, version: str, *said: str) -> None:
        self._text = "\n".join([f"Name: {name}", f"Version: {version}", *said, "", ""])

    def read_text(self, filename: str) -> str | None:
        """Its metadata."""
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        """It has no files."""
        return Path(path)


def test_nothing_is_wrong_here() -> None:
    assert python.of_all(ROOT) == []
    assert npm.of_all(ROOT) == []


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        (LOCK.replace(HASH, "", 1), "one has no hash"),
        (LOCK + "three @ https://example\n", "'three @ https://example' locks no version"),
        (LOCK.replace("#   one", "#   zero"), "two is wanted by nothing"),
        (LOCK.replace("one==1.0", "uno==1.0"), "one is declared and not locked"),
    ],
)
def test_a_lock_file_that_does_not_lock_is_found(lock: str, said: str) -> None:
    assert python.of_locks({"a.lock": LOCK}, GROUPS, {"a.lock": ("",)}) == []
    wrong = python.of_locks({"a.lock": lock}, GROUPS, {"a.lock": ("",)})
    assert [line for line in wrong if said in line], wrong


def test_two_lock_files_that_differ_are_found() -> None:
    locks = {"a.lock": LOCK, "b.lock": LOCK.replace("2.0", "2.1")}
    assert python.of_locks(locks, GROUPS, {"a.lock": ("",), "b.lock": ("",)}) == [
        "b.lock: two is 2.1, and 2.0 elsewhere"
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([Installed("one", "1.1", "License-Expression: MIT")], "one is installed as 1.1, and locked as 1.0"),
        ([Installed("four", "1", "License-Expression: MIT")], "four is installed and not locked"),
        ([Installed("one", "1.0", "License-Expression: AGPL-3.0-only")], "one is under AGPL-3.0-only"),
        ([Installed("one", "1.0", "Classifier: License :: OSI Approved :: GNU GPL")], "one is under GNU GPL"),
        ([Installed("one", "1.0")], "one is under no licence"),
        ([], "one is locked and not installed"),
    ],
)
def test_what_is_installed_otherwise_or_may_not_be_used_is_found(found: list[Distribution], said: str) -> None:
    fine = [Installed("One", "1.0", "License: Apache License 2.0")]
    assert python.of_installed(LOCK, fine) == []
    assert [line for line in python.of_installed(LOCK, found) if said in line]


def test_imports_that_are_not_declared_and_declarations_that_are_not_imported_are_found() -> None:
    provided = {"uno": ["one"], "tres": ["three"], "hidden": ["two"]}
    assert python.of_imports(GROUPS, {"src": {"uno"}, "tests": {"tres"}}, provided) == []
    wrong = python.of_imports(GROUPS, {"src": {"uno", "tres"}, "tests": {"hidden"}}, provided)
    assert wrong == [
        "src imports tres, and three is not declared for that",
        "tests imports hidden, and two is not declared for that",
    ]
    assert python.of_imports(GROUPS, {"src": set(), "tests": {"tres"}}, provided) == [
        "one is declared and not imported"
    ]


def _broken(change: Callable[[dict[str, Any]], None]) -> list[str]:
    package = {"dependencies": {"a": "^1"}}
    lock = {
        "packages": {
            "": dict(package),
            "node_modules/a": {"version": "1.0.0", "integrity": "sha512-x", "license": "(MIT OR GPL-3.0)"},
        }
    }
    change(lock["packages"])
    return npm.of_lock("web", package, lock)


def test_an_npm_lock_that_does_not_lock_is_found() -> None:
    of = "node_modules/a"
    assert _broken(lambda packages: None) == []
    assert _broken(lambda packages: packages[of].pop("integrity")) == ["web: a has no hash"]
    assert _broken(lambda packages: packages[of].update(license="GPL-3.0")) != []
    assert _broken(lambda packages: packages[of].pop("license")) != []
    assert _broken(lambda packages: packages[of].update(extraneous=True)) == ["web: a is wanted by nothing"]
    assert _broken(lambda packages: packages[of].update(resolved="x")) == ["web: a has an address"]
    assert _broken(lambda packages: packages[""].update(dependencies={"a": "^2"})) != []
    texts = ['import a from "a";', 'import "b/c.css";', 'import x from "./x";', 'import f from "node:fs";']
    assert npm.of_imports({"dependencies": {"a": "^1"}}, texts) == ["the app imports b, which is not declared"]
    assert npm.of_imports({"dependencies": {"a": "^1"}}, []) == ["a is declared and not imported"]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND GPL-3.0", False),
        ("MIT OR GPL-3.0", True),
        ("(GPL-3.0 OR MIT) AND Apache-2.0", True),
        ("GPL-3.0 OR (MIT AND LGPL-2.1)", False),
        ("MIT MIT", False),
        ("MIT AND", False),
        ("(MIT", False),
        ("", False),
    ],
)
def test_an_expression_allows_or_does_not(expression: str, allowed: bool) -> None:
    assert licences.is_allowed(expression) == allowed


def test_what_could_not_be_asked_is_not_taken_for_well() -> None:
    skipped = {"dependencies": [{"name": "one", "skip_reason": "not found"}]}
    assert advisories.of_pip("a.lock", json.dumps(skipped), "") == ([], ["a.lock: one: not found"])
    assert advisories.of_pip("a.lock", "", "Trace\nno network\n") == ([], ["a.lock: no network"])
    bad: dict[str, Any] = {
        "dependencies": [{"name": "one", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]
    }
    assert advisories.of_pip("a.lock", json.dumps(bad), "") == (["a.lock: one 1: CVE-1, mended in 2"], [])
    assert advisories.of_npm("web", '{"message": "405"}', "npm error 405\n")[1] == [
        "web/package-lock.json: npm error 405"
    ]
    bad = {"vulnerabilities": {"a": {"range": "<2", "severity": "high"}}}
    assert advisories.of_npm("web", json.dumps(bad), "")[0] == ["web: a <2: high"]
    assert advisories.of_npm("web", '{"vulnerabilities": {}}', "") == ([], [])
