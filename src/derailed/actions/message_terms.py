"""What a message is found by: its words, and terms for all else that can be asked for, which no word looks like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from derailed.model import snowflakes, words
from derailed.model.message import SYSTEM, Message
from derailed.store.search import Question, channel_term
from derailed.wire.messages import Body, body_of
from derailed.wire.search import SearchQuery

_LINK: Final = re.compile(r"https?://\S").search
_OF_FILES: Final = {"image": "_image", "video": "_video", "audio": "_sound"}
_EVERYONE: Final = "_everyone"
_PINNED: Final = "_pinned"


def of_message(message: Message) -> set[str]:
    """Its terms; none for what nobody wrote, which is never found."""
    body = body_of(message.body)
    if body.type in SYSTEM:
        return set()
    terms = words.of_text(_text(body))
    terms |= {channel_term(message.channel_id), _author(message.author_id), *_traits(body)}
    terms.update(_mentioned(user_id) for user_id in message.mentioned)
    return terms


def question(query: SearchQuery, channel_ids: Iterable[int]) -> Question:
    """What to look for in these channels, which are at least one."""
    every: list[Sequence[str]] = [[word] for word in sorted(words.asked(query.content))]
    none: list[str] = []
    for term, wanted in ((_EVERYONE, query.mention_everyone), (_PINNED, query.pinned)):
        if wanted is not None:
            every, none = ([*every, [term]], none) if wanted else (every, [*none, term])
    for trait in sorted(set(query.has)):
        if trait.startswith("-"):
            none.append(f"_{trait[1:]}")
        else:
            every.append([f"_{trait}"])
    if query.author_id:
        every.append([_author(each) for each in sorted(set(query.author_id))])
    if query.mentions:
        every.append([_mentioned(each) for each in sorted(set(query.mentions))])
    return Question(
        every=tuple(tuple(group) for group in every),
        none=tuple(none),
        above=query.min_id or 0,
        below=snowflakes.MAX if query.max_id is None else query.max_id,
        oldest_first=query.sort_order == "asc",
        channel_ids=tuple(channel_ids),
    )


def _text(body: Body) -> str:
    """All that can be read of it: what was said, what its files are called, what its embeds say."""
    if not body.attachments and not body.embeds:
        return body.content
    said = [body.content, *(each.filename for each in body.attachments)]
    for embed in body.embeds:
        said += [text for text in (embed.title, embed.description) if text is not None]
    return "\n".join(said)


def _traits(body: Body) -> Iterator[str]:
    if _LINK(body.content):
        yield "_link"
    if body.embeds:
        yield "_embed"
    if body.attachments:
        yield "_file"
    if body.mention_everyone:
        yield _EVERYONE
    if body.pinned:
        yield _PINNED
    for file in body.attachments:
        trait = _OF_FILES.get(file.content_type.partition("/")[0])
        if trait is not None:
            yield trait
    for embed in body.embeds:
        if embed.image is not None or embed.type == "image":
            yield "_image"


def _author(user_id: int) -> str:
    return f"_a{user_id}"


def _mentioned(user_id: int) -> str:
    return f"_m{user_id}"
