#!lua name=quiet_hours
-- From 22 to 6 o'clock UTC people hear only what mentions them, in these channels; bots hear everything.

local quiet = {
  ["1258291200000000003"] = true,
}

function deliver(message, client)
  if client.bot or not quiet[message.fields.channel] then return true end
  local hour = math.floor(message.time / 3600000) % 24
  if hour >= 6 and hour < 22 then return true end
  return message.fields.author == client.user
    or (" " .. message.fields.mentions .. " "):find(" " .. client.user .. " ", 1, true) ~= nil
end
