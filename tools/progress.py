"""Long commands, shown as they go: one line that moves on a terminal, and the whole output when they fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(step: str, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path) -> None:
    """Run the command to its end. When it fails, show all it said, and stop with its exit code."""
    began = time.monotonic()
    print(f"· {step} …", flush=True)
    said: list[str] = []
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            _show(line.strip())
    _show("")
    if process.returncode:
        print("".join(said), f"\nDerailed: {step} did not work; what it said stands above.", file=sys.stderr)
        raise SystemExit(process.returncode)
    print(f"  done in {time.monotonic() - began:.0f} s", flush=True)


def _show(line: str) -> None:
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 3
        sys.stdout.write(f"\r\033[K  {line[:width]}" if line else "\r\033[K")
        sys.stdout.flush()
