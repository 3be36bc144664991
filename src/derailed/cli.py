"""The command `derailed`. Each subcommand imports what it needs when it runs, so that none waits for the others."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console

from derailed import settings as settings_of
from derailed.app import operator_commands, transfer_commands
from derailed.model.errors import FieldError, Invalid, Refusal
from derailed.settings import Settings, WrongSetting

T = TypeVar("T")

app = typer.Typer(
    help="An instant-messaging server for communities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
users = typer.Typer(help="What only the operator may do with people's accounts.", no_args_is_help=True)
bots = typer.Typer(help="Bots made by the operator.", no_args_is_help=True)
broker = typer.Typer(invoke_without_command=True)
app.add_typer(users, name="user")
app.add_typer(bots, name="bot")
rules = typer.Typer(help="Rules in Lua: who may not hear what people say.", no_args_is_help=True)
app.add_typer(broker, name="broker")
app.add_typer(rules, name="rules")
_WORKERS_MAX = 64
_out = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command line. What can not be done is one line: exit code 2 for what must be set otherwise, else 1."""
    transfer_commands.add_to(app, _run, _out)
    operator_commands.add_to(app, users, _run, _out)
    try:
        app()
    except WrongSetting as error:
        _fail(str(error), 2)
    except Refusal as error:
        _fail(_sentence(error), 1)


@app.command()
def up(
    split: bool = typer.Option(
        False, "--split", help="Each part as a process of its own, with PostgreSQL and Valkey: to see how that is."
    ),
) -> None:
    """Run everything in this process: the app, the API and the Gateway on one port."""
    if split:
        from derailed.app import split as many

        _serve(lambda settings: many.serve(settings, _out), auto="text")
        return
    from derailed.app.up import serve

    _serve(lambda settings: serve(settings, lambda address: _welcome(address, settings)))


@app.command()
def api() -> None:
    """Run the app and the API, as one of several processes."""
    from derailed.app.api import serve

    _serve(serve)


@app.command()
def wss(
    workers: int = typer.Option(1, min=1, max=_WORKERS_MAX, help="nodes that share the port, each a process"),
    worker: int = typer.Option(0, hidden=True),
) -> None:
    """Run a node of the WebSocket Service, which is the Gateway, as one of several processes."""
    if workers > 1:
        from derailed.app import workers as many

        _serve(lambda settings: many.serve(settings, workers))
        return
    from derailed.app.wss import serve

    _serve(lambda settings: serve(settings, is_worker=worker > 0), worker)


@app.command()
def presence() -> None:
    """Run the Presence Service, as one of several processes."""
    from derailed.app.presence import serve

    _serve(serve)


@app.command()
def members() -> None:
    """Run the Supreme Member Storage, as one of several processes."""
    from derailed.app.members import serve

    _serve(serve)


def _serve(serve: Callable[[Settings], Coroutine[Any, Any, None]], worker: int = 0, auto: str = "auto") -> None:
    from derailed import telemetry

    settings = settings_of.from_environment()
    form = auto if settings.log_format == "auto" else settings.log_format
    telemetry.configure_logs(settings.log_level, form, worker)
    _run(serve(settings))


def _welcome(address: str, settings: Settings) -> None:
    _out.print(
        f"\n  [bold]Derailed[/bold] is running.\n\n"
        f"  open    [link={address}]{address}[/link]\n"
        f"  data    {settings.data_dir}\n"
        f"  stop    Ctrl+C\n"
    )


@broker.callback()
def run_broker(context: typer.Context) -> None:
    """Run the broker: a log of topics, for any Redis client."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_of.from_environment()

    from derailed import telemetry
    from derailed.broker import LogDamaged, LogInUse
    from derailed.broker.server import configuration, serving

    telemetry.configure_logs(settings.log_level, settings.log_format)
    try:
        found = configuration.load(settings.broker_file)
        address = (settings.broker_host, settings.broker_port)
        health = None if settings.health_port is None else (settings.health_host, settings.health_port)
        _run(serving.serve(found, settings.broker_path, address, health, _broker_answers))
    except (configuration.WrongConfiguration, LogDamaged, LogInUse, OSError) as error:
        _fail(str(error), 2)


def _broker_answers(host: str, port: int) -> None:
    _out.print(f"The broker answers on {host}:{port}.")


@broker.command()
def bench(
    only: list[str] = typer.Option([], help="versus, memory, tails or topics; all but topics when none is said"),
    topics: int = typer.Option(0, min=0, help="fill a broker with so many topics, a record each; goes on where it was"),
    rounds: int = typer.Option(5, min=1, help="of versus; the median counts"),
    folder: Path = typer.Option(Path("data/bench"), help="where the topics are kept"),
    level: str = typer.Option("memory", help="memory or disk, for the topics"),
    page: Path | None = typer.Option(None, help="a folder whose performance.md gets the tables, and plots beside it"),
) -> None:
    """Measure the broker, beside the Redis and the Valkey that this machine has."""
    from derailed.broker.bench import command

    parts = only or (["topics"] if topics else ["versus", "memory", "tails"])
    try:
        command.run(parts, topics or 10_000_000, rounds, folder, level, page)
    except command.Missing as error:
        _fail(str(error), 1)


@app.command()
def config() -> None:
    """List every setting: its environment variable, its value now, and what it means."""
    from rich.table import Table

    settings = settings_of.from_environment()
    table = Table("variable", "value", "meaning", box=None, header_style="bold")
    for field, variable in settings_of.VARIABLES.items():
        table.add_row(settings_of.variable_name(field), settings.shown(field), variable.meaning)
    _out.print(table, soft_wrap=False)


@app.command()
def doctor() -> None:
    """Look at this installation, and name each problem with its remedy; exit with 1 if there is one."""
    from derailed import telemetry
    from derailed.doctor.examination import report

    telemetry.configure_logs("critical")
    lines = _run(report())
    for line in lines:
        _out.print(line, markup=False)
    if lines:
        raise SystemExit(1)
    _out.print("Nothing is wrong here, as far as can be seen.")


@bots.command()
def create(
    name: str = typer.Argument(help="what the bot is called"),
    guild: int = typer.Option(..., help="the id of the guild that it joins; the guild's owner owns it"),
) -> None:
    """Make a bot, add it to a guild, and print its token."""
    settings = settings_of.from_environment()

    from derailed.app.operator import operating

    async def make() -> str:
        async with operating(settings) as verbs:
            _, token = await verbs.applications.create_bot(name, guild)
            return token

    _out.print(_run(make()))


@rules.command("load")
def load_rule(file: Path = typer.Argument(help="a library that begins with #!lua name=… and defines deliver")) -> None:
    """Try a rule, and put it where this machine's nodes find it within a second. It replaces one of its name."""
    settings = settings_of.from_environment()

    from derailed.app.rules import load

    _out.print(f"The rule {_run(load(settings, file))} counts from now on.")


@rules.command("list")
def list_rules() -> None:
    """The rules of this machine's nodes."""
    settings = settings_of.from_environment()

    from derailed.app.rules import names

    for name in names(settings):
        _out.print(name)


@rules.command("delete")
def delete_rule(name: str) -> None:
    """Take a rule away."""
    settings = settings_of.from_environment()

    from derailed.app.rules import delete

    if not delete(settings, name):
        _fail(f"there is no rule {name!r}; `derailed rules list` has them", 2)
    _out.print(f"The rule {name} counts no more.")


@app.command()
def migrate(
    check: bool = typer.Option(False, "--check", help="Only look: exit with 1 if something is to be done."),
) -> None:
    """Bring the database up to date. Every server does it at its start; here it is done ahead, also while some run."""
    settings = settings_of.from_environment()

    names = _run(_migrate(settings, check))
    for name in names:
        _out.print(f"{'missing' if check else 'applied'} {name}")
    if not names:
        _out.print("The database is up to date.")
    elif check:
        raise SystemExit(1)


async def _migrate(settings: Settings, check: bool) -> list[str]:
    from derailed.app.parts import make_data_folder
    from derailed.store.upkeep import migrating

    role = "DERAILED_DATABASE_URL" if settings.database_url else "DERAILED_DATA_DIR"
    if check:
        return await migrating.look(role, settings.database)
    if not settings.database_url:
        make_data_folder(settings.data_dir)
    return await migrating.migrate(role, settings.database, _now_ms)


@app.command()
def copy_data(
    source: str = typer.Argument(metavar="FROM", help="the path of an SQLite file, or a postgresql:// URL"),
    target: str = typer.Argument(metavar="TO", help="the same; it must be empty, or half of this copy"),
) -> None:
    """Copy a whole instance from one database to another, with no server on either.

    Stopped halfway it goes on when it is started again.
    """
    from derailed.progress import Bar
    from derailed.store.upkeep import copying

    with Bar() as bar:
        sums = _run(copying.copy(source, target, _now_ms, bar))
    for name, (rows, checksum) in sums.items():
        _out.print(f"{name:<20} {rows:>12,} rows   {checksum}")
    _out.print("The copy is whole: every table has the same rows and checksum on both sides.")


@app.command()
def backup(to: Path = typer.Argument(metavar="TO", help="a folder, which is made")) -> None:
    """Copy the database, the files and the secret, also while the server runs. What is elsewhere is not in it."""
    settings = settings_of.from_environment()

    from derailed.app.backup import back_up

    held = _run(_done(lambda: back_up(settings, to.absolute())))
    _out.print(f"{to} holds {', '.join(held)}.")
    if settings.database_url:
        _out.print("The database is not in it: pg_dump it, before this.")
    if settings.blobs_url:
        _out.print("Files are not in it: they are in a bucket.")


@app.command()
def restore(source: Path = typer.Argument(metavar="FROM", help="a backup")) -> None:
    """Put a backup back, into a data folder that has nothing of an instance yet."""
    settings = settings_of.from_environment()

    from derailed.app.backup import restore as put_back

    _run(_done(lambda: put_back(settings, source.absolute())))
    _out.print(f"{settings.data_dir} is as {source} was.")


async def _done(work: Callable[[], T]) -> T:
    return work()


@app.callback(invoke_without_command=True)
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    with_parent: bool = typer.Option(False, hidden=True),
) -> None:
    if with_parent:
        _stop_with_parent()
    if version:
        from importlib.metadata import version as installed

        _out.print(f"derailed {installed('derailed')}")
        raise typer.Exit


def _stop_with_parent() -> None:
    """Be told to stop when standard input ends: the other end is our parent's, and is closed however it ends."""
    import os
    import signal
    import threading

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _run(work: Coroutine[Any, Any, T]) -> T:
    import uvloop

    from derailed.app.trouble import CannotStart
    from derailed.store.upkeep import Unusable

    try:
        return uvloop.run(work)
    except (CannotStart, Unusable) as error:
        _fail(str(error), 2)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _fail(sentence: str, code: int) -> NoReturn:
    sys.stderr.write(f"derailed: {sentence}\n")
    raise SystemExit(code)


def _sentence(refusal: Refusal) -> str:
    from derailed.wire.error_codes import ERROR_CODES

    if isinstance(refusal, Invalid) and refusal.fields:
        return "; ".join(_of_field(field) for field in refusal.fields)
    return ERROR_CODES[refusal.reason].message


def _of_field(field: FieldError) -> str:
    return f"{'.'.join(field.path)}: {field.message}"
