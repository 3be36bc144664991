"""Runs a server for as long as its parent lives: `python guard.py FOLDER STOP_SIGNAL UID COMMAND…`.

Its standard input is a pipe that the parent holds. When that is closed, also because the parent was killed,
the server is told to stop and waited for, and its folder removed, if one is named: nothing is left behind.
The folder stays if the parent has said anything before. A server that does not stop is killed; one whose guard was
killed is told to stop by the kernel.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys

_STOP_WITHIN_S = 10
_PR_SET_PDEATHSIG = 1


def main(folder: str, stop_signal: int, uid: int | None, command: list[str]) -> None:
    """Run the server, say its process id, and end it when nobody holds the other end any more."""
    groups: dict[str, object] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    server = subprocess.Popen(  # type: ignore[call-overload]
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        preexec_fn=lambda: ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, stop_signal),  # noqa: PLW1509  one thread is all
        **groups,
    )
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    is_to_stay = sys.stdin.read()
    server.send_signal(stop_signal)
    try:
        server.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if folder and not is_to_stay:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3] else None, sys.argv[4:])
