"""What a history says of messages: none lost, none twice, none out of order, none seen that may not be seen.

When something was asked for and answered is known, but not when between the two it happened. Whatever could be right
is right: only what no moment in between explains is a complaint.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.history import NEVER, Fault, Heard, History, Life, Post, Touch
from tests.faults.sight import Sight

EXPLAINS_S = 30.0
"""A change of what a session may see excuses the refusal of its resume for so long: it may be told late, when the bus
was away."""
CHANGES = ("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE")
BURST_S = 2.0
"""What comes so soon after READY may be of before it."""


def complaints(history: History) -> Iterator[str]:
    """Everything that is wrong, a line each."""
    sight = Sight(history)
    posts = sorted((post for post in history.posts.values() if post.id), key=lambda post: post.id)
    for life in history.lives:
        yield from _in_order(life)
        yield from _of_places(life)
        yield from _leaks(life, sight, history)
        yield from _losses(life, sight, history, posts)
        yield from _without(life, sight, history)
        yield from _refusals(life, sight, history)
        yield from _carried_over(life, history.faults)
    for user in history.stuck:
        yield f"stuck: {user} wants a session and has none"
    for what in history.oddities:
        yield f"odd: {what}"


def _messages(life: Life) -> Iterator[Heard]:
    return (heard for heard in life.heard if heard.event == "MESSAGE_CREATE")


def _in_order(life: Life) -> Iterator[str]:
    seen: set[int] = set()
    numbers: set[int | str] = set()
    last: dict[int, int] = {}
    for heard in _messages(life):
        if heard.id in seen:
            yield f"doubled: {named(life)} was sent message {heard.what} twice"
        elif heard.what in numbers:
            yield f"doubled: post {heard.what} became two messages, and {named(life)} got both"
        elif heard.id < last.get(heard.of, 0):
            yield f"reordered: {named(life)} was sent {heard.what} after a later one"
        seen.add(heard.id)
        numbers.add(heard.what)
        last[heard.of] = max(last.get(heard.of, 0), heard.id)


def _of_places(life: Life) -> Iterator[str]:
    last = 0
    for heard in life.heard:
        if heard.s < last:
            yield f"back: s of {named(life)} went from {last} to {heard.s}"
        last = heard.s


def _leaks(life: Life, sight: Sight, history: History) -> Iterator[str]:
    for heard in _messages(life):
        assert isinstance(heard.what, int)
        post = history.posts.get(heard.what)
        if post is None:
            yield f"invented: {named(life)} was sent {heard.what}, which nobody said"
        elif post.channel != heard.of or (post.id and post.id != heard.id):
            yield f"altered: {named(life)} was sent {heard.what} as something else"
        elif not sight.perhaps(life.user, post.channel, post.began, post.acked):
            yield f"leaked: {named(life)} was sent {heard.what}, which it may not see"


def _losses(life: Life, sight: Sight, history: History, posts: list[Post]) -> Iterator[str]:
    """A session that lasts is owed everything, another whatever came before the last that it was sent.

    Both from when they were sent the guild: what was said before is in the guild's history.
    """
    got = {heard.id for heard in _messages(life)}
    up_to: dict[int, int] = {}
    for heard in _messages(life):
        order = _order_of(heard.of, history)
        up_to[order] = max(up_to.get(order, 0), heard.id)
    for post in posts:
        owed = (
            post.id not in got
            and (life.lasts or post.id <= up_to.get(_order_of(post.channel, history), 0))
            and sight.surely(life.user, post.channel, post.began, post.acked)
            and has_come_to(life, sight, history, post)
        )
        if owed:
            yield f"lost: {named(life)} was not sent {post.number}, acknowledged at {post.acked:.2f}"


def _order_of(channel: int, history: History) -> int:
    """A guild is one order for all of its channels; in conversations ids only grow within each."""
    return channel if channel in history.conversations else 0


def has_come_to(life: Life, sight: Sight, history: History, what: Post | Touch) -> bool:
    """Whether the session was there already where something happened: in the guild, or if not, at all."""
    if what.channel in history.conversations:
        return life.began < what.began
    joined = sight.joined(life.user, what.acked)
    return any(joined <= at < what.began for at in _sent_guild(life, sight, what.began))


def _sent_guild(life: Life, sight: Sight, by: float) -> Iterator[float]:
    """When it was sent the guild, but for what it was told later that the user had left before `by`.

    READY may come late: it is as of before somebody left, though they are back by then. They are told both behind it,
    and are sent the guild again, with what was said by then in its history. A leave is told once.
    """
    told = [each.at for each in life.heard if each.event == "GUILD_DELETE"]
    for each in life.heard:
        if each.event == "GUILD_CREATE" or (each.event == "READY" and each.of):
            later = enumerate([at for at in told if at >= each.at], start=1)
            is_late = sight.leaves(life.user, each.at - EXPLAINS_S, by) > 0
            if not (is_late and any(count > sight.leaves(life.user, by, at) for count, at in later)):
                yield each.at


def _without(life: Life, sight: Sight, history: History) -> Iterator[str]:
    joined = sight.joined(life.user, NEVER)
    sent_guild = any(at >= joined for at in _sent_guild(life, sight, joined))
    if life.lasts and history.sees_at_the_end(life.user) and not sent_guild:
        yield f"without: {named(life)} was never sent the guild that it joined at {joined:.2f}"


def _refusals(life: Life, sight: Sight, history: History) -> Iterator[str]:
    at, last = life.refused_at, life.heard[-1]
    if at == NEVER or last.s % 2:
        return
    forgotten = any(fault.forgets and fault.began <= at and life.began <= fault.ended for fault in history.faults)
    if not forgotten and not sight.moved(life.user, last.at - EXPLAINS_S, at) and not _misses(life, sight, history):
        yield f"refused: {named(life)} had to start afresh at {at:.2f} for no reason"


def _misses(life: Life, sight: Sight, history: History) -> bool:
    """Whether overwrites may have changed that the session was not told of: each time, of one channel."""
    if sight.is_moved(life.user):  # it is told of channels for other reasons too, or not of some that it does not see
        return sight.overwritten(life.heard[-1].at - EXPLAINS_S, life.refused_at) > 0
    changes = (heard for heard in life.heard if heard.event in CHANGES and heard.of not in history.conversations)
    told = sum(heard.at > life.began + BURST_S for heard in changes)
    return sight.overwritten(life.began, life.refused_at) > told


def _carried_over(life: Life, faults: list[Fault]) -> Iterator[str]:
    for fault in faults:
        if fault.forgets and life.began < fault.began and any(heard.at > fault.ended for heard in life.heard):
            yield f"carried over: {named(life)} went on after {fault.name}, as if nothing had been forgotten"


def named(life: Life) -> str:
    """What complaints call it."""
    return f"session {life.session[-6:]} of {life.user}"
