"""What the operator's commands do with rules: a folder that a running node looks at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from derailed.app.parts import make_data_folder
from derailed.app.trouble import CannotStart
from derailed.broker.filters import FilterError
from derailed.broker.filters.libraries import Filters
from derailed.broker.filters.shelf import Shelf
from derailed.rules.lua import SPACE
from derailed.settings import Settings

_FIRST_LINE: Final = re.compile(rb"#!lua name=(\S+)[ \t]*\r?\n")


async def load(settings: Settings, file: Path) -> str:
    """Keep it if it is a rule; its name. Raises CannotStart."""
    name, source = _read(file)
    trial = await Filters.open()
    try:
        tried = await trial.load(SPACE, name, source)
    except FilterError as error:
        raise CannotStart(f"{file}: {error}") from None
    finally:
        await trial.close()
    if tried.functions != ("deliver",):
        raise CannotStart(f"{file}: a rule defines the function deliver; accept is never asked here")
    make_data_folder(settings.data_dir)
    Shelf(settings.rules_path).keep(SPACE, name, source)
    return name


def _read(file: Path) -> tuple[str, bytes]:
    try:
        source = file.read_bytes()
    except OSError as error:
        raise CannotStart(f"{file}: {error.strerror}") from None
    first = _FIRST_LINE.match(source)
    if first is None:
        raise CannotStart(f"{file}: a rule begins with the line #!lua name=…")
    return first[1].decode(errors="replace"), source


def names(settings: Settings) -> list[str]:
    """Of all the rules."""
    return [kept.name for kept in Shelf(settings.rules_path).all()]


def delete(settings: Settings, name: str) -> bool:
    """Take it away, if it is there."""
    if name not in names(settings):
        return False
    Shelf(settings.rules_path).drop(SPACE, name)
    return True
