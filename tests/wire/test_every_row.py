"""Every route that a bot for a text community may call is there, whatever it then says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.door import Door, visit

ROWS = """
GET /gateway
GET /gateway/bot

GET /channels/{c}/messages
GET /channels/{c}/messages/{m}
POST /channels/{c}/messages
PATCH /channels/{c}/messages/{m}
DELETE /channels/{c}/messages/{m}
POST /channels/{c}/messages/bulk-delete
POST /channels/{c}/typing
GET /channels/{c}/messages/pins
PUT /channels/{c}/messages/pins/{m}
DELETE /channels/{c}/messages/pins/{m}
GET /channels/{c}/pins
PUT /channels/{c}/pins/{m}
DELETE /channels/{c}/pins/{m}
POST /channels/{c}/messages/{m}/crosspost

PUT /channels/{c}/messages/{m}/reactions/{emoji}/@me
DELETE /channels/{c}/messages/{m}/reactions/{emoji}/@me
DELETE /channels/{c}/messages/{m}/reactions/{emoji}/{u}
GET /channels/{c}/messages/{m}/reactions/{emoji}
DELETE /channels/{c}/messages/{m}/reactions/{emoji}
DELETE /channels/{c}/messages/{m}/reactions

GET /channels/{c}
PATCH /channels/{c}
DELETE /channels/{c}
PUT /channels/{c}/permissions/{u}
DELETE /channels/{c}/permissions/{u}
GET /guilds/{g}/channels
POST /guilds/{g}/channels
PATCH /guilds/{g}/channels
GET /channels/{c}/invites
POST /channels/{c}/invites
GET /guilds/{g}/threads/active
PUT /channels/{c}/recipients/{u}
DELETE /channels/{c}/recipients/{u}

POST /guilds
GET /guilds/{g}
PATCH /guilds/{g}
DELETE /guilds/{g}
GET /guilds/{g}/preview
GET /guilds/{g}/widget
GET /guilds/{g}/vanity-url
GET /guilds/{g}/integrations
GET /guilds/{g}/templates
GET /guilds/{g}/scheduled-events
GET /guilds/{g}/stickers
GET /guilds/{g}/auto-moderation/rules
GET /guilds/{g}/members
GET /guilds/{g}/members/search?query=a
GET /guilds/{g}/members/{u}
PATCH /guilds/{g}/members/{u}
PATCH /guilds/{g}/members/@me
PATCH /guilds/{g}/members/@me/nick
DELETE /guilds/{g}/members/{u}
PUT /guilds/{g}/members/{u}/roles/{r}
DELETE /guilds/{g}/members/{u}/roles/{r}
GET /guilds/{g}/bans
GET /guilds/{g}/bans/{u}
PUT /guilds/{g}/bans/{u}
DELETE /guilds/{g}/bans/{u}
POST /guilds/{g}/bulk-ban
GET /guilds/{g}/roles
GET /guilds/{g}/roles/{r}
GET /guilds/{g}/roles/member-counts
POST /guilds/{g}/roles
PATCH /guilds/{g}/roles/{r}
PATCH /guilds/{g}/roles
DELETE /guilds/{g}/roles/{r}
GET /guilds/{g}/emojis
POST /guilds/{g}/emojis
GET /guilds/{g}/emojis/{e}
PATCH /guilds/{g}/emojis/{e}
DELETE /guilds/{g}/emojis/{e}
GET /guilds/{g}/audit-logs
GET /guilds/{g}/prune
POST /guilds/{g}/prune

GET /users/@me
GET /users/{u}
PATCH /users/@me
GET /users/@me/guilds
DELETE /users/@me/guilds/{g}
POST /users/@me/channels
GET /invites/{code}
DELETE /invites/{code}
GET /guilds/{g}/invites
GET /channels/{c}/webhooks
POST /channels/{c}/webhooks
GET /guilds/{g}/webhooks
GET /webhooks/{w}
PATCH /webhooks/{w}
DELETE /webhooks/{w}
GET /webhooks/{w}/{token}
PATCH /webhooks/{w}/{token}
DELETE /webhooks/{w}/{token}
POST /webhooks/{w}/{token}
GET /webhooks/{w}/{token}/messages/{m}
PATCH /webhooks/{w}/{token}/messages/{m}
DELETE /webhooks/{w}/{token}/messages/{m}
GET /applications/{a}/commands
PUT /applications/{a}/commands
GET /applications/{a}/guilds/{g}/commands
PUT /applications/{a}/guilds/{g}/commands
GET /applications/@me
GET /oauth2/applications/@me
GET /voice/regions
GET /sticker-packs
GET /applications/{a}/emojis
"""
NAMED = {"emoji": "%F0%9F%9A%82", "code": "abcdefgh", "token": "secret"}


def test_every_row_has_a_route(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        strange = dict.fromkeys("acegmruw", anna.id)
        wrong = []
        for row in ROWS.split("\n"):
            if row:
                method, path = row.format(**strange, **NAMED).split(" ")
                answer = await anna.ask(method, path, None if method in ("GET", "DELETE") else {})
                said = answer.json() if answer.content else {}
                if answer.status_code in (405, 500) or (answer.status_code == 404 and said["code"] == 0):
                    wrong.append((row, answer.status_code))
        assert wrong == []

    visit(tmp_path, story)


@pytest.mark.parametrize(("version", "slash"), [("/v10", ""), ("/v9", ""), ("", ""), ("/v10", "/")])
def test_routes_answer_under_each_version(tmp_path: Path, version: str, slash: str) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        answer = await anna.ask("GET", f"/api{version}/users/@me{slash}")
        assert answer.json()["id"] == anna.id

    visit(tmp_path, story)
