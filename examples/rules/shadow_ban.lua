#!lua name=shadow_ban
-- What a banned author says, does and types reaches only themself. They do not notice.

local banned = {
  ["1258291200000000003"] = true,
}

function deliver(message, client)
  return not banned[message.fields.author] or client.user == message.fields.author
end
