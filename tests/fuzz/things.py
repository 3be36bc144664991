"""Things that exist on a server, under the names by which requests name them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from schemathesis import Case

from tests.api.pictures import data_uri, png
from tests.journeys.people import register
from tests.journeys.server import Server

_NAMES: Final = map("person{}".format, itertools.count())
_TRAIN: Final = "🚂"
_OFTEN: Final = 0.75
_IN_BODIES: Final[dict[str, Sequence[str]]] = {
    **{name: (name,) for name in ("guild_id", "channel_id", "message_id", "user_id", "role_id")},
    **dict.fromkeys(("owner_id", "recipient_id", "recipients", "user_ids", "users"), ("user_id",)),
    **dict.fromkeys(("guild_ids", "restricted_guilds"), ("guild_id",)),
    **dict.fromkeys(("parent_id", "system_channel_id", "rules_channel_id", "afk_channel_id"), ("channel_id",)),
    "roles": ("role_id",),
    "messages": ("message_id",),
    "id": ("role_id", "channel_id", "user_id"),
}
"""What the ids under a key of a body are of."""


class Things:
    """A guild with everything in it, a DM and a group. Those who ask may end some: others are made when one is gone."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._make()

    def are_there(self) -> bool:
        """Whether all that was made still is."""
        return all(self.owner.status("GET", path) == 200 for path in self._alive)

    def close(self) -> None:
        """Let go of the connections."""
        for each in (self.owner, self.member, self.friend):
            each.close()

    def make_again(self) -> None:
        """Make others like them."""
        self.close()
        self._make()

    def _make(self) -> None:
        self.owner, self.member, self.friend = (register(self.server, next(_NAMES)) for _ in range(3))
        guild = self._do("POST", "/guilds", {"name": "station"})
        self._guild, self._general = f"/guilds/{guild['id']}", f"/channels/{guild['system_channel_id']}"
        invite = self._do("POST", f"{self._general}/invites")
        for each in (self.member, self.friend):
            each.call("POST", f"/invites/{invite['code']}")
        for one, other in ((self.owner, self.friend), (self.friend, self.owner), (self.member, self.owner)):
            one.call("PUT", f"/users/@me/relationships/{other.id}", {})
        hook = self._do("POST", f"{self._general}/webhooks", {"name": "Gazette"})
        application = self._do("POST", "/applications", {"name": "Porter"})
        people = [str(each.id) for each in (self.member, self.owner, self.friend)]
        direct = self._do("POST", "/users/@me/channels", {"recipient_id": people[0]})["id"]
        group = self._do("POST", "/users/@me/channels", {"recipients": [people[0], people[2]]})["id"]
        message = self._message(self._general)
        role = self._do("POST", f"{self._guild}/roles", {"name": "crew"})
        self.known: dict[str, list[str]] = {
            "guild_id": [guild["id"]],
            "channel_id": [
                guild["system_channel_id"],
                self._channel("news", 5),
                self._channel("lines", 4),
                direct,
                group,
            ],
            "message_id": [
                message,
                self._said_by(hook),
                *(self._message(f"/channels/{each}") for each in (direct, group)),
            ],
            "user_id": people,
            "role_id": [role["id"], guild["id"]],
            "target_id": [role["id"], *people],
            "emoji_id": [self._do("POST", f"{self._guild}/emojis", {"name": "train", "image": data_uri(png())})["id"]],
            "emoji": [_TRAIN],
            "code": [invite["code"]],
            "webhook_id": [hook["id"]],
            "token": [hook["token"]],
            "application_id": [application["id"]],
            "command_id": [self._command(application["id"])],
        }
        self._alive = [f"{self._general}/messages/{message}", f"/webhooks/{hook['id']}", f"/invites/{invite['code']}"]
        self._alive.append(f"/channels/{group}")

    def put_into(self, case: Case[Any], chance: Random) -> None:
        """Let the request name what exists, in three of four places, and let somebody who has a token ask."""
        for name in case.path_parameters or ():
            if name in self.known and chance.random() < _OFTEN:
                case.path_parameters[name] = chance.choice(self.known[name])
        case.body = self._swapped(case.body, chance)
        asker = chance.choice([self.owner, self.owner, self.owner, self.member, self.friend, None])
        if asker is None:
            case.headers.pop("Authorization", None)
        else:
            case.headers["Authorization"] = asker.token

    def _swapped(self, body: Any, chance: Random, key: str = "") -> Any:
        if isinstance(body, dict):
            return {name: self._swapped(value, chance, name) for name, value in body.items()}
        if isinstance(body, list):
            return [self._swapped(each, chance, key) for each in body]
        names = _IN_BODIES.get(key)
        if names is None or body is None or chance.random() > _OFTEN:
            return body
        return chance.choice(self.known[chance.choice(names)])

    def _do(self, method: str, path: str, body: Any = None) -> Any:
        return self.owner.call(method, path, {} if body is None else body)

    def _channel(self, name: str, kind: int) -> str:
        made: str = self._do("POST", f"{self._guild}/channels", {"name": name, "type": kind})["id"]
        return made

    def _message(self, channel: str) -> str:
        message: str = self._do("POST", f"{channel}/messages", {"content": "mind the gap"})["id"]
        self.owner.call("PUT", f"{channel}/messages/{message}/reactions/{_TRAIN}/@me")
        return message

    def _said_by(self, hook: Any) -> str:
        said: str = self._do("POST", f"/webhooks/{hook['id']}/{hook['token']}?wait=true", {"content": "late"})["id"]
        return said

    def _command(self, application_id: str) -> str:
        body = {"name": "announce", "description": "Say it on every platform"}
        made: str = self._do("POST", f"/applications/{application_id}/commands", body)["id"]
        return made
