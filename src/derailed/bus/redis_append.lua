-- Append verbs, each all or none, and push their records: one atomic step.
--
-- ARGV further: start (1 or 0), then per verb its number of records, and per record: topic's number (from 1), rev,
-- payload. Answers {name, {per verb: {offset, …}, or 0 when it is behind}}; {name} when another epoch was expected.

local start = ARGV[7] == '1'

if now - marked >= 1000 then
  marked = now
  redis.call('RPUSH', marks, whole(seq) .. ' ' .. whole(now) .. ' ' .. whole(bytes))
end

local last = {}
local function last_rev(topic)
  if last[topic] == nil then
    local newest = redis.call('ZRANGE', index_of(topic), -1, -1, 'WITHSCORES')
    last[topic] = (newest[2] and tonumber(newest[2]) > horizon) and tonumber(newest[1]) or 0
  end
  return last[topic]
end

local function fits(first, final)
  local planned = {}
  for i = first, final, 3 do
    local topic, rev = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local before = planned[topic] or last_rev(topic)
    if rev > before then
      if not (start or (before > 0 and rev == before + 1)) then
        return false
      end
      planned[topic] = rev
    end
  end
  return true
end

local touched = {}

local function put(topic, rev, payload)
  local index, before = index_of(topic), last_rev(topic)
  if tonumber(rev) <= before then
    local offset = tonumber(redis.call('ZSCORE', index, rev) or 0)
    return offset > horizon and offset or 0
  end
  seq = seq + 1
  local offset = whole(seq)
  if before == 0 or tonumber(rev) ~= before + 1 then
    redis.call('DEL', index)
    if before > 0 then
      redis.call('SET', floor_of(topic), offset)
    end
  end
  redis.call('XADD', log, offset .. '-0', 'r', payload)
  redis.call('ZADD', index, offset, rev)
  redis.call('PUBLISH', index, name .. ' ' .. offset .. ' ' .. rev .. ' ' .. payload)
  bytes = bytes + #payload
  last[topic] = tonumber(rev)
  touched[topic] = true
  return seq
end

local answers, at = {}, 8
while at <= #ARGV do
  local first = at + 1
  at = first + 3 * tonumber(ARGV[at])
  local answer = 0
  if fits(first, at - 1) then
    answer = {}
    for i = first, at - 1, 3 do
      answer[#answer + 1] = put(tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2])
    end
  end
  answers[#answers + 1] = answer
end

for topic in pairs(touched) do
  redis.call('ZREMRANGEBYSCORE', index_of(topic), '-inf', whole(horizon))
  redis.call('PEXPIRE', index_of(topic), whole(2 * window + 60000))
  redis.call('PEXPIRE', floor_of(topic), whole(2 * window + 60000))
end
redis.call('HSET', meta, 'seq', whole(seq), 'bytes', whole(bytes), 'marked', whole(marked), 'appended', whole(now))
return {name, answers}
