"""What is asked of one's mentions."""

from __future__ import annotations

from typing import NamedTuple

from derailed.wire import limits

USUAL = 25


class MentionsQuery(NamedTuple):
    """At most `limit`, below an id, of one guild or of all; `roles` and `everyone`: also what calls by those."""

    limit: int = USUAL
    before: int | None = None
    guild_id: int | None = None
    roles: bool = True
    everyone: bool = True


assert USUAL <= limits.MENTIONS_PAGE
