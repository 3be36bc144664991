"""One wheel is all that an installation needs: it holds the app, and runs where nothing of this clone is."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.journeys.server import Running, free_port
from tools import wheel

pytestmark = pytest.mark.slow


def test_a_server_runs_from_nothing_but_the_wheel(tmp_path: Path) -> None:
    """What it depends on is lent by this environment, which has it at the versions of the lock."""
    made = wheel.build(tmp_path / "dist")
    held = set(zipfile.ZipFile(made).namelist())
    assert {"derailed/web_dist/index.html", "derailed/cli.py", "derailed/store/migrations/0001_first.sql"} <= held
    assert not [name for name in held if name.startswith(("tests/", "tools/", "web/", "bench/"))]
    home = tmp_path / "home"
    for command in (
        ["venv", str(home)],
        ["pip", "--python", str(home), "install", "--no-deps", "--no-index", str(made)],
    ):
        subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, timeout=120)
    (installed,) = home.glob("lib/python*/site-packages")
    lent = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    (installed / "lent.pth").write_text(f"{lent}\n")  # after what is installed there, and without its own .pth files
    port = free_port()
    settings = {"DERAILED_DATA_DIR": str(tmp_path / "data"), "DERAILED_HTTP_PORT": str(port)}
    server = Running(["up"], settings, port, tmp_path / "log")
    server.command = [str(home / "bin" / "derailed"), "up"]
    with server:
        page = httpx.get(server.url, timeout=30)
        where = subprocess.run(
            [home / "bin" / "python", "-c", "import derailed; print(derailed.__file__)"],
            cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30,
        )  # fmt: skip
    assert page.status_code == 200
    assert "<title>" in page.text
    assert Path(where.stdout.strip()).is_relative_to(home)
