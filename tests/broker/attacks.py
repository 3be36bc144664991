"""What strangers try. Each is a library that behaves until the message that is the attack.

`{attack}` is run in `accept` and in `deliver`; `before` is run when the library is loaded.
"""

from __future__ import annotations

from typing import NamedTuple


class Attack(NamedTuple):
    """Lua."""

    attack: str
    before: str = ""

    @property
    def source(self) -> bytes:
        return f"""{self.before}
local function attack(message, other)
  do {self.attack} end
  return true
end
function accept(message, publisher)
  if message.fields.kind == "attack" then return attack(message, publisher) end
  return message.fields.kind == "post"
end
function deliver(message, client)
  if message.fields.kind == "attack" then return attack(message, client) end
  return message.fields.author == client.user
end
""".encode()


FOREVER = {
    "an infinite loop": Attack("while true do end"),
    "a loop that counts": Attack("local n = 0 for i = 1, 1e15 do n = n + i % 7 end"),
    "a loop of goto": Attack("::again:: goto again"),
    "a loop in pcall": Attack("while true do pcall(function() while true do end end) end"),
    "a loop that catches its own errors": Attack("while true do pcall(error, {}) end"),
    "a recursion that catches its own end": Attack(
        "local function deep() return 1 + deep() end while true do pcall(deep) end"
    ),
    "a tail call without an end": Attack("local function on() return on() end on()"),
    "a loop in an iterator": Attack("for _ in function() return 1 end do end"),
    "a loop in a replacement": Attack("('x'):gsub('x', function() while true do end end)"),
    "a loop in a comparator": Attack("local t = {3, 2, 1} table.sort(t, function() while true do end end)"),
    "a pattern bomb": Attack("return (('a'):rep(30000)):find(('a*'):rep(60) .. 'b') == nil"),
    "a pattern bomb of pairs": Attack("return (('('):rep(60000)):find('%b()%b()%b()') == nil"),
    "a table bomb": Attack("local t = {} while true do t[#t + 1] = {t} end"),
    "a table bomb in pcall": Attack(
        "while true do pcall(function() local t = {} while true do t[#t+1] = {} end end) end"
    ),
    "a string bomb": Attack("local s = 'x' while true do s = s .. s end"),
    "a string bomb in pcall": Attack(
        "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end"
    ),
    "a string bomb by gsub": Attack("while true do ('x'):rep(65536):gsub('x', ('y'):rep(256)) end"),
    "a concat bomb": Attack("local t = {} for i = 1, 1e6 do t[i] = ('x'):rep(65536) end return #table.concat(t) == 0"),
}
"""Those that do not come to an end: the process is ended."""

REFUSED = {
    "a coroutine": Attack("coroutine.wrap(function() while true do end end)()"),
    "a huge argument of rep": Attack("return #string.rep('x', 2^40) > 0"),
    "a huge argument of rep by method": Attack("return #('x'):rep(1e9) > 0"),
    "rep times not a number": Attack("return #('x'):rep(0/0, 'x') > 0 and #('x'):rep(1/0) > 0"),
    "a huge argument of unpack": Attack("return select('#', unpack({}, 1, 1e8)) > 0"),
    "a huge subject": Attack("local s = ('x'):rep(65536) .. 'x' return s:find('x') == 1"),
    "a huge pattern": Attack("return ('x'):find(('x?'):rep(200)) == 1"),
    "a huge format": Attack("return #string.format(('%s'):rep(200)) > 0"),
    "an address by format": Attack("return #string.format('%p', {}) > 0"),
    "an address by a wide format": Attack("return #string.format('%%%-20p', {}) > 0"),
    "a format without its arguments": Attack("return #string.format('%d %s %q') > 0"),
    "a format of what it can not hold": Attack("return #string.format('%c%d', {}, 'x') > 0"),
    "a format too wide": Attack("return #string.format('%1000000d', 1) > 0"),
    "a deep recursion": Attack("local function deep() return 1 + deep() end return deep() > 0"),
    "a deep recursion through C": Attack(
        "local function deep() return (('x'):gsub('x', deep)) end return deep() == 'x'"
    ),
    "a comparator that lies": Attack(
        "local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() return true end) error('sorted')"
    ),
    "a comparator that fails": Attack("table.sort({3, 2, 1}, function() error({}) end)"),
    "a comparator that shrinks the table": Attack(
        "local t = {} for i = 1, 100 do t[i] = i end"
        " table.sort(t, function(a, b) table.remove(t) return a < b end) error('sorted')"
    ),
    "an error that is a table": Attack("error({reason = 'no'})"),
    "an error that is a function": Attack("error(function() while true do end end)"),
    "an error with a hostile __tostring": Attack(
        "error(setmetatable({}, {__tostring = function() while true do end end}))"
    ),
    "an error that is very long": Attack("error(('x'):rep(65536))"),
    "an error that is not text": Attack("error('\\0\\27[2J\\255\\n+OK\\r\\n')"),
    "bytecode by load": Attack("return load('\\27LJ')() == nil"),
    "bytecode by dump": Attack("return #string.dump(function() end) > 0"),
    "bytecode by dump as method": Attack("return #(''):dump(function() end) > 0"),
    "a change of globals between calls": Attack("seen = message"),
    "a change of its own function between calls": Attack("accept = function() return true end"),
    "a change of the library of strings": Attack("string.find = function() return true end"),
    "a change of strings through a string": Attack("('').x = 1"),
    "a change of math by insert": Attack("table.insert(math, 1)"),
    "a change of the message": Attack("message.topic = 'other'"),
    "a change of the fields": Attack("message.fields.author = 'bob'"),
    "a change of the message by insert": Attack("table.insert(message, 'bob')"),
    "a change of the fields by sort": Attack("table.sort(message.fields)"),
    "a change of what is behind a view": Attack("local _, t = pairs(message.fields) t.author = 'bob'"),
    "a metatable": Attack("return getmetatable('').__index.find == nil"),
    "a metatable of its own": Attack("setmetatable({}, {__index = function() while true do end end})"),
    "another environment": Attack("setfenv(1, {})"),
    "the environment": Attack("return getfenv(0).os == nil"),
    "raw access": Attack("rawset(message, 'topic', 'other')"),
    "a proxy": Attack("newproxy(true)"),
    "the garbage collector": Attack("collectgarbage('stop')"),
    "Python": Attack("python.eval('1')"),
    "a module": Attack("require('ffi').C.getpid()"),
    "the debug library": Attack("debug.getregistry()"),
    "the compiler": Attack("jit.off()"),
    "files": Attack("io.open('/etc/passwd')"),
    "the system": Attack("os.exit(0)"),
    "chance": Attack("return math.random() >= 0"),
    "a printed line": Attack("print('x')"),
}
"""Those that end in an error of the library, by themselves."""

EITHER = {
    "memory that is not enough by its word": Attack("error('not enough memory', 0)"),
    "a deep recursion through pcall": Attack(
        "local function deep() return pcall(deep) and error('') end deep() error('')"
    ),
    "a deep recursion through sort": Attack("local function deep() table.sort({2, 1}, deep) end deep()"),
}
"""Those that end in the one way or the other."""

ALL = FOREVER | REFUSED | EITHER
