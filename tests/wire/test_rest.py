"""How shapes are made of values, bodies read, and errors named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.model.errors import FieldError
from derailed.model.guild import Channel, Guild, Invite, Member, Overwrite, Role
from derailed.model.user import User
from derailed.wire import error_codes, events, rest
from derailed.wire.requests import Authorize, EditMember, EditRole, decoder

REFUSALS = "Conflict|Forbidden|Invalid|Unauthenticated|TooMany|Unavailable|Refusal"
SOURCE = Path(error_codes.__file__).parents[1]
USER = User(id=1, username="anna")
OVERWRITE = Overwrite(10, 0, 1 << 60, 1024)
TEXT = Channel(id=20, guild_id=10, type=0, name="general", overwrites=(OVERWRITE,))
CATEGORY = Channel(id=21, guild_id=10, type=4, name="hall", overwrites=(OVERWRITE,))
EVERYONE = Role(id=10, name="@everyone", permissions=1 << 52, position=0)
MANAGED = Role(id=11, name="helper", permissions=8, position=1, managed=True, bot_id=2)
GUILD = Guild(
    id=10,
    rev=1,
    name="station",
    owner_id=1,
    roles={10: EVERYONE, 11: MANAGED},
    channels={20: TEXT, 21: CATEGORY},
)
MEMBER = Member(guild_id=10, user_id=1, joined_at=1_704_164_645_678, roles=(11,))
INVITE = Invite(code="abcdefgh", guild_id=10, channel_id=20, inviter_id=1, created_at=0, max_age_s=60)


def _samples() -> dict[str, Any]:
    member = rest.member(MEMBER, USER)
    channels = [rest.channel(TEXT, 30), rest.channel(CATEGORY)]
    return {
        "user": rest.user(USER),
        "guild": rest.guild(GUILD),
        "channel_text": channels[0],
        "channel_category": channels[1],
        "member": member,
        "role": rest.role(EVERYONE),
        "invite": rest.with_counts(rest.invite(INVITE, GUILD, USER, managed=True), 3, 1),
        "GUILD_CREATE": events.guild_create(GUILD, MEMBER, 1, [member], channels, large=False),
    }


SAMPLES = {name: msgspec.json.decode(msgspec.json.encode(sample)) for name, sample in _samples().items()}


def test_optional_keys_are_left_out() -> None:
    assert "bot" not in SAMPLES["user"]
    assert "tags" not in SAMPLES["role"]
    assert SAMPLES["guild"]["roles"][1]["tags"] == {"bot_id": "2"}
    assert "topic" not in SAMPLES["channel_category"]
    assert "unavailable" not in SAMPLES["GUILD_CREATE"]
    assert "user" not in msgspec.to_builtins(rest.member(MEMBER, None))
    assert "uses" not in msgspec.to_builtins(rest.invite(INVITE, GUILD, None, managed=False))


def test_ids_and_bits_are_strings_and_keep_every_bit() -> None:
    assert SAMPLES["channel_text"]["permission_overwrites"] == [
        {"id": "10", "type": 0, "allow": str(1 << 60), "deny": "1024"}
    ]
    assert SAMPLES["channel_text"]["last_message_id"] == "30"
    assert SAMPLES["role"]["permissions"] == str(1 << 52)


def test_timestamps_have_six_digits_and_an_offset() -> None:
    assert SAMPLES["member"]["joined_at"] == "2024-01-02T03:04:05.678000+00:00"
    assert rest.timestamp(0) == "1970-01-01T00:00:00.000000+00:00"
    assert SAMPLES["invite"]["expires_at"] == "1970-01-01T00:01:00.000000+00:00"
    assert rest.expires_at(msgspec.structs.replace(INVITE, max_age_s=0)) is None


@pytest.mark.parametrize(("text", "number"), [("17", 17), (b"17".decode(), 17), (17, 17), (0, 0), ((1 << 63) - 1,) * 2])
def test_ids_are_taken_as_numbers_or_strings(text: object, number: int) -> None:
    body = msgspec.json.encode({"guild_id": text})
    assert decoder(Authorize).decode(body).guild_id == number


@pytest.mark.parametrize("wrong", ["", "x", "-1", " 1", "1_0", "١", -1, 1.5, True, None, [], 1 << 63, "9" * 30])
def test_what_is_no_id_is_refused_with_its_place(wrong: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.roles\[1\]"):
        decoder(EditMember).decode(msgspec.json.encode({"roles": ["1", wrong]}))


def test_what_was_left_out_is_not_what_was_set_to_null() -> None:
    body = decoder(EditRole).decode(b'{"name": null, "unknown": {}}')
    assert (body.name, body.permissions) == (None, msgspec.UNSET)


def test_the_tree_of_a_form_error_has_its_leaves_where_the_fields_are() -> None:
    field = FieldError
    fields = (field(("a", "0", "b"), "X", "x"), field(("a", "0", "b"), "Y", "y"), field(("c",), "Z", "z"))
    assert error_codes.tree(fields) == {
        "a": {"0": {"b": {"_errors": [{"code": "X", "message": "x"}, {"code": "Y", "message": "y"}]}}},
        "c": {"_errors": [{"code": "Z", "message": "z"}]},
    }


def test_401_is_for_tokens_alone() -> None:
    reasons = {reason for reason, error in error_codes.ERROR_CODES.items() if error.status == 401}
    assert reasons == {"unauthorized", "invalid_token", "webhook_token"}


def test_the_table_of_reasons_has_each_that_is_given_and_no_other() -> None:
    given: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        text = path.read_text()
        given.update(f"unknown_{noun}" for noun in re.findall(r'Unknown\("(\w+)"', text))
        given.update(re.findall(rf'(?:{REFUSALS}|reason: str =)\(?\s*"(\w+)"', text))
    nouns = {f"unknown_{noun}" for noun in re.findall(r'"\w+": "(\w+)"', (SOURCE / "api" / "paths.py").read_text())}
    computed = {"unknown_user", "unknown_member", "unknown_route", *nouns}
    assert given | computed == set(error_codes.ERROR_CODES)
