"""Settings: what people set for themselves, of which the server goes by some and keeps the rest for their clients."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType, structs

from derailed.actions import acquaintance
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.model.errors import Forbidden
from derailed.model.user import Actor
from derailed.store import members, user_settings, users
from derailed.store.topics import Change
from derailed.wire import limits, rest
from derailed.wire import user_settings as wire
from derailed.wire.records import Record, user_topic
from derailed.wire.user_settings import (
    CustomStatus,
    EditSettings,
    GuildFolder,
    SentCustomStatus,
    SentFolder,
    UserSettings,
)


class Settings:
    """One's own settings. Bots have none."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def own(self, actor: Actor) -> UserSettings:
        """All of them, as they are now."""
        _refuse_bots(actor)
        return await self.of_account(actor.user_id)

    async def of_account(self, user_id: int) -> UserSettings:
        """Those of an account, as they are now."""
        settings = await self._context.store.read(lambda tx: acquaintance.settings_of(tx, user_id))
        return wire.standing(settings, self._context.clock())

    async def edit(self, actor: Actor, body: EditSettings) -> UserSettings:
        """Change some; one's sessions are told which."""
        _refuse_bots(actor)
        now_ms = self._context.clock()
        _check(body, now_ms)
        changed = _changed(body, now_ms)

        async def work(changes: Changes) -> UserSettings:
            await changes.hold(user_topic(actor.user_id))
            before = await acquaintance.settings_of(changes.tx, actor.user_id)
            return await keep(changes, actor.user_id, before, structs.replace(before, **changed))

        return await change(self._context, work)


async def restrict_new_guild(changes: Changes, user_id: int, guild_id: int) -> None:
    """Who takes no messages from the members of new guilds comes into one. The account's topic is held."""
    before = await acquaintance.settings_of(changes.tx, user_id)
    if not before.default_guilds_restricted or str(guild_id) in before.restricted_guilds:
        return
    still = set(map(str, await members.guilds_of(changes.tx, user_id))) & set(before.restricted_guilds)
    kept = [each for each in before.restricted_guilds if each in still]
    await keep(changes, user_id, before, structs.replace(before, restricted_guilds=[*kept, str(guild_id)]))


async def keep(changes: Changes, user_id: int, before: UserSettings, after: UserSettings) -> UserSettings:
    """Write what changed, and tell the account's sessions of that. Its topic is held."""
    was, now = structs.asdict(before), structs.asdict(after)
    changed = {name: value for name, value in now.items() if value != was[name]}
    if changed:
        await user_settings.put(changes.tx, user_id, wire.encode(after))
        record = Record(event=wire.UPDATED, target=user_id, data=wire.update(changed))
        await changes.emit(user_topic(user_id), Change.NOTHING, record)
    if "locale" in changed:
        known = await users.credentials(changes.tx, user_id)
        assert known is not None
        await changes.user_update(known.user, known.email, after.locale)
    return after


def _refuse_bots(actor: Actor) -> None:
    if actor.bot:
        raise Forbidden("not_for_bots")


def _changed(body: EditSettings, now_ms: int) -> dict[str, Any]:
    """What is sent, as it is kept."""
    sent = {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
    if "restricted_guilds" in sent:
        sent["restricted_guilds"] = list(dict.fromkeys(map(str, sent["restricted_guilds"])))
    if body.guild_folders is not UNSET:
        sent["guild_folders"] = [
            GuildFolder(guild_ids=list(map(str, each.guild_ids)), id=each.id, name=each.name, color=each.color)
            for each in body.guild_folders
        ]
    if body.custom_status is not UNSET:
        sent["custom_status"] = _custom(body.custom_status, now_ms)
    return sent


def _custom(sent: SentCustomStatus | None, now_ms: int) -> CustomStatus | None:
    """None for one that says nothing, or is over already."""
    if sent is None or not (sent.text or sent.emoji_name):
        return None
    if sent.expires_at is not None and _ms(sent.expires_at) <= now_ms:
        return None
    return CustomStatus(
        text=sent.text or None,
        emoji_id=None if sent.emoji_id is None else str(sent.emoji_id),
        emoji_name=sent.emoji_name or None,
        expires_at=None if sent.expires_at is None else rest.timestamp(_ms(sent.expires_at)),
        created_at_ms=now_ms,
    )


def _check(body: EditSettings, now_ms: int) -> None:
    form = Form()
    _text(form, "locale", body.locale, *limits.LOCALE)
    _number(form, "timezone_offset", body.timezone_offset, *limits.TIMEZONE_OFFSET)
    _number(form, "afk_timeout", body.afk_timeout, *limits.AFK_TIMEOUT_S)
    _number(form, "animate_stickers", body.animate_stickers, 0, 2)
    _number(form, "explicit_content_filter", body.explicit_content_filter, 0, 2)
    if body.restricted_guilds is not UNSET and len(body.restricted_guilds) > limits.GUILDS:
        _too_many(form, "restricted_guilds")
    if body.guild_folders is not UNSET:
        _check_folders(form, body.guild_folders)
    if isinstance(body.custom_status, SentCustomStatus):
        _check_custom(form.at("custom_status"), body.custom_status, now_ms)
    form.finish()


def _check_folders(form: Form, folders: list[SentFolder]) -> None:
    if len(folders) > limits.GUILDS or sum(len(each.guild_ids) for each in folders) > limits.GUILDS:
        _too_many(form, "guild_folders")
        return
    for place, folder in enumerate(folders):
        inner = form.at("guild_folders", str(place))
        _text(inner, "name", folder.name, 0, limits.FOLDER_NAME)
        _number(inner, "id", folder.id, 0, limits.FOLDER_ID)
        _number(inner, "color", folder.color, 0, 0xFFFFFF)


def _check_custom(form: Form, sent: SentCustomStatus, now_ms: int) -> None:
    _text(form, "text", sent.text, 0, limits.CUSTOM_STATUS)
    _text(form, "emoji_name", sent.emoji_name, 0, limits.CUSTOM_STATUS_EMOJI)
    if sent.expires_at is not None and _ms(sent.expires_at) > now_ms + limits.CUSTOM_STATUS_MS:
        form.add("expires_at", "DATE_TIME_TYPE_RANGE", "Must be within a year.")


def _text(form: Form, field: str, value: str | UnsetType | None, shortest: int, longest: int) -> None:
    if isinstance(value, str):
        form.text(field, value, shortest, longest)


def _number(form: Form, field: str, value: int | UnsetType | None, lowest: int, highest: int) -> None:
    if isinstance(value, int):
        form.number(field, value, lowest, highest)


def _too_many(form: Form, field: str) -> None:
    form.add(field, "BASE_TYPE_MAX_LENGTH", f"Must be {limits.GUILDS} or fewer in length.")


def _ms(of: datetime) -> int:
    return int(of.timestamp() * 1000)
