"""How each database spells that it finds rows by terms. The terms are made in `model/words.py`, the same for all.

Terms hold no ASCII but letters, digits and `_`, so between quotes there is nothing in them that means anything to a
database. A question is what a row must have, one of each group, and what it must not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_MADE: Final = re.compile(r"CREATE FULL TEXT TABLE (\w+);")
_TERM: Final = re.compile(r"[a-z0-9_\u0080-\U0010ffff]+").fullmatch


class FullText(NamedTuple):
    """One database's. `found` takes the question, bounds, how many to count, and the size and start of a page.

    It gives one row: how many were counted, and the page's ids with commas between. So a search in a thread takes the
    interpreter's lock once, and not for each that it finds. `skimmed` does without the index: it looks at so many rows
    from one end, of these channels (of all, when there are none). Where there is none, the index is in that order.
    """

    made: str
    written: str
    found: str
    skimmed: str | None
    quote: str
    all_of: str
    one_of: str
    without: str

    def spelled(self, sql: str) -> str:
        """A migration with its full text tables."""
        return _MADE.sub(lambda name: self.made % {"name": name[1]}, sql)

    def kept(self, terms: Iterable[str]) -> str:
        """A row's terms as they are written."""
        return " ".join(self.written % term for term in terms)

    def asked(self, every: Iterable[Sequence[str]], none: Sequence[str]) -> str:
        """The question; nothing, where anything fits."""
        text = self.all_of.join(self._any(group) for group in every)
        if not none:
            return text
        without = f"({text}){self.without}" if text else self.without.removeprefix(self.all_of)
        return without + self._any(none)

    def _any(self, terms: Sequence[str]) -> str:
        assert terms
        assert all(map(_TERM, terms))
        return "(" + self.one_of.join(f"{self.quote}{term}{self.quote}" for term in terms) + ")"


_FOUND: Final = """
WITH hits AS (
SELECT rowid AS id FROM search_index WHERE {matches} AND rowid > $2 AND rowid < $3
AND NOT EXISTS (SELECT 1 FROM search_stale WHERE search_stale.message_id = search_index.rowid)
ORDER BY {by} {{order}} LIMIT $4
)
"""
_PAGE: Final = """
SELECT (SELECT COUNT(*) FROM hits),
    (SELECT {joined} FROM (SELECT id FROM hits ORDER BY id {{order}} LIMIT $5 OFFSET $6) AS page)
"""
# The question is read once, and not for each row. Stale rows are sought one by one: most rows do not fit anyway.
_SKIMMED: Final = """
WITH hits AS (
SELECT rowid AS id FROM (
    SELECT rowid, channel_id, terms FROM search_index WHERE rowid > $2 AND rowid < $3 ORDER BY rowid {{order}} LIMIT $7
) AS near
WHERE (cardinality($8::bigint[]) = 0 OR channel_id = ANY($8::bigint[]))
AND ($1::text = '' OR terms @@ (SELECT $1::text::tsquery))
AND NOT EXISTS (SELECT 1 FROM search_stale WHERE search_stale.message_id = near.rowid)
ORDER BY rowid {{order}} LIMIT $4
)
"""
_JOINED: Final = "string_agg(id::text, ',' ORDER BY id {order})"

SQLITE: Final = FullText(
    made="CREATE VIRTUAL TABLE %(name)s USING fts5"
    "(terms, channel_id UNINDEXED, detail = none, columnsize = 0, tokenize = \"ascii tokenchars '_'\");",
    written="%s",
    found=_FOUND.format(matches="search_index MATCH $1", by="rowid") + _PAGE.format(joined="group_concat(id, ',')"),
    skimmed=None,
    quote='"',
    all_of=" AND ",
    one_of=" OR ",
    without=" NOT ",
)

POSTGRES: Final = FullText(
    made="CREATE TABLE %(name)s (rowid BIGINT PRIMARY KEY, channel_id BIGINT NOT NULL, terms TSVECTOR NOT NULL);"
    " CREATE INDEX %(name)s_terms ON %(name)s USING GIN (terms) WITH (fastupdate = off);",
    written="'%s'",
    # By a sum, so that nothing is looked for in the order of ids: a rare word would be sought in every row there is.
    found=_FOUND.format(matches="terms @@ $1::text::tsquery", by="rowid + 0") + _PAGE.format(joined=_JOINED),
    skimmed=_SKIMMED.format() + _PAGE.format(joined=_JOINED),
    quote="'",
    all_of=" & ",
    one_of=" | ",
    without=" & !",
)
