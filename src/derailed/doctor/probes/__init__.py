"""What gathers facts. Each asks one part of the installation, as little as will do, and decides nothing."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

WITHIN_S: Final = 5.0
"""Whoever has not answered by then is not there."""

TROUBLE: Final = (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError)
"""What comes of asking somebody over the network."""


def why(error: BaseException) -> str:
    """Why it failed, in one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, TimeoutError):
        return "no answer"
    return str(error).partition("\n")[0] or type(error).__name__
