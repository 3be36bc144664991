"""What a client has after all that it was told: it is what the server says when it is asked.

A client knows the channels that it was shown, and the messages of its session; what it was not shown it is told
nothing of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.faults.delivery import named
from tests.faults.history import Heard, History, Kept, Life
from tests.faults.touches import EVENTS

MESSAGES: Final = ("MESSAGE_CREATE", "WELCOME", *EVENTS)

Message = tuple[int, int, dict[str, set[str]]]
"""The channel, the number of the post or its last edit, and who reacted, by emoji."""
Messages = dict[int, Message]
"""By id."""


def complaints(history: History) -> Iterator[str]:
    """Everything that is wrong, a line each."""
    for life in history.lives:
        shown: set[int] = set()
        yield from _unshown(life, history, shown)
        if life.lasts:
            yield from _channels(life, history, shown)
            yield from _pages(life, history, shown)


def _unshown(life: Life, history: History, shown: set[int]) -> Iterator[str]:
    """What it was told of channels that it had not been shown, or that had been hidden again. Leaves what is shown."""
    for heard in life.heard:
        match heard.event:
            case "GUILD_CREATE" | "GUILD_DELETE":
                shown &= history.conversations
            case "SHOWN" | "CHANNEL_CREATE":
                if heard.event == "CHANNEL_CREATE" and heard.of in shown:
                    yield f"unshown: {named(life)} was shown {heard.of} again"
                shown.add(heard.of)
            case "CHANNEL_DELETE":
                if heard.of not in shown:
                    yield f"unshown: {named(life)} had {heard.of} taken that it had not"
                shown.discard(heard.of)
            case event if event in (*MESSAGES, "CHANNEL_UPDATE") and heard.of not in shown:
                yield f"unshown: {named(life)} was sent {event} {heard.what} of {heard.of}, which it was not shown"


def _channels(life: Life, history: History, shown: set[int]) -> Iterator[str]:
    sees = history.sees_at_the_end(life.user)
    known = frozenset().union(*history.sees.values())
    if shown & known != sees:
        yield f"diverged: {named(life)} has the channels {sorted(shown & known)}, and should have {sorted(sees)}"
    listed = history.listed.get(life.user)
    if listed is not None and shown != listed:
        yield f"diverged: {named(life)} has the channels {sorted(shown)}, and the server says {sorted(listed)}"


def _pages(life: Life, history: History, shown: set[int]) -> Iterator[str]:
    known = _messages(life, history)
    for channel, page in history.pages.items():
        if channel not in shown or not page:
            continue
        kept = {each.id: each for each in page}
        for message, (of, number, reactions) in known.items():
            if of == channel and message >= page[-1].id and message not in kept:
                yield f"diverged: {named(life)} has message {number}, which is not there"
            elif (
                message in kept
                and Kept(message, number, {each: len(who) for each, who in reactions.items()}) != kept[message]
            ):
                yield f"diverged: {named(life)} has {number} with {reactions} for {kept[message]}"


def _messages(life: Life, history: History) -> Messages:
    """What has come of the messages that it was sent, and of which it has been told ever since."""
    known: Messages = {}
    for heard in life.heard:
        match heard.event:
            case "MESSAGE_CREATE":
                known[heard.id] = (heard.of, int(heard.what), {})
            case "MESSAGE_DELETE":
                known.pop(heard.id, None)
            case "CHANNEL_DELETE":
                _forget(known, {heard.of})
            case "GUILD_DELETE" | "GUILD_CREATE":
                _forget(known, {of for of, _, _ in known.values()} - history.conversations)
            case event if event in EVENTS and heard.id in known:
                known[heard.id] = _changed(known[heard.id], heard)
    return known


def _forget(known: Messages, channels: set[int]) -> None:
    for message in [message for message, (of, _, _) in known.items() if of in channels]:
        del known[message]


def _changed(message: Message, heard: Heard) -> Message:
    of, number, reactions = message
    if heard.event == "MESSAGE_UPDATE":
        return of, int(heard.what), reactions
    who, _, emoji = str(heard.what).partition(" ")
    others = reactions.get(emoji, set()) - {who}
    here = others | {who} if heard.event == "MESSAGE_REACTION_ADD" else others
    return of, number, {**reactions, emoji: here} if here else {k: v for k, v in reactions.items() if k != emoji}
