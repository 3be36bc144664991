-- What a library can name. It begins empty, and what stands here was admitted: it can touch nothing but its arguments,
-- and what could cost too much is wrapped. Returns `view`, and `sandbox`, which makes the globals of a library,
-- and `afresh`, for the start of each request.

local MAX_TEXT = 65536    -- bytes that a pattern may look at, and that one call may make
local MAX_PATTERN = 256   -- bytes of a pattern or a format: more is a program, not a pattern
local MAX_NESTED = 20     -- calls of gsub in replacements of gsub: each takes 8 KiB of the process's stack

local type, tostring, error, pairs, next = type, tostring, error, pairs, next
local setmetatable, metatable_of, select, unpack = setmetatable, debug.getmetatable, select, unpack
local text, list, number = string, table, math
local find, gsub = text.find, text.gsub

local function refuse()
  error("this table can not be changed", 2)
end

-- A table that shows another and lets nobody write; and its metatable, whose __index is what it shows.
local function view(data)
  local shows = { __index = data, __newindex = refuse, __metatable = false }
  return setmetatable({}, shows), shows
end

-- The table behind a view, or the table itself.
local function behind(value)
  if type(value) ~= "table" then error("table expected, got " .. type(value), 3) end
  local found = metatable_of(value)
  return found and found.__index or value, found ~= nil
end

local function own(value)
  local _, is_view = behind(value)
  if is_view then error("this table can not be changed", 3) end
  return value
end

local function string_of(value, limit)
  if type(value) == "number" then value = tostring(value) end
  if type(value) ~= "string" then error("string expected, got " .. type(value), 3) end
  if #value > limit then error("longer than " .. limit .. " bytes", 3) end
  return value
end

-- Addresses of tables and functions would help whoever wants to break out.
local function shown(value)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" or kind == "nil" then return value end
  return kind
end

local strings = {
  byte = text.byte, char = text.char, len = text.len, lower = text.lower, reverse = text.reverse, sub = text.sub,
  upper = text.upper,
}

function strings.rep(value, times)
  value = string_of(value, MAX_TEXT)
  if type(times) ~= "number" then error("number expected, got " .. type(times), 2) end
  if not (#value * times <= MAX_TEXT) then error("longer than " .. MAX_TEXT .. " bytes", 2) end
  return text.rep(value, times)
end

function strings.format(format, ...)
  format = string_of(format, MAX_PATTERN)
  if find(gsub(format, "%%%%", ""), "%%[^%a]*p") then error("%p is not for filters", 2) end
  local values, count, size = { ... }, select("#", ...), 0
  for index = 1, count do
    local value = shown(values[index])
    if type(value) == "string" then size = size + #value end
    values[index] = value
  end
  if size > MAX_TEXT then error("longer than " .. MAX_TEXT .. " bytes", 2) end
  return text.format(format, unpack(values, 1, count))
end

function strings.find(subject, pattern, init, plain)
  if plain then return find(subject, pattern, init, true) end
  return find(string_of(subject, MAX_TEXT), string_of(pattern, MAX_PATTERN), init)
end

function strings.match(subject, pattern, init)
  return text.match(string_of(subject, MAX_TEXT), string_of(pattern, MAX_PATTERN), init)
end

function strings.gmatch(subject, pattern)
  return text.gmatch(string_of(subject, MAX_TEXT), string_of(pattern, MAX_PATTERN))
end

local nested = 0

function strings.gsub(subject, pattern, replacement, limit)
  subject, pattern = string_of(subject, MAX_TEXT), string_of(pattern, MAX_PATTERN)
  if type(replacement) ~= "function" then
    if type(replacement) == "string" then string_of(replacement, MAX_PATTERN) end
    return gsub(subject, pattern, replacement, limit)
  end
  if nested >= MAX_NESTED then error("gsub in gsub, too deep", 2) end
  nested = nested + 1
  local replaced, count = gsub(subject, pattern, replacement, limit)
  nested = nested - 1
  return replaced, count
end

-- A replacement that failed did not come back to be counted.
local function afresh()
  nested = 0
end

-- table.* write without asking metatables, so they would write into a view.
local tables = { concat = list.concat }
function tables.insert(target, ...) return list.insert(own(target), ...) end
function tables.remove(target, ...) return list.remove(own(target), ...) end
function tables.sort(target, before) return list.sort(own(target), before) end

local function pick(from, names)
  local picked = {}
  for name in text.gmatch(names, "%S+") do picked[name] = from[name] end
  return picked
end

local maths = pick(number, "abs ceil exp floor fmod huge log max min modf pi pow sqrt")
local bits = pick(bit, "arshift band bnot bor bswap bxor lshift rol ror rshift tobit")
local plain = pick(_G, "assert error ipairs pcall select tonumber type unpack")

function plain.tostring(value)
  return tostring(shown(value))
end

function plain.next(value, key)
  return next(behind(value), key)
end

function plain.pairs(value)
  local data, is_view = behind(value)
  if not is_view then return pairs(data) end
  return function(_, key) return next(data, key) end, value, nil
end

local shared = { string = (view(strings)), table = (view(tables)), math = (view(maths)), bit = (view(bits)) }

-- ("").rep is another way to the library of strings.
local of_strings = metatable_of("")
of_strings.__index, of_strings.__metatable = shared.string, false

-- The globals of a library, the table behind them, and how to freeze them.
local function sandbox()
  local globals, frozen = {}, false
  for name, value in pairs(plain) do globals[name] = value end
  for name, value in pairs(shared) do globals[name] = value end
  local function define(_, name, value)
    if frozen then error("globals are frozen after load", 2) end
    globals[name] = value
  end
  local environment = setmetatable({}, { __index = globals, __newindex = define, __metatable = false })
  return environment, globals, function() frozen = true end
end

return view, sandbox, afresh
