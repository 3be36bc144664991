"""Application commands on the wire: kept and given back, so that bots which sync theirs find what they left."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType, structs
from msgspec.structs import replace

from derailed.wire import shapes
from derailed.wire.requests import Bits, Snowflake
from derailed.wire.shapes import Id

Localizations = dict[str, str] | UnsetType | None
Number = int | float | UnsetType | None

CHAT_INPUT = 1
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, NUMBER = 3, 4, 10


class Choice(Struct, kw_only=True):
    """One of the values that an option offers."""

    name: str
    name_localizations: Localizations = UNSET
    value: str | int | float


class Option(Struct, kw_only=True):
    """A parameter of a command, or a subcommand with parameters of its own."""

    type: int
    name: str
    name_localizations: Localizations = UNSET
    description: str = ""
    description_localizations: Localizations = UNSET
    required: bool | UnsetType | None = UNSET
    choices: list[Choice] | UnsetType | None = UNSET
    options: list[Option] | UnsetType | None = UNSET
    channel_types: list[int] | UnsetType | None = UNSET
    min_value: Number = UNSET
    max_value: Number = UNSET
    min_length: int | UnsetType | None = UNSET
    max_length: int | UnsetType | None = UNSET
    autocomplete: bool | UnsetType | None = UNSET


class EditCommand(Struct, kw_only=True):
    """PATCH of a command"""

    name: str | UnsetType = UNSET
    name_localizations: Localizations = UNSET
    description: str | UnsetType = UNSET
    description_localizations: Localizations = UNSET
    options: list[Option] | UnsetType | None = UNSET
    default_member_permissions: Bits | UnsetType | None = UNSET
    dm_permission: bool | UnsetType | None = UNSET
    nsfw: bool | UnsetType | None = UNSET
    contexts: list[int] | UnsetType | None = UNSET
    integration_types: list[int] | UnsetType | None = UNSET


class CreateCommand(EditCommand, kw_only=True):
    """POST of a command, and one of those that PUT sets; `id` lets one be renamed by it."""

    name: str
    type: int = CHAT_INPUT
    id: Snowflake | UnsetType | None = UNSET


class CommandShape(Struct, kw_only=True):
    """A command. `version` is another after each change."""

    id: Id
    application_id: Id
    guild_id: Id | UnsetType = UNSET
    version: Id
    type: int
    name: str
    name_localizations: dict[str, str] | None = None
    description: str = ""
    description_localizations: dict[str, str] | None = None
    options: list[Option] | UnsetType = UNSET
    default_member_permissions: shapes.Bits | None = None
    dm_permission: bool | UnsetType = UNSET
    nsfw: bool = False
    contexts: list[int] | None = None
    integration_types: list[int]


class CommandPermissions(Struct, kw_only=True):
    """Who may use a command in a guild."""

    id: Id
    application_id: Id
    guild_id: Id
    permissions: list[None]


def edited(before: CommandShape, body: EditCommand, version: int) -> CommandShape:
    """The command with what the body sets; null is the default."""
    changed: dict[str, Any] = {"version": str(version)}
    for name in ("name", "description"):
        if getattr(body, name) is not UNSET:
            changed[name] = getattr(body, name)
    for name in ("name_localizations", "description_localizations", "contexts"):
        if getattr(body, name) is not UNSET:
            changed[name] = getattr(body, name) or None
    if body.options is not UNSET:
        changed["options"] = [_told(each) for each in body.options] if body.options else UNSET
    if body.default_member_permissions is not UNSET:
        bits = body.default_member_permissions
        changed["default_member_permissions"] = None if bits is None else str(bits)
    if body.dm_permission is not UNSET and before.guild_id is UNSET:
        changed["dm_permission"] = body.dm_permission is not False
    if body.nsfw is not UNSET:
        changed["nsfw"] = bool(body.nsfw)
    if body.integration_types is not UNSET:
        changed["integration_types"] = body.integration_types or [0]
    return replace(before, **changed)


def _told(option: Option) -> Option:
    """The option without its nulls: libraries know only keys that are absent."""
    said = {name: value for name, value in structs.asdict(option).items() if value is not None}
    if option.options:
        said["options"] = [_told(each) for each in option.options]
    return Option(**said)
