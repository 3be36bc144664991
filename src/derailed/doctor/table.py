"""Every check, and what comes of them."""

from __future__ import annotations

from typing import Final

from derailed.doctor.checks import Check, Finding, bus, database, machine, public, settings, traces
from derailed.doctor.facts import Facts

SETTING_WRONG: Final = ("setting-wrong", "A setting can not be used", "`derailed config` says what each may be")
"""What is found before there are facts: then nothing else is looked at."""

CHECKS: Final[tuple[Check, ...]] = (
    *settings.CHECKS,
    *machine.CHECKS,
    *database.CHECKS,
    *bus.CHECKS,
    *traces.CHECKS,
    *public.CHECKS,
)


def findings(facts: Facts) -> list[Finding]:
    """What is wrong, in the order of the table."""
    return [Finding(check.name, problem, check.remedy) for check in CHECKS for problem in check.look(facts)]
