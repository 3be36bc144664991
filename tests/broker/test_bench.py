"""The bench fills, goes on where it was, and writes its page. Its numbers are nobody's promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.broker.bench import many, programs
from tests.broker.process import Broker
from tests.journeys.server import derailed

pytestmark = pytest.mark.slow


def test_a_fill_goes_on_where_it_was_and_writes_its_page(tmp_path: Path) -> None:
    data, page = tmp_path / "bench", tmp_path / "page"
    page.mkdir()
    (page / "performance.md").write_text("before\n\n<!-- topics 30000 -->\n\n<!-- end -->\n\nafter\n")
    for topics in (20_000, 30_000):
        arguments = ("--topics", str(topics), "--folder", str(data), "--page", str(page))
        done = derailed("broker", "bench", *arguments)
        assert done.returncode == 0, done.stderr
    with Broker(data) as broker, broker.connect() as client:
        assert client.ask("XHEAD")[1] == 30_001
        for number in (0, 19_999, 20_000, 29_999):
            assert client.ask("XRANGE", many.topic_of(number), "-", "+")[0][0] == b"%d-0" % (number + 2)
    written = (page / "performance.md").read_text()
    assert written.startswith("before")
    assert written.index("| 30,000 topics |") < written.index("after") < written.index("| 20,000 topics |")
    assert (page / "topics-30000.svg").exists()


def test_a_fill_that_has_no_room_is_not_begun(tmp_path: Path) -> None:
    done = derailed("broker", "bench", "--topics", str(10**12), "--folder", str(tmp_path / "bench"))
    assert done.returncode == 1
    assert "1,000,000,000,000 topics need" in done.stderr
    with pytest.raises(programs.Missing, match="are free"):
        many.require_room(tmp_path, 10**12)
