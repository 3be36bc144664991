"""The API as one ASGI application: the hot routes first, the rest by Litestar.

One set of routes answers under /api/v10, /api/v9 and /api, with or without a slash at the end, never by redirect.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from functools import cache
from time import perf_counter
from typing import Any, Final

import structlog
from litestar import Litestar, Router
from litestar.di import Provide

from derailed.actions.verbs import Verbs
from derailed.api import (
    accounts,
    applications,
    asking,
    audit_log,
    bans,
    channels,
    commands,
    conversations,
    emojis,
    errors,
    files,
    forms,
    gateway_info,
    guild_settings,
    guilds,
    harvests,
    inbox,
    invites,
    logins,
    members,
    message_search,
    messages,
    operators,
    paths,
    pins,
    profiles,
    reactions,
    read_states,
    relationships,
    roles,
    user_settings,
    vacant,
    webhooks,
)
from derailed.api.answers import Answer, refused
from derailed.api.behind import Behind
from derailed.api.docs.serving import Docs, is_docs
from derailed.api.entrance import UNLIMITED, Entrance, Limiting
from derailed.api.following import Following
from derailed.api.hot import PATH, Hot, Work, answered
from derailed.api.meter import OTHER, Meter
from derailed.api.origins import Addresses
from derailed.model.errors import Invalid, Refusal, TooLarge
from derailed.traces import TRACES
from derailed.wire.requests import Bits, Snowflake, decode_hook

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

ROUTES: Final = (
    *accounts.ROUTES,
    *applications.ROUTES,
    *audit_log.ROUTES,
    *bans.ROUTES,
    *channels.ROUTES,
    *commands.ROUTES,
    *conversations.ROUTES,
    *emojis.ROUTES,
    *gateway_info.ROUTES,
    *guild_settings.ROUTES,
    *guilds.ROUTES,
    *harvests.ROUTES,
    *inbox.ROUTES,
    *invites.ROUTES,
    *logins.ROUTES,
    *members.ROUTES,
    *message_search.ROUTES,
    *messages.ROUTES,
    *operators.ROUTES,
    *pins.ROUTES,
    *profiles.ROUTES,
    *reactions.ROUTES,
    *relationships.ROUTES,
    *read_states.ROUTES,
    *roles.ROUTES,
    *user_settings.ROUTES,
    *vacant.ROUTES,
    *webhooks.ROUTES,
)

_READING: Final = ("GET", "HEAD")

_log: Final = structlog.stdlib.get_logger(__name__)


class Api:
    """The API: an ASGI application, which a connection that knows it may pass by for the hot routes."""

    def __init__(self, verbs: Verbs, addresses: Addresses, limiting: Limiting) -> None:
        self._hot, self._stored, self._docs = Hot(verbs.messages), files.Files(verbs.downloads), Docs(ROUTES)
        self._entrance = Entrance(verbs.tokens, ROUTES, limiting)
        self._behind = Behind(verbs, self._entrance, addresses)
        self._routes = _routes()
        self._following = Following(limiting.proxies)
        self.meter = Meter()
        self._posts, self._gets = self.meter.of("POST", PATH), self.meter.of("GET", PATH)
        self._tells = logging.getLogger(__name__).isEnabledFor(logging.DEBUG)
        """Whether the log has a line a request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""
        began, status = perf_counter(), 0
        span = self._following.begin(scope) if TRACES.on else None

        async def noting(event: Event) -> None:
            nonlocal status
            if event["type"] == "http.response.start":
                status = event["status"]
            await send(event)

        try:
            await self._answer(scope, receive, noting)
        finally:
            if status:  # else they hung up
                route, seconds = self._route(scope), perf_counter() - began
                self.meter.of(*route).answered(status, seconds)
                if self._tells:
                    _tell(" ".join(route), status, seconds)
            if span is not None:
                self._following.end(span, scope, self._route(scope), status)

    def _route(self, scope: Scope) -> tuple[str, str]:
        """A method and a path, of which there are not more than routes."""
        method, path = scope["method"], scope["path"]
        if files.is_file(path):
            return method if method in _READING else OTHER, "/" + path.split("/", 2)[1]
        if is_docs(path):
            return method if method in _READING else OTHER, "/docs"
        found = self._entrance.path_of(method, path)
        return (OTHER, OTHER) if found is None else (method, found)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if files.is_file(scope["path"]):
            await self._stored(scope, receive, send)
            return
        if is_docs(scope["path"]):
            await self._docs(scope, send)
            return
        caller = scope["caller"] = await self._entrance.admit(scope)
        send = self._entrance.outward(scope, caller, send)
        if caller.refusal is not None:
            await _send(send, refused(caller.refusal))
            return
        work = self._hot.work(scope)
        if work is not None:
            await _send(send, await answered(work, scope, caller, receive))
            return
        path = paths.normal(scope["path"])
        if path is None or paths.is_beyond(path):
            await _send(send, refused(Refusal((path and paths.unknown(path)) or "unknown_route")))
            return
        inner = {**scope, "path": path, "raw_path": path.encode(), "behind": self._behind}
        try:
            await self._routes(inner, _bounded(inner, receive), send)  # type: ignore[arg-type]
        finally:
            forms.close(inner)

    def at_once(self, scope: Scope, body: bytes) -> Coroutine[Any, None, Answer] | None:
        """The answer to a request that has come whole, if it is a hot one: without an application's ceremony."""
        work = self._hot.work(scope)
        return None if work is None else self._at_once(work, scope, body)

    async def _at_once(self, work: Work, scope: Scope, body: bytes) -> Answer:
        began, status = perf_counter(), 0
        span = self._following.begin(scope) if TRACES.on else None
        try:
            caller = await self._entrance.admit(scope)
            if caller.refusal is None:
                answer = await answered(work, scope, caller, body)
            else:
                answer = refused(caller.refusal)
            answer = await self._entrance.tell(scope, caller, answer)
            status = answer.status
        finally:
            if span is not None:
                self._following.end(span, scope, (scope["method"], PATH), status)
        seconds = perf_counter() - began
        (self._posts if scope["method"] == "POST" else self._gets).answered(answer.status, seconds)
        if self._tells:
            _tell(f"{scope['method']} {PATH}", answer.status, seconds)
        return answer


def create(verbs: Verbs, addresses: Addresses = Addresses(), limiting: Limiting = UNLIMITED) -> Api:
    """The API. `addresses` are those that are not what a request says."""
    return Api(verbs, addresses, limiting)


@cache
def _routes() -> Litestar:
    """The framework's part, made once a process: to find out what each route takes is the slowest thing in here."""
    api = Router(
        path="/api/v10",
        route_handlers=ROUTES,
        guards=[asking.authenticated],
        dependencies={
            "verbs": Provide(asking.verbs, sync_to_thread=False),
            "entrance": Provide(asking.entrance, sync_to_thread=False),
            "actor": Provide(asking.actor, sync_to_thread=False),
        },
    )
    return Litestar(
        [api],
        request_class=asking.Asked,
        exception_handlers=errors.HANDLERS,
        type_decoders=[(_is_ours, decode_hook)],
        request_max_body_size=None,  # `_bounded` knows which limit
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def _is_ours(kind: Any) -> bool:
    return kind in (Snowflake, Bits)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """The same body, which is refused as soon as it is too long, whatever it said of its length."""
    read, whole = 0, False
    multipart = any(
        name == b"content-type" and value.startswith(b"multipart/form-data") for name, value in scope["headers"]
    )
    limit = paths.longest_body(scope["method"], scope["path"], form=multipart)

    async def bounded() -> Event:
        nonlocal read, whole
        event = await receive()
        if event["type"] == "http.disconnect":
            if whole:
                return event  # who sends a long answer asks whether there is still somebody who hears it
            raise Invalid("bad_json")  # half a body, and nobody who hears the answer
        whole = not event.get("more_body", False)
        read += len(event.get("body", b""))
        if read > limit:
            raise TooLarge
        return event

    return bounded


def _tell(route: str, status: int, seconds: float) -> None:
    _log.debug("request answered", route=route, status=status, ms=round(seconds * 1000, 2))


async def _send(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
