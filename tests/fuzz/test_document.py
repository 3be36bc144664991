"""schemathesis against the whole server: whatever is sent, right or wrong, the answer is one that the document has.

Ids are swapped for those of things that exist, more often than not, so that requests get behind the first refusal.
The requests are drawn from fixed seeds: a run is as long and as deep as the last one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api import documented
from tests.fuzz.things import Things
from tests.journeys.server import Server

Operation = APIOperation[Any, Any, Any, Any]

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW, MANY = 2, 30
SHARDS: Final = 4
"""Of the operations, so that they can be tried at once."""


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Things]:
    """A guild on a server of its own."""
    with Server(tmp_path_factory.mktemp("fuzz") / "data") as server:
        made = Things(server)
        yield made
        made.close()


@cache
def operations() -> list[Operation]:
    """All of the document, those that end something last."""
    found = schemathesis.openapi.from_dict(documented.whole()).get_all_operations()
    every = (each.ok() for each in found if isinstance(each, Ok))
    return sorted(every, key=lambda operation: (operation.method == "delete", operation.label))


def modes(operation: Operation) -> tuple[GenerationMode, ...]:
    """Right requests, and wrong ones where there is something that can be."""
    takes = (operation.path_parameters, operation.query, operation.body)
    return tuple(GenerationMode) if any(map(len, takes)) else (GenerationMode.POSITIVE,)


def try_out(things: Things, operation: Operation, mode: GenerationMode, times: int) -> None:
    """Send that many requests, and hold the answers to the document."""

    @seed(zlib.crc32(operation.label.encode()))
    @settings(
        max_examples=times,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(case=operation.as_strategy(generation_mode=mode), chance=st.randoms(use_true_random=False))
    def requested(case: Case[Any], chance: Random) -> None:
        things.put_into(case, chance)
        answer = case.call(base_url=things.server.url, session=session)
        case.validate_response(answer, checks=CHECKS)

    if not things.are_there():
        things.make_again()
    with requests.Session() as session:
        requested()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_whatever_is_asked_the_answer_is_in_the_document(things: Things, shard: int) -> None:
    for number, operation in enumerate(operations()[shard::SHARDS]):
        of_it = modes(operation)
        try_out(things, operation, of_it[number % len(of_it)], FEW)


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_however_often_it_is_asked_the_answer_is_in_the_document(things: Things, shard: int) -> None:
    for operation in operations()[shard::SHARDS]:
        for mode in modes(operation):
            try_out(things, operation, mode, MANY)
