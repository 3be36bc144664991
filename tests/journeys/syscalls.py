"""A small tracer: runs a command, and writes what it and all its threads write, send and sync, as JSON lines.

    python -m tests.journeys.syscalls OUTPUT COMMAND …

Each traced call is two lines, when it begins and when it has ended, in the order in which the kernel saw them.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

# Numbers of the kernel's: kept stable by it.
_TRACEME, _SETOPTIONS, _SYSCALL, _GET_SYSCALL_INFO = 0, 0x4200, 24, 0x420E
_SYSGOOD, _FORK, _VFORK, _CLONE, _EXEC, _EXITKILL = 0x01, 0x02, 0x04, 0x08, 0x10, 0x100000
_EVERY_THREAD = 0x40000000  # __WALL
_ENTRY, _EXIT = 1, 2
_SYSCALL_STOP = signal.SIGTRAP | 0x80

_NUMBERS: Final[dict[str, dict[int, str]]] = {
    "x86_64": {
        1: "write", 18: "pwrite64", 20: "writev", 44: "sendto", 46: "sendmsg",
        74: "fsync", 75: "fdatasync", 296: "pwritev", 26: "msync",
    },
    "aarch64": {
        64: "write", 68: "pwrite64", 66: "writev", 206: "sendto", 211: "sendmsg",
        82: "fsync", 83: "fdatasync", 70: "pwritev", 227: "msync",
    },
}  # fmt: skip
_CALLS: Final = _NUMBERS.get(platform.machine(), {})

_SHOWN_BYTES = 16_384  # a page of the database and more
_SHOWN_PIECES = 64


class _SyscallInfo(ctypes.Structure):
    """struct ptrace_syscall_info: `values` are number and arguments at the entry, the result at the exit."""

    _fields_ = [
        ("op", ctypes.c_uint8),
        ("pad", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("instruction_pointer", ctypes.c_uint64),
        ("stack_pointer", ctypes.c_uint64),
        ("values", ctypes.c_uint64 * 8),
    ]


class Call(NamedTuple):
    """One line of the trace."""

    name: str
    ended: bool
    thread: int
    path: str
    """The file, or `socket:[n]`."""
    data: str
    """The first bytes it carries, one character each."""


def calls(output: Path) -> Iterator[Call]:
    """The trace so far."""
    for line in output.read_text().splitlines():
        yield Call(*json.loads(line))


_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def _ptrace(request: int, thread: int, address: int = 0, data: Any = None) -> None:
    if _libc.ptrace(request, thread, address, data) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace({request:#x}): {os.strerror(ctypes.get_errno())}")


def main(output: Path, command: list[str]) -> int:
    """Run the command to its end under the tracer; its exit code."""
    child = os.fork()
    if child == 0:
        _ptrace(_TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execvp(command[0], command)
    os.waitpid(child, 0)
    _ptrace(_SETOPTIONS, child, 0, _SYSGOOD | _FORK | _VFORK | _CLONE | _EXEC | _EXITKILL)
    _ptrace(_SYSCALL, child)
    with output.open("w", buffering=1) as lines:
        return _follow(child, lines)


def _follow(child: int, lines: TextIO) -> int:
    begun: dict[int, Call] = {}
    seen = {child}
    while True:
        thread, status = os.waitpid(-1, _EVERY_THREAD)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if thread == child:
                return os.waitstatus_to_exitcode(status)
            continue
        stopped_by = os.WSTOPSIG(status)
        passed_on = 0
        if stopped_by == _SYSCALL_STOP:
            _note(thread, begun, lines)
        elif stopped_by != signal.SIGTRAP and thread in seen:
            passed_on = stopped_by
        seen.add(thread)  # a new thread's first stop is the tracer's doing
        _resume(thread, passed_on)


def _resume(thread: int, passed_on: int) -> None:
    try:
        _ptrace(_SYSCALL, thread, 0, passed_on)
    except ProcessLookupError:
        return  # killed while it stood still


def _note(thread: int, begun: dict[int, Call], lines: TextIO) -> None:
    info = _SyscallInfo()
    _ptrace(_GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.byref(info))
    if info.op == _ENTRY and info.values[0] in _CALLS:
        call = _call(thread, _CALLS[info.values[0]], list(info.values[1:7]))
        begun[thread] = call
        lines.write(json.dumps(call) + "\n")
    elif info.op == _EXIT and thread in begun:
        lines.write(json.dumps(begun.pop(thread)._replace(ended=True)) + "\n")


def _call(thread: int, name: str, arguments: list[int]) -> Call:
    path = "" if name == "msync" else _path(thread, arguments[0])
    match name:
        case "write" | "pwrite64" | "sendto":
            data = _memory(thread, arguments[1], min(arguments[2], _SHOWN_BYTES))
        case "writev" | "pwritev":
            data = _gathered(thread, arguments[1], arguments[2])
        case "sendmsg":
            pieces, count = struct.unpack_from("QQ", _memory(thread, arguments[1], 32), 16)
            data = _gathered(thread, pieces, count)
        case _:
            data = b""
    return Call(name, False, thread, path, data.decode("latin-1"))


def _path(thread: int, descriptor: int) -> str:
    link = Path(f"/proc/{thread}/fd/{descriptor}")
    return str(link.readlink()) if link.is_symlink() else ""


def _memory(thread: int, address: int, length: int) -> bytes:
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(length)


def _gathered(thread: int, pieces: int, count: int) -> bytes:
    whole = b""
    table = _memory(thread, pieces, 16 * min(count, _SHOWN_PIECES))
    for address, length in struct.iter_unpack("QQ", table):
        whole += _memory(thread, address, min(length, _SHOWN_BYTES - len(whole)))
    return whole


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:]))
