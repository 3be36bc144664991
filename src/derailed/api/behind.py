"""What is behind a door: routes are made once a process, and each request brings along what it is for."""

from __future__ import annotations

from typing import NamedTuple

from derailed.actions.verbs import Verbs
from derailed.api.entrance import Entrance
from derailed.api.origins import Addresses


class Behind(NamedTuple):
    """What the routes of one API work with; in the scope of each request under "behind"."""

    verbs: Verbs
    entrance: Entrance
    addresses: Addresses
