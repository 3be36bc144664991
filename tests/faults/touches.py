"""What a history says of what was done to messages: each told once, in order, and to those only who may see it.

Who asks again because no answer came may have an edit told twice: then it was done twice. All else is done once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.faults.delivery import has_come_to, named
from tests.faults.history import NEVER, Heard, History, Life, Post, Touch
from tests.faults.sight import Sight

EVENTS: Final = ("MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE")

Name = tuple[str, int, str]


def complaints(history: History) -> Iterator[str]:
    """Everything that is wrong, a line each."""
    sight = Sight(history)
    touches = {_name(each): each for each in history.touches}
    assert len(touches) == len(history.touches)
    for life in history.lives:
        told = Counter((heard.event, heard.id, str(heard.what)) for heard in life.heard if heard.event in EVENTS)
        yield from _too_much(life, sight, touches, told)
        yield from _missing(life, sight, history, told)
        yield from _out_of_order(life, history, touches)


def _name(touch: Touch) -> Name:
    return touch.event, touch.message, touch.what


def _too_much(life: Life, sight: Sight, touches: dict[Name, Touch], told: Counter[Name]) -> Iterator[str]:
    for name, times in told.items():
        touch = touches.get(name)
        if touch is None:
            yield f"invented: {named(life)} was told {name}, which nobody did"
        elif times > (touch.tries if touch.event == "MESSAGE_UPDATE" else 1):
            yield f"doubled: {named(life)} was told {name} {times} times"
        elif not sight.perhaps(life.user, touch.channel, touch.began, touch.acked):
            yield f"leaked: {named(life)} was told {name}, which it may not see"


def _missing(life: Life, sight: Sight, history: History, told: Counter[Name]) -> Iterator[str]:
    """Of a session that does not last it is certain only of what was over when something began that it was sent."""
    later = _latest(life, history)
    for touch in history.touches:
        owed = (
            touch.acked != NEVER
            and _name(touch) not in told
            and (life.lasts or touch.acked < later.get(_order_of(touch.channel, history), 0.0))
            and sight.surely(life.user, touch.channel, touch.began, touch.acked)
            and has_come_to(life, sight, history, touch)
        )
        if owed:
            yield f"lost: {named(life)} was not told {_name(touch)}, acknowledged at {touch.acked:.2f}"


def _latest(life: Life, history: History) -> dict[int, float]:
    """When the last of what the session was sent began, by order."""
    latest: dict[int, float] = {}
    for heard in life.heard:
        post = (
            history.posts.get(heard.what) if heard.event == "MESSAGE_CREATE" and isinstance(heard.what, int) else None
        )
        if post is not None:
            order = _order_of(post.channel, history)
            latest[order] = max(latest.get(order, 0.0), post.began)
    return latest


def _order_of(channel: int, history: History) -> int:
    """All of a guild is one order, and so is all that is private to an account."""
    return int(channel in history.conversations)


def _out_of_order(life: Life, history: History, touches: dict[Name, Touch]) -> Iterator[str]:
    """Nothing is told after what began when it was over. Whatever was asked for twice may have happened late."""
    began: dict[int, float] = {}
    seen: set[Name | int] = set()
    for heard in life.heard:
        what = _what(heard, history, touches)
        if what is None:
            continue
        name = what.number if isinstance(what, Post) else _name(what)
        order = _order_of(what.channel, history)
        if name not in seen and what.acked < began.get(order, 0.0):
            yield f"reordered: {named(life)} was told {name} after what came later"
        seen.add(name)
        began[order] = max(began.get(order, 0.0), what.began)


def _what(heard: Heard, history: History, touches: dict[Name, Touch]) -> Post | Touch | None:
    if heard.event == "MESSAGE_CREATE" and isinstance(heard.what, int):
        return history.posts.get(heard.what)
    return touches.get((heard.event, heard.id, str(heard.what)))
