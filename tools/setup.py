"""Make this clone ready to run or to test: virtual environment, locked dependencies, the package, the app.

Needs nothing but a bare Python. What is done already, and has not changed since, is not done again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import node
from tools.progress import run

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
RUN_LOCK = ROOT / "requirements.lock"
SPLIT_LOCK = ROOT / "requirements-split.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
LOCKS = (RUN_LOCK, SPLIT_LOCK, DEV_LOCK)
"""Each with all of the one before it."""
NODE_LOCK = ROOT / "requirements-node.lock"
WEB = ROOT / "web"
BUILT_APP = ROOT / "src" / "derailed" / "web_dist"
USAGE = "python -m tools.setup run | split | dev | npm ARGUMENTS"


def main() -> None:
    """Prepare to run, or to develop; or run one npm command in `web/`."""
    match sys.argv[1:]:
        case ["run"]:
            prepare(RUN_LOCK)
        case ["split"]:
            prepare(SPLIT_LOCK)
        case ["dev"]:
            prepare(DEV_LOCK)
        case ["npm", *arguments]:
            npm = find_npm()
            command = [*npm.command, *arguments]
            raise SystemExit(subprocess.run(command, cwd=WEB, env=npm.environment, check=False).returncode)
        case _:
            raise SystemExit(USAGE)


def prepare(lock: Path) -> None:
    """Do whatever is missing."""
    make_venv()
    install_dependencies(lock)
    install_package()
    install_app_packages()
    build_app()


def make_venv() -> None:
    """The virtual environment; made anew when the Python that it came from is gone."""
    if PYTHON.exists():
        answer = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False)
        if answer.returncode == 0:
            return
    shutil.rmtree(VENV, ignore_errors=True)
    run("making a virtual environment in .venv", [sys.executable, "-m", "venv", VENV], os.environ, ROOT)


def install_dependencies(lock: Path) -> None:
    """What the lock names, unless a larger one was installed: that has all of it, at the same versions."""
    enough = LOCKS[LOCKS.index(lock) :]
    if _stamp("dependencies") not in map(_digest, enough):
        _pip("installing the dependencies", "--require-hashes", "--requirement", lock)
        _put_stamp("dependencies", _digest(lock))


def install_package() -> None:
    """Derailed itself, run from where it stands."""
    project = _digest(ROOT / "pyproject.toml")
    if _stamp("package") != project:
        _pip("installing Derailed", "--no-deps", "--no-build-isolation", "--editable", ROOT)
        _put_stamp("package", project)


def install_app_packages() -> None:
    """What the app is built from."""
    packages = _digest(WEB / "package-lock.json")
    if _stamp("app-packages") != packages or not (WEB / "node_modules").exists():
        npm = find_npm()
        command = [*npm.command, "ci", "--no-audit", "--no-fund"]
        run("installing the app's packages", command, npm.environment, WEB)
        _put_stamp("app-packages", packages)


def build_app() -> None:
    """The app, from `web/` into the package."""
    sources = _digest(*_app_sources())
    if _stamp("app") != sources or not (BUILT_APP / "index.html").exists():
        npm = find_npm()
        run("building the app", [*npm.command, "run", "build"], npm.environment, WEB)
        _put_stamp("app", sources)


def find_npm() -> node.Npm:
    """This machine's, or the one from the wheel, which is fetched when it is needed first."""
    system = node.of_system()
    if system is not None:
        return system
    if _stamp("node") != _digest(NODE_LOCK):
        _pip("installing Node (this machine has none, or an old one)", "--require-hashes", "--requirement", NODE_LOCK)
        _put_stamp("node", _digest(NODE_LOCK))
    return node.of_wheel(next(VENV.glob("lib/python3.*/site-packages")))


def _pip(step: str, *arguments: str | Path) -> None:
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments]
    run(step, command, os.environ, ROOT)


def _app_sources() -> list[Path]:
    parts = [path for path in WEB.iterdir() if path.name not in ("node_modules", "tests")]
    return sorted(file for part in parts for file in [part, *part.rglob("*")] if file.is_file())


def _digest(*files: Path) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(ROOT)}\0".encode())
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _stamp(name: str) -> str:
    path = STAMPS / name
    return path.read_text() if path.exists() else ""


def _put_stamp(name: str, digest: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / name).write_text(digest)


if __name__ == "__main__":
    main()
