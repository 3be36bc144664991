"""What a node knows of a guild: its shape as an immutable value, which `wire.reshaping` moves on.

A record is judged by the view at its own rev, never by today's, so every node decides alike.
"""

from __future__ import annotations

import msgspec

from derailed.model import permissions
from derailed.model.guild import Guild
from derailed.wire import rest


class View:
    """One shape, and what has been worked out of it: which channels whom it shows, and their JSON."""

    __slots__ = ("_json", "_personal", "_visible", "guild")

    def __init__(self, guild: Guild) -> None:
        self.guild = guild
        self._personal = {
            overwrite.id
            for channel in guild.channels.values()
            for overwrite in channel.overwrites
            if overwrite.type == 1
        }
        self._visible: dict[tuple[int, tuple[int, ...]], frozenset[int]] = {}
        self._json: dict[int, bytes] = {}

    def visible(self, user_id: int, roles: tuple[int, ...]) -> frozenset[int]:
        """The ids of the channels that a member with these roles may view. Shared by all who hold the same."""
        alone = user_id if user_id in self._personal or user_id == self.guild.owner_id else 0
        key = (alone, roles)
        found = self._visible.get(key)
        if found is None:
            guild = self.guild
            found = self._visible[key] = frozenset(
                channel.id
                for channel in guild.channels.values()
                if permissions.in_channel(guild, user_id, roles, channel) & permissions.VIEW_CHANNEL
            )
        return found

    def channel_json(self, channel_id: int) -> bytes:
        """The channel as CHANNEL_CREATE and CHANNEL_DELETE carry it."""
        found = self._json.get(channel_id)
        if found is None:
            found = self._json[channel_id] = msgspec.json.encode(rest.channel(self.guild.channels[channel_id]))
        return found
