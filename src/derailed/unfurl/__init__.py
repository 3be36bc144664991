"""Unfurl: what a link leads to, in a few words, asked of a stranger's server without trusting it or the link.

Whoever posts a link chooses where we connect to, so the client is guarded: a name is resolved once and that very
address is connected to; only public addresses, the usual ports and a few redirects, each judged anew; little is read,
for a short time, and nothing of it is unpacked. `client` fetches, `page` reads what came, `addresses` is the rule.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Preview(NamedTuple):
    """What a page says of itself. Texts are one line, of bounded length; addresses are http or https."""

    kind: str
    """link, article or image."""
    title: str | None = None
    description: str | None = None
    site: str | None = None
    image_url: str | None = None
    color: int | None = None


class Unfurler(Protocol):
    """Something that looks where a link leads."""

    async def preview(self, url: str) -> Preview | None:
        """What is there; None when that is nothing to show, or nothing that we would ask for."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...
