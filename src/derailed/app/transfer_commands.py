"""`derailed export` and `derailed import`, as they are typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from derailed import settings as settings_of


def add_to(app: typer.Typer, run: Callable[[Any], Any], out: Console) -> None:
    """Add both; `run` runs what they ask for, and `out` is where they say what came of it."""

    @app.command()
    def export(
        guild: int = typer.Argument(metavar="GUILD", help="the guild's id"),
        to: Path = typer.Argument(metavar="FILE", help="where to put it"),
    ) -> None:
        """Put a guild with all that is in it into one file, also while the server runs. Stopped halfway it goes on."""
        settings = settings_of.from_environment()

        from importlib.metadata import version

        from derailed.app import transfer
        from derailed.progress import Bar

        with Bar() as bar:
            held = run(transfer.export(settings, guild, to.absolute(), f"derailed {version('derailed')}", bar))
        out.print(f"{to} holds guild {guild}: {held.messages:,} messages and {held.files:,} files were written now.")
        if held.lost:
            out.print(f"{held.lost:,} files were not where they are kept any more, and are not in it.")

    @app.command("import")
    def bring_in(
        file: Path = typer.Argument(metavar="FILE", help="an archive that `derailed export` made"),
        abandon: bool = typer.Option(False, "--abandon", help="Remove what an import that is not over has left."),
    ) -> None:
        """Bring a guild in, also while the server runs. Stopped halfway it goes on, and twice it does nothing."""
        settings = settings_of.from_environment()

        from derailed.app import transfer
        from derailed.progress import Bar

        with Bar() as bar:
            if abandon:
                removed = run(transfer.abandon(settings, file.absolute(), bar))
            else:
                found = run(transfer.bring_in(settings, file.absolute(), bar))
        if abandon:
            out.print("What had come goes again." if removed else "There is no such import that is not over.")
            return
        out.print(f"Guild {found.guild_id} is {'here' if found.new else 'here already: nothing was changed'}.")
        if found.left_out:
            out.print(f"Invites that lead elsewhere here were left out: {', '.join(found.left_out)}.")
