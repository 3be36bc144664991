"""Write what has one source: the app's `generated.ts` from `derailed.wire`, `derailed.generated` from `proto/`.

python -m tools.generate            writes it
python -m tools.generate --check    only says whether it is what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from derailed.wire import (
    audit,
    conversations,
    embeds,
    events,
    guild_settings,
    messages,
    moderation,
    operator,
    presences,
    reactions,
    reading,
    shapes,
    webhooks,
)
from tools import protobuf

ROOT: Final = Path(__file__).parent.parent
TARGET: Final = ROOT / "web" / "src" / "generated.ts"
REFERENCE: Final = "#/"
MODULES: Final = (
    audit,
    conversations,
    embeds,
    events,
    guild_settings,
    messages,
    moderation,
    operator,
    presences,
    reactions,
    reading,
    shapes,
    webhooks,
)

REPLIES: Final = (
    conversations.ConversationShape,
    shapes.InviteShape,
    shapes.GuildEntry,
    shapes.ApplicationShape,
    reading.ReadStateShape,
    messages.PinsShape,
    moderation.BanShape,
    webhooks.WebhookShape,
    audit.AuditLogShape,
    operator.Instance,
)
"""What REST answers with, beside what events carry."""

DISPATCHES: Final[Mapping[str, Any]] = {
    "GUILD_CREATE": events.GuildCreate,
    "GUILD_UPDATE": shapes.GuildShape,
    "GUILD_DELETE": events.GuildDelete,
    "GUILD_ROLE_CREATE": events.RoleEvent,
    "GUILD_ROLE_UPDATE": events.RoleEvent,
    "GUILD_ROLE_DELETE": events.RoleDelete,
    "GUILD_EMOJIS_UPDATE": events.EmojisUpdate,
    "GUILD_MEMBER_ADD": events.MemberEvent,
    "GUILD_MEMBER_UPDATE": events.MemberEvent,
    "GUILD_MEMBER_REMOVE": events.MemberRemove,
    "CHANNEL_CREATE": shapes.ChannelShape,
    "CHANNEL_UPDATE": shapes.ChannelShape,
    "CHANNEL_DELETE": shapes.ChannelShape,
    "CHANNEL_RECIPIENT_ADD": conversations.RecipientEvent,
    "CHANNEL_RECIPIENT_REMOVE": conversations.RecipientEvent,
    "CHANNEL_PINS_ACK": reading.PinsAck,
    "INVITE_CREATE": events.InviteCreate,
    "INVITE_DELETE": events.InviteDelete,
    "MESSAGE_CREATE": messages.MessageShape,
    "MESSAGE_UPDATE": messages.MessageShape,
    "MESSAGE_DELETE": messages.MessageDelete,
    "MESSAGE_DELETE_BULK": messages.MessageDeleteBulk,
    "MESSAGE_ACK": reading.MessageAck,
    "MESSAGE_REACTION_ADD": reactions.ReactionAdd,
    "MESSAGE_REACTION_REMOVE": reactions.ReactionRemove,
    "MESSAGE_REACTION_REMOVE_ALL": reactions.ReactionRemoveAll,
    "MESSAGE_REACTION_REMOVE_EMOJI": reactions.ReactionRemoveEmoji,
    "PRESENCE_UPDATE": presences.PresenceUpdate,
    "TYPING_START": messages.TypingStart,
    "USER_GUILD_SETTINGS_UPDATE": guild_settings.GuildSettingsShape,
    "USER_UPDATE": shapes.OwnUserShape,
}
"""The name of each event and the struct of its `d`."""

HEAD: Final = """\
// What the server sends. Made by `make generate` from src/derailed/wire: change it there.

/** An id: a decimal string, because it has more digits than a number here. */
export type Snowflake = string;
"""


def main() -> None:
    """Write the files, or compare them."""
    made = {TARGET: typescript(), **protobuf.files()}
    if sys.argv[1:] == ["--check"]:
        if stale := [str(path.relative_to(ROOT)) for path, text in made.items() if not is_made(path, text)]:
            raise SystemExit(f"not what their sources say: {', '.join(stale)}: run `make generate`")
    else:
        for path, text in made.items():
            path.write_text(text)


def is_made(path: Path, text: str) -> bool:
    """Whether it is there and as it would be written."""
    return path.exists() and path.read_text() == text


def typescript() -> str:
    """The whole file."""
    _, components = msgspec.json.schema_components(
        [*DISPATCHES.values(), *REPLIES], ref_template=f"{REFERENCE}{{name}}"
    )
    structs = {struct.__name__: struct for module in MODULES for struct in vars(module).values() if _is_struct(struct)}
    interfaces = [_interface(structs[name], components[name]) for name in sorted(components)]
    return "\n".join([HEAD, *interfaces, _dispatches()])


def _is_struct(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, msgspec.Struct)


def _interface(struct: type[msgspec.Struct], schema: Mapping[str, Any]) -> str:
    """A key may be absent when nothing stands for it, or when its struct leaves out what is as always."""
    required = set(schema.get("required", ()))
    if not struct.__struct_config__.omit_defaults:
        required |= {key for key, of in schema["properties"].items() if "default" in of}
    fields = [f"  {key}{'' if key in required else '?'}: {_type(of)};" for key, of in schema["properties"].items()]
    description = schema["description"].replace("\n", "\n * ")
    return "\n".join([f"/** {description} */", f"export interface {_name(struct.__name__)} {{", *fields, "}", ""])


def _dispatches() -> str:
    events = [f"  {event}: {_name(struct.__name__)};" for event, struct in DISPATCHES.items()]
    head = ["/** The name of each event and the shape of its `d`. */", "export interface Dispatches {"]
    return "\n".join([*head, *events, "}", ""])


def _type(schema: Mapping[str, Any]) -> str:
    if not schema.keys() - {"default"}:
        return "unknown"
    if "$ref" in schema:
        return _name(schema["$ref"].removeprefix(REFERENCE))
    if "anyOf" in schema:
        known = [each for each in schema["anyOf"] if each]  # {} is the same again, encoded beforehand
        return " | ".join(dict.fromkeys(_type(each) for each in known))
    match schema.get("type"):
        case "array":
            inner = _type(schema["items"])
            return f"({inner})[]" if " " in inner else f"{inner}[]"
        case "object":
            return f"Record<string, {_type(schema['additionalProperties'])}>"
        case "string":
            return "Snowflake" if schema.get("description") == "A snowflake." else "string"
        case "integer" | "number":
            return "number"
        case "boolean" | "null" as simple:
            return str(simple)
    raise ValueError(f"no TypeScript for {schema}")


def _name(struct: str) -> str:
    return struct.removesuffix("Shape")


if __name__ == "__main__":
    main()
