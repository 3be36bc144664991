"""The process of one filter library: strangers' code runs here, and can reach nothing but its socket.

Started by `process.py` as a bare script. It imports nothing of ours: what is in memory here is lost to a stranger
that breaks out of Lua. `confine` shuts it in before the first line of the library is read.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
from signal import ITIMER_PROF, SIG_IGN, SIGINT, SIGTERM, setitimer, signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SOCKET: Final = 0
MEMORY: Final = 256 << 20
"""Of addresses. Bare, the process has 14 MiB; a client with five attributes takes 600 bytes."""
STUCK_S: Final = 1.0
"""Of CPU in one request. The parent ends it after 20 ms; this is for a parent that can not."""
OUT_OF_MEMORY: Final = 3
"""The exit status that says so."""

_length = struct.Struct(">I")

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SIGKILL = 9
KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000
SYSCALLS: Final = {
    # read write mmap mprotect munmap brk rt_sigprocmask rt_sigreturn sched_yield mremap madvise setitimer exit futex
    # restart_syscall clock_gettime exit_group getrandom
    "x86_64": (0xC000003E, (0, 1, 9, 10, 11, 12, 14, 15, 24, 25, 28, 38, 60, 202, 219, 228, 231, 318)),
    "aarch64": (0xC00000B7, (63, 64, 222, 226, 215, 214, 135, 139, 124, 216, 233, 103, 93, 98, 128, 113, 94, 278)),
}


def forbid_system_calls() -> bool:
    """Leave only what computing and this socket need. Anything else ends the process. False where it can not be."""
    architecture, allowed = SYSCALLS.get(os.uname().machine, (0, ()))
    prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    if prctl is None:
        return False
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if not allowed or prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    ends = len(allowed)
    program = [(0x20, 0, 0, 4), (0x15, 0, ends + 1, architecture), (0x20, 0, 0, 0)]
    program += [(0x15, ends - index, 0, number) for index, number in enumerate(allowed)]
    program += [(0x06, 0, 0, KILL_PROCESS), (0x06, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    return bool(prctl(PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(head)), 0, 0) == 0)


def confine() -> bool:
    """Give up everything that a filter does not need. What ends the broker in good order is not meant for it."""
    signal(SIGINT, SIG_IGN)
    signal(SIGTERM, SIG_IGN)
    os.closerange(SOCKET + 1, 64)
    limits = {"AS": MEMORY, "FSIZE": 0, "CORE": 0, "NPROC": 0, "NOFILE": 0}
    for name, limit in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))
    return forbid_system_calls()


def serve(decide: Callable[[bytes], bytes | None]) -> int:
    """Answer requests in their order until the parent has gone; the exit status."""
    waiting = bytearray()
    while received := os.read(SOCKET, 1 << 18):
        waiting += received
        while len(waiting) >= _length.size:
            (size,) = _length.unpack_from(waiting)
            if len(waiting) < (end := _length.size + size):
                break
            request = bytes(waiting[_length.size : end])
            del waiting[:end]
            setitimer(ITIMER_PROF, STUCK_S)
            answer = decide(request)
            if answer is None:
                return OUT_OF_MEMORY
            send(answer)
        setitimer(ITIMER_PROF, 0)
    return 0


def send(answer: bytes) -> None:
    """At once: the parent takes the first request without an answer for the one that does not come to an end."""
    frame = _length.pack(len(answer)) + answer
    while frame:
        frame = frame[os.write(SOCKET, frame) :]


def main() -> int:
    """Make a Lua that knows nothing but the sandbox, say whether system calls are forbidden, and serve."""
    packages, folder = sys.argv[1:]
    sys.path.append(packages)
    from lupa import LuaError, luajit21

    lua = luajit21.LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
    sources = []
    for name in ("sandbox.lua", "driver.lua"):
        with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123  pathlib is slow to import
            sources.append(file.read())
    sandbox, driver = sources
    decide = lua.compile(driver)(*lua.compile(sandbox)())
    send(b"\1" if confine() else b"\0")
    try:
        return serve(decide)
    except LuaError:  # what the driver itself says: there is no memory for more
        return OUT_OF_MEMORY


if __name__ == "__main__":
    os._exit(main())
