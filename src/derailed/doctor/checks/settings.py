"""Settings that are right each for itself, and weak or at odds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from derailed.doctor.checks import Check
from derailed.doctor.facts import Facts, address_in, host_of, is_local

_LOOSE: Final = 1_000
_WIDE: Final = {4: 8, 6: 16}
"""The shortest prefixes of networks that may be somebody's own proxies."""
_KNOWN: Final = {"password", "postgres", "derailed", "secret", "changeme", "change-me", "admin", "root", "redis"}
_SHORT: Final = 8


def registration_unlimited(facts: Facts) -> Iterator[str]:
    """Anybody may register, as often as they like."""
    if facts.settings.registration == "open" and not facts.settings.rate_limits:
        yield "anybody may register, and rate limits are off: one script makes accounts without end"


def limits_loose(facts: Facts) -> Iterator[str]:
    """Rate limits are off, or as good as off, where others come in."""
    scale = facts.settings.rate_limits
    if facts.is_exposed and not 0 < scale < _LOOSE:
        how = f"{scale:g} times what they are meant to be" if scale else "off"
        yield f"rate limits are {how}: passwords can be guessed as fast as the server answers"


def limits_alone(facts: Facts) -> Iterator[str]:
    """Several processes, and each counts for itself how often somebody asks."""
    settings = facts.settings
    if facts.is_split and settings.bus_is_broker and not settings.limits_url and settings.rate_limits:
        yield "each process counts rate limits for itself: n of them allow n times as much"


def public_url_missing(facts: Facts) -> Iterator[str]:
    """Others come in, and links are made from whatever host a request names."""
    if facts.is_exposed and not facts.settings.public_url:
        yield "others reach this server, and are given addresses made of whatever each request's Host header says"


def public_url_local(facts: Facts) -> Iterator[str]:
    """Clients elsewhere are sent to an address of this machine alone."""
    public, host = host_of(facts.settings.public_url), facts.settings.http_host
    if public and is_local(public) and not is_local(host):
        yield f"the server listens on {host} for others, and tells them to come to {public}, which is their own machine"


def public_url_plain(facts: Facts) -> Iterator[str]:
    """Passwords and tokens cross the network without TLS."""
    url = facts.settings.public_url
    if url.startswith("http:") and not is_local(host_of(url)):
        yield f"{url} is not encrypted: passwords and tokens can be read on the way"


def gateway_url_plain(facts: Facts) -> Iterator[str]:
    """A page that came over TLS may not open the Gateway, or all may read along."""
    settings = facts.settings
    if settings.gateway_url.startswith("ws:") and not is_local(host_of(settings.gateway_url)):
        yield f"{settings.gateway_url} is not encrypted: tokens can be read on the way"


def gateway_url_local(facts: Facts) -> Iterator[str]:
    """Clients elsewhere are sent to a Gateway of this machine alone."""
    gateway = host_of(facts.settings.gateway_url)
    if gateway and is_local(gateway) and facts.is_exposed:
        yield f"clients are sent to the Gateway at {gateway}, which is their own machine"


def proxies_untrusted(facts: Facts) -> Iterator[str]:
    """Behind a proxy that is not named, everybody is one address."""
    settings = facts.settings
    if settings.public_url.startswith("https:") and not settings.trusted_proxies:
        yield "TLS ends at a proxy that is not trusted: everybody has its address, and shares one rate limit"


def proxies_anybody(facts: Facts) -> Iterator[str]:
    """Whoever asks may say who they are."""
    for network in facts.settings.trusted_proxies:
        if network.prefixlen < _WIDE[network.version]:
            yield f"{network} are trusted as proxies: anybody may claim any address, and no limit by address holds"


def grpc_open(facts: Facts) -> Iterator[str]:
    """A service that asks nobody who they are, reachable by the world."""
    settings = facts.settings
    for name, host in (("presence", settings.presence_host), ("members", settings.members_host)):
        address = address_in(host)
        if address is not None and (address.is_global or (address.is_unspecified and facts.machine.is_global)):
            yield f"`derailed {name}` listens on {host}, which the world can reach, and asks nobody who they are"


def presence_alone(facts: Facts) -> Iterator[str]:
    """A bus in common, and nobody to ask in common who is here."""
    if facts.settings.bus_url and not facts.settings.presence_url:
        yield "the bus is shared with other processes, and each knows of its own clients alone who is here"


def split_in_halves(facts: Facts) -> Iterator[str]:
    """Parts are elsewhere, but not what all of them need in common."""
    settings = facts.settings
    for variable, value in (("DERAILED_DATABASE_URL", settings.database_url), ("DERAILED_BUS_URL", settings.bus_url)):
        if facts.is_split and not value:
            yield f"services are named, and {variable} is empty: no other process can share what is inside of one"


def password_weak(facts: Facts) -> Iterator[str]:
    """A password in an address that anybody would try."""
    settings = facts.settings
    urls = {"DATABASE_URL": settings.database_url, "BUS_URL": settings.bus_url, "LIMITS_URL": settings.limits_url}
    for name, url in urls.items():
        password = _password(url)
        if password and not is_local(host_of(url)) and (password.lower() in _KNOWN or len(password) < _SHORT):
            yield f"the password in DERAILED_{name} is one that anybody would try"


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


CHECKS: Final = (
    Check(registration_unlimited, "set DERAILED_RATE_LIMITS=on, or DERAILED_REGISTRATION to invite or closed"),
    Check(limits_loose, "set DERAILED_RATE_LIMITS=on, or a small factor"),
    Check(limits_alone, "set DERAILED_LIMITS_URL to a Redis or Valkey that all processes share"),
    Check(public_url_missing, "set DERAILED_PUBLIC_URL to the address that people type"),
    Check(public_url_local, "set DERAILED_PUBLIC_URL to an address that others can reach"),
    Check(public_url_plain, "put a proxy with TLS in front (deploy/), and set DERAILED_PUBLIC_URL=https://…"),
    Check(gateway_url_plain, "set DERAILED_GATEWAY_URL=wss://…, behind a proxy with TLS"),
    Check(gateway_url_local, "set DERAILED_GATEWAY_URL to an address that others can reach, or leave it empty"),
    Check(proxies_untrusted, "set DERAILED_TRUSTED_PROXIES to the proxy's network, such as 127.0.0.1/32"),
    Check(proxies_anybody, "set DERAILED_TRUSTED_PROXIES to the addresses of your proxies alone"),
    Check(grpc_open, "set DERAILED_PRESENCE_HOST and DERAILED_MEMBERS_HOST to an address of a network of their own"),
    Check(presence_alone, "run `derailed presence`, and set the same DERAILED_PRESENCE_URL everywhere"),
    Check(split_in_halves, "set it to a server that all processes share, or leave the services' addresses empty"),
    Check(password_weak, "give that user a long random password"),
)
