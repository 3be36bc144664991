"""Sends the collector of traces what every exporter may send: nothing."""

from __future__ import annotations

from importlib.util import find_spec

import httpx

from derailed.doctor.probes import WITHIN_S, why
from derailed.settings import Settings
from derailed.traces import NEEDED, endpoint


async def look(settings: Settings) -> str:
    """Why it does not take it."""
    if not settings.traces_url:
        return ""
    try:
        async with httpx.AsyncClient(timeout=WITHIN_S) as client:
            answer = await client.post(
                endpoint(settings.traces_url), content=b"", headers={"content-type": "application/x-protobuf"}
            )
    except httpx.TimeoutException:
        return "no answer"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return why(error)
    return "" if answer.is_success else f"status {answer.status_code}"


def is_missing(settings: Settings) -> bool:
    """Whether what sends traces is needed, and not installed."""
    if not settings.traces_url:
        return False
    try:
        return any(find_spec(name) is None for name in NEEDED)
    except ModuleNotFoundError:
        return True
