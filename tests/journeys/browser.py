"""Finds a Chromium for the app's journey: the system's, else apt's, else npm's; never none in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.setup import find_npm

WEB = Path(__file__).resolve().parents[2] / "web"
NPM_CACHE = WEB / "node_modules" / ".cache" / "chromium"
NPM_LOCK = WEB / "chromium"
SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL_TIMEOUT_S = 600


@dataclass(frozen=True)
class Chromium:
    """A program to run and what its environment needs besides ours."""

    program: Path
    environment: dict[str, str] = field(default_factory=dict)


class NoChromium(Exception):
    """None was found and none could be installed; the message says what was tried."""


def find() -> Chromium:
    """The first that exists or can be installed, in the order of the docstring above."""
    tried: list[str] = []
    for way in (_of_the_system, _of_apt, _of_npm):
        try:
            return way()
        except NoChromium as reason:
            tried.append(str(reason))
    raise NoChromium("the app can not be tried in a browser:\n  " + "\n  ".join(tried))


def _of_the_system() -> Chromium:
    for name in SYSTEM_NAMES:
        program = shutil.which(name)
        if program is not None:
            return Chromium(Path(program))
    raise NoChromium(f"none of {', '.join(SYSTEM_NAMES)} is on the PATH")


def _of_apt() -> Chromium:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoChromium("apt-get can not install one: not root, or not Debian")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-qq"], quiet)
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], quiet)
    return _of_the_system()


def _of_npm() -> Chromium:
    """Brotli-packed, with the libraries that a bare machine lacks beside it."""
    program = NPM_CACHE / "chromium"
    if not program.exists():
        _unpack(NPM_CACHE)
    return Chromium(program, {"LD_LIBRARY_PATH": str(NPM_CACHE / "lib")})


def _unpack(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NPM_LOCK / name, folder)
    npm = find_npm()
    _run([*npm.command, "ci", "--ignore-scripts", "--prefix", folder], npm.environment)
    packed = folder / "node_modules" / "@sparticuz" / "chromium" / "bin"
    for name in ("al2023.tar", "swiftshader.tar", "chromium"):
        _run(["node", NPM_LOCK / "unbrotli.mjs", packed / f"{name}.br", folder / f"{name}.part"], npm.environment)
    for name in ("al2023.tar", "swiftshader.tar"):
        with tarfile.open(folder / f"{name}.part") as tar:
            tar.extractall(folder, filter="data")
        (folder / f"{name}.part").unlink()
    shutil.rmtree(folder / "node_modules")
    (folder / "chromium.part").chmod(0o755)
    (folder / "chromium.part").rename(folder / "chromium")  # last: when it is there, all of it is


def _run(command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, env=environment, check=False
    )
    if done.returncode != 0:
        line = " ".join(str(word) for word in command)
        raise NoChromium(f"`{line}` failed: {done.stderr.strip()[-400:]}")
