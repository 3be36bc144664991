"""What nobody means well by, put into every field and every place of a path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final, get_args, get_type_hints

import msgspec

from derailed.api.app import ROUTES
from tests.permissions import rounds
from tests.permissions.cases import Case, reasons
from tests.permissions.stage import Stage
from tests.permissions.worlds import World

_MANY: Final = 20_000
_DEEP: Final = 5_000

VALUES: Final = (
    r'"\u0000"',
    r'"a\u0000b"',
    r'"\ud800"',
    r'"a\udfffb"',
    '"' + "x" * 9_000 + '"',
    '"' + "@" * 1_900 + '"',
    r'"\u202e\u200b"',
    '""',
    "9223372036854775807",
    '"9223372036854775807"',
    "9223372036854775808",
    '"18446744073709551616"',
    "-1",
    "-9223372036854775809",
    "1" + "0" * 400,
    "1.5",
    "1e308",
    "1e99999",
    "-0.0",
    "NaN",
    "Infinity",
    "true",
    "null",
    "[]",
    "{}",
    "[null]",
    '["\\u0000"]',
    '[9223372036854775807, "9223372036854775807"]',
    "[" + "1," * _MANY + "1]",
    "[" * _DEEP + "]" * _DEEP,
    '{"a":' * _DEEP + "1" + "}" * _DEEP,
    "{" + ",".join(f'"k{n}":{n}' for n in range(_MANY)) + "}",
    '"0001-01-01T00:00:00+00:00"',
    '"9999-12-31T23:59:59-23:59"',
    '"data:image/png;base64,AAAA"',
)
"""As JSON, or what claims to be."""

IDS: Final = (
    "0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1" * 400,
    "%00",
    "%ff",
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..",
    "@me",
    "١٢٣",
    "%F0%9F%94%A5%00",
    "a:b:c:d",
    "x" * 3_000,
)
"""In the place of an id, a code, a token or an emoji, as they stand in the address."""


def cases(world: World) -> Iterator[tuple[str, Case]]:
    """Each route, asked by somebody who may do it, for what is there; but those that always refuse."""
    random = Random(world.seed)
    for route in rounds.RULES:
        for _ in range(300):
            case = rounds.draw(world, random, route)
            if not reasons(rounds.RULES[route], case):
                yield route, case
                break


def bodies(route: str, case: Case) -> Iterator[bytes]:
    """The case's body with each hostile value in each field, and in the place of all of it."""
    for value in VALUES:
        yield value.encode()
    for field in _fields(route):
        for value in VALUES:
            known = case.body if isinstance(case.body, dict) else {}
            told = {name: json.dumps(each) for name, each in known.items()} | {field: value}
            one = "{" + ",".join(f"{json.dumps(name)}:{each}" for name, each in told.items()) + "}"
            yield (one if not isinstance(case.body, list) else f"[{one}]").encode(errors="surrogatepass")


async def send(stage: Stage, route: str, case: Case, body: bytes) -> int:
    """The status of the answer to the case with that body."""
    method, _, path = route.partition(" ")
    headers = [(b"authorization", rounds.token_of(case).encode()), (b"content-type", b"application/json")]
    reply = await stage.exchange(method, f"/api/v10{path.format_map(case.ids)}", case.query, headers, body)
    return reply.status


def _fields(route: str) -> list[str]:
    """What the route reads of its body."""
    for each in ROUTES:
        for path in each.paths:
            if route in {f"{method} {rounds.template(path)}" for method in each.http_methods}:
                hint = get_type_hints(each.fn, include_extras=True).get("data")
                return [] if hint is None else _names(get_args(hint)[0])
    raise AssertionError(route)


def _names(kind: Any) -> list[str]:
    inner = get_args(kind)
    return [each.encode_name for each in msgspec.structs.fields(inner[0] if inner else kind)]
