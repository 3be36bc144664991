"""Installations to look at."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

from derailed.doctor.examination import examine
from derailed.doctor.facts import Facts
from derailed.doctor.table import findings
from derailed.settings import Settings, read


def settings(**changes: str) -> Settings:
    """Those of the defaults but for these: `http_port="8080"`."""
    return read({f"DERAILED_{name.upper()}": value for name, value in changes.items()})


def names(facts: Facts) -> set[str]:
    """What is found in them."""
    return {finding.name for finding in findings(facts)}


def found(folder: Path, **changes: str) -> set[str]:
    """What is found in a real installation, whose data is there; with an app, and on any port."""
    return found_by(time.time, folder, **changes)


def found_by(clock: Callable[[], float], folder: Path, **changes: str) -> set[str]:
    """The same, by another clock than this machine's."""
    app = folder / "app"
    app.mkdir(exist_ok=True)
    (app / "index.html").touch()
    told = {"data_dir": str(folder / "data"), "http_port": "0"} | changes
    return {finding.name for finding in asyncio.run(examine(settings(**told), app, clock))}


@contextmanager
def answering(how: type[BaseRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a program of somebody else's."""
    with _Program(("127.0.0.1", 0), how) as program:
        if tls is not None:
            program.socket = tls.wrap_socket(program.socket, server_side=True)
        running = Thread(target=program.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        yield program.server_address[1]
        program.shutdown()
        running.join()


class _Program(ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who hangs up, or does not like the certificate, is no trouble of ours."""
