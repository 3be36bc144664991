"""The id of a request: in its answer, in every line of the log that it causes, here and in the services it asks."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from typing import Final

from derailed.api.addresses import Network, is_in

HEADER: Final = b"x-request-id"
_well_formed: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}").fullmatch


class RequestIds:
    """Where requests get theirs. A proxy that the operator trusts may have given one, so that its log agrees."""

    def __init__(self, proxies: Sequence[Network] = ()) -> None:
        self._proxies = proxies
        self._bits = random.Random().getrandbits  # they are no secret

    def believes(self, client: tuple[str, int] | None) -> bool:
        """Whether who is there is such a proxy."""
        return client is not None and bool(self._proxies) and is_in(client[0], self._proxies)

    def new(self) -> bytes:
        """An id that no other request has."""
        return b"%016x" % self._bits(64)

    def of(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The one that a proxy gave, if it is one; else a new one."""
        for name, value in headers:
            if name == HEADER:
                return value if _well_formed(value) else self.new()
        return self.new()
