-- What every script of the bus begins with: find the epoch, and raise the horizon as far as age and size say.
--
-- KEYS: meta, log, marks, then for each topic its index and its floor.
--   meta   hash: name (of the epoch), seq (last offset), horizon (up to it all is trimmed), bytes, marked and
--          appended (times)
--   log    stream of all records, one an offset
--   marks  list of "offset time bytes": how far the log was when, a second apart
--   index  sorted set of one topic: rev → offset. It outlives its records by one window at least, so that a topic
--          that is not there has nothing above the horizon
--   floor  the offset of a record that was started over a gap: no history of the topic reaches across it
-- ARGV: name for a new epoch, expected name or "", window ms, count, bytes, least age ms.
-- Times are the server's, in milliseconds. Numbers are formatted by hand: past 1e14 Lua would write 1e+14.

local meta, log, marks = KEYS[1], KEYS[2], KEYS[3]
local window, age_min = tonumber(ARGV[3]), tonumber(ARGV[6])

local function index_of(topic) return KEYS[2 + 2 * topic] end
local function floor_of(topic) return KEYS[3 + 2 * topic] end
local function whole(number) return string.format('%.0f', number) end

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local name = redis.call('HGET', meta, 'name')
if not name then
  name = ARGV[1]
  redis.call('DEL', log, marks)
  redis.call('HSET', meta, 'name', name, 'seq', 1, 'horizon', 1, 'bytes', 0, 'marked', 0, 'appended', whole(now))
end
if ARGV[2] ~= '' and ARGV[2] ~= name then
  return {name}
end

local known = redis.call('HMGET', meta, 'seq', 'horizon', 'bytes', 'marked', 'appended')
local seq, horizon, bytes = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])
local marked, appended = tonumber(known[4]), tonumber(known[5])

local function trim()
  local upto = horizon
  if now - appended >= window then
    upto = seq
    redis.call('DEL', marks)
  end
  while true do
    local mark = redis.call('LINDEX', marks, 0)
    if not mark then break end
    local offset, at, size = string.match(mark, '(%d+) (%d+) (%d+)')
    offset, at, size = tonumber(offset), tonumber(at), tonumber(size)
    if now - at < age_min then break end
    if now - at < window and seq - offset < tonumber(ARGV[4]) and bytes - size < tonumber(ARGV[5]) then break end
    redis.call('LPOP', marks)
    upto = math.max(upto, offset)
  end
  if upto > horizon then
    horizon = upto
    redis.call('XTRIM', log, 'MINID', '~', whole(horizon + 1) .. '-0')
    redis.call('HSET', meta, 'horizon', whole(horizon))
  end
end

trim()
