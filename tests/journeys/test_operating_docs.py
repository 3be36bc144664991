"""What docs/operating.md says that programs say is what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.app.parts import ONE_BUS
from derailed.settings import WrongSetting, read

TEXT = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()


def test_what_a_second_server_says_is_what_the_page_says() -> None:
    assert f"    derailed: {ONE_BUS}\n" in TEXT


def test_what_a_service_says_that_lacks_a_setting_is_what_the_page_says() -> None:
    with pytest.raises(WrongSetting) as refused:
        read({}).require("wss", "presence_url")
    assert f"    derailed: {refused.value}\n" in TEXT
