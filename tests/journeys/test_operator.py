"""What an operator does at the command line, while people use the server."""

from __future__ import annotations

import httpx

from tests.journeys.people import PASSWORD, Account, Guild, register
from tests.journeys.server import Server, derailed, until


def operate(server: Server, *arguments: str) -> str:
    """Run a command over the server's data; what it printed."""
    ended = derailed(*arguments, **server.settings)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def login(server: Server, name: str, password: str) -> int:
    """How an attempt to sign in is answered."""
    return httpx.post(f"{server.api}/auth/login", json={"login": name, "password": password}, timeout=30).status_code


def test_a_password_that_was_reset_lets_in_and_the_old_one_does_not(server: Server) -> None:
    register(server, "anna").close()
    password = operate(server, "user", "reset-password", "anna")
    assert login(server, "anna", password) == 200
    assert login(server, "anna", PASSWORD) == 400


def test_a_reset_password_signs_out_everywhere(server: Server) -> None:
    with register(server, "anna") as anna:
        assert anna.status("GET", "/users/@me") == 200
        operate(server, "user", "reset-password", "anna")
        until(lambda: anna.status("GET", "/users/@me") == 401, "the old token is refused", within_s=5)


def test_a_bot_made_at_the_command_line_is_in_the_guild_and_can_talk(server: Server) -> None:
    with register(server, "anna") as anna:
        guild = Guild(anna)
        token = operate(server, "bot", "create", "conductor", "--guild", str(guild.id))
        with Account(server, token, bot=True) as bot:
            bot.send(guild.general, "all aboard")
        assert anna.call("GET", f"/channels/{guild.general}/messages")[0]["content"] == "all aboard"


def test_commands_work_while_no_server_runs(server: Server) -> None:
    with register(server, "anna") as anna:
        guild = Guild(anna)
    assert server.terminate() == 0
    token = operate(server, "bot", "create", "conductor", "--guild", str(guild.id))
    server.start()
    with Account(server, token, bot=True) as bot:
        bot.send(guild.general, "all aboard")


def test_what_is_not_there_is_said_in_one_line(server: Server) -> None:
    for command in (["user", "reset-password", "nobody"], ["bot", "create", "conductor", "--guild", "1"]):
        ended = derailed(*command, **server.settings)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
