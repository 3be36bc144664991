"""The commands in docs/operating.md do what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from derailed.app.parts import ONE_BUS
from derailed.settings import WrongSetting, read
from tests.journeys.server import clean_environment
from tests.servers import postgres
from tests.store import filled

TEXT = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
COMMANDS = re.findall(r"```sh\n(.+?)```", TEXT, re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works_as_it_stands(command: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    filled.fill(tmp_path / "data" / "derailed.sqlite")
    url = postgres.shared().database()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", command],
        cwd=tmp_path,
        env=clean_environment() | {"PATH": path, "DERAILED_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    postgres.shared().drop(url)
    assert done.returncode == 0, done.stderr


def test_what_a_second_server_says_is_what_the_page_says() -> None:
    assert f"    derailed: {ONE_BUS}\n" in TEXT


def test_what_a_service_says_that_lacks_a_setting_is_what_the_page_says() -> None:
    with pytest.raises(WrongSetting) as refused:
        read({}).require("wss", "presence_url")
    assert f"    derailed: {refused.value}\n" in TEXT
