"""What people do with their accounts over REST, and what another of their clients, or somebody else's, sees of it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from urllib.parse import quote

import httpx
import pytest

from tests.journeys.people import PASSWORD, Account
from tests.journeys.place import Place, run
from tests.journeys.server import until

pytestmark = pytest.mark.slow


def test_ending_another_login_closes_its_socket_at_once_and_no_other(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as stranger:
            name = stranger.call("GET", "/users/@me")["username"]
            body = {"login": name, "password": PASSWORD}
            token = stranger.call("POST", "/auth/login", body)["token"]
            with Account(stranger.server, token) as second:
                async with place.socket() as one, place.socket() as two:
                    await one.identify(stranger)
                    await two.identify(second)
                    newest = stranger.call("GET", "/auth/sessions")["user_sessions"][0]
                    stranger.call("POST", "/auth/sessions/logout", {"session_id_hashes": [newest["id_hash"]]})
                    began = time.monotonic()
                    assert await two.closed() == 4004
                    assert time.monotonic() - began < 1
                    stranger.call("PUT", f"/users/@me/notes/{place.anna.id}", {"note": "here"})
                    assert (await one.until("USER_NOTE_UPDATE")) == {"id": str(place.anna.id), "note": "here"}

    run(journey())


def test_ones_other_client_hears_of_a_profile_and_everyone_of_a_picture(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as stranger:
            place.guild.admit(stranger)
            async with place.socket() as own, place.socket() as other:
                await own.identify(stranger)
                await other.identify(place.anna)
                stranger.call("PATCH", "/users/@me/profile", {"bio": "signals"})
                assert (await own.until("USER_PROFILE_UPDATE"))["bio"] == "signals"
                stranger.call("PATCH", "/users/@me", {"banner": PICTURE})
                changed = await other.until("GUILD_MEMBER_UPDATE", lambda d: d["user"]["id"] == str(stranger.id))
                assert changed["user"]["banner"]

    run(journey())


PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def test_the_end_of_an_account_is_seen_by_its_guild_and_closes_its_sockets(place: Place) -> None:
    async def journey() -> None:
        with place.stranger() as stranger:
            place.guild.admit(stranger)
            said = stranger.send(place.guild.general, "an unmistakable sentence")
            async with place.socket() as own, place.socket() as other:
                await own.identify(stranger)
                await other.identify(place.anna)
                stranger.call("POST", "/users/@me/delete", {"password": PASSWORD})
                began = time.monotonic()
                assert await own.closed() == 4004
                assert time.monotonic() - began < 1
                gone = await other.until("GUILD_MEMBER_REMOVE", lambda d: d["user"]["id"] == str(stranger.id))
                assert gone["user"]["global_name"] == "Deleted User"
            path = f"/guilds/{place.guild.id}/messages/search?content={quote('unmistakable')}"
            answer = place.anna.call("GET", path)
            ((message,),) = answer["messages"]
            assert (int(message["id"]), message["author"]["global_name"]) == (said, "Deleted User")

    run(journey())


def test_what_is_said_is_found_from_the_moment_it_is_answered(place: Place) -> None:
    for number in range(3):
        said = place.anna.send(place.guild.general, f"needle{number} in the hay")
        found = place.anna.call("GET", f"/channels/{place.guild.general}/messages/search?content=needle{number}")
        assert [int(message["id"]) for (message,) in found["messages"]] == [said]
        place.anna.call("PATCH", f"/channels/{place.guild.general}/messages/{said}", {"content": f"pin{number}"})
        found = place.anna.call("GET", f"/channels/{place.guild.general}/messages/search?content=needle{number}")
        assert found["total_results"] == 0


def test_all_that_is_ones_own_is_put_together_and_fetched(place: Place) -> None:
    with place.stranger() as stranger:
        place.guild.admit(stranger)
        stranger.send(place.guild.general, "mine to keep")
        direct = stranger.call("POST", "/users/@me/channels", {"recipient_id": str(place.anna.id)})["id"]
        stranger.send(int(direct), "between us")
        stranger.call("PUT", f"/users/@me/notes/{place.anna.id}", {"note": "owes me"})
        stranger.call("POST", "/users/@me/harvest")
        until(lambda: stranger.call("GET", "/users/@me/harvest")["state"] == 2, "the archive is there", 60)
        headers = {"Authorization": stranger.token}
        url = stranger.call("GET", "/users/@me/harvest")["url"]
        answer = httpx.get(url, headers=headers, timeout=30).raise_for_status()
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            held = {name: json.loads(archive.read(name)) for name in archive.namelist()}
        assert held["account.json"]["id"] == str(stranger.id)
        assert [int(each["id"]) for each in held["guilds.json"]] == [place.guild.id]
        assert held["notes.json"] == {str(place.anna.id): "owes me"}
        said = {each["content"] for name in held if name.startswith("messages/") for each in held[name]}
        assert said <= {"between us", "mine to keep"}, "what was said in the seconds before may be missing"
        assert httpx.get(url, headers={"Authorization": place.anna.token}, timeout=30).status_code == 404
