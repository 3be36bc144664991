"""A real PostgreSQL, from the wheel that the tests depend on.

Without `durable` it leaves out the wait for the disk, which only the loss of the whole machine could tell. `shared()`
is the one of this test process; a database of one's own in it takes some 40 ms.
"""

from __future__ import annotations

import atexit
from functools import cache
from itertools import count
from typing import Final

from derailed.servers import postgres
from tests.servers.guarded import Guarded

_QUICK: Final = {"fsync": "off", "full_page_writes": "off"}
_PLAIN: Final = {"max_connections": "200"}


class Postgres(Guarded):
    """One server. `url(name)` leads to a database, `database()` makes a fresh one."""

    program: postgres.Postgres

    def __init__(self, *, durable: bool = False, **more: str) -> None:
        """`more` are settings of the server's, with `__` for a dot."""
        super().__init__()
        settings = (
            _PLAIN | ({} if durable else _QUICK) | {name.replace("__", "."): value for name, value in more.items()}
        )
        self.program = postgres.Postgres(self.folder, f"127.0.0.1:{self.port}", settings)
        self.kill_signal = self.program.kill_signal
        self.program.prepare(durable=False)
        self._names = count(1)

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        return self.program.ask("SELECT 1").returncode == 0

    def url(self, database: str) -> str:
        """Where a database is."""
        return self.program.url(database)

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
        done = self.program.ask(sql, url.rpartition("/")[2] if url else "postgres")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@cache
def shared() -> Postgres:
    """The one server of this process, started when it is first asked for, ended with the process."""
    server = Postgres().__enter__()
    atexit.register(server.__exit__, None, None, None)
    return server
