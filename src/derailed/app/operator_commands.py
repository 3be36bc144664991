"""Commands of whoever runs the instance: people's accounts, who may see how it is, and how it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from derailed import settings as settings_of

if TYPE_CHECKING:
    from derailed.actions.verbs import Verbs

Run = Callable[[Coroutine[Any, Any, Any]], Any]
_NAME: Any = typer.Argument(help="the account's user name")


def add_to(app: typer.Typer, users: typer.Typer, run: Run, out: Console) -> None:
    """Add them. `run` runs a coroutine to its end, and says what went wrong."""

    def do(verb: Callable[[Verbs], Awaitable[None]]) -> None:
        settings = settings_of.from_environment()

        from derailed.app.operator import operating

        async def work() -> None:
            async with operating(settings) as verbs:
                await verb(verbs)

        run(work())

    @users.command()
    def reset_password(name: str = _NAME) -> None:
        """Give an account a new password, which is printed, and sign it out everywhere."""
        import secrets

        password = secrets.token_urlsafe(12)
        do(lambda verbs: verbs.accounts.reset_password(name, password))
        out.print(password)

    @users.command()
    def promote(name: str = _NAME) -> None:
        """Let an account see how the instance is: in the app, and by GET /operator. It may do nothing more."""
        do(lambda verbs: verbs.operators.promote(name))
        out.print(f"{name} is an operator.")

    @users.command()
    def demote(name: str = _NAME) -> None:
        """Take that from an account."""
        do(lambda verbs: verbs.operators.demote(name))
        out.print(f"{name} is no operator.")

    @app.command()
    def top(
        once: bool = typer.Option(False, "--once", help="print it once, as text; so it is when this is no terminal"),
        url: str = typer.Option("", help="where an API process answers; empty: where DERAILED_HTTP_PORT says"),
    ) -> None:
        """Show how the instance is, live: its processes and what they do. Needs the instance's secret."""
        from derailed.app import top as live

        run(live.show(settings_of.from_environment(), out, url=url, once=once or not out.is_terminal))
