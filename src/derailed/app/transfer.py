"""What `derailed export` and `derailed import` put together, beside a running server or without one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from derailed.app.operator import nobody_listens
from derailed.app.parts import Parts, now_ms
from derailed.app.trouble import CannotStart
from derailed.model.errors import Unavailable
from derailed.settings import Settings
from derailed.store import guilds
from derailed.transfer import BadArchive, Busy, Progress, layout
from derailed.transfer.archive import Reader, Writer
from derailed.transfer.checking import check
from derailed.transfer.exporting import Exporting, Summary
from derailed.transfer.importing import Imported, Importing

T = TypeVar("T")


async def export(settings: Settings, guild_id: int, to: Path, made_by: str, progress: Progress) -> Summary:
    """Write the guild into a file. Raises CannotStart."""
    async with Parts(settings) as parts:
        store, blobs = await parts.store(), parts.blobs()
        if await store.read(lambda tx: guilds.shape(tx, guild_id, 0)) is None:
            raise CannotStart(f"there is no guild {guild_id}")
        manifest = layout.Manifest(
            format=layout.FORMAT, version=layout.VERSION, guild_id=guild_id, made_at=now_ms(), made_by=made_by
        )
        try:
            writer = Writer.open(to, manifest)
            parts.callback(writer.close)
            return await Exporting(store, blobs, writer, progress).run()
        except (BadArchive, Busy) as error:
            raise CannotStart(str(error)) from None
        except Unavailable:
            raise CannotStart(
                f"{to}: a store can not be reached now; start again, and it goes on where it was"
            ) from None
        except OSError as error:
            raise CannotStart(f"{to}: it can not be written ({error.strerror})") from None


async def bring_in(settings: Settings, path: Path, progress: Progress) -> Imported:
    """Put the guild of a file into this instance. Raises CannotStart."""
    return await _with(settings, path, progress, Importing.run)


async def abandon(settings: Settings, path: Path, progress: Progress) -> bool:
    """Remove what an import that is not over has left; False when there is none. Raises CannotStart."""
    return await _with(settings, path, progress, Importing.abandon)


async def _with(
    settings: Settings, path: Path, progress: Progress, do: Callable[[Importing], Coroutine[Any, Any, T]]
) -> T:
    try:
        with path.open("rb") as file:
            reader = Reader(file)
            with check(reader, now_ms(), progress) as checked:
                async with Parts(settings) as parts:
                    store = await parts.store()
                    lease = await parts.lease(store)
                    context = parts.context(store, nobody_listens, lease.ids)
                    origin = settings.public_url or f"http://{settings.http_host}:{settings.http_port}"
                    return await do(Importing(context, reader, checked, origin.rstrip("/"), progress))
    except (BadArchive, Busy) as error:
        raise CannotStart(f"{path}: {error}") from None
    except Unavailable:
        raise CannotStart(f"{path}: a store can not be reached now; start again, and it goes on where it was") from None
    except OSError as error:
        raise CannotStart(f"{path}: it can not be read ({error.strerror})") from None
