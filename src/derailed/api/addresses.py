"""From which address a request came: the socket's, unless that is a proxy which the operator trusts."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

Scope = MutableMapping[str, Any]
Network = IPv4Network | IPv6Network

_HOST_BITS: Final = 64
"""Of an IPv6 address: they are one household's, which has as many addresses as it likes."""


def address_of(scope: Scope, proxies: Sequence[Network]) -> str:
    """The address that requests without a token are counted for; all of an IPv6 /64 are one."""
    client = scope.get("client")
    peer = _parsed(client[0]) if client else None
    if peer is None:
        return "local"  # a Unix socket has no address
    if proxies and _is_in(peer, proxies):
        peer = _forwarded_for(scope, proxies) or peer
    return str(peer) if isinstance(peer, IPv4Address) else f"{int(peer) >> _HOST_BITS:x}"


def is_in(text: str, networks: Sequence[Network]) -> bool:
    """Whether this is the address of somebody there."""
    address = _parsed(text)
    return address is not None and _is_in(address, networks)


def _forwarded_for(scope: Scope, proxies: Sequence[Network]) -> IPv4Address | IPv6Address | None:
    """The last address that a trusted proxy saw. What stands before it was written by whom nobody vouches for."""
    written = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    seen = None
    for text in reversed(written.decode("latin-1").split(",")):
        address = _parsed(text.strip())
        if address is None:
            return seen
        seen = address
        if not _is_in(address, proxies):
            return address
    return seen


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
