"""An operator's rules, from the command line to the sockets of those who may not hear."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.place import Place, run
from tests.journeys.server import derailed, until
from tests.journeys.split import Split

EXAMPLES = Path(__file__).parents[2] / "examples" / "rules"


def operate(place: Place, *arguments: str) -> str:
    """Run a command over the server's data; what it printed."""
    ended = derailed("rules", *arguments, **place.server.settings)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def changed(place: Place, times: int) -> None:
    """Every node has noticed."""
    nodes = 2 if isinstance(place.server, Split) else 1
    until(lambda: place.server.log.count("rules_changed") == nodes * times, "the nodes take the rules")


def test_a_shadow_banned_authors_messages_reach_only_themself(own_place: Place, tmp_path: Path) -> None:
    place = own_place
    rule = tmp_path / "rule.lua"
    banned = str(place.ben.id)
    rule.write_text((EXAMPLES / "shadow_ban.lua").read_text().replace("1258291200000000003", banned))
    general = place.guild.general

    async def journey() -> None:
        async with place.socket() as anna, place.socket() as ben, place.socket("zlib-stream") as bot:
            ready = await anna.identify(place.anna)
            await ben.identify(place.ben)
            await bot.identify(place.bot, intents=33281)
            before = place.ben.send(general, "before")
            await anna.whole(place.anna, general)
            assert operate(place, "load", str(rule)) == "The rule shadow_ban counts from now on."
            assert operate(place, "list") == "shadow_ban"
            changed(place, 1)
            hidden = place.ben.send(general, "nobody hears this")
            place.ben.call("POST", f"/channels/{general}/typing")
            place.ben.call("PATCH", f"/channels/{general}/messages/{before}", {"content": "nor this"})
            said = place.say("but this")
            for socket in (anna, ben, bot):
                await socket.whole(place.anna, general)
            assert anna.messages() == bot.messages()[-2:] == [before, said]
            assert ben.messages() == [before, hidden, said]
            assert (len(ben.events("MESSAGE_UPDATE")), len(ben.events("TYPING_START"))) == (1, 1)
            assert anna.events("MESSAGE_UPDATE") == bot.events("TYPING_START") == []
            anna.lose()
            missed = place.ben.send(general, "nor what was missed")
            heard = place.say("heard later")
            await ben.whole(place.anna, general)
            async with place.socket() as again:
                await again.resume(place.anna, ready["session_id"], anna.sequence)
                await again.until("RESUMED")
                assert again.messages() == [heard]
            async with place.socket() as again:
                operate(place, "delete", "shadow_ban")
                changed(place, 2)
                await again.identify(place.anna)
                later = place.ben.send(general, "and all is forgiven")
                await again.whole(place.anna, general)
                assert again.messages() == [later]
                await ben.whole(place.anna, general)
            assert ben.messages()[-3:] == [missed, heard, later]

    run(journey())


@pytest.mark.slow
def test_what_is_no_rule_is_said_in_one_line(tmp_path: Path) -> None:
    settings = {"DERAILED_DATA_DIR": str(tmp_path / "data")}
    for source, why in (
        ("function deliver() return true end", "begins with the line #!lua name="),
        ("#!lua name=x\nfunction deliver(", "line 2"),
        ("#!lua name=x\nfunction accept() return true end", "defines the function deliver"),
        ("#!lua name=x\nwhile true do end", "took longer than 20 ms"),
    ):
        file = tmp_path / "rule.lua"
        file.write_text(source)
        ended = derailed("rules", "load", str(file), **settings)
        assert why in ended.stderr
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    ended = derailed("rules", "delete", "nothing", **settings)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert derailed("rules", "list", **settings).stdout == ""
