"""Which addresses may be connected to on a stranger's word. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

PORTS: Final = frozenset({80, 443})
"""Of the web. Others are where databases, mail and machines' own doors are."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
_IPV4_BITS: Final = 0xFFFF_FFFF

# Nobody serves pages from these, but they lead to IPv4 or to networks that are nobody else's.
_REFUSED: Final = tuple(
    IPv6Network(network)
    for network in (
        "::/96",  # IPv4-compatible
        "64:ff9b:1::/48",  # NAT64 of one's own network
        "2001::/23",  # Teredo and other protocols' own
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "fec0::/10",  # site-local
    )
)


def is_public(address: Address, port: int) -> bool:
    """Whether it is a web server that anybody in the world could ask."""
    address = _unpacked(address)
    if isinstance(address, IPv6Address) and any(address in network for network in _REFUSED):
        return False
    return port in PORTS and address.is_global and not address.is_multicast and not address.is_reserved


def parsed(text: str) -> Address:
    """An address as a resolver writes it. Raises ValueError."""
    return ip_address(text)


def _unpacked(address: Address) -> Address:
    """The IPv4 address inside, of the forms that lead to it."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & _IPV4_BITS) if address in _NAT64 else address
