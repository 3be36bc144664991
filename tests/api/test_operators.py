"""How the instance is: told to those who run it, and to nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.model.errors import Forbidden, Unknown
from derailed.store import operators
from tests.actions.test_board import pulse
from tests.api.door import PASSWORD, Door, swept, visit

REFUSED = {"message": "Missing Permissions", "code": 50013}


def test_only_an_operator_sees_how_the_instance_is(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        await anna.guild()  # to own a guild, or to be first, is not to run the instance
        helper = await door.bot(anna)
        for person in (anna, ben, helper):
            answer = await person.ask("GET", "/operator")
            assert (answer.status_code, answer.json()) == (403, REFUSED)
        assert (await door.ask("GET", "/operator")).status_code == 401
        await door.verbs.operators.promote("Anna")
        await door.verbs.operators.promote("anna")
        door.context.board.hear(pulse("api", sessions=3), door.now_ms)
        told = await anna.get("/operator")
        assert (told["sessions"], [each["service"] for each in told["processes"]]) == (3, ["api"])
        for person in (ben, helper):
            assert (await person.ask("GET", "/operator")).status_code == 403
        await door.verbs.operators.demote("anna")
        assert (await anna.ask("GET", "/operator")).status_code == 403

    visit(tmp_path, story)


def test_nobody_and_no_bot_is_made_an_operator(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await door.bot(anna, "helper")
        for name in ("nobody", "helper", ""):
            with pytest.raises(Unknown):
                await door.verbs.operators.promote(name)

    visit(tmp_path, story)


def test_who_takes_the_name_of_an_operator_is_none(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await door.verbs.operators.promote("anna")
        await anna.do("PATCH", "/users/@me", {"username": "hannah", "password": PASSWORD})
        other = await door.register("anna")
        assert (await other.ask("GET", "/operator")).status_code == 403
        assert (await anna.ask("GET", "/operator")).status_code == 200

    visit(tmp_path, story)


def test_an_account_that_was_deleted_runs_nothing(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await door.verbs.operators.promote("anna")
        await anna.do("POST", "/users/@me/delete", {"password": PASSWORD})
        await swept(door)
        assert not await door.store.read(lambda tx: operators.holds(tx, int(anna.id)))

    visit(tmp_path, story)


def test_a_proof_that_is_none_shows_nothing(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        for nonsense in ("", "1.2", f"{door.now_ms}.0"):
            with pytest.raises(Forbidden):
                await door.verbs.operators.show(nonsense)

    visit(tmp_path, story)
