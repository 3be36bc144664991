"""Each archive that is not what it should be is refused by name, before anything of it is in the database."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
from collections.abc import Callable, Sequence

import msgspec
import pytest

from derailed.transfer import BadArchive, layout
from derailed.transfer.archive import Reader
from derailed.transfer.checking import check
from tests.transfer import made
from tests.transfer.made import CHANNEL, GUILD, MANIFEST, MEMBERS, MESSAGE, OWNER, SHAPE, Made, Part, message, sound

NOW = 1_900_000_000_000


class Nobody:
    """Who does not watch."""

    def begin(self, step: str, rows: int, unit: str = "rows") -> None:
        """Nothing."""

    def advance(self, rows: int) -> None:
        """Nothing."""


def read(archive: bytes, now_ms: int = NOW) -> int:
    """Check it; how many pages it has."""
    with check(Reader(io.BytesIO(archive)), now_ms, Nobody()) as checked:
        return checked.pages


def talk(*lines: layout.Line | bytes) -> Made:
    """A guild in which that was said."""
    return Made().page("shape", *SHAPE).page("members", *MEMBERS).page("messages", *lines)


def shaped(*lines: layout.Line) -> Made:
    """A guild that also has that."""
    return Made().page("shape", *SHAPE, *lines).page("members", *MEMBERS)


def changed(change: Callable[[list[Part]], Sequence[Part]]) -> Made:
    """A sound one with other parts."""
    archive = sound()
    archive.change = change
    return archive


def named(name: str) -> Made:
    """With one more file of that name."""
    return changed(lambda parts: [*parts[:2], (name, b"content"), *parts[2:]])


def page_of(content: bytes) -> Made:
    """With a first page that is made of that."""
    return changed(lambda parts: [parts[0], (made.page_name(1, content), content), *parts[2:]])


def manifest(**more: object) -> Made:
    """With another first file."""
    archive = sound()
    archive.manifest = layout.encode(msgspec.structs.replace(MANIFEST, **more))
    return archive


def raw(**fields: object) -> bytes:
    """A line as it must not be."""
    return json.dumps(fields).encode()


BAD = {
    "path that leads out": (named("../../etc/passwd"), "has no place in it"),
    "absolute path": (named("/etc/passwd"), "has no place in it"),
    "name that is no checksum": (named("blobs/../../x"), "has no place in it"),
    "unknown file": (named("readme.txt"), "has no place in it"),
    "file that no page names": (named("blobs/" + "0" * 64), "a file before it is not named"),
    "page out of its order": (changed(lambda parts: [parts[0], *parts[2:]]), "page 1 is missing"),
    "page twice": (changed(lambda parts: [*parts[:2], *parts[1:]]), "page 2 is missing"),
    "page that is missing at the end": (changed(lambda parts: [*parts[:3], parts[-1]]), "the end of other pages"),
    "no end": (changed(lambda parts: parts[:-1]), "the export was not over"),
    "no pages": (changed(lambda parts: [parts[0], parts[-1]]), "the end of other pages"),
    "page that is damaged": (
        changed(lambda parts: [parts[0], (parts[1][0], b"\0" + parts[1][1][1:]), *parts[2:]]),
        "its checksum is another",
    ),
    "page that is no gzip": (page_of(b"plain"), "incorrect header check"),
    "page with something behind it": (page_of(gzip.compress(b'{"t":"page","section":"x"}\n') + b"x"), "one whole gzip"),
    "zip bomb": (page_of(gzip.compress(bytes(layout.PAGE_MAX + 1))), "unpacked it is more than"),
    "page larger than it may be packed": (page_of(bytes(layout.PAGE_MAX + 1)), "are too many"),
    "page without a head": (page_of(gzip.compress(b'{"t":"user","id":1,"username":"a"}\n')), "begin with what it is"),
    "huge line": (talk(b'{"t":"pin","x":"' + b"x" * layout.LINE_MAX + b'"}'), "is longer than"),
    "deep nesting": (talk(b"[" * 500_000), "page 3, line 2"),
    "no JSON": (talk(b"{]"), "malformed"),
    "not UTF-8": (talk(b'{"t":"user","id":1,"username":"\xff"}'), "page 3, line 2"),
    "unknown kind of line": (talk(raw(t="virus")), "Invalid value 'virus'"),
    "line without a kind": (talk(raw(id=1)), "missing required field `t`"),
    "unknown key": (talk(raw(t="user", id=1, username="a", password="x")), "unknown field `password`"),
    "wrong type": (talk(raw(t="user", id="1", username="a")), "Expected `int`, got `str`"),
    "id that is too large": (talk(raw(t="user", id=1 << 63, username="a")), "$.id"),
    "id that is negative": (talk(raw(t="user", id=-1, username="a")), "$.id"),
    "null character": (talk(b'{"t":"user","id":1,"username":"a\\u0000"}'), "null character"),
    "picture that is a path": (talk(raw(t="user", id=1, username="a", avatar="../x")), "$.avatar"),
    "key that is a path": (talk(raw(t="blob", key="avatars/../../x", size=1, sha256="0" * 64)), "$.key"),
    "key of something else's": (talk(raw(t="blob", key="harvests/1", size=1, sha256="0" * 64)), "$.key"),
    "file that is not there": (talk(raw(t="blob", key="avatars/0", size=1, sha256="0" * 64)), "is missing"),
    "body that is no message": (talk(message(body=msgspec.Raw(b'{"id":1}'))), "page 3"),
    "body of another message": (talk(message(body=msgspec.Raw(made.body(5)))), "calls itself otherwise"),
    "message of no time": (talk(message(body=msgspec.Raw(made.body(timestamp="soon")))), "said at no time: 'soon'"),
    "attachment that is a path": (
        talk(message(body=msgspec.Raw(made.body(attachments=[{"id": "../1"}])))),
        "page 3",
    ),
    "webhook that is nobody": (talk(message(webhook_author=msgspec.Raw(b'"x"'))), "Expected `object`"),
    "message of a channel that is not there": (talk(message(channel_id=7)), "channel 7 is not there"),
    "message of nobody": (talk(message(author_id=7)), "account 7 was not described"),
    "message that mentions nobody": (talk(message(mentions=[7])), "account 7 was not described"),
    "messages out of order": (talk(message(), message(MESSAGE)), "is not in its order"),
    "message with the id of a channel": (talk(message(CHANNEL)), "an id is there twice"),
    "reaction to another guild's message": (
        talk(message(), layout.ReactionLine(channel_id=CHANNEL, message_id=7, emoji="x", user_id=OWNER, created_at=1)),
        "the message 7 is not there",
    ),
    "pin of another guild's message": (
        talk(layout.PinLine(channel_id=CHANNEL, message_id=7, pinned_at=1)),
        "it is not about channel",
    ),
    "member with a role that is not there": (
        Made().page("shape", *SHAPE).page("members", layout.MemberLine(user_id=OWNER, joined_at=1, roles=[7])),
        "holds a role that is not there",
    ),
    "owner who is no member": (Made().page("shape", *SHAPE), "owner is none of its members"),
    "lines before the shape": (Made().page("members", *MEMBERS), "has no place there"),
    "shape in another section": (Made().page("members", *SHAPE), "has no place there"),
    "two guilds": (shaped(layout.GuildLine(id=7, name="x", owner_id=OWNER)), "to have one guild"),
    "another guild than the manifest says": (manifest(guild_id=7), "to have one guild"),
    "no everyone": (Made().page("shape", *SHAPE[:2], SHAPE[3]), "has no @everyone"),
    "channel twice": (shaped(SHAPE[3]), "an id is there twice"),
    "category that is not there": (
        shaped(layout.ChannelLine(id=CHANNEL + 50, type=0, name="x", parent_id=7)),
        "in a category that is not there",
    ),
    "invite into another guild": (
        shaped(layout.InviteLine(code="x", channel_id=7, inviter_id=OWNER, created_at=1)),
        "channel 7 is not there",
    ),
    "another format": (manifest(format="zip"), "it is 'zip'"),
    "a later version": (manifest(version=2), "it is of version 2"),
    "ids of the future": (talk(message((1 << 63) - 1, body=msgspec.Raw(made.body((1 << 63) - 1)))), "has not come"),
}


def test_one_that_is_sound_is_not_refused() -> None:
    assert read(sound().bytes()) == 3
    assert GUILD < CHANNEL


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_with_what_is_wrong(name: str) -> None:
    archive, reason = BAD[name]
    with pytest.raises(BadArchive) as refused:
        read(archive.bytes())
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.XHDTYPE])
def test_what_is_no_plain_file_is_refused(kind: bytes) -> None:
    info = tarfile.TarInfo("blobs/" + "0" * 64)
    info.type, info.linkname = kind, "/etc/passwd"
    first = made.tar([("derailed-guild.json", layout.encode(MANIFEST))])[: 2 * tarfile.BLOCKSIZE]
    with pytest.raises(BadArchive, match="is no plain file"):
        read(first + info.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))


def test_a_file_that_was_cut_anywhere_is_refused() -> None:
    whole = sound().bytes()
    end = whole.rindex(b"}") + 1
    for length in (*range(0, end, 97), end - 1):
        with pytest.raises(BadArchive):
            read(whole[:length])


def test_a_file_in_which_any_byte_is_another_is_refused_or_says_the_same() -> None:
    whole = sound().bytes()
    for at in range(whole.index(b"pages/"), whole.rindex(b"end.json"), 61):
        with contextlib.suppress(BadArchive):
            assert read(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]) == 3
