"""What clients find at the addresses that they are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from derailed.doctor.checks import Check
from derailed.doctor.checks.machine import ends_in
from derailed.doctor.facts import Facts, Public

_SOON_S: Final = 14 * 86_400
_NOTHING: Final = Public()


def public_unreachable(facts: Facts) -> Iterator[str]:
    """Nobody answers where clients are sent."""
    if trouble := _seen(facts).trouble:
        yield f"{facts.settings.public_url} can not be reached ({trouble})"


def public_elsewhere(facts: Facts) -> Iterator[str]:
    """Somebody else answers where clients are sent."""
    if _seen(facts).health != "ok":
        yield f"{facts.settings.public_url}/healthz is not answered by Derailed ({_seen(facts).health})"


def public_not_ready(facts: Facts) -> Iterator[str]:
    """The server behind the public address lacks something."""
    if _seen(facts).not_ready:
        yield f"{facts.settings.public_url} is not ready: {_seen(facts).not_ready}"


def certificate_refused(facts: Facts) -> Iterator[str]:
    """Clients do not believe the certificate."""
    if _seen(facts).certificate:
        yield f"the certificate of {facts.settings.public_url} is not believed ({_seen(facts).certificate})"


def certificate_ends(facts: Facts) -> Iterator[str]:
    """The certificate is over soon."""
    left_s = _seen(facts).certificate_s
    if left_s is not None and left_s < _SOON_S:
        yield f"the certificate of {facts.settings.public_url} {ends_in(left_s)}"


def gateway_mixed(facts: Facts) -> Iterator[str]:
    """Clients that came over TLS are sent to a Gateway without it."""
    if facts.settings.public_url.startswith("https:") and _seen(facts).gateway.startswith("ws:"):
        yield f"clients are sent to {_seen(facts).gateway}, which pages over TLS may not open"


def gateway_not_upgraded(facts: Facts) -> Iterator[str]:
    """No WebSocket comes through to the Gateway."""
    if upgrade := _seen(facts).upgrade:
        yield f"no WebSocket comes through to the Gateway: {upgrade}"


def metrics_open(facts: Facts) -> Iterator[str]:
    """The world can read the metrics."""
    if _seen(facts).shows_metrics:
        yield f"everybody can read {facts.settings.public_url}/metrics"


def files_refused(facts: Facts) -> Iterator[str]:
    """A proxy takes smaller files than Derailed does."""
    if _seen(facts).refuses_files:
        yield "the proxy refuses files that Derailed would take (413)"


def _seen(facts: Facts) -> Public:
    return facts.public or _NOTHING


CHECKS: Final = (
    Check(public_unreachable, "start the server and the proxy, and see to the name's address and the firewall"),
    Check(public_elsewhere, "let the proxy pass everything on to Derailed, or correct DERAILED_PUBLIC_URL"),
    Check(public_not_ready, "see to what it names"),
    Check(certificate_refused, "renew it, for that very name and with the whole chain"),
    Check(certificate_ends, "renew it, and see why that did not happen by itself"),
    Check(gateway_mixed, "set DERAILED_GATEWAY_URL=wss://…, or leave it empty"),
    Check(gateway_not_upgraded, "let the proxy pass /gateway on with Upgrade and Connection, as in deploy/"),
    Check(metrics_open, "let the proxy refuse /metrics, as in deploy/, and read it from within"),
    Check(files_refused, "raise the proxy's limit (client_max_body_size in nginx), as in deploy/"),
)
