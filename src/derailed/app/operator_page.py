"""How the instance is, for `derailed top`: for whoever proves to have its secret, and is nobody's account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from derailed.actions.operators import Operators
from derailed.model.errors import Forbidden
from derailed.site import respond
from derailed.wire.operator import encode

PATH: Final = "/operator.json"
PROOF: Final = b"x-derailed-proof"

_HEADERS: Final = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


async def answer(
    scope: MutableMapping[str, Any], send: Callable[[MutableMapping[str, Any]], Awaitable[None]], operators: Operators
) -> None:
    """Answer one request. Whoever proves nothing finds nothing."""
    told = next((value for name, value in scope["headers"] if name == PROOF), b"")
    try:
        instance = await operators.show(told.decode("latin-1"))
    except Forbidden:
        await respond(send, 404, b"", [])
        return
    await respond(send, 200, encode(instance), _HEADERS)
