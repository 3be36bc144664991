"""What the rules are tried on."""

from __future__ import annotations

import pytest

from tests.presence.worlds import World


@pytest.fixture
def world() -> World:
    return World()
