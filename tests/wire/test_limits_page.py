"""What docs/wire/limits.md says of the numbers is what is counted."""

from __future__ import annotations

import re
from pathlib import Path

from derailed.api import app
from derailed.api.buckets import Buckets
from derailed.wire import rates
from derailed.wire.rates import Rates

TEXT = (Path(__file__).parents[2] / "docs" / "wire" / "limits.md").read_text()
ROW = re.compile(r"^\| (.+?) \| (\d+ in .+?) \|$", re.MULTILINE)


def said(of: Rates) -> str:
    """As the page puts it."""
    return ", ".join(f"{limit} in {window_ms / 1000:g} s" for limit, window_ms in of)


def test_the_page_lists_every_rate() -> None:
    routes = {f"`{method} /{path}`": said(of) for (method, path), of in rates.RATES.items()}
    others = {
        "everything of one account": said((rates.ACCOUNT,)),
        "everything without a token, of one address": said((rates.ADDRESS,)),
        "logging in to one account, from wherever": said(rates.LOGINS),
        "passwords, to change or delete one account that one is logged in to": said(rates.LOGINS),
        "searching, by one account": said(rates.SEARCHES),
        "other names and topics for one channel": said(rates.RENAMES),
        "tokens of one address that do not stand": said((rates.BAD_TOKENS,)),
    }
    assert dict(ROW.findall(TEXT)) == routes | others
    assert f"{said(rates.READS)} for GET, {said(rates.WRITES)} for the rest" in TEXT


def test_every_rate_is_a_routes() -> None:
    buckets = Buckets(app.ROUTES, 1)
    for (method, path), of in rates.RATES.items():
        found = buckets.of(method, "/api/v10/" + path.replace("#", "1").replace("*", "word"))
        assert found is not None, (method, path)
        assert found[0].rates == of
