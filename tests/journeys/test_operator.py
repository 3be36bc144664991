"""What an operator does at the command line, while people use the server."""

from __future__ import annotations

from tests.journeys.person import PASSWORD, Person, request
from tests.journeys.server import Server, derailed, until


def operate(server: Server, *arguments: str) -> str:
    """Run a command over the server's data; what it printed."""
    ended = derailed(*arguments, **server.settings)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def login(server: Server, name: str, password: str) -> int:
    """The status of an attempt to sign in."""
    return request(server, "POST", "/auth/login", {"login": name, "password": password}).status


def test_a_password_that_was_reset_lets_in_and_the_old_one_does_not(server: Server) -> None:
    person = Person.register(server)
    password = operate(server, "user", "reset-password", person.name)
    assert login(server, person.name, password) == 200
    assert login(server, person.name, PASSWORD) == 400


def test_a_reset_password_signs_out_everywhere(server: Server) -> None:
    person = Person.register(server)
    assert person.status("GET", "/users/@me") == 200
    operate(server, "user", "reset-password", person.name)
    until(lambda: person.status("GET", "/users/@me") == 401, "the old token is refused", within_s=5)


def test_a_bot_made_at_the_command_line_is_in_the_guild_and_can_talk(server: Server) -> None:
    owner = Person.register(server)
    home = owner.guild("home")
    token = operate(server, "bot", "create", "conductor", "--guild", str(home.id))
    bot = Person(server, "conductor", f"Bot {token}")
    assert bot.ask("GET", "/users/@me")["bot"]
    bot.say(home.general, "all aboard")
    assert owner.read(home.general)[0] == "all aboard"


def test_commands_work_while_no_server_runs(server: Server) -> None:
    owner = Person.register(server)
    home = owner.guild("home")
    assert server.terminate() == 0
    token = operate(server, "bot", "create", "conductor", "--guild", str(home.id))
    server.start()
    Person(server, "conductor", f"Bot {token}").say(home.general, "all aboard")


def test_what_is_not_there_is_said_in_one_line(server: Server) -> None:
    for command in (["user", "reset-password", "nobody"], ["bot", "create", "conductor", "--guild", "1"]):
        ended = derailed(*command, **server.settings)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
