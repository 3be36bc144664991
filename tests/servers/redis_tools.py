"""Redis's own command line and benchmark: the system's, else apt's; never none in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

_NAMES: Final = {"cli": ("redis-cli", "valkey-cli"), "benchmark": ("redis-benchmark", "valkey-benchmark")}
_INSTALL_TIMEOUT_S: Final = 300


class NoTool(Exception):
    """It is not there and could not be installed; the message says what to do."""


@cache
def find(tool: str) -> Path:
    """`cli` or `benchmark`. Raises NoTool."""
    found = _on_path(tool)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get") is not None:
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "redis-tools"]):
            subprocess.run(
                ["apt-get", *arguments], env=quiet, check=False, capture_output=True, timeout=_INSTALL_TIMEOUT_S
            )
        found = _on_path(tool)
    if found is None:
        raise NoTool(f"none of {', '.join(_NAMES[tool])} is on the PATH, and apt could not install redis-tools")
    return found


def run(tool: str, port: int, *arguments: str, given: str = "") -> str:
    """What it prints, at a server on the loopback address."""
    done = subprocess.run(
        [find(tool), "-h", "127.0.0.1", "-p", str(port), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


def _on_path(tool: str) -> Path | None:
    return next((Path(path) for name in _NAMES[tool] if (path := shutil.which(name))), None)
