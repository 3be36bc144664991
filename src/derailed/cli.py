"""The command `derailed`. Each subcommand imports what it needs when it runs, so that none waits for the others."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from rich.console import Console

from derailed import settings as settings_of
from derailed.settings import Settings, WrongSetting

app = typer.Typer(
    help="An instant-messaging server for communities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_out = Console()


def main() -> None:
    """Run the command line; what an operator got wrong is one line and exit code 2."""
    try:
        app()
    except WrongSetting as error:
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    sys.stderr.write(f"derailed: {error}\n")
    raise SystemExit(2)


@app.command()
def up() -> None:
    """Run everything in this process: the app, the API and the Gateway on one port."""
    import uvloop

    from derailed import telemetry
    from derailed.app import AddressInUse, serve

    settings = settings_of.from_environment()
    telemetry.configure_logs(settings.log_level)
    try:
        uvloop.run(serve(settings, lambda address: _welcome(address, settings)))
    except AddressInUse as error:
        _fail(error)


def _welcome(address: str, settings: Settings) -> None:
    _out.print(
        f"\n  [bold]Derailed[/bold] is running.\n\n"
        f"  open    [link={address}]{address}[/link]\n"
        f"  data    {settings.data_dir}\n"
        f"  stop    Ctrl+C\n",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def config() -> None:
    """List every setting: its environment variable, its value now, and what it means."""
    from rich.table import Table

    settings = settings_of.from_environment()
    table = Table("variable", "value", "meaning", box=None, header_style="bold")
    for field, variable in settings_of.VARIABLES.items():
        value = getattr(settings, field)
        table.add_row(settings_of.variable_name(field), "" if value is None else str(value), variable.meaning)
    _out.print(table)


@app.callback(invoke_without_command=True)
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        from importlib.metadata import version as installed

        _out.print(f"derailed {installed('derailed')}", highlight=False)
        raise typer.Exit
