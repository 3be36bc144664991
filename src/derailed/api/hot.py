"""The two busiest routes as plain ASGI: POST and GET of a channel's messages.

A framework's comfort costs more than the whole verb here, so these requests pass it by. Whatever is out of the
ordinary, such as a multipart body, is left to it: the same verbs are behind its routes.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Final

from derailed.actions.messages import Messages
from derailed.api.answers import ok
from derailed.api.errors import answer
from derailed.api.pages import asked
from derailed.model.errors import Invalid, TooLarge
from derailed.model.snowflakes import MAX
from derailed.wire import limits
from derailed.wire.messages import decode_send

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]

_path: Final = re.compile(r"/api(?:/v(?:9|10))?/channels/([0-9]{1,19})/messages/?").fullmatch


class Hot:
    """Takes the requests that it knows how to answer fast."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def handles(self, scope: Scope) -> Handler | None:
        """The handler of this request, if it is one of these."""
        found = _path(scope["path"])
        if found is None:
            return None
        if scope["method"] == "POST" and _header(scope, b"content-type").startswith(b"application/json"):
            return partial(_answer, self._post, min(int(found[1]), MAX))
        if scope["method"] == "GET":
            return partial(_answer, self._get, min(int(found[1]), MAX))
        return None

    async def _post(self, channel_id: int, scope: Scope, receive: Receive) -> bytes:
        actor = scope["caller"].actor
        return await self._messages.send(actor, channel_id, decode_send(await _body(receive)))

    async def _get(self, channel_id: int, scope: Scope, receive: Receive) -> bytes:
        actor = scope["caller"].actor
        page = asked(scope["query_string"])
        return await self._messages.page(actor, channel_id, page)


async def _answer(
    work: Callable[[int, Scope, Receive], Awaitable[bytes]], channel_id: int, scope: Scope, receive: Receive, send: Send
) -> None:
    try:
        status, headers, reply = ok(await work(channel_id, scope, receive))
    except Exception as error:  # noqa: BLE001  this is the door: what rises so far is answered or logged here
        status, headers, reply = answer(scope["method"], scope["path"], error)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reply})


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises TooLarge as soon as it is."""
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Invalid("bad_json")  # half a body is not what they meant to say
        body += event.get("body", b"")
        if len(body) > limits.JSON_BODY:
            raise TooLarge
        more = event.get("more_body", False)
    return body


def _header(scope: Scope, name: bytes) -> bytes:
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""
