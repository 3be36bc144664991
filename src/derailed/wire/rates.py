"""How often what may be asked, each with its reason. An operator scales them all at once: DERAILED_RATE_LIMITS.

Keyed by method and route, ids as `#` and words as `*`, so a rate is one row here and stays with its route for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

_SECOND: Final = 1000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE


class Rate(NamedTuple):
    """At most `limit` in a window, which opens with the first."""

    limit: int
    window_ms: int


Rates = tuple[Rate, ...]
"""All of them hold; the first is the one that answers tell of."""

ACCOUNT: Final = Rate(50, _SECOND)
"""Everything that one account asks, by whichever token: the number that libraries pace themselves by."""
ADDRESS: Final = Rate(50, _SECOND)
"""Everything that one address asks without a token: an office behind one address shares it."""
BAD_TOKENS: Final = Rate(10_000, 10 * _MINUTE)
"""Tokens of one address that do not stand; Discord's number. Each costs a look into the store."""

READS: Final = (Rate(50, _SECOND),)
"""As many as the account has: told on each answer, because libraries ask one by one where they are told nothing."""
WRITES: Final = (Rate(10, 10 * _SECOND),)
"""What changes a guild or an account: people do it by hand, and bots need not do it in bursts."""

_MESSAGES: Final = (Rate(5, 5 * _SECOND),)
_REACTIONS: Final = (Rate(1, 250),)
_SEARCHES: Final = (Rate(5, 5 * _SECOND),)

RATES: Final[Mapping[tuple[str, str], Rates]] = {
    # Discord's customary values, which bots are written for.
    ("POST", "channels/#/messages"): _MESSAGES,
    # A search looks at up to ten thousand messages; people look at what they found before they search again.
    ("GET", "guilds/#/messages/search"): _SEARCHES,
    ("GET", "channels/#/messages/search"): _SEARCHES,
    ("PATCH", "channels/#/messages/#"): _MESSAGES,
    ("DELETE", "channels/#/messages/#"): (Rate(5, _SECOND),),
    ("POST", "channels/#/typing"): _MESSAGES,
    ("PUT", "channels/#/messages/#/reactions/*/@me"): _REACTIONS,
    ("DELETE", "channels/#/messages/#/reactions/*/@me"): _REACTIONS,
    ("DELETE", "channels/#/messages/#/reactions/*/#"): _REACTIONS,
    # Each is told to somebody, who may not want to hear it; and tells whether there is somebody of that name.
    ("POST", "users/@me/relationships"): (Rate(10, 10 * _SECOND), Rate(60, _HOUR)),
    ("PUT", "users/@me/relationships/#"): (Rate(10, 10 * _SECOND), Rate(120, _HOUR)),
    # One for each message that comes while somebody looks on.
    ("POST", "channels/#/messages/#/ack"): READS,
    ("POST", "webhooks/#/*"): (Rate(5, 2 * _SECOND), Rate(30, _MINUTE)),
    # Codes can be guessed, if often enough: none of ours at this pace within the age of an invite.
    ("GET", "invites/*"): (Rate(30, _MINUTE),),
    ("POST", "invites/*"): (Rate(10, _MINUTE),),
    # One archive a day is made; it may weigh much.
    ("POST", "users/@me/harvest"): (Rate(5, _HOUR),),
    ("GET", "users/@me/harvest/archive"): (Rate(5, _HOUR),),
    # A password costs 30 ms of a core to check, and is worth guessing. A household has this many people.
    ("POST", "auth/login"): (Rate(10, _MINUTE), Rate(60, _HOUR)),
    ("POST", "auth/register"): (Rate(5, _MINUTE), Rate(30, _HOUR)),
}

BY_ADDRESS: Final = frozenset({("POST", "auth/login"), ("POST", "auth/register")})
"""Counted for the address also when somebody logged in asks: accounts could be made for it."""

LOGINS: Final = (Rate(5, _MINUTE), Rate(30, _HOUR))
"""Into one account, whoever tries: many addresses guess no faster than one. Who is logged in stays it meanwhile."""
SEARCHES: Final = (Rate(10, 10 * _SECOND),)
"""By one account, in whatever guilds and channels."""
RENAMES: Final = (Rate(2, 10 * _MINUTE),)
"""Names and topics of one channel: everyone sees each change."""
