"""Exports and imports that are killed go on where they were, and nothing half can be seen."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from derailed.actions.context import Context
from derailed.actions.sweeper import Sweeper
from derailed.blobs.folder import FolderBlobs
from derailed.model.errors import Refusal
from derailed.store import Row, Store, guilds
from derailed.store.upkeep import opening
from derailed.transfer import Busy, Progress, layout
from derailed.transfer.archive import Reader, Writer, lines
from derailed.transfer.checking import check
from derailed.transfer.exporting import Exporting
from derailed.transfer.importing import Imported, Importing
from tests import databases
from tests.actions.community import ANNA, GENERAL, GUILD, OWNER, STAFF, Community, actor, live
from tests.transfer.test_bad_archives import Nobody

MESSAGES = 450
SAID = 30_000
"""When an export begins, after the community did."""


class Killed(Exception):
    """As if by kill -9: nothing runs any more."""


class Dies:
    """Watches, until so much was done of a step."""

    def __init__(self, step: str, after: int) -> None:
        self._step, self._left = step, after
        self._is_on = False

    def begin(self, step: str, rows: int, unit: str = "rows") -> None:
        """See whether it is the step."""
        self._is_on = step == self._step

    def advance(self, rows: int) -> None:
        """Count."""
        if self._is_on:
            self._left -= 1
            if self._left < 0:
                raise Killed


async def talk(here: Community) -> None:
    """Some history, with reactions."""
    for number in range(MESSAGES):
        said = await here.send(ANNA, f"message {number}", GENERAL)
        if number % 50 == 0:
            await here.reactions.add(actor(ANNA), GENERAL, int(said["id"]), "\N{SAILBOAT}")
    await here.send(OWNER, "for the staff", STAFF)


def manifest(here: Community, guild_id: int = GUILD) -> layout.Manifest:
    """As of now."""
    return layout.Manifest(
        format=layout.FORMAT, version=layout.VERSION, guild_id=guild_id, made_at=here.now_ms + SAID, made_by="a test"
    )


async def export(here: Community, to: Path) -> None:
    """Export the community's guild."""
    writer = Writer.open(to, manifest(here))
    try:
        await Exporting(here.store, FolderBlobs(to.parent / "blobs"), writer, Nobody()).run()
    finally:
        writer.close()


def said(archive: bytes) -> set[bytes]:
    """What an archive says; accounts may be there twice."""
    pages = Reader(io.BytesIO(archive)).pages()
    return {layout.encode(line) for page in pages for line in lines(page)}


def test_an_export_that_was_killed_at_any_byte_goes_on_and_says_the_same(tmp_path: Path) -> None:
    async def story(here: Community) -> None:
        await talk(here)
        await export(here, tmp_path / "whole.tar")
        whole = (tmp_path / "whole.tar").read_bytes()
        step = len(whole) // 23
        for length in (*range(0, len(whole), step), len(whole) - 1):
            file = tmp_path / f"{length}.tar"
            file.with_name(f"{file.name}.half").write_bytes(whole[:length])
            await export(here, file)
            assert said(file.read_bytes()) == said(whole)
            assert not file.with_name(f"{file.name}.half").exists()

    live(tmp_path, story)


def test_an_export_does_not_go_on_with_what_is_not_its_own(tmp_path: Path) -> None:
    async def story(here: Community) -> None:
        file, half = tmp_path / "a.tar", tmp_path / "a.tar.half"
        half.write_bytes(b"somebody else's " * 1000)
        with pytest.raises(Busy, match="not half of an export"):
            Writer.open(file, manifest(here))
        half.unlink()
        first = Writer.open(file, manifest(here, GUILD + 1))
        with pytest.raises(Busy, match="another export writes"):
            Writer.open(file, manifest(here))
        first.close()
        with pytest.raises(Busy, match="of another guild"):
            Writer.open(file, manifest(here))
        half.unlink()
        await export(here, file)
        with pytest.raises(Busy, match="is there already"):
            Writer.open(file, manifest(here))

    live(tmp_path, story)


@contextmanager
def importing(store: Store, archive: Path, here: Community, watches: Progress) -> Iterator[Importing]:
    """An import of the archive into that store."""
    blobs = FolderBlobs(archive.parent / "put")
    context = Context(store, here.bus, here.context.ids, here.context.clock, blobs, b"secret")
    with archive.open("rb") as file:
        reader = Reader(file)
        with check(reader, here.now_ms + 2 * SAID, Nobody()) as checked:
            yield Importing(context, reader, checked, "https://chat.example", watches)


async def bring_in(store: Store, archive: Path, here: Community, watches: Progress) -> Imported:
    """Import it."""
    with importing(store, archive, here, watches) as begun:
        return await begun.run()


def test_an_import_that_was_killed_after_any_page_goes_on_and_shows_nothing_before(tmp_path: Path) -> None:
    async def story(here: Community) -> None:
        await talk(here)
        await export(here, tmp_path / "whole.tar")
        for folder in ("once", "often"):
            (tmp_path / folder).mkdir()
        await _elsewhere(tmp_path / "once", tmp_path / "whole.tar", here, [Nobody()])
        deaths = [Dies("importing", number) for number in range(12)] + [Dies("letting members in", 3)]
        await _elsewhere(tmp_path / "often", tmp_path / "whole.tar", here, [*deaths, Nobody()])
        once, often = await _rows(tmp_path / "once"), await _rows(tmp_path / "often")
        assert len(once["messages"]) == MESSAGES + 1
        assert once == often

    live(tmp_path, story)


async def _elsewhere(folder: Path, archive: Path, here: Community, watching: list[Progress]) -> None:
    """Import into a database of its own, as often as somebody watches; only the last does not die."""
    store = await databases.open_store(folder, lambda: 0)
    other = Community(store)
    for watches in watching[:-1]:
        try:
            await bring_in(store, archive, here, watches)
        except Killed:
            there = await store.read(lambda tx: guilds.shape(tx, GUILD, 0))
            if there is None:
                with pytest.raises(Refusal):
                    await other.page(ANNA)
    assert (await bring_in(store, archive, here, watching[-1])).guild_id == GUILD
    assert not (await bring_in(store, archive, here, Nobody())).new
    assert len(await other.page(ANNA, limit=100)) == 100
    await store.close()


async def _rows(folder: Path) -> dict[str, list[Row]]:
    """What is in the tables that hold what people made; when something happened is another time each."""
    database = await opening.open_database("here", databases.location(folder))
    try:
        return {
            table.name: [tuple(row) for row in await database.fetch(table.page(10_000, first=True))]
            for table in await database.tables()
            if table.name not in ("outbox", "topics", "workers")
        }
    finally:
        await database.close()
        databases.drop(folder)


def test_half_an_import_can_be_taken_back(tmp_path: Path) -> None:
    async def story(here: Community) -> None:
        await talk(here)
        await export(here, tmp_path / "whole.tar")
        (tmp_path / "other").mkdir()
        store = await databases.open_store(tmp_path / "other", lambda: 0)
        with pytest.raises(Killed):
            await bring_in(store, tmp_path / "whole.tar", here, Dies("importing", 6))
        with importing(store, tmp_path / "whole.tar", here, Nobody()) as begun:
            assert await begun.abandon()
            assert not await begun.abandon()
        other = Community(store)
        while await Sweeper(other.context).sweep():
            pass
        await store.close()
        left = {name: rows for name, rows in (await _rows(tmp_path / "other")).items() if rows}
        assert left.keys() == {"users"}

    live(tmp_path, story)
