"""A guild as it might be after a while: with roles, categories, pictures, friends, and things said."""

from __future__ import annotations

import json
from dataclasses import dataclass

import httpx

from tests.api.pictures import data_uri
from tests.journeys.deployment import Deployment
from tests.journeys.people import Account, register
from tests.journeys.test_app_talk import picture

PEOPLE = {
    "ann": "Ann Signal",
    "ben": "Ben Carter",
    "cleo": "Cleo Marsh",
    "dora": "Dora Lindqvist",
    "emil": "Emil Okafor",
}
CODE = """```python
def departures(now: int) -> list[Train]:
    return [train for train in timetable if train.leaves > now]
```"""
SAID = (
    ("ann", "Good morning. The **7:42** leaves from platform nine today, not from seven."),
    ("ann", "Whoever changes at the junction has six minutes."),
    ("ben", "Thank you. Is the buffet open?"),
    ("cleo", f"From eight on. I wrote the board anew, it is two lines now:\n{CODE}"),
    ("dora", "> two lines\nThat is shorter than the queue at the buffet."),
    ("ben", "The clock is never late. ||It is the trains.||"),
)


@dataclass(frozen=True)
class Station:
    """Where things are, and whose token is whose."""

    tokens: dict[str, str]
    guild: int
    general: int
    direct: int
    group: int


def build(server: Deployment) -> Station:
    """Make it all, through the API."""
    accounts = {name: register(server, name) for name in PEOPLE}
    ann, ben = accounts["ann"], accounts["ben"]
    for name, account in accounts.items():
        account.call("PATCH", "/users/@me", {"global_name": PEOPLE[name]})
    guild = int(ann.call("POST", "/guilds", {"name": "Platform nine"})["id"])
    general = int(ann.call("GET", f"/guilds/{guild}/channels")[0]["id"])
    code = ann.call("POST", f"/channels/{general}/invites", {})["code"]
    for account in list(accounts.values())[1:]:
        account.call("POST", f"/invites/{code}")
    _furnish(ann, guild, general, accounts)
    _talk(server, general, accounts)
    direct, group = _befriend(accounts)
    station = Station({name: each.token for name, each in accounts.items()}, guild, general, direct, group)
    ben.send(station.direct, "Shall we walk over to the signal box at noon?")
    for account in accounts.values():
        account.close()
    return station


def _furnish(ann: Account, guild: int, general: int, accounts: dict[str, Account]) -> None:
    ann.call("PATCH", f"/channels/{general}", {"topic": "What leaves when, and from where"})
    for category, names in {"Hall": ("timetable", "lost-and-found"), "Workshop": ("signals", "engines")}.items():
        parent = ann.call("POST", f"/guilds/{guild}/channels", {"name": category, "type": 4})["id"]
        for name in names:
            ann.call("POST", f"/guilds/{guild}/channels", {"name": name, "parent_id": parent})
    for name, color, members in (("Signal box", 0x206694, ("ann", "cleo")), ("Drivers", 0x1F8B4C, ("ben",))):
        role = ann.call("POST", f"/guilds/{guild}/roles", {"name": name, "color": color, "hoist": True})["id"]
        for member in members:
            ann.call("PUT", f"/guilds/{guild}/members/{accounts[member].id}/roles/{role}")
    ann.call("POST", f"/guilds/{guild}/emojis", {"name": "lamp", "image": data_uri(picture(32, 32)), "roles": []})
    ann.call("POST", f"/channels/{general}/webhooks", {"name": "Board"})
    with register(accounts["ann"].server, "stowaway") as stowaway:
        code = ann.call("POST", f"/channels/{general}/invites", {"unique": True})["code"]
        stowaway.call("POST", f"/invites/{code}")
        ann.call("PUT", f"/guilds/{guild}/bans/{stowaway.id}", {})


def _talk(server: Deployment, general: int, accounts: dict[str, Account]) -> None:
    said = [accounts[name].send(general, content) for name, content in SAID]
    reply = {"content": "On my way.", "message_reference": {"message_id": str(said[0])}}
    accounts["emil"].call("POST", f"/channels/{general}/messages", reply)
    for name, emoji in (("ben", "☀️"), ("cleo", "☀️"), ("ann", "☕"), ("dora", "☀️")):
        accounts[name].call("PUT", f"/channels/{general}/messages/{said[2]}/reactions/{emoji}/@me")
    accounts["ann"].call("PUT", f"/channels/{general}/messages/pins/{said[0]}")
    form = {"payload_json": json.dumps({"content": "The new lamps, in blue"})}
    url = f"{server.api}/channels/{general}/messages"
    files = {"files[0]": ("lamps.png", picture(280, 56), "image/png")}
    headers = {"Authorization": accounts["cleo"].token}
    httpx.post(url, data=form, files=files, headers=headers, timeout=30).raise_for_status()


def _befriend(accounts: dict[str, Account]) -> tuple[int, int]:
    """A conversation and a group of Ann's with her friends."""
    ann = accounts["ann"]
    for name in ("ben", "cleo", "dora"):
        ann.call("PUT", f"/users/@me/relationships/{accounts[name].id}", {})
        if name != "dora":
            accounts[name].call("PUT", f"/users/@me/relationships/{ann.id}", {})
    direct = ann.call("POST", "/users/@me/channels", {"recipient_id": str(accounts["ben"].id)})["id"]
    recipients = [str(accounts[name].id) for name in ("ben", "cleo")]
    group = ann.call("POST", "/users/@me/channels", {"recipients": recipients})["id"]
    ann.call("PATCH", f"/channels/{group}", {"name": "Night train"})
    accounts["cleo"].send(int(group), "Who comes along?")
    return int(direct), int(group)
