"""Buckets: which rate a request falls under. One for each route, counted apart for each channel, guild and webhook."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, Protocol

from derailed.api.answers import Headers
from derailed.api.paths import is_id
from derailed.limits import Budget
from derailed.wire import rates
from derailed.wire.rates import Rates

_VERSIONS: Final = ("v9", "v10")
_NUMBER, _WORD = "#", "*"
_PARAMETER: Final = re.compile(r"\{(\w+):(\w+)\}")


class Route(Protocol):
    """What a bucket needs to know of a route."""

    @property
    def paths(self) -> Iterable[str]:
        """Its paths, with `{name:int}` for parameters."""
        ...

    @property
    def http_methods(self) -> Iterable[Any]:
        """Its methods."""
        ...


class Bucket(NamedTuple):
    """One route's. `name` is what libraries know it by: it means nothing, and never changes."""

    name: str
    path: str
    """Its route's, with the names of what changes in it."""
    rates: Rates
    by_address: bool
    of_webhook: bool
    told: Headers
    """What every answer says of it."""

    def budgets(self, subject: str, major: str) -> list[Budget]:
        """What one request takes from, when `subject` asks it of the channel, guild or webhook `major`."""
        return [Budget(f"{subject}:{self.name}:{each[1]}:{major}", *each) for each in self.rates]


class _Step:
    """One step of a path, and where it can go on."""

    __slots__ = ("buckets", "literals", "number", "word")

    def __init__(self) -> None:
        self.literals: dict[str, _Step] = {}
        self.number: _Step | None = None
        self.word: _Step | None = None
        self.buckets: dict[str, Bucket] = {}

    def add(self, step: str) -> _Step:
        if step == _NUMBER:
            self.number = self.number or _Step()
            return self.number
        if step == _WORD:
            self.word = self.word or _Step()
            return self.word
        return self.literals.setdefault(step, _Step())

    def after(self, step: str) -> _Step | None:
        found = self.literals.get(step)
        if found is None and self.number is not None and is_id(step):
            return self.number
        return found or self.word


class Buckets:
    """The buckets of these routes. `scale` multiplies every rate."""

    def __init__(self, routes: Iterable[Route], scale: float) -> None:
        self._root = _Step()
        for route in routes:
            for path in route.paths:
                for method in route.http_methods:
                    self._add(str(method), path, scale)

    def of(self, method: str, path: str) -> tuple[Bucket, str] | None:
        """The bucket of a method and a path, and the major parameter it is counted for; None where no route is."""
        steps = [step for step in path.split("/") if step]
        del steps[: 2 if len(steps) > 1 and steps[1] in _VERSIONS else 1]
        at = self._root
        for step in steps:
            following = at.after(step)
            if following is None:
                return None
            at = following
        bucket = at.buckets.get(method)
        return None if bucket is None else (bucket, _major(steps))

    def _add(self, method: str, path: str, scale: float) -> None:
        at, template = self._root, _template(path)
        for step in template.split("/"):
            at = at.add(step)
        route = (method, template)
        usual = rates.READS if method == "GET" else rates.WRITES
        name = hashlib.sha256(" ".join(route).encode()).hexdigest()[:16]
        limits = scaled(rates.RATES.get(route, usual), scale)
        at.buckets[method] = Bucket(
            name=name,
            path=_PARAMETER.sub(lambda parameter: f"{{{parameter[1]}}}", path),
            rates=limits,
            by_address=route in rates.BY_ADDRESS,
            of_webhook=template.startswith("webhooks/#/*"),
            told=[(b"x-ratelimit-bucket", name.encode()), (b"x-ratelimit-limit", b"%d" % limits[0].limit)],
        )


def scaled(of: Rates, scale: float) -> Rates:
    """The rates, multiplied; at least one remains of each."""
    return tuple(each._replace(limit=math.ceil(each.limit * scale)) for each in of)


def _template(path: str) -> str:
    return _PARAMETER.sub(lambda kind: _NUMBER if kind[2] == "int" else _WORD, path).strip("/")


def _major(steps: list[str]) -> str:
    """Numbers in one form, or `07` would have a budget of its own; a webhook's token as a hash, for it is a secret."""
    if len(steps) < 2 or steps[0] not in ("channels", "guilds", "webhooks") or not is_id(steps[1]):
        return ""
    major = str(int(steps[1]))
    if steps[0] == "webhooks" and len(steps) > 2:
        return f"{major}:{hashlib.sha256(steps[2].encode()).hexdigest()[:16]}"
    return major
