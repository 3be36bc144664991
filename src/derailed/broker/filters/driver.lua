-- Reads requests, asks the library, writes answers. The library gets views of the message, and the attributes of a
-- client as they are: another table between would cost a decision twice the cache, and it is the library's own copy.
-- A request is `kind | body`, an answer `status | faults u16 | length of text u8 | text | body`; frames.py has the layout.

local view, sandbox, afresh = ...

local byte, sub, char, concat = string.byte, string.sub, string.char, table.concat
local floor, load, pcall, tonumber, type, error = math.floor, load, pcall, tonumber, type, error

local OUT_OF_MEMORY = "not enough memory"
local MAX_REASON = 200      -- bytes of a library's complaint that are handed on
local MAX_COMPLAINTS = 8    -- faults in one message, after which nobody gets it

local function absent() return false end
local accept, deliver = absent, absent
local connections = {}      -- number -> slot -> a client's attributes

-- The defaults are for programs of one shape. Here connections of all sizes take turns, each with branches of its own.
jit.opt.start("maxside=1000", "maxtrace=8000", "maxmcode=8192", "sizemcode=256")

-- These two show whichever message is judged at the moment: views are dear to make.
local message, message_shows = view({})
local fields, fields_shows = view({})

local bytes = {}
for value = 0, 255 do bytes[value] = char(value) end

local function u16(frame, at)
  local high, low = byte(frame, at, at + 1)
  return high * 256 + low, at + 2
end

local function u32(frame, at)
  local a, b, c, d = byte(frame, at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d, at + 4
end

local function short(frame, at)
  local length = byte(frame, at)
  return sub(frame, at + 1, at + length), at + 1 + length
end

local function medium(frame, at)
  local length, from = u16(frame, at)
  return sub(frame, from, from + length - 1), from + length
end

local function read_attributes(frame, at)
  local attributes, count, name = {}, byte(frame, at), nil
  at = at + 1
  for _ = 1, count do
    name, at = short(frame, at)
    local kind = bytes[byte(frame, at)]
    at = at + 1
    if kind == "s" then
      attributes[name], at = medium(frame, at)
    elseif kind == "n" then
      local digits
      digits, at = short(frame, at)
      attributes[name] = tonumber(digits)
    else
      attributes[name] = kind == "t"
    end
  end
  return attributes, at
end

-- Show the message at this place of the frame; where the next one is.
local function read_message(frame, at)
  local t1, t2, i, h1, h2, l1, l2, l3, l4, c1, c2, p1, p2, p3, p4 = byte(frame, at, at + 14)
  local id = at + 15 + t1 * 256 + t2
  local payload = id + i
  local from = payload + ((p1 * 256 + p2) * 256 + p3) * 256 + p4
  message_shows.__index = {
    topic = sub(frame, at + 15, id - 1),
    id = i > 0 and sub(frame, id, payload - 1) or nil,
    time = (h1 * 256 + h2) * 4294967296 + ((l1 * 256 + l2) * 256 + l3) * 256 + l4,
    payload = sub(frame, payload, from - 1),
    fields = fields,
  }
  local shown = {}
  for _ = 1, c1 * 256 + c2 do
    local n1, n2, v1, v2, v3, v4 = byte(frame, from, from + 5)
    local value = from + 6 + n1 * 256 + n2
    local ends = value + ((v1 * 256 + v2) * 256 + v3) * 256 + v4
    shown[sub(frame, from + 6, value - 1)] = sub(frame, value, ends - 1)
    from = ends
  end
  fields_shows.__index = shown
  return from
end

local faults, complaint

local function fault(reason)
  if reason == OUT_OF_MEMORY then error(OUT_OF_MEMORY, 0) end
  faults = faults + 1
  complaint = type(reason) == "string" and sub(reason, 1, MAX_REASON) or "an error that is a " .. type(reason)
end

local function answer(status, body)
  return concat({ bytes[status], bytes[floor(faults / 256) % 256], bytes[faults % 256], bytes[#complaint], complaint, body })
end

local answers = {}

-- Load: name | source. Answers which of accept (1) and deliver (2) there are.
function answers.L(frame)
  local name, from = short(frame, 2)
  local environment, globals, freeze = sandbox()
  local chunk, reason = load(sub(frame, from), "=" .. name, "t", environment)
  local done = chunk ~= nil
  if chunk then done, reason = pcall(chunk) end
  freeze()
  if not done then
    fault(reason)
    return answer(1, "")
  end
  accept = type(globals.accept) == "function" and globals.accept or absent
  deliver = type(globals.deliver) == "function" and globals.deliver or absent
  return answer(0, bytes[(accept ~= absent and 1 or 0) + (deliver ~= absent and 2 or 0)])
end

-- Clients come, or change: connection u32 | (slot u32 | attributes)…
function answers.C(frame)
  local connection, at = u32(frame, 2)
  local clients, slot = connections[connection] or {}, nil
  connections[connection] = clients
  while at <= #frame do
    slot, at = u32(frame, at)
    clients[slot], at = read_attributes(frame, at)
  end
  return answer(0, "")
end

-- Clients go: connection u32 | slot u32…; without slots the connection goes.
function answers.R(frame)
  local connection, at = u32(frame, 2)
  local clients, slot = connections[connection] or {}, nil
  if at > #frame then connections[connection] = nil end
  while at <= #frame do
    slot, at = u32(frame, at)
    clients[slot] = nil
  end
  return answer(0, "")
end

-- Accept: publisher's attributes | message…; answers a bit a message.
function answers.A(frame)
  local publisher, at = read_attributes(frame, 2)
  local bits, count, weight, octet = {}, 0, 1, 0
  while at <= #frame do
    at = read_message(frame, at)
    local done, said = pcall(accept, message, publisher)
    if not done then fault(said) elseif said == true then octet = octet + weight end
    weight = weight * 2
    if weight == 256 then
      count = count + 1
      bits[count], weight, octet = bytes[octet], 1, 0
    end
  end
  if weight > 1 then bits[count + 1] = bytes[octet] end
  return answer(0, concat(bits))
end

-- What the library says of one message for the slots from first to last, 8 a byte. Whole, or an error.
local function judge(clients, first, last)
  local bits, count, decide = {}, 0, deliver
  for from = first, last, 8 do
    local octet, weight = 0, 1
    for slot = from, from + 7 do
      local client = clients[slot]
      if client and decide(message, client) == true then octet = octet + weight end
      weight = weight + weight
    end
    count = count + 1
    bits[count] = bytes[octet]
  end
  return concat(bits)
end

-- The same where an error was: each client by itself, so that one does not decide for the others.
local function judge_each(clients, first, last)
  local bits, count, before = {}, 0, faults
  for from = first, last, 8 do
    local octet, weight = 0, 1
    for slot = from, from + 7 do
      if clients[slot] and faults - before < MAX_COMPLAINTS then
        local done, said = pcall(deliver, message, clients[slot])
        if not done then fault(said) elseif said == true then octet = octet + weight end
      end
      weight = weight + weight
    end
    count = count + 1
    bits[count] = bytes[octet]
  end
  return concat(bits)
end

-- Deliver: connection u32 | first slot u32 | last slot u32 | message…; answers a bit a slot for each message.
function answers.D(frame)
  local connection, at = u32(frame, 2)
  local first, last
  first, at = u32(frame, at)
  last, at = u32(frame, at)
  local clients, bits, count = connections[connection] or {}, {}, 0
  while at <= #frame do
    at = read_message(frame, at)
    local done, said = pcall(judge, clients, first, last)
    if not done and said == OUT_OF_MEMORY then error(said, 0) end
    count = count + 1
    bits[count] = done and said or judge_each(clients, first, last)
  end
  return answer(0, concat(bits))
end

-- What was not admitted is not there at all.
local globals, loaded = _G, package.loaded
for name in pairs(loaded) do loaded[name] = nil end
for name in pairs(globals) do globals[name] = nil end

-- One request; nil when the memory is used up, and with it the process.
return function(frame)
  faults, complaint = 0, ""
  afresh()
  local done, said = pcall(answers[bytes[byte(frame)]], frame)
  if done then return said end
  if said ~= OUT_OF_MEMORY then error(said, 0) end
end
