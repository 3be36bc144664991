"""What a library can reach: all of it is on this list. And what its process can do: nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import uvloop
from lupa import luajit21

from derailed.broker import filters as room
from derailed.broker.filters import FilterError, child
from derailed.broker.filters.libraries import Filters
from derailed.broker.filters.process import Nursery, Process
from derailed.broker.filters.shelf import Shelf
from tests.broker.filtering import HEALTHY, accepted, eventually, play, post

FOLDER = Path(room.__file__).parent

AS_THEY_ARE = {
    *("assert", "error", "ipairs", "pcall", "select", "tonumber", "type", "unpack"),
    *("string.byte", "string.char", "string.len", "string.lower", "string.reverse", "string.sub", "string.upper"),
    "table.concat",
    *(f"math.{name}" for name in ["abs", "ceil", "exp", "floor", "fmod", "log", "max", "min", "modf", "pow", "sqrt"]),
    *(
        f"bit.{name}"
        for name in ["arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror", "rshift", "tobit"]
    ),
}
"""Functions of Lua's own: they look at nothing but their arguments."""
WRAPPED = {
    *("next", "pairs", "tostring"),
    *(f"string.{name}" for name in ["find", "format", "gmatch", "gsub", "match", "rep"]),
    *("table.insert", "table.remove", "table.sort"),
}
NUMBERS = {"math.huge", "math.pi"}
VIEWS = {"string", "table", "math", "bit"}

WALK = b"""
local environment, strings, originals = ...
local found, seen = {}, {}
local function walk(path, value)
  local kind = type(value)
  if kind == "table" then
    local meta = debug.getmetatable(value)
    found[path] = meta and "view" or "table"
    if meta then
      assert(meta.__metatable == false and next(value) == nil, path)
      value = meta.__index
    end
    if seen[value] then return end
    seen[value] = true
    for name, inner in pairs(value) do walk(path == "" and name or path .. "." .. name, inner) end
  else
    assert(kind == "function" or kind == "number", path)
    assert(debug.getmetatable(value) == nil, path)
    found[path] = originals[value] or kind
  end
end
walk("", environment)
assert(debug.getmetatable("").__index == debug.getmetatable(environment).__index.string)
assert(debug.getmetatable("").__metatable == false)
for _, value in pairs({true, 1, function() end}) do assert(debug.getmetatable(value) == nil) end
local lines = {}
for path, what in pairs(found) do lines[#lines + 1] = path .. "=" .. what end
return table.concat(lines, "\\n")
"""
ORIGINALS = b"""
local named, seen = {}, {}
local function walk(path, of)
  seen[of] = true
  for name, value in pairs(of) do
    local at = path == "" and tostring(name) or path .. "." .. tostring(name)
    if type(value) == "function" then
      named[value] = named[value] or at
    elseif type(value) == "table" and not seen[value] then
      walk(at, value)
    end
  end
end
for _, name in ipairs({"string", "table", "math", "bit"}) do walk(name, _G[name]) end
walk("", _G)
return named
"""


def _reachable() -> dict[str, str]:
    """Everything from the globals of a library on, and what it really is."""
    lua = luajit21.LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
    originals = lua.execute(ORIGINALS)
    assert originals[lua.eval(b"string.dump")] == b"string.dump"
    _, sandbox, _ = lua.compile((FOLDER / "sandbox.lua").read_bytes())()
    environment, _, _ = sandbox()
    text: bytes = lua.compile(WALK)(environment, b"", originals)
    return dict(line.split("=") for line in text.decode().split("\n"))


def test_all_that_can_be_reached_is_on_the_list() -> None:
    found = _reachable()
    assert {path for path, what in found.items() if what == "view"} == VIEWS | {""}
    assert {path for path, what in found.items() if what == "number"} == NUMBERS
    assert {path for path, what in found.items() if what == "function"} == WRAPPED
    rest = {path: what for path, what in found.items() if what not in ("view", "number", "function")}
    assert rest == {path: path for path in AS_THEY_ARE}


NOT_THERE = (
    *("_G", "_VERSION", "_ENV", "collectgarbage", "coroutine", "debug", "dofile", "ffi", "gcinfo", "getfenv", "io"),
    *("getmetatable", "jit", "load", "loadfile", "loadstring", "module", "newproxy", "os", "package", "print"),
    *("python", "rawequal", "rawget", "rawlen", "rawset", "require", "setfenv", "setmetatable", "xpcall"),
    *("string.dump", "string.buffer", "table.new", "table.clear", "table.foreach", "table.getn", "table.maxn"),
    *("math.random", "math.randomseed", "('').dump", "('').rep and nil", "bit.tohex"),
)


def test_what_was_not_admitted_is_not_there_in_the_process_either() -> None:
    source = (
        "".join(f"assert(({name}) == nil, [=[{name}]=])\n" for name in NOT_THERE) + "function accept() return true end"
    )

    async def case(filters: Filters) -> None:
        await filters.load("", "looks", source.encode())
        assert await accepted(filters, post())

    play(case)


def test_views_can_be_walked_and_not_changed() -> None:
    walks = b"""
    function accept(message, publisher)
      local names = {}
      for name, value in pairs(message.fields) do names[#names + 1] = name .. "=" .. value end
      table.sort(names)
      assert(table.concat(names, " ") == "author=ann kind=post", table.concat(names, " "))
      local name, value = next(publisher)
      assert(name == "user" and value == "ann" and next(publisher, name) == nil)
      assert(not pcall(pairs, "text") and not pcall(next, 1))
      assert(tostring(message) == "table" and tostring(accept) == "function" and tostring(nil) == "nil")
      assert(string.format("%s %d %s", "a", 2, message) == "a 2 table" and ("%5.1f"):format(1.25) == "  1.2")
      assert(not pcall(function() message.fields.new = 1 end) and message.fields.new == nil)
      return true
    end"""

    async def case(filters: Filters) -> None:
        await filters.load("", "walks", walks)
        assert await filters.accept("", {"user": "ann"}, [post()]) == [True], filters.standings()

    play(case)


def test_its_process_has_one_socket_no_environment_and_limits() -> None:
    async def case(_: Filters) -> None:
        process = await Process.start()
        folder = Path("/proc") / str(process.pid)
        assert process.confined
        assert [path.name for path in (folder / "fd").iterdir()] == ["0"]
        assert (folder / "environ").read_bytes() == b""
        status = (folder / "status").read_text()
        assert "Seccomp:\t2" in status
        assert "NoNewPrivs:\t1" in status
        limits = {line[:26].strip(): line[26:].split()[0] for line in (folder / "limits").read_text().splitlines()}
        assert limits["Max open files"] == limits["Max file size"] == limits["Max processes"] == "0"
        assert limits["Max address space"] == str(child.MEMORY)
        await process.stop("seen")

    play(case)


FORBIDDEN = {
    "opening a file": "os.open('/dev/null', os.O_RDONLY)",
    "another process": "os.fork()",
    "another program": "os.execv('/bin/true', ['true'])",
    "ending another process": "os.kill(os.getppid(), 0)",
    "a socket": "__import__('_socket').socket()",
    "writing into another's memory": "ctypes.CDLL(None).process_vm_writev(os.getppid(), 0, 0, 0, 0, 0)",
    "watching another process": "ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
    "other limits": "resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_whoever_breaks_out_of_lua_can_still_do_nothing(what: str) -> None:
    script = f"import sys; sys.path[:0] = [{str(FOLDER)!r}]\nimport child, ctypes, os, resource, _socket\n"
    script += f"assert child.confine()\n{FORBIDDEN[what]}\nos.write(0, b'done')"
    ours, theirs = os.pipe()
    done = subprocess.run([sys.executable, "-I", "-c", script], stdin=theirs, check=False)
    os.close(theirs)
    assert os.read(ours, 4) == b""
    os.close(ours)
    assert done.returncode == -signal.SIGSYS


BROKER = """
import asyncio
from derailed.broker.filters import Message, worker
from derailed.broker.filters.libraries import Filters

worker.ALLOWED_S = worker.STALLED_S = 1e9

async def main():
    filters = await Filters.open()
    await filters.load("", "loops", b"function accept() while true do end end")
    asked = asyncio.create_task(filters.accept("", {}, [Message(b"t", b"", 0, ())]))
    await asyncio.sleep(0)
    print(filters._workers["", "loops"]._process.pid, flush=True)
    await asked

asyncio.run(main())
"""


def test_a_process_does_not_outlive_the_broker() -> None:
    """Also when it is in a loop, and the broker had no time to say so."""
    broker = subprocess.Popen([sys.executable, "-c", BROKER], stdout=subprocess.PIPE)
    assert broker.stdout is not None
    status = Path("/proc") / broker.stdout.readline().decode().strip() / "status"
    assert status.exists()
    broker.kill()
    broker.wait()
    broker.stdout.close()

    async def gone() -> bool:
        return not status.exists() or "State:\tZ" in status.read_text()

    asyncio.run(eventually(gone))


def test_what_ends_the_broker_in_good_order_does_not_end_its_filters_first() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "rule", HEALTHY)
        process = filters._workers["", "rule"]._process
        assert process is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(process.pid, number)
        assert await accepted(filters, post())
        assert filters.standings()[0].ends == 0

    play(case)


HIJACKED = """
import os, struct
frame = lambda body: struct.pack(">I", len(body)) + body
os.write(0, frame(b"\\1"))
os.read(0, 65536)
os.write(0, frame(b"\\0\\0\\0\\0\\3"))
os.read(0, 65536)
{then}
os.read(0, 65536)
"""
TURNS = {
    "an answer of a gigabyte": ('os.write(0, b"\\x40\\0\\0\\0")', "sent what is no answer"),
    "an empty answer": ('os.write(0, b"\\0\\0\\0\\0")', "sent what is no answer"),
    "half an answer": ('os.write(0, frame(b"\\0\\0"))', "sent what is no answer"),
    "answers that nobody asked for": ('os.write(0, frame(b"\\0\\0\\0\\0") * 9)', "answered what nobody asked"),
    "nothing": ("", "does not answer"),
    "its end": ("os._exit(7)", "ended with status 7"),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_process_that_a_stranger_has_taken_over_is_ended(turn: str) -> None:
    then, reason = TURNS[turn]
    script = HIJACKED.format(then=then)

    async def main() -> None:
        filters = Filters(Shelf(None), Nursery([sys.executable, "-I", "-S", "-c", script]))
        await filters.load("", "taken", b"")
        assert not await accepted(filters, post())

        async def is_found() -> bool:
            return filters.standings()[0].last_fault.startswith(reason)

        await eventually(is_found)
        await filters.close()

    uvloop.run(main())


def test_a_broker_that_can_start_no_process_lets_nothing_through() -> None:
    async def main() -> None:
        filters = Filters(Shelf(None), Nursery([sys.executable, "-I", "-S", "-c", "raise SystemExit(9)"]))
        with pytest.raises(FilterError, match="ended with status 9"):
            await filters.load("", "none", HEALTHY)
        await filters.close()

    uvloop.run(main())


def test_a_stopped_process_is_ended_too() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "rule", HEALTHY)
        process = filters._workers["", "rule"]._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        assert not await accepted(filters, post())
        assert filters.standings()[0].last_fault == "does not answer"
        assert await accepted(filters, post())

    play(case)
