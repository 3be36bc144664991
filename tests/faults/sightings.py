"""What a history says of presence: nobody flickers, who is gone is soon seen to be gone, and in the end all is exact.

A user is *there* while a client of theirs is connected, and for the grace after a socket that was lost.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.faults.history import NEVER, Fault, History, Life, Span

GRACE_S: Final = 9.5
"""The product's ten seconds begin when it learns of the loss, which may be a little before the client does."""
CLEAN_WITHIN_S: Final = 5.0
LOST_WITHIN_S: Final = 15.0
SETTLES_S: Final = 15.0
"""A presence service that is there again shows nobody's end before all nodes had the time to come again."""
SLACK_S: Final = 2.0
"""The promises are of the product; their times are taken in a client that shares two cores with all of its servers."""

OFFLINE: Final = "offline"
TOLD: Final = ("PRESENCE_UPDATE", "HERE")


class Attendance:
    """When each user was connected, and when that, or the grace after it, was seen."""

    def __init__(self, history: History) -> None:
        self._spans: dict[int, list[Span]] = defaultdict(list)
        for life in history.lives:
            self._spans[life.user] += life.spans
        for spans in self._spans.values():
            spans.sort(key=lambda span: span.began)
        self._stays = {user: list(_stays(spans)) for user, spans in self._spans.items()}

    def there(self, user: int, began: float, ended: float) -> bool:
        """Whether the user was there all that time, without a gap."""
        return any(came <= began and ended <= went for came, went in self._stays.get(user, ()))

    def ends(self, user: int) -> Iterator[tuple[float, float, float]]:
        """When the user went, by when that is promised to be seen, and when they came again."""
        spans = self._spans[user]
        for number, span in enumerate(spans):
            came_again = min((other.began for other in spans[number + 1 :]), default=NEVER)
            meanwhile = any(other.ended > span.ended for other in spans[:number])
            if span.ended != NEVER and not meanwhile:
                yield span.ended, span.ended + (CLEAN_WITHIN_S if span.clean else LOST_WITHIN_S), came_again

    def last(self, user: int, at: float) -> Span:
        """The socket that the user had last at that time."""
        return max((span for span in self._spans[user] if span.began <= at), key=lambda span: span.began)

    def connected(self, user: int) -> bool:
        """Whether the user is connected at the end."""
        return any(span.ended == NEVER for span in self._spans[user])

    def users(self) -> list[int]:
        """All who ever were."""
        return list(self._spans)


def _stays(spans: list[Span]) -> Iterator[tuple[float, float]]:
    """From when to when the user was there: a socket lost and soon replaced is no end."""
    came = spans[0].began
    for number, span in enumerate(spans):
        following = spans[number + 1].began if number + 1 < len(spans) else NEVER
        until = span.ended if span.clean else span.ended + GRACE_S
        if following > until or (span.ended == following == NEVER):
            yield came, until
            came = following


class Beliefs:
    """What one session was told of everyone, in order."""

    def __init__(self, life: Life) -> None:
        self._told: dict[int, list[tuple[float, str]]] = defaultdict(list)
        for heard in life.heard:
            if heard.event in TOLD:
                self._told[heard.of].append((heard.at, str(heard.what)))

    def of(self, user: int, at: float) -> str:
        """What the session takes the user for at that time."""
        told = self._told[user]
        before = bisect.bisect_right(told, at, key=lambda each: each[0])
        return told[before - 1][1] if before else OFFLINE

    def gone(self, user: int, since: float) -> float:
        """When it was next told that the user had gone."""
        return next((at for at, status in self._told[user] if at > since and status == OFFLINE), NEVER)

    def offline(self) -> Iterator[tuple[int, float]]:
        """Each time somebody was said to have gone."""
        for user, told in self._told.items():
            for at, status in told:
                if status == OFFLINE:
                    yield user, at


def complaints(history: History) -> Iterator[str]:
    """Everything that is wrong, a line each. Users whose membership changed are looked at only in the end."""
    attendance = Attendance(history)
    moved = {deed.user for deed in history.deeds if not deed.sees}
    for life in history.lives:
        if life.bot:
            beliefs = Beliefs(life)
            yield from _flaps(life, beliefs, attendance, moved, history.faults)
            yield from _late(life, beliefs, attendance, history, moved)
    yield from unsettled(history)


def unsettled(history: History) -> Iterator[str]:
    """What is not as it should be once all is quiet."""
    attendance = Attendance(history)
    for life in history.lives:
        if life.bot and life.lasts:
            yield from _inexact(life, Beliefs(life), attendance, history)
    here = sum(attendance.connected(user) and bool(history.sees_at_the_end(user)) for user in attendance.users())
    if history.counted not in (-1, here):
        yield f"miscounted: {history.counted} are said to be here, and {here} are"


def _flaps(life: Life, beliefs: Beliefs, attendance: Attendance, moved: set[int], faults: list[Fault]) -> Iterator[str]:
    for user, at in beliefs.offline():
        if user in moved or not attendance.there(user, at - CLEAN_WITHIN_S, at):
            continue
        span = attendance.last(user, at)
        if not _untold(span, at, faults):
            since = f"who was there since {span.began:.2f}"
            yield f"flapped: {life.user} was told at {at:.2f} that {user} had gone, {since}"


def _untold(span: Span, at: float, faults: list[Fault]) -> bool:
    """Whether the service could not be told that they came again, or were still there, and had to count from before."""
    blind = [fault for fault in faults if fault.blinds]
    came = (fault.began - SLACK_S <= span.began <= fault.ended and at <= fault.ended + SLACK_S for fault in blind)
    went = (fault.began <= span.ended <= min(fault.ended, at) for fault in blind)
    return any(came) or any(went)


def _late(life: Life, beliefs: Beliefs, attendance: Attendance, history: History, moved: set[int]) -> Iterator[str]:
    for user in attendance.users():
        if user in moved or user == life.user:
            continue
        for went, promised, came_again in attendance.ends(user):
            by = _by(went, promised, history.faults)
            listened = any(span.began <= went and span.ended >= by for span in life.spans)
            if listened and by < min(came_again, history.ended) and beliefs.of(user, by) != OFFLINE:
                told = beliefs.gone(user, by)
                yield f"late: {user} went at {went:.2f}, and {life.user} was not told by {by:.2f}, but at {told:.2f}"


def _by(went: float, promised: float, faults: list[Fault]) -> float:
    by = promised
    for fault in faults:
        if fault.blinds and fault.began <= by and fault.ended + SETTLES_S >= went:
            by = max(by, fault.ended + SETTLES_S)
    return by + SLACK_S


def _inexact(life: Life, beliefs: Beliefs, attendance: Attendance, history: History) -> Iterator[str]:
    """What is believed at the end, but for what a service that died knew: who was away then may have missed ends."""
    showing = {shown.user: shown.status for shown in history.shown}
    for user in attendance.users():
        here = attendance.connected(user) and bool(history.sees_at_the_end(user))
        truth = showing.get(user, "online") if here else OFFLINE
        believed = beliefs.of(user, NEVER)
        if believed != truth and not (truth == OFFLINE and _excused(life, user, attendance, history.faults)):
            yield f"inexact: in the end {life.user} takes {user} for {believed}, who is {truth}"


def _excused(life: Life, user: int, attendance: Attendance, faults: list[Fault]) -> bool:
    went = max((span[0] for span in attendance.ends(user)), default=NEVER)
    away = [(one.ended, other.began) for one, other in itertools.pairwise(life.spans)]
    return any(
        fault.blinds
        and went <= fault.ended
        and lost <= fault.ended + SETTLES_S  # when nodes find out who was not told of again
        and back >= max(fault.began, went)
        for fault in faults
        for lost, back in away
    )
