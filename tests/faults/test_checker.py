"""The checker finds what is broken in a history, and nothing in one that is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults import checker, delivery
from tests.faults.history import NEVER, Deed, Fault, Heard, History, Life, Post, Shown, Span

OPEN, HIDDEN = 1, 2
WATCHER, TALKER, MOVER = 10, 11, 12


def good() -> History:
    """Twenty messages, one a second; the talker loses its socket and resumes, closes, and comes again."""
    both, some = frozenset({OPEN, HIDDEN}), frozenset({OPEN})
    history = History({WATCHER: both, TALKER: both, MOVER: some}, ended=60.0, counted=3)
    for number in range(1, 21):
        channel = HIDDEN if number % 4 == 0 else OPEN
        history.posts[number] = Post(number, 99, channel, number + 0.1, number + 0.2, 1000 + number)
    watcher = _life(WATCHER, both, [Span(0.5, 1)], bot=True)
    talker = _life(TALKER, both, [Span(0.6, 1, 8.05), Span(9.0, 2, 15.0, clean=True)])
    again = _life(TALKER, both, [Span(30.0, 1)])
    mover = _life(MOVER, some, [Span(0.7, 2)])
    mover.heard += [Heard(9.6, 0, "CHANNEL_CREATE", HIDDEN), Heard(14.6, 0, "CHANNEL_DELETE", HIDDEN)]
    history.lives = [watcher, talker, again, mover]
    history.deeds = [Deed(MOVER, both, 9.5, 9.6), Deed(MOVER, some, 14.5, 14.6)]
    for life in history.lives:
        for post in history.posts.values():
            life.heard += _delivered(
                life, post, seen=life.user != MOVER or post.channel == OPEN or 9 < post.number < 15
            )
    watcher.heard += [
        Heard(at, 2, "PRESENCE_UPDATE", user, status)
        for at, user, status in (
            (0.6, TALKER, "online"), (0.7, MOVER, "online"), (15.1, TALKER, "offline"), (30.1, TALKER, "online"),
            (40.1, MOVER, "dnd"),
        )
    ]  # fmt: skip
    watcher.heard.insert(1, Heard(0.5, 0, "HERE", WATCHER, "online"))
    for life in history.lives:
        life.heard.sort(key=lambda heard: heard.at)
        life.heard = [heard._replace(s=2 * place) for place, heard in enumerate(life.heard)]
    history.shown = [Shown(40.0, MOVER, "dnd")]
    return history


def _life(user: int, sees: frozenset[int], spans: list[Span], *, bot: bool = False) -> Life:
    began = spans[0].began
    heard = [Heard(began, 0, "READY", 1), *(Heard(began, 0, "SHOWN", channel) for channel in sorted(sees))]
    return Life(user, bot, f"session{user}{began}", spans, heard)


def _delivered(life: Life, post: Post, *, seen: bool) -> list[Heard]:
    """At once, or when the session is resumed; not to one that is over."""
    spans = [span for span in life.spans if post.began < span.ended]
    if not spans or post.began < life.began or not seen:
        return []
    return [Heard(max(spans[0].began, post.acked), 0, "MESSAGE_CREATE", post.channel, post.number, post.id)]


def life_of(history: History, user: int) -> Life:
    """The first session of a user."""
    return next(life for life in history.lives if life.user == user)


def place_of(life: Life, number: int) -> int:
    """Where in what a session heard that post is."""
    return next(at for at, heard in enumerate(life.heard) if heard.what == number)


def lost(history: History) -> None:
    """In the middle of a session that goes on."""
    life = life_of(history, WATCHER)
    del life.heard[place_of(life, 7)]


def lost_at_the_end(history: History) -> None:
    """With nothing after it."""
    life = life_of(history, WATCHER)
    del life.heard[place_of(life, 20)]


def lost_in_a_resume(history: History) -> None:
    """What was said while it was away."""
    life = life_of(history, TALKER)
    del life.heard[place_of(life, 8)]


def doubled(history: History) -> None:
    """Twice to one session."""
    life = life_of(history, TALKER)
    at = place_of(life, 8)
    life.heard.insert(at, life.heard[at])


def made_twice(history: History) -> None:
    """One post, two messages."""
    life = life_of(history, WATCHER)
    at = place_of(life, 7)
    life.heard.insert(at + 1, life.heard[at]._replace(id=5000))


def reordered(history: History) -> None:
    """Two of one channel."""
    life = life_of(history, WATCHER)
    one, other = place_of(life, 6), place_of(life, 7)
    first, second = life.heard[one], life.heard[other]
    life.heard[one], life.heard[other] = second._replace(s=first.s), first._replace(s=second.s)


def leaked(history: History) -> None:
    """To one who sees that channel no more."""
    life = life_of(history, MOVER)
    life.heard.append(Heard(21.0, 998, "MESSAGE_CREATE", HIDDEN, 20, 1020))


def invented(history: History) -> None:
    """Nobody said it."""
    life_of(history, WATCHER).heard.append(Heard(21.0, 998, "MESSAGE_CREATE", OPEN, 77, 1077))


def gone_back(history: History) -> None:
    """`s` went back."""
    life = life_of(history, WATCHER)
    life.heard[-1] = life.heard[-1]._replace(s=0)


def refused(history: History) -> None:
    """A resume, for no reason."""
    life = life_of(history, WATCHER)
    life.spans[-1].ended = 50.0
    life.refused_at = 51.0


def flapped(history: History) -> None:
    """The talker, who came back in time."""
    life = life_of(history, WATCHER)
    at = place_of(life, 12)
    told = life.heard[at]._replace(event="PRESENCE_UPDATE", of=TALKER, id=0)
    life.heard[at + 1 : at + 1] = [told._replace(what="offline"), told._replace(what="online")]


def late(history: History) -> None:
    """A clean close."""
    life = life_of(history, WATCHER)
    at = next(at for at, heard in enumerate(life.heard) if heard.what == "offline")
    told = life.heard.pop(at)
    life.heard.insert(place_of(life, 20) + 1, told._replace(at=25.0, s=life.heard[place_of(life, 20)].s))


def late_after_a_loss(history: History) -> None:
    """A socket that was lost for good."""
    life_of(history, TALKER).spans[-1].clean = False
    late(history)
    life = life_of(history, WATCHER)
    at = next(at for at, heard in enumerate(life.heard) if heard.what == "offline")
    life.heard[at] = life.heard[at]._replace(at=34.0)
    history.lives[2].spans[0].began = 40.0


def inexact(history: History) -> None:
    """The last status was never told."""
    life = life_of(history, WATCHER)
    del life.heard[next(at for at, heard in enumerate(life.heard) if heard.what == "dnd")]


def miscounted(history: History) -> None:
    """By one."""
    history.counted = 2


def stuck(history: History) -> None:
    """Somebody never came back."""
    history.stuck.append(TALKER)


def without(history: History) -> None:
    """Somebody was never sent the guild they joined."""
    history.deeds += [Deed(MOVER, frozenset(), 50.0, 50.1), Deed(MOVER, frozenset({OPEN}), 52.0, 52.1)]


def carried_over(history: History) -> None:
    """The bus forgot everything, and a session went on."""
    history.faults.append(Fault("bus lost", 5.0, 6.0, forgets=True))


def odd(history: History) -> None:
    """Something that no server should send."""
    history.oddities.append("an event before READY")


BREAKS: dict[Callable[[History], None], str] = {
    lost: "lost", lost_at_the_end: "lost", lost_in_a_resume: "lost", doubled: "doubled", made_twice: "doubled",
    reordered: "reordered", leaked: "leaked", invented: "invented", gone_back: "back", refused: "refused",
    flapped: "flapped", late: "late", late_after_a_loss: "late", inexact: "inexact", miscounted: "miscounted",
    stuck: "stuck", without: "without", odd: "odd",
    carried_over: "carried over",
}  # fmt: skip


def test_a_history_that_keeps_every_promise_has_no_complaints() -> None:
    assert checker.check(good()) == []


@pytest.mark.parametrize("breaks", BREAKS, ids=lambda breaks: breaks.__name__)
def test_whatever_is_broken_is_found(breaks: Callable[[History], None]) -> None:
    history = good()
    breaks(history)
    complaints = checker.check(history)
    assert BREAKS[breaks] in {line.partition(":")[0] for line in complaints}, complaints


def test_a_refusal_has_its_reasons() -> None:
    for reason in ("the bus forgot", "what it sees changed", "it was not whole"):
        history = good()
        refused(history)
        life = life_of(history, WATCHER)
        if reason == "the bus forgot":
            history.faults.append(Fault("bus lost", 49.0, 52.0, forgets=True))
        elif reason == "what it sees changed":
            history.deeds.append(Deed(WATCHER, frozenset({OPEN, HIDDEN}), 49.0, 49.5))
        else:
            life.heard[-1] = life.heard[-1]._replace(s=life.heard[-1].s + 1)
        assert "refused" not in {line.partition(":")[0] for line in checker.check(history)}, reason


def test_what_was_not_acknowledged_may_be_lost() -> None:
    history = good()
    lost(history)
    history.posts[7].id, history.posts[7].acked = 0, NEVER
    for life in history.lives:
        life.heard = [heard for heard in life.heard if heard.what != 7]
    assert checker.check(history) == []


def test_what_happens_while_a_change_is_under_way_may_go_either_way() -> None:
    history = good()
    life = life_of(history, MOVER)
    life.heard = [heard for heard in life.heard if heard.what != 12]
    assert [line.partition(":")[0] for line in checker.check(history)] == ["lost"]
    history.deeds.insert(1, Deed(MOVER, frozenset({OPEN}), 12.15, 12.5))
    history.deeds.insert(2, Deed(MOVER, frozenset({OPEN, HIDDEN}), 12.6, 12.7))
    assert checker.check(history) == []


def test_nobody_is_late_while_there_is_no_presence_service() -> None:
    history = good()
    late(history)
    history.faults.append(Fault("presence killed", 14.0, 20.0, blinds=True))
    assert checker.check(history) == []


def test_who_came_again_unknown_to_the_presence_service_may_be_taken_for_gone() -> None:
    history = good()
    flapped(history)  # at 12, back since 9
    history.faults.append(Fault("presence hushed", 10.5, 18.0, blinds=True))
    assert checker.check(history) == []
    history.faults = [Fault("presence hushed", 11.5, 18.0, blinds=True)]  # that was told before
    assert [line.partition(":")[0] for line in checker.check(history)] == ["flapped"]


def test_whose_node_the_presence_service_lost_before_they_went_may_be_taken_for_gone_sooner() -> None:
    history = good()
    life_of(history, TALKER).spans[-1].clean = False  # lost at 15, so that they are there until past 24
    watcher = life_of(history, WATCHER)
    told = next(heard for heard in watcher.heard if heard.what == "offline")
    watcher.heard.remove(told)
    watcher.heard.insert(place_of(watcher, 20) + 1, told._replace(at=24.0, s=watcher.heard[place_of(watcher, 20)].s))
    assert [line.partition(":")[0] for line in checker.check(history)] == ["flapped"]
    history.faults = [Fault("presence cut", 14.0, 18.0, blinds=True)]  # from then on it counts
    assert checker.check(history) == []
    history.faults = [Fault("presence cut", 15.5, 23.0, blinds=True)]  # they went before
    assert [line.partition(":")[0] for line in checker.check(history)] == ["flapped"]


def test_who_left_and_came_back_before_ready_is_owed_what_is_said_after_the_guild_was_sent_again() -> None:
    def came_back(*events: tuple[float, str]) -> History:
        history = good()
        history.deeds[:0] = [Deed(MOVER, frozenset(), 0.3, 0.35), Deed(MOVER, frozenset({OPEN}), 0.5, 0.6)]
        life = life_of(history, MOVER)
        life.heard = [each for each in life.heard if each.what not in (1, 2, 3)]
        life.heard[1:1] = [Heard(at, life.heard[0].s, event) for at, event in events]
        return history

    def found(history: History) -> list[str]:
        return [line.partition(":")[0] for line in delivery.complaints(history)]

    gone, again = (0.75, "GUILD_DELETE"), (3.5, "GUILD_CREATE")
    assert found(came_back(gone, again)) == []
    assert found(came_back(again)) == ["lost"] * 3  # READY was as of after it
    assert found(came_back(gone, (2.5, "GUILD_CREATE"))) == ["lost"]
    assert found(came_back(gone)) == ["without"]
    history = came_back(gone, again)
    del history.deeds[:2]  # nobody left
    assert found(history) == ["lost"] * 3
    history = came_back((30.0, "GUILD_DELETE"))
    history.deeds.append(Deed(MOVER, frozenset(), 29.0, 29.5))  # that one is told, and not the first
    assert found(history)[:3] == ["lost"] * 3
