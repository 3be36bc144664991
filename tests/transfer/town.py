"""A guild with everything in it, made through the API, and all that the API tells of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from tests.api.pictures import data_uri, png
from tests.journeys.deployment import Deployment
from tests.journeys.people import Account, Guild, register

FILE = b"a chart of the harbour\n" * 1000
_ADDRESS = re.compile(r"http://[^/]+|\?hm=[0-9a-f]+")


class Town:
    """Anna's guild: Ben and a bot belong to it, Carl did, and Dora is banned. As a context it lets go of them."""

    def __init__(self, server: Deployment) -> None:
        self.anna = register(server, "anna")
        self.guild = Guild(self.anna, "Harbour & <quay> \N{SAILBOAT}")
        self.ben, self.carl, self.dora = (register(server, name) for name in ("ben", "carl", "dora"))
        for account in (self.ben, self.carl, self.dora):
            self.guild.admit(account)
        self.bot = self.guild.add_bot(permissions=8)
        self._looks()
        self.captains = self._role()
        self.pier = self._channels()
        self.emoji = self._emoji()
        self._people()
        self._talk()
        self._webhook()
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        body = {"communication_disabled_until": until}
        self.anna.call("PATCH", f"/guilds/{self.guild.id}/members/{self.ben.id}", body)

    @property
    def people(self) -> Iterable[Account]:
        """All of them."""
        return (self.anna, self.ben, self.carl, self.dora, self.bot)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for account in self.people:
            account.close()

    def _looks(self) -> None:
        body = {"icon": data_uri(png(1)), "description": "boats", "verification_level": 1, "preferred_locale": "cs"}
        self.anna.call("PATCH", f"/guilds/{self.guild.id}", body)
        self.anna.call("PATCH", "/users/@me", {"avatar": data_uri(png(2)), "global_name": "Anna Å"})

    def _role(self) -> str:
        body = {"name": "Captains", "permissions": "8192", "color": 0x123456, "hoist": True, "mentionable": True}
        role: str = self.anna.call("POST", f"/guilds/{self.guild.id}/roles", body)["id"]
        self.anna.call("PUT", f"/guilds/{self.guild.id}/members/{self.ben.id}/roles/{role}")
        return role

    def _channels(self) -> int:
        where = f"/guilds/{self.guild.id}/channels"
        category = self.anna.call("POST", where, {"name": "Piers", "type": 4})["id"]
        overwrites = [
            {"id": str(self.guild.id), "type": 0, "allow": "0", "deny": "1024"},
            {"id": self.captains, "type": 0, "allow": "1024", "deny": "0"},
            {"id": str(self.ben.id), "type": 1, "allow": "2048", "deny": "16"},
        ]
        body = {"name": "pier", "parent_id": category, "topic": "Boats <#1>", "permission_overwrites": overwrites}
        pier = int(self.anna.call("POST", where, body)["id"])
        self.anna.call("PATCH", f"/guilds/{self.guild.id}", {"system_channel_id": str(pier)})
        self.anna.call("POST", f"/channels/{pier}/invites", {"max_age": 0, "max_uses": 7})
        return pier

    def _emoji(self) -> str:
        body = {"name": "boat", "image": data_uri(png(3)), "roles": [self.captains]}
        emoji: str = self.anna.call("POST", f"/guilds/{self.guild.id}/emojis", body)["id"]
        return emoji

    def _people(self) -> None:
        guild = f"/guilds/{self.guild.id}"
        self.anna.call("PATCH", f"{guild}/members/{self.ben.id}", {"nick": "Benny"})
        self.anna.call("PUT", f"{guild}/bans/{self.dora.id}", {})

    def _talk(self) -> None:
        general, boat = self.guild.general, f"boat:{self.emoji}"
        said = [self.carl.send(general, f"message {number}") for number in range(30)]
        answer = {
            "content": f"<@{self.ben.id}> <@&{self.captains}> <#{self.pier}> <:{boat}> @everyone {self.anna.server.url}"
            f"/channels/{self.guild.id}/{general}/{said[3]}",
            "message_reference": {"message_id": str(said[3])},
        }
        self.anna.call("POST", f"/channels/{general}/messages", answer)
        self.anna.call("POST", f"/channels/{self.pier}/messages", {"embeds": [{"title": "A", "description": "b"}]})
        edited = self.carl.send(general, "before")
        self.carl.call("PATCH", f"/channels/{general}/messages/{edited}", {"content": "after"})
        for account, emoji in ((self.anna, "\N{SAILBOAT}"), (self.ben, "\N{SAILBOAT}"), (self.ben, boat)):
            account.call("PUT", f"/channels/{general}/messages/{said[5]}/reactions/{emoji}/@me")
        self.anna.call("PUT", f"/channels/{general}/messages/pins/{said[7]}")
        self.anna.call("PUT", f"/channels/{general}/messages/pins/{said[2]}")
        attach(self.ben, general, FILE)
        gone = self.anna.send(self.pier, "gone")
        self.anna.call("DELETE", f"/channels/{self.pier}/messages/{gone}")
        self.carl.call("DELETE", f"/users/@me/guilds/{self.guild.id}")

    def _webhook(self) -> None:
        hook = self.anna.call("POST", f"/channels/{self.pier}/webhooks", {"name": "Gull", "avatar": data_uri(png(4))})
        said = {"content": "screech", "username": "Gull 2"}
        self.anna.call("POST", f"/webhooks/{hook['id']}/{hook['token']}", said)


def attach(account: Account, channel_id: int, content: bytes) -> None:
    """Post a file."""
    answer = httpx.post(
        f"{account.server.api}/channels/{channel_id}/messages",
        headers={"Authorization": account.token},
        data={"payload_json": json.dumps({"content": "a file"})},
        files={"files[0]": ("chart ü.txt", content, "text/plain")},
        timeout=30,
    )
    assert answer.is_success, answer.text


def seen(owner: Account, guild_id: int) -> dict[str, Any]:
    """All that the API tells the owner of a guild, but for what is another by design: signatures and tokens."""
    guild = f"/guilds/{guild_id}"
    asked = ("", "/roles", "/channels", "/emojis", "/members?limit=1000", "/bans", "/invites", "/webhooks")
    told = {path: owner.call("GET", guild + path) for path in asked}
    told["audit"] = owner.call("GET", f"{guild}/audit-logs?limit=100")
    for channel in told["/channels"]:
        where = f"/channels/{channel['id']}"
        if channel["type"] == 4:
            continue
        told[where] = owner.call("GET", f"{where}/messages?limit=100")
        told[f"{where} pins"] = owner.call("GET", f"{where}/messages/pins")
        for message in told[where]:
            for each in message.get("reactions", ()):
                emoji = each["emoji"]
                name = emoji["name"] if emoji["id"] is None else f"{emoji['name']}:{emoji['id']}"
                path = f"{where}/messages/{message['id']}/reactions/{name}"
                told[path] = owner.call("GET", path)
    for hook in told["/webhooks"]:
        hook.pop("token", None)
        hook.pop("url", None)
    plain: dict[str, Any] = json.loads(_ADDRESS.sub("", json.dumps(told)))
    return plain


def fetched(owner: Account, told: dict[str, Any]) -> dict[str, bytes]:
    """What is under the addresses of all files, and of the pictures of the guild, its emojis and its people."""
    guild, found = told[""], dict[str, bytes]()
    pictures = [f"/icons/{guild['id']}/{guild['icon']}.png"]
    pictures += [f"/emojis/{each['id']}.png" for each in told["/emojis"]]
    pictures += [f"/avatars/{each['id']}/{each['avatar']}.png" for each in told["/webhooks"]]
    people = [each["user"] for each in told["/members?limit=1000"]]
    pictures += [f"/avatars/{each['id']}/{each['avatar']}.png" for each in people if each["avatar"]]
    assert len(pictures) == 4
    for path in pictures:
        found[path] = _fetch(owner.server.url + path)
    for channel in told["/channels"]:
        messages = [] if channel["type"] == 4 else owner.call("GET", f"/channels/{channel['id']}/messages?limit=100")
        for address in [file["url"] for message in messages for file in message["attachments"]]:
            assert address.startswith(f"{owner.server.url}/")
            found[_ADDRESS.sub("", address)] = _fetch(address)
    return found


def _fetch(address: str) -> bytes:
    answer = httpx.get(address, timeout=30)
    assert answer.is_success, address
    return answer.content
