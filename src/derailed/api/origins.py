"""Where people reach this server: as the operator says, else as the request that asks has it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from derailed.api.asking import Asked, behind

_HOST: Final = re.compile(r"[A-Za-z0-9.\[\]:_-]+")


class Addresses(NamedTuple):
    """What the operator says; what they leave open is as each request has it."""

    public_url: str = ""
    """Where people reach us."""
    gateway_url: str = ""
    """Where they reach the Gateway, if not at the same address."""
    gateway_port: int | None = None
    """On which port of ours the Gateway is, if it is on another."""

    def elsewhere(self) -> str:
        """Where the app connects to beside its own origin, as a browser's policy has it."""
        if self.gateway_url:
            return self.gateway_url
        return "" if self.public_url or self.gateway_port is None else f"ws://*:{self.gateway_port}"


def gateway(request: Asked) -> str:
    """`wss://chat.example.org/gateway`. Who comes through TLS comes through a proxy, which finds the Gateway itself."""
    addresses = behind(request).addresses
    if addresses.gateway_url:
        return f"{addresses.gateway_url}/gateway"
    here = urlsplit(origin(request))
    if addresses.public_url or addresses.gateway_port is None or here.scheme == "https":
        return f"{'wss' if here.scheme == 'https' else 'ws'}://{here.netloc}/gateway"
    host = f"[{here.hostname}]" if ":" in (here.hostname or "") else here.hostname
    return f"ws://{host}:{addresses.gateway_port}/gateway"


def origin(request: Asked) -> str:
    """`https://chat.example.org`. Without the operator's word the very host that was asked: right behind any proxy."""
    public = behind(request).addresses.public_url
    if public:
        return public.rstrip("/")
    scheme = request.headers.get("x-forwarded-proto", request.scope["scheme"]).split(",")[0]  # the outermost proxy's
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        host = "{}:{}".format(*(request.scope["server"] or ("127.0.0.1", 80)))
    return f"{'https' if scheme == 'https' else 'http'}://{host}"
