"""What a route says that it refuses for is what the code behind it refuses for, no more and no less."""

from __future__ import annotations

import pytest
from litestar.handlers import HTTPRouteHandler

from derailed.api import app
from derailed.api.declaring import REFUSES
from derailed.api.docs import document
from derailed.wire.error_codes import ERROR_CODES
from tests.api.reachable import Code

CODE = Code()


def name(route: HTTPRouteHandler) -> str:
    """The route's function, as in `guilds.create`."""
    return f"{route.fn.__module__.removeprefix('derailed.')}.{route.fn.__name__}"


@pytest.mark.parametrize("route", app.ROUTES, ids=name)
def test_a_route_declares_the_refusals_that_its_code_can_make(route: HTTPRouteHandler) -> None:
    in_common = frozenset.intersection(*(document.refused_by_kind(route, path) for path in route.paths))
    assert set(route.opt.get(REFUSES, ())) == CODE.raised_by(name(route)) - in_common


def test_every_reason_is_some_routes() -> None:
    told = {reason for route in app.ROUTES for path in route.paths for reason in document.refused_by(route, path)}
    assert ERROR_CODES.keys() - told == {"invalid_token", "wrong_method"}  # the first looks like `unauthorized`
