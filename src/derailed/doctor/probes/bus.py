"""Asks the bus's server about itself, and whether limits and files are where they are to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from derailed.bus.broker_server import Location
from derailed.bus.redis_server import facts_in
from derailed.bus.resp import Address, Connection, Lost, Refused
from derailed.doctor.facts import Bus, address_in
from derailed.doctor.probes import WITHIN_S, why
from derailed.settings import Settings


async def look(settings: Settings, clock: Callable[[], float]) -> Bus | None:
    """Ask it; None where the bus is in the process."""
    if not settings.bus_url:
        return None
    try:
        async with asyncio.timeout(2 * WITHIN_S):
            return await (_broker(settings.bus_url) if settings.bus_is_broker else _redis(settings.bus_url, clock))
    except (Lost, Refused, ValueError, TimeoutError) as error:
        return Bus(trouble=f"DERAILED_BUS_URL: {why(error)}")


async def limits(settings: Settings) -> str:
    """Why limits can not be counted where they should be."""
    if not settings.limits_url:
        return ""
    try:
        async with asyncio.timeout(2 * WITHIN_S):
            connection = await _open(Address.parse(settings.limits_url))
            try:
                await connection.call("PING")
            finally:
                connection.close()
    except (Lost, Refused, ValueError, TimeoutError) as error:
        return why(error)
    return ""


async def blobs(settings: Settings) -> str:
    """Why files can not be read where they should be."""
    if not settings.blobs_url:
        return ""
    from derailed.blobs.s3 import S3Blobs  # loads a library of ten megabytes
    from derailed.model.errors import Unavailable

    try:
        await S3Blobs(settings.blobs_url).find("attachments/0/0/doctor")
    except Unavailable:
        return "the store does not answer, or does not let us in"
    return ""


async def _redis(url: str, clock: Callable[[], float]) -> Bus:
    address = Address.parse(url)
    connection = await _open(address)
    try:
        info = facts_in(await connection.call("INFO"))
        before = clock()
        seconds, micros = await connection.call("TIME")
        middle = (before + clock()) / 2
    finally:
        connection.close()
    return Bus(info=info, ahead_s=int(seconds) + int(micros) / 1e6 - middle, is_private=_is_private(address))


async def _broker(url: str) -> Bus:
    address, namespace = Location.parse(url)
    connection = await _open(address)
    try:
        about = dict(await connection.call("XNAMESPACE", namespace))
    finally:
        connection.close()
    return Bus(level=about[b"level"].decode(), window_ms=about[b"window_ms"], is_private=_is_private(address))


async def _open(address: Address) -> Connection:
    return await Connection.open(address, lambda _: None, lambda: None)


def _is_private(address: Address) -> bool:
    """Whether it is encrypted and locked, or in a network of our own; a name may be either, and is given the doubt."""
    there = address_in(address.host)
    return there is None or not there.is_global or bool(address.tls and address.password)
