"""The two busiest routes without a framework: POST and GET of a channel's messages.

A framework's comfort costs more than the whole verb here, so these requests pass it by. Whatever is out of the
ordinary, such as a multipart body, is left to it: the same verbs are behind its routes.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Final

from derailed.actions.messages import Messages
from derailed.api.answers import Answer, ok
from derailed.api.entrance import Caller
from derailed.api.errors import answer
from derailed.api.pages import asked
from derailed.model.errors import Invalid, TooLarge
from derailed.model.snowflakes import MAX
from derailed.model.user import Actor
from derailed.wire import limits
from derailed.wire.messages import decode_send

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Work = Callable[[Actor, bytes], Awaitable[bytes]]
"""What a request asks for: given who asks and its body, the JSON of the answer."""

PATH: Final = "/channels/{channel_id}/messages"
_path: Final = re.compile(r"/api(?:/v(?:9|10))?/channels/([0-9]{1,19})/messages/?").fullmatch


class Hot:
    """Takes the requests that it knows how to answer fast."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def work(self, scope: Scope) -> Work | None:
        """What this request asks for, if it is one of these."""
        found = _path(scope["path"])
        if found is None:
            return None
        if scope["method"] == "POST" and _header(scope, b"content-type").startswith(b"application/json"):
            return partial(self._post, min(int(found[1]), MAX))
        if scope["method"] == "GET":
            return partial(self._get, min(int(found[1]), MAX), scope["query_string"])
        return None

    async def _post(self, channel_id: int, actor: Actor, body: bytes) -> bytes:
        if len(body) > limits.JSON_BODY:
            raise TooLarge
        return await self._messages.send(actor, channel_id, decode_send(body))

    async def _get(self, channel_id: int, query: bytes, actor: Actor, body: bytes) -> bytes:
        return await self._messages.page(actor, channel_id, asked(query))


async def answered(work: Work, scope: Scope, caller: Caller, body: bytes | Receive) -> Answer:
    """The answer to such a request. A body that is still to be read is, once it is known who asks."""
    try:
        actor = caller.actor
        return ok(await work(actor, body if isinstance(body, bytes) else await _read(body)))
    except Exception as error:  # noqa: BLE001  this is the door: what rises so far is answered or logged here
        return answer(scope["method"], scope["path"], error)


async def _read(receive: Receive) -> bytes:
    """The whole body, or as much of it as is too much."""
    body, more = b"", True
    while more and len(body) <= limits.JSON_BODY:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Invalid("bad_json")  # half a body is not what they meant to say
        body += event.get("body", b"")
        more = event.get("more_body", False)
    return body


def _header(scope: Scope, name: bytes) -> bytes:
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""
