"""Searching for messages: what is asked, and what comes of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta, Raw, Struct

from derailed.wire.messages import AnyId, MessageShape

MAX_CONTENT: Final = 1024
MAX_PEOPLE: Final = 100
MAX_CHANNELS: Final = 500
MAX_HAS: Final = 20
PAGE: Final = 25
MAX_OFFSET: Final = 9975
COUNTED: Final = 10_000
"""More are not counted: who finds ten thousand asks for something else."""

HAS: Final = ("link", "embed", "file", "image", "video", "sound")
Has = Literal[
    "link", "embed", "file", "image", "video", "sound", "-link", "-embed", "-file", "-image", "-video", "-sound"
]
People = Annotated[list[AnyId], Meta(max_length=MAX_PEOPLE)]


class SearchQuery(NamedTuple):
    """GET search. Of what may be said several times any one is enough; of `has` all are needed."""

    content: Annotated[str, Meta(max_length=MAX_CONTENT)] = ""
    author_id: People = []  # noqa: RUF012  a named tuple's defaults are told in the document
    mentions: People = []  # noqa: RUF012
    mention_everyone: bool | None = None
    has: Annotated[list[Has], Meta(max_length=MAX_HAS)] = []  # noqa: RUF012
    pinned: bool | None = None
    channel_id: Annotated[list[AnyId], Meta(max_length=MAX_CHANNELS)] = []  # noqa: RUF012
    min_id: AnyId | None = None
    max_id: AnyId | None = None
    sort_by: Literal["timestamp", "relevance"] = "timestamp"
    sort_order: Literal["desc", "asc"] = "desc"
    offset: Annotated[int, Meta(ge=0, le=MAX_OFFSET)] = 0
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class SearchReply(Struct):
    """A page of what was found; each message stands in a list of its own. `total_results` goes up to 10,000."""

    total_results: int
    messages: list[list[MessageShape | Raw]]
    doing_deep_historical_index: bool = False


class IndexPending(Struct):
    """The messages are still being indexed: the same request is answered later."""

    message: str = "Index not yet available. Try again later"
    code: int = 110000
    documents_indexed: int = 0
    retry_after: float = 2.0
