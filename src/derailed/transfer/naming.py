"""What ids are here: what they were, where that is free, else the next free number of the same millisecond.

So a channel's messages keep their order, and their times as clients read them from ids. Accounts are never renamed:
an id that is known here is that account.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Final

from derailed.model import snowflakes
from derailed.store import Connection, Store, transfers
from derailed.transfer import BadArchive, Progress, layout
from derailed.transfer.checking import Checked

_BATCH: Final = 500
_SCANNED: Final = 5000
_ID: Final = re.compile(rb"\b\d{17,19}\b")
"""Wherever it stands, in a mention, an address or a field. Shorter ones are of before 2015, when there were none."""
_SHORTEST: Final = 10**16
_KNOWN: Final = "SELECT 1 FROM ids WHERE id = ? UNION ALL SELECT 1 FROM fresh WHERE id = ?"
_LAST_OF_MS: Final = (1 << 22) - 1
_PICTURE: Final = re.compile(rb'(?<=["/])(?:a_)?[0-9a-f]{32}(?=")')


async def plan(store: Store, checked: Checked, progress: Progress) -> None:
    """Choose, and keep what could not stay; what an earlier start kept is forgotten first. Raises BadArchive."""
    source_id = checked.guild.id
    while await store.write(partial(transfers.forget_ids, source_id=source_id, limit=_BATCH)):
        pass
    await _look_around(store, checked, progress)
    found, ids = list[tuple[int, int]](), checked.ids()
    while some := list(islice(ids, _BATCH)):
        for old_id in await store.read(partial(_taken, checked, some)):
            if old_id < _SHORTEST:
                raise BadArchive(f"the id {old_id} is taken, and too small to be another")
            found.append((old_id, await _free(store, checked, old_id)))
        if len(found) >= _BATCH:
            await store.write(partial(transfers.rename, source_id=source_id, new_ids=tuple(found)))
            found = []
    await store.write(partial(transfers.rename, source_id=source_id, new_ids=tuple(found)))


async def _look_around(store: Store, checked: Checked, progress: Progress) -> None:
    """Note the ids of all messages here that are of the archive's time: no index leads to a message by its id alone."""
    lowest, highest = checked.span()
    after = (0, 0)
    progress.begin("looking for free ids", 0, "messages")
    while rows := await store.read(partial(transfers.message_ids, after=after, limit=_SCANNED)):
        within = ((message_id,) for _, message_id in rows if lowest <= message_id <= highest | _LAST_OF_MS)
        checked.db.executemany("INSERT OR IGNORE INTO here VALUES (?)", within)
        after = rows[-1]
        progress.advance(len(rows))


async def _taken(checked: Checked, some: Sequence[tuple[int, str]], tx: Connection) -> list[int]:
    return [each for each, kind in some if await _is_taken(checked, tx, each, kind)]


async def _is_taken(checked: Checked, tx: Connection, of_id: int, kind: str) -> bool:
    if kind == "message":
        return checked.db.execute("SELECT 1 FROM here WHERE id = ?", (of_id,)).fetchone() is not None
    return kind != "audit" and await transfers.is_taken(tx, kind, of_id)  # entries are counted a guild


async def _free(store: Store, checked: Checked, old_id: int) -> int:
    """The next number that nothing has here, nor in the archive."""

    async def work(tx: Connection) -> int:
        for new_id in range(old_id + 1, (old_id | _LAST_OF_MS) + 1):
            if checked.db.execute(_KNOWN, (new_id, new_id)).fetchone():
                continue
            for kind in ("message", "guild", "role", "channel", "emoji", "webhook"):
                if await _is_taken(checked, tx, new_id, kind):
                    break
            else:
                checked.db.execute("INSERT INTO fresh VALUES (?)", (new_id,))
                return new_id
        raise BadArchive(f"the id {old_id} is taken, and so is its whole millisecond")

    return await store.read(work)


class Names:
    """What is written into the store in the place of what stands in a page."""

    def __init__(self, store: Store, checked: Checked, *, renamed: bool) -> None:
        self._store = store
        self._source_id = checked.guild.id
        self._renamed = renamed
        self._pictures: dict[bytes, bytes] = {}
        self._shape = checked.shape

    def settle(self, guild_id: int) -> None:
        """A guild of another id has pictures of other names: each is one guild's, and goes with it."""
        if guild_id == self._source_id:
            return
        names = set[str]()
        for line in self._shape:
            for field in ("icon", "banner", "splash", "avatar"):
                names |= {getattr(line, field, None) or ""} - {""}
        self._pictures = {name.encode(): _of_another(name, guild_id) for name in names}

    async def applied(self, text: bytes) -> bytes:
        """The text with ids and pictures as they are called here."""
        if not self._renamed:
            return text
        ids = sorted({int(found) for found in _ID.findall(text) if int(found) <= snowflakes.MAX})
        known = await self._store.read(partial(transfers.new_ids, source_id=self._source_id, old_ids=ids))
        text = _ID.sub(_with({b"%d" % old: b"%d" % new for old, new in known.items()}), text)
        return _PICTURE.sub(_with(self._pictures), text) if self._pictures else text

    async def line(self, line: layout.LineT) -> layout.LineT:
        """The same for a line."""
        made = layout.decode_line(await self.applied(layout.encode(line)))
        assert isinstance(made, type(line))
        return made

    async def one(self, of_id: int) -> int:
        """The same for an id."""
        return int(await self.applied(b"%d" % of_id))


def _with(names: dict[bytes, bytes]) -> Callable[[re.Match[bytes]], bytes]:
    return lambda found: names.get(found[0], found[0])


def _of_another(name: str, guild_id: int) -> bytes:
    made = hashlib.sha256(f"{guild_id}/{name}".encode()).hexdigest()[:32]
    return (("a_" if name.startswith("a_") else "") + made).encode()
