"""The audit log on the wire: what was done, by whom, to what, and what changed by it.

`changed` is the one way in which `changes` are made: from the shapes that the wire shows before and after.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from derailed.model.guild import Role
from derailed.model.webhook import Webhook
from derailed.wire.shapes import Id, UserShape


class Action(enum.IntEnum):
    """What can be in the log. Numbers kept stable: they are Discord's."""

    GUILD_UPDATE = 1
    CHANNEL_CREATE = 10
    CHANNEL_UPDATE = 11
    CHANNEL_DELETE = 12
    OVERWRITE_CREATE = 13
    OVERWRITE_UPDATE = 14
    OVERWRITE_DELETE = 15
    MEMBER_KICK = 20
    MEMBER_PRUNE = 21
    MEMBER_BAN_ADD = 22
    MEMBER_BAN_REMOVE = 23
    MEMBER_UPDATE = 24
    MEMBER_ROLE_UPDATE = 25
    BOT_ADD = 28
    ROLE_CREATE = 30
    ROLE_UPDATE = 31
    ROLE_DELETE = 32
    INVITE_CREATE = 40
    INVITE_DELETE = 42
    WEBHOOK_CREATE = 50
    WEBHOOK_UPDATE = 51
    WEBHOOK_DELETE = 52
    EMOJI_CREATE = 60
    EMOJI_UPDATE = 61
    EMOJI_DELETE = 62
    MESSAGE_DELETE = 72
    MESSAGE_BULK_DELETE = 73
    MESSAGE_PIN = 74
    MESSAGE_UNPIN = 75


ABOUT_USERS: Final = frozenset(range(20, 30)) | {Action.MESSAGE_DELETE, Action.MESSAGE_PIN, Action.MESSAGE_UNPIN}
"""Actions whose target is an account."""
ABOUT_WEBHOOKS: Final = frozenset(range(50, 53))

_UNSAID: Final = frozenset(
    {"id", "guild_id", "user", "tags", "token", "url", "last_message_id", "last_pin_timestamp", "guild", "channel"}
)
"""What says nothing of a change, or is secret."""
_RENAMED: Final = {"icon": "icon_hash", "splash": "splash_hash", "banner": "banner_hash", "avatar": "avatar_hash"}
"""Keys that the log calls otherwise than the shapes do."""


class ChangedKey(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One key of what was changed. A value that is left out was not there."""

    key: str
    old_value: Any = UNSET
    new_value: Any = UNSET


class Entry(Struct, frozen=True):
    """What a verb has to say of itself; the actor's reason is added where it is written.

    `options` are strings, and only of the actions that have some: libraries drop what they do not expect.
    """

    action: Action
    target_id: int | None
    changes: tuple[ChangedKey, ...] = ()
    options: dict[str, str] | None = None


class LogQuery(Struct, frozen=True, kw_only=True):
    """GET /guilds/{id}/audit-logs: the newest entries, those before an id, or the oldest after one."""

    before: int | None = None
    after: int | None = None
    limit: int = 50
    user_id: int | None = None
    action_type: int | None = None


class AuditEntryShape(Struct, kw_only=True):
    """An entry; `guild_id` is in the event alone."""

    id: Id
    guild_id: Id | UnsetType = UNSET
    user_id: Id | None
    target_id: Id | None
    action_type: int
    changes: tuple[ChangedKey, ...] | UnsetType = UNSET
    options: dict[str, str] | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class LoggedWebhook(Struct, kw_only=True):
    """A webhook as those may know it who view the log: without its token, which is as good as a password."""

    id: Id
    type: int = 1
    guild_id: Id
    channel_id: Id
    name: str
    avatar: str | None
    application_id: Id | None = None


class AuditLogShape(Struct, kw_only=True):
    """A page of the log, and whom and what it names."""

    audit_log_entries: list[AuditEntryShape | msgspec.Raw]
    users: list[UserShape]
    webhooks: list[LoggedWebhook]
    threads: list[None]
    integrations: list[None]
    guild_scheduled_events: list[None]
    auto_moderation_rules: list[None]
    application_commands: list[None]


def changed(before: Struct | None, after: Struct | None) -> tuple[ChangedKey, ...]:
    """The keys in which two shapes of one thing differ; None for one that was not yet, or is not any more."""
    old, new = _values(before), _values(after)
    found = []
    for key in [*old, *(each for each in new if each not in old)]:
        was, now = old.get(key), new.get(key)
        if was != now and key not in _UNSAID:
            found.append(_difference(_RENAMED.get(key, key), was, now))
    return tuple(found)


def roles_changed(added: Iterable[Role], removed: Iterable[Role]) -> tuple[ChangedKey, ...]:
    """Which roles a member was given, and which were taken."""
    lists = (("$add", added), ("$remove", removed))
    named = [(key, [{"id": str(role.id), "name": role.name} for role in roles]) for key, roles in lists]
    return tuple(ChangedKey(key=key, new_value=value) for key, value in named if value)


def entry_shape(entry_id: int, user_id: int, reason: str | None, of: Entry) -> AuditEntryShape:
    """The entry as a page shows it."""
    return AuditEntryShape(
        id=str(entry_id),
        user_id=str(user_id),
        target_id=None if of.target_id is None else str(of.target_id),
        action_type=int(of.action),
        changes=of.changes or UNSET,
        options=of.options or UNSET,
        reason=reason or UNSET,
    )


def logged_webhook(of: Webhook) -> LoggedWebhook:
    """The webhook that an entry names."""
    return LoggedWebhook(
        id=str(of.id), guild_id=str(of.guild_id), channel_id=str(of.channel_id), name=of.name, avatar=of.avatar
    )


def _values(shape: Struct | None) -> dict[str, Any]:
    built: dict[str, Any] = {} if shape is None else msgspec.to_builtins(shape)
    return {key: value for key, value in built.items() if value is not None}


def _difference(key: str, was: Any, now: Any) -> ChangedKey:
    return ChangedKey(key=key, old_value=UNSET if was is None else was, new_value=UNSET if now is None else now)
