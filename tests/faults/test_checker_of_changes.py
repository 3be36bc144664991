"""The checker finds what is wrong with what becomes of messages, with hidden channels and with conversations."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults import checker
from tests.faults.history import NEVER, Deed, Heard, History, Kept, Life, Overwritten, Post, Span, Touch

OPEN, VEILED, HIDDEN, DIRECT = 1, 2, 3, 4
CREW, PLAIN, OTHER = 10, 11, 12
SEEN: dict[int, frozenset[int]] = {
    CREW: frozenset({OPEN, VEILED, HIDDEN}),
    PLAIN: frozenset({OPEN, VEILED, DIRECT}),
    OTHER: frozenset({OPEN, VEILED}),
}
THUMB = "99 👍"


def good() -> History:
    """Three who are there all the time; a channel is hidden from two of them between 10 and 20."""
    history = History(SEEN, ended=60.0, counted=3, conversations=frozenset({DIRECT}))
    history.overwritten = [
        Overwritten(VEILED, 10.0, 10.1, 1, veiled=True, unless=HIDDEN),
        Overwritten(VEILED, 20.0, 20.1, 1, veiled=False, unless=HIDDEN),
    ]
    for number, channel, at in (
        (1, OPEN, 1.0),
        (2, VEILED, 2.0),
        (3, HIDDEN, 3.0),
        (4, DIRECT, 4.0),
        (5, VEILED, 15.0),
    ):
        history.posts[number] = Post(number, 99, channel, at, at + 0.1, 1000 + number)
    history.touches = [
        Touch("MESSAGE_UPDATE", OPEN, 1001, "101", 5.0, 5.1, 1),
        Touch("MESSAGE_REACTION_ADD", OPEN, 1001, THUMB, 6.0, 6.1, 1),
        Touch("MESSAGE_REACTION_ADD", DIRECT, 1004, THUMB, 7.0, 7.1, 1),
        Touch("MESSAGE_REACTION_REMOVE", OPEN, 1001, THUMB, 8.0, 8.1, 1),
        Touch("MESSAGE_REACTION_ADD", VEILED, 1005, THUMB, 16.0, 16.1, 1),
        Touch("MESSAGE_DELETE", VEILED, 1002, "", 30.0, 30.1, 1),
    ]
    history.pages = {
        OPEN: [Kept(1001, 101, {})],
        VEILED: [Kept(1005, 5, {"👍": 1})],
        HIDDEN: [Kept(1003, 3, {})],
        DIRECT: [Kept(1004, 4, {"👍": 1})],
    }
    history.listed = dict(SEEN)
    history.lives = [_life(history, user) for user in SEEN]
    return history


def _life(history: History, user: int) -> Life:
    sees = SEEN[user]
    heard = [Heard(0.5, 0, "READY", 1), *(Heard(0.5, 0, "SHOWN", channel) for channel in sorted(sees))]
    told = [
        Heard(post.acked, 0, "MESSAGE_CREATE", post.channel, post.number, post.id)
        for post in history.posts.values()
        if _sees(user, post.channel, post.began)
    ]
    told += [
        Heard(touch.acked, 0, touch.event, touch.channel, touch.what, touch.message)
        for touch in history.touches
        if _sees(user, touch.channel, touch.began)
    ]
    hides, shows = ("CHANNEL_UPDATE",) * 2 if HIDDEN in sees else ("CHANNEL_DELETE", "CHANNEL_CREATE")
    told += [Heard(10.1, 0, hides, VEILED), Heard(20.1, 0, shows, VEILED)]
    heard += sorted(told, key=lambda each: each.at)
    return Life(
        user, False, f"session{user}", [Span(0.5, 1)], [each._replace(s=2 * at) for at, each in enumerate(heard)]
    )


def _sees(user: int, channel: int, at: float) -> bool:
    return channel in SEEN[user] and (channel != VEILED or user == CREW or not 10 < at < 20)


def life_of(history: History, user: int) -> Life:
    """The session of a user."""
    return next(life for life in history.lives if life.user == user)


def place_of(life: Life, event: str, of: int = OPEN) -> int:
    """Where in what a session heard the first such event of a channel is."""
    return next(at for at, heard in enumerate(life.heard) if (heard.event, heard.of) == (event, of))


def removed(user: int, event: str, of: int = OPEN) -> Callable[[History], None]:
    """Never told."""

    def breaks(history: History) -> None:
        life = life_of(history, user)
        del life.heard[place_of(life, event, of)]

    return breaks


def repeated(event: str) -> Callable[[History], None]:
    """Told twice."""

    def breaks(history: History) -> None:
        life = life_of(history, CREW)
        at = place_of(life, event)
        life.heard.insert(at, life.heard[at])

    return breaks


def out_of_order(history: History) -> None:
    """A reaction is taken back before it was made."""
    life = life_of(history, CREW)
    one, other = place_of(life, "MESSAGE_REACTION_ADD"), place_of(life, "MESSAGE_REACTION_REMOVE")
    first, second = life.heard[one], life.heard[other]
    life.heard[one], life.heard[other] = second._replace(s=first.s), first._replace(s=second.s)


def edited_before_it_was_sent(history: History) -> None:
    """The edit of a message comes before the message."""
    life = life_of(history, CREW)
    at = place_of(life, "MESSAGE_CREATE")
    edit = life.heard.pop(place_of(life, "MESSAGE_UPDATE"))
    life.heard.insert(at, edit._replace(s=life.heard[at].s))


def leaked(event: str, of: int) -> Callable[[History], None]:
    """To one from whom the channel is hidden."""

    def breaks(history: History) -> None:
        theirs = life_of(history, CREW).heard
        told = theirs[place_of(life_of(history, CREW), event, of)]
        told = told if of != VEILED else next(each for each in theirs if each.event == event and 10 < each.at < 20)
        life = life_of(history, OTHER)
        at = next(at for at, each in enumerate(life.heard) if each.at > told.at)
        life.heard.insert(at, told._replace(s=life.heard[at - 1].s))

    return breaks


def leaked_directly(history: History) -> None:
    """What was said between others."""
    told = life_of(history, PLAIN).heard[place_of(life_of(history, PLAIN), "MESSAGE_CREATE", DIRECT)]
    life = life_of(history, CREW)
    life.heard.append(told._replace(s=life.heard[-1].s))


def invented(history: History) -> None:
    """Nobody did that."""
    life = life_of(history, CREW)
    life.heard.append(Heard(31.0, life.heard[-1].s, "MESSAGE_DELETE", OPEN, "", 1001))


def never_hidden(history: History) -> None:
    """The channel was taken from everybody, and one was not told."""
    life = life_of(history, OTHER)
    life.heard = [each for each in life.heard if not each.event.startswith("CHANNEL_")]


def never_shown_again(history: History) -> None:
    """It was given back, and one was not told, nor of what happened there then."""
    life = life_of(history, OTHER)
    del life.heard[place_of(life, "CHANNEL_CREATE", VEILED) :]


def shown_twice(history: History) -> None:
    """A channel that was there already."""
    life = life_of(history, OTHER)
    at = place_of(life, "CHANNEL_CREATE", VEILED)
    life.heard.insert(at, life.heard[at])


def another_page(history: History) -> None:
    """The server has another text than the one that all were told."""
    history.pages[OPEN] = [Kept(1001, 102, {})]


def another_reaction(history: History) -> None:
    """The server has a reaction that nobody was told of."""
    history.pages[OPEN] = [Kept(1001, 101, {"👍": 1})]


def kept_by_all_but_the_server(history: History) -> None:
    """A message is in every client, and nowhere else: another is below it."""
    history.pages[HIDDEN] = [Kept(1000, 7, {})]


def listed_otherwise(history: History) -> None:
    """The server says that another channel is seen."""
    history.listed[OTHER] = frozenset({OPEN, VEILED, HIDDEN})


def refused(history: History) -> None:
    """A resume, though the session had been told of every overwrite."""
    life = life_of(history, CREW)
    life.spans[-1].ended, life.refused_at = 50.0, 51.0


BREAKS: list[tuple[Callable[[History], None], str]] = [
    (removed(CREW, "MESSAGE_UPDATE"), "lost"),
    (removed(OTHER, "MESSAGE_REACTION_ADD"), "lost"),
    (removed(OTHER, "MESSAGE_REACTION_REMOVE"), "lost"),
    (removed(CREW, "MESSAGE_DELETE", VEILED), "lost"),
    (removed(PLAIN, "MESSAGE_REACTION_ADD", DIRECT), "lost"),
    (removed(PLAIN, "MESSAGE_CREATE", DIRECT), "lost"),
    (repeated("MESSAGE_UPDATE"), "doubled"),
    (repeated("MESSAGE_REACTION_ADD"), "doubled"),
    (out_of_order, "reordered"),
    (edited_before_it_was_sent, "reordered"),
    (leaked("MESSAGE_CREATE", VEILED), "leaked"),
    (leaked("MESSAGE_REACTION_ADD", VEILED), "leaked"),
    (leaked("MESSAGE_CREATE", HIDDEN), "leaked"),
    (leaked("MESSAGE_CREATE", VEILED), "unshown"),
    (leaked("CHANNEL_UPDATE", VEILED), "unshown"),
    (leaked_directly, "leaked"),
    (leaked_directly, "unshown"),
    (invented, "invented"),
    (never_shown_again, "diverged"),
    (removed(OTHER, "CHANNEL_CREATE", VEILED), "unshown"),
    (shown_twice, "unshown"),
    (another_page, "diverged"),
    (another_reaction, "diverged"),
    (kept_by_all_but_the_server, "diverged"),
    (listed_otherwise, "diverged"),
    (refused, "refused"),
]


def kinds(history: History) -> set[str]:
    """Of what is complained."""
    return {line.partition(":")[0] for line in checker.check(history)}


def test_a_history_that_keeps_every_promise_has_no_complaints() -> None:
    assert checker.check(good()) == []


@pytest.mark.parametrize(("breaks", "kind"), BREAKS)
def test_whatever_is_broken_is_found(breaks: Callable[[History], None], kind: str) -> None:
    history = good()
    breaks(history)
    assert kind in kinds(history)


def test_who_was_never_told_that_a_channel_is_hidden_is_found_when_it_stays_hidden() -> None:
    history = good()
    del history.overwritten[1:]
    history.touches.pop()
    history.listed = {user: sees - {VEILED} for user, sees in SEEN.items() if user != CREW}
    for life in history.lives:
        life.heard = [each for each in life.heard if each.at < 20]
    assert kinds(history) == set()
    never_hidden(history)
    assert kinds(history) == {"diverged"}


def test_an_edit_that_was_asked_for_twice_may_be_told_twice() -> None:
    history = good()
    repeated("MESSAGE_UPDATE")(history)
    history.touches[0].tries = 2
    assert checker.check(history) == []


def test_what_was_not_acknowledged_need_not_be_told() -> None:
    history = good()
    history.touches[0].acked = NEVER
    history.pages[OPEN] = [Kept(1001, 1, {})]
    for life in history.lives:
        life.heard = [each for each in life.heard if each.event != "MESSAGE_UPDATE"]
    assert checker.check(history) == []


def test_a_session_that_missed_an_overwrite_is_refused_for_it() -> None:
    history = good()
    refused(history)
    history.overwritten.append(Overwritten(OPEN, 50.5, 50.6, 1))
    history.counted = 2
    assert checker.check(history) == []
    life = life_of(history, CREW)
    told = [(0.7, "CHANNEL_UPDATE", OPEN), (2.6, "CHANNEL_CREATE", DIRECT), (2.7, "CHANNEL_RECIPIENT_ADD", 0)]
    for at, event, of in told:  # the first behind a READY of before an earlier one, the others of no guild
        place = next(place for place, each in enumerate(life.heard) if each.at > at)
        life.heard.insert(place, Heard(at, life.heard[place].s, event, of))
    history.listed = {}
    assert checker.check(history) == []


def test_what_becomes_of_messages_while_their_channel_is_hidden_is_not_missed() -> None:
    history = good()
    history.touches.append(Touch("MESSAGE_UPDATE", VEILED, 1002, "105", 12.0, 12.1, 1))
    told = Heard(12.1, 0, "MESSAGE_UPDATE", VEILED, "105", 1002)
    life = life_of(history, CREW)
    at = next(at for at, each in enumerate(life.heard) if each.at > told.at)
    life.heard.insert(at, told._replace(s=life.heard[at].s))
    assert checker.check(history) == []


def test_who_was_out_of_a_group_for_a_while_is_owed_nothing_of_it() -> None:
    history = good()
    history.deeds = [
        Deed(PLAIN, SEEN[PLAIN] - {DIRECT}, 3.5, 3.6),
        Deed(PLAIN, SEEN[PLAIN], 7.5, 7.6),
    ]
    life = life_of(history, PLAIN)
    life.heard = [each for each in life.heard if each.of != DIRECT or each.event == "SHOWN"]
    at = next(at for at, each in enumerate(life.heard) if each.at > 7.6)
    life.heard[at:at] = [Heard(7.6, life.heard[at].s, "CHANNEL_CREATE", DIRECT)]
    at = next(at for at, each in enumerate(life.heard) if each.at > 3.6)
    life.heard[at:at] = [Heard(3.6, life.heard[at].s, "CHANNEL_DELETE", DIRECT)]
    assert checker.check(history) == []
