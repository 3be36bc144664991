"""Where people reach this server: as the operator says, else as the request that asks has it."""

from __future__ import annotations

import re
from typing import Final

from derailed.api.asking import Asked

_HOST: Final = re.compile(r"[A-Za-z0-9.\[\]:_-]+")


def origin(request: Asked) -> str:
    """`https://chat.example.org`. Without the operator's word the very host that was asked: right behind any proxy."""
    public: str = request.app.state.public_url
    if public:
        return public.rstrip("/")
    scheme = request.headers.get("x-forwarded-proto", request.scope["scheme"]).split(",")[0]  # the outermost proxy's
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        host = "{}:{}".format(*(request.scope["server"] or ("127.0.0.1", 80)))
    return f"{'https' if scheme == 'https' else 'http'}://{host}"
