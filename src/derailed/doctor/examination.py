"""An examination: all probes, then all checks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from derailed import settings as settings_of
from derailed.doctor.checks import Finding
from derailed.doctor.facts import Facts
from derailed.doctor.probes import bus, database, machine, public, services, traces
from derailed.doctor.table import SETTING_WRONG, findings
from derailed.settings import Settings
from derailed.site import FOLDER


async def report() -> list[str]:
    """What is wrong with the installation that the environment is of, a line each."""
    name, _, remedy = SETTING_WRONG
    found = [Finding(name, line, remedy) for line in settings_of.wrong_in_environment()]
    found = found or await examine(settings_of.from_environment())
    return [f"{name}: {problem}. To do: {remedy}." for name, problem, remedy in found]


async def examine(settings: Settings, app: Path = FOLDER, clock: Callable[[], float] = time.time) -> list[Finding]:
    """Everything that is wrong with this installation, in some seconds at most."""
    return findings(await look(settings, app, clock))


async def look(settings: Settings, app: Path = FOLDER, clock: Callable[[], float] = time.time) -> Facts:
    """What there is to be seen of it."""
    here, data, line, outside = await asyncio.gather(
        machine.look(settings, app, clock),
        database.look(settings, clock),
        bus.look(settings, clock),
        public.look(settings, clock),
    )
    limits, blobs, silent, collector = await asyncio.gather(
        bus.limits(settings), bus.blobs(settings), services.look(settings), traces.look(settings)
    )
    return Facts(
        settings=settings,
        machine=here,
        database=data,
        bus=line,
        limits=limits,
        blobs=blobs,
        silent=silent,
        traces_missing=traces.is_missing(settings),
        collector=collector,
        public=outside,
    )
