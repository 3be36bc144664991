"""Everything that this server says, said: a community lived through once, by its front door.

Answers are kept under what they are, events under their names, each as often as it came.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from derailed.gateway import payloads
from derailed.gateway.payloads import Opening
from derailed.gateway.pieces import Entered, Pieces
from derailed.gateway.recipient import Recipient
from derailed.gateway.session import AskMembers
from derailed.gateway.session_id import SessionId
from derailed.members import Chunk
from derailed.presence import Presence
from derailed.wire import presences, rest
from derailed.wire.gateway import ALL_INTENTS
from derailed.wire.presences import SentActivity, SentEmoji, SentPresence, SentTimestamps
from derailed.wire.records import INTERNAL, LEFT
from tests.api.door import Door, Person, swept
from tests.api.pictures import data_uri, gif, png

Payloads = dict[str, list[Any]]

EMBED = {
    "title": "t",
    "color": 5,
    "timestamp": "2024-01-02T03:04:05.678000+00:00",
    "fields": [{"name": "n", "value": "v"}],
    "footer": {"text": "f"},
    "author": {"name": "a"},
    "image": {"url": "https://chat.example/x.png"},
}


class Town(NamedTuple):
    """Who is there, and what has been kept of what was said."""

    door: Door
    anna: Person
    ben: Person
    bot: Person
    guild: str
    general: str
    answers: Payloads

    async def keep(self, entity: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Ask as the owner, and keep the answer: of a list each of its elements."""
        answer = await self.anna.ask(method, path, body, **more)
        assert answer.is_success, (method, path, answer.text)
        said = answer.json()
        self.answers[entity] += said if isinstance(said, list) else [said]
        return said


async def collect(door: Door) -> tuple[Payloads, Payloads]:
    """Answers by entity, and events by name."""
    town = await _found(door)
    for chapter in (_accounts, _guild, _channels, _members, _roles, _messages, _webhooks, _ways_in, _emojis):
        await chapter(town)
    opened = await _opened(town)
    await _end(town)
    return town.answers, _told(door) | opened


async def _found(door: Door) -> Town:
    anna, ben = await door.register("anna", global_name="Anna"), await door.register("ben")
    guild = await anna.guild()
    bot = await door.bot(anna)
    body = {"guild_id": guild["id"], "authorize": True}
    await anna.do("POST", f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=8", body)
    await ben.join(await anna.invite(guild))
    return Town(door, anna, ben, bot, guild["id"], guild["system_channel_id"], defaultdict(list))


async def _accounts(town: Town) -> None:
    for person in (town.anna, town.ben, town.bot):
        await town.keep("user", "GET", f"/users/{person.id}")
        town.answers["me"].append(await person.get("/users/@me"))
    town.answers["application"].append(await town.bot.get("/oauth2/applications/@me"))
    await town.keep("application", "GET", "/applications")
    await town.keep("gateway_bot", "GET", "/gateway/bot")
    await town.keep("me", "PATCH", "/users/@me", {"global_name": "Ann"})


async def _guild(town: Town) -> None:
    path = f"/guilds/{town.guild}"
    await town.keep("guild", "PATCH", path, {"name": "terminus", "icon": data_uri(png()), "description": "d"})
    await town.keep("guild", "GET", f"{path}?with_counts=true")
    await town.keep("own_guild", "GET", "/users/@me/guilds?with_counts=true")


async def _channels(town: Town) -> None:
    path = f"/guilds/{town.guild}/channels"
    rows = [{"id": town.guild, "type": 0, "deny": "2048"}, {"id": town.ben.id, "type": 1, "allow": "2048"}]
    hall = await town.keep("channel_category", "POST", path, {"name": "hall", "type": 4})
    inside = {"name": "platform", "parent_id": hall["id"], "permission_overwrites": rows, "type": 5}
    platform = await town.keep("channel_text", "POST", path, {**inside, "default_auto_archive_duration": 60})
    await town.anna.do("PUT", f"/channels/{hall['id']}/permissions/{town.guild}", {"type": 0, "deny": "2048"})
    await town.keep("channel_category", "GET", f"/channels/{hall['id']}")
    await town.keep("channel_text", "PATCH", f"/channels/{platform['id']}", {"topic": "trains"})
    await town.keep("channel_text", "GET", f"/channels/{town.general}")
    for each in await town.anna.get(path):
        town.answers["channel_category" if each["type"] == 4 else "channel_text"].append(each)
    for each in (platform, hall):
        await town.keep("channel_category" if each is hall else "channel_text", "DELETE", f"/channels/{each['id']}")


async def _members(town: Town) -> None:
    path = f"/guilds/{town.guild}/members"
    await town.keep("member", "GET", f"{path}?limit=10")
    await town.keep("member", "GET", f"{path}/search?query=b")
    await town.keep("member", "PATCH", f"{path}/{town.ben.id}", {"nick": "Benny"})
    await town.keep("member", "GET", f"{path}/{town.ben.id}")


async def _roles(town: Town) -> None:
    path = f"/guilds/{town.guild}/roles"
    role = await town.keep("role", "POST", path, {"name": "driver", "icon": data_uri(png())})
    await town.keep("role", "PATCH", f"{path}/{role['id']}", {"colors": {"primary_color": 1, "secondary_color": 2}})
    await town.anna.do("PUT", f"/guilds/{town.guild}/members/{town.ben.id}/roles/{role['id']}")
    await town.keep("role", "GET", path)
    spare = await town.anna.do("POST", path, {})
    await town.anna.do("DELETE", f"{path}/{spare['id']}")


async def _messages(town: Town) -> None:
    path = f"/channels/{town.general}/messages"
    files = [("payload_json", (None, json.dumps({"content": "look"}))), ("files[0]", ("a.png", png(), "image/png"))]
    first = await town.keep("message", "POST", path, files=files)
    body = {"content": f"hello <@{town.ben.id}> <@&{town.guild}>", "embeds": [EMBED]}
    reply = {**body, "message_reference": {"message_id": first["id"]}}
    answer = await town.keep("message", "POST", path, reply)
    for reaction in ("🚂", "🚃"):
        await town.anna.do("PUT", f"{path}/{answer['id']}/reactions/{reaction}/@me")
    await town.keep("message", "PATCH", f"{path}/{answer['id']}", {"content": "hi", "embeds": [EMBED]})
    await town.keep("message", "PATCH", f"{path}/{first['id']}", {"content": "look again"})
    await town.anna.do("PUT", f"{path}/pins/{answer['id']}")
    await town.keep("pins", "GET", f"{path}/pins")
    await town.keep("message", "GET", f"/channels/{town.general}/pins")
    await town.keep("message", "GET", path)
    await town.anna.do("POST", f"/channels/{town.general}/typing")
    await town.anna.do("DELETE", f"{path}/{answer['id']}/reactions/🚂/@me")
    await town.anna.do("DELETE", f"{path}/{answer['id']}/reactions/🚃")
    await town.anna.do("PUT", f"{path}/{answer['id']}/reactions/🚂/@me")
    await town.anna.do("DELETE", f"{path}/{answer['id']}/reactions")
    spare = [(await town.anna.do("POST", path, {"content": "x"}))["id"] for _ in range(3)]
    await town.anna.do("POST", f"{path}/bulk-delete", {"messages": spare[:2]})
    await town.anna.do("DELETE", f"{path}/{spare[2]}")


async def _webhooks(town: Town) -> None:
    path = f"/channels/{town.general}/webhooks"
    hook = await town.keep("webhook", "POST", path, {"name": "Gazette"})
    await town.keep("webhook", "GET", path)
    own = f"/webhooks/{hook['id']}/{hook['token']}"
    message = await town.keep("message", "POST", f"{own}?wait=true", {"content": "news", "username": "Reporter"})
    await town.keep("message", "GET", f"/channels/{town.general}/messages/{message['id']}")
    await town.anna.do("DELETE", f"/webhooks/{hook['id']}")


async def _ways_in(town: Town) -> None:
    path = f"/channels/{town.general}/invites"
    invite = await town.keep("invite", "POST", path, {"max_age": 60})
    await town.keep("invite", "GET", path)
    await town.keep("invite", "GET", f"/guilds/{town.guild}/invites")
    await town.keep("invite_seen", "GET", f"/invites/{invite['code']}?with_counts=true")
    await town.keep("invite_seen", "DELETE", f"/invites/{invite['code']}")


async def _emojis(town: Town) -> None:
    path = f"/guilds/{town.guild}/emojis"
    await town.keep("emoji", "POST", path, {"name": "train", "image": data_uri(gif(), "gif")})
    await town.keep("emoji", "GET", path)
    await town.keep("guild", "PATCH", f"/guilds/{town.guild}", {"name": "station"})


async def _end(town: Town) -> None:
    path = f"/guilds/{town.guild}/bans"
    await town.anna.do("PUT", f"{path}/{town.ben.id}", {"delete_message_seconds": 60})
    await town.keep("ban", "GET", path)
    await town.keep("ban", "GET", f"{path}/{town.ben.id}")
    await town.anna.do("DELETE", f"{path}/{town.ben.id}")
    await town.anna.do("DELETE", f"/guilds/{town.guild}")
    await swept(town.door)


async def _opened(town: Town) -> Payloads:
    """What the Gateway says by itself: READY, GUILD_CREATE, and members that are asked for."""
    sessions, found = town.door.verbs.sessions, defaultdict(list)
    guild_id, user_id = int(town.guild), int(town.bot.id)
    account = await sessions.account(user_id, (await sessions.authenticate(town.bot.token)).token_id)
    snapshot = await sessions.guild(guild_id, user_id, members_up_to=50)
    assert snapshot is not None
    identity = SessionId(user_id, 1, ALL_INTENTS, None, 50, "epoch", 0, True, b"")
    recipient = Recipient(identity, sink=None)  # type: ignore[arg-type]  # nothing is sent
    tea = SentActivity(name="x", type=4, state="tea", emoji=SentEmoji("🍵"))
    game = SentActivity(name="Chess", url="https://example.org", timestamps=SentTimestamps(start=1))
    shown = presences.shown(SentPresence("dnd", [tea, game]), town.door.now_ms)
    here = [Presence(user_id, "dnd", shown.activities, b'{"web":"dnd"}'), Presence(int(town.anna.id), "online")]
    entered = Entered(snapshot, here)
    opened = Opening(account, [entered], [], "session", "ws://chat.example/gateway")
    said = payloads.opening(recipient, opened, Pieces())
    said.append(payloads.guild_create(recipient, entered, joined_now=True))
    said += [("PRESENCE_UPDATE", each.json(guild_id)) for each in here]
    asked = AskMembers(guild_id, "", (), 0, "nonce", True)
    said += payloads.chunks(asked, list(snapshot.members), [5])
    said += payloads.chunks(replace(asked, nonce=None, presences=False), list(snapshot.members), [])
    members = msgspec.json.encode([rest.member(*pair) for pair in snapshot.members])
    listed = Chunk(members, b"[%b]" % b",".join(each.json() for each in here), (5,))
    said.append(payloads.chunk(asked, listed, presences=True))
    for event, data in said:
        found[event].append(msgspec.json.decode(data))
    return found


def _told(door: Door) -> Payloads:
    """Every event, to those who may read content and to those who may not."""
    found = defaultdict(list)
    for record in [*(record for _, record in door.records), *door.bus.heard]:
        for data in (record.data, record.stripped):
            if data is not None and record.event not in INTERNAL - {LEFT}:
                said = msgspec.json.decode(data)
                found["GUILD_DELETE" if record.event == LEFT else _entity(record.event, said)].append(said)
    return found


def _entity(event: str, said: Any) -> str:
    """A category has fewer keys, whatever happens to it."""
    return "CHANNEL_CREATE:category" if event.startswith("CHANNEL_") and said.get("type") == 4 else event
