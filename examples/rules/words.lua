#!lua name=words
-- A message with one of these words reaches only its author. Words are small letters, and match as parts of others.

local words = { "free coins", "cheap pills" }
local judged, allowed = nil, true

function deliver(message, client)
  if client.user == message.fields.author then return true end
  local content = message.fields.content
  if content ~= judged then -- once for a message, not for each who hears it
    judged, allowed = content, true
    local lower = content:lower()
    for _, word in ipairs(words) do
      if lower:find(word, 1, true) then allowed = false end
    end
  end
  return allowed
end
