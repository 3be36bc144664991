-- The entries of several topics, each above an offset of its own and all up to another: one atomic step.
--
-- ARGV further: limit per topic, upto ("+inf": the head), then per topic the offset after which.
-- Answers {name, head, {per topic: {offset, rev, payload, …}, or 0 when it can not be whole}}.

local function entries_of(topic, after)
  if tonumber(after) < horizon or tonumber(after) < tonumber(redis.call('GET', floor_of(topic)) or 0) then
    return 0
  end
  local found = redis.call('ZRANGEBYSCORE', index_of(topic), '(' .. after, ARGV[8], 'WITHSCORES', 'LIMIT', 0, ARGV[7])
  local entries = {}
  for i = 1, #found, 2 do
    local offset = tonumber(found[i + 1])
    local record = redis.call('XRANGE', log, whole(offset) .. '-0', whole(offset) .. '-0')[1]
    if not record then
      return 0
    end
    entries[#entries + 1] = offset
    entries[#entries + 1] = tonumber(found[i])
    entries[#entries + 1] = record[2][2]
  end
  return entries
end

local answers = {}
for topic = 1, #ARGV - 8 do
  answers[topic] = entries_of(topic, ARGV[8 + topic])
end
return {name, seq, answers}
