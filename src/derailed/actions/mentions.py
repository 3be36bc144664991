"""Whom a message mentions: what its content says, what its sender allowed, and what the sender may."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from derailed.actions.forms import refuse
from derailed.actions.places import Place
from derailed.model.message import Message
from derailed.model.permissions import MENTION_EVERYONE
from derailed.model.snowflakes import MAX
from derailed.wire.messages import AllowedMentions, encode

_USER = re.compile(r"<@!?(\d{15,19})>")
_ROLE = re.compile(r"<@&(\d{15,19})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_KINDS = ("users", "roles", "everyone")


class Mentions(NamedTuple):
    """Ids in the order in which they appear. The users may not exist."""

    users: tuple[int, ...]
    roles: tuple[int, ...]
    everyone: bool


NOBODY = Mentions((), (), False)


def in_content(content: str, allowed: AllowedMentions | None, place: Place) -> Mentions:
    """The mentions that count. Raises Invalid when `allowed` contradicts itself."""
    if allowed is not None:
        _check(allowed)
    if "@" not in content:
        return NOBODY
    spoken = _CODE.sub(" ", content)  # what stands in code is quoted, not said
    everyone = _parses(allowed, "everyone") and _EVERYONE.search(spoken) is not None
    return Mentions(
        _only(allowed, "users", _ids(_USER, spoken)),
        _roles(_only(allowed, "roles", _ids(_ROLE, spoken)), place),
        everyone and bool(place.permissions & MENTION_EVERYONE),
    )


def answers(allowed: AllowedMentions | None) -> bool:
    """Whether a reply mentions the author whom it answers: left out of a given `allowed_mentions` it means no."""
    return allowed is None or bool(allowed.replied_user)


def with_author(user_ids: tuple[int, ...], answered: Message | None) -> tuple[int, ...]:
    """The users mentioned by content, and the author of the message that is answered, each once."""
    return user_ids if answered is None else tuple(dict.fromkeys((*user_ids, answered.author_id)))


def calls(found: Mentions, people: Iterable[int], guild_id: int) -> list[int]:
    """Whom a message calls, as it is kept: these people, roles, and the guild's id for everyone in it.

    Everyone in a conversation is called by whatever is said there.
    """
    return [*people, *found.roles, *([guild_id] if found.everyone and guild_id else ())]


def kept(user_ids: Iterable[int]) -> str | None:
    """The ids as a row keeps them."""
    ids = list(user_ids)
    return encode(ids).decode() if ids else None


def _ids(pattern: re.Pattern[str], text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(min(int(found), MAX) for found in pattern.findall(text)))


def _roles(role_ids: Iterable[int], place: Place) -> tuple[int, ...]:
    guild = place.guild
    if guild is None:
        return ()
    may_all = place.permissions & MENTION_EVERYONE
    return tuple(
        role_id
        for role_id in role_ids
        if role_id != guild.id and role_id in guild.roles and (may_all or guild.roles[role_id].mentionable)
    )


def _parses(allowed: AllowedMentions | None, kind: str) -> bool:
    return allowed is None or kind in (allowed.parse or ())


def _only(allowed: AllowedMentions | None, kind: str, ids: tuple[int, ...]) -> tuple[int, ...]:
    if allowed is None or _parses(allowed, kind):
        return ids
    named = (allowed.users if kind == "users" else allowed.roles) or ()
    return tuple(each for each in ids if each in named)


def _check(allowed: AllowedMentions) -> None:
    parse = allowed.parse or ()
    if not set(parse) <= set(_KINDS):
        raise refuse("allowed_mentions", "BASE_TYPE_CHOICES", f"`parse` may hold {_KINDS}.")
    for kind, named in (("users", allowed.users), ("roles", allowed.roles)):
        if named and kind in parse:
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            raise refuse("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
