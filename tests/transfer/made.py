"""Archives made by hand: one that is sound, and the many ways in which one can be otherwise."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from derailed.transfer import layout
from derailed.transfer.layout import Line, Page

GUILD, CHANNEL, OWNER, MESSAGE = (1_000_000_000_000_000_000 + number for number in range(4))
Part = tuple[str, bytes]


def body(message_id: int = MESSAGE, **more: object) -> bytes:
    """What is kept of a message."""
    shape = {
        "id": str(message_id),
        "type": 0,
        "channel_id": str(CHANNEL),
        "content": "hello",
        "timestamp": "2026-01-01T00:00:00.000000+00:00",
        "mention_everyone": False,
        "mention_roles": [],
        "embeds": [],
        "flags": 0,
    }
    return msgspec.json.encode(shape | more)


def message(message_id: int = MESSAGE, **more: object) -> layout.MessageLine:
    """A message of the owner's."""
    line = layout.MessageLine(channel_id=CHANNEL, id=message_id, author_id=OWNER, body=msgspec.Raw(body(message_id)))
    return msgspec.structs.replace(line, **more)


SHAPE: list[Line] = [
    layout.UserLine(id=OWNER, username="anna"),
    layout.GuildLine(id=GUILD, name="Harbour", owner_id=OWNER),
    layout.RoleLine(id=GUILD, name="@everyone", permissions=0, position=0),
    layout.ChannelLine(id=CHANNEL, type=0, name="general"),
]
MEMBERS: list[Line] = [layout.MemberLine(user_id=OWNER, joined_at=1)]
MANIFEST = layout.Manifest(format=layout.FORMAT, version=layout.VERSION, guild_id=GUILD, made_at=1, made_by="a test")


@dataclass
class Made:
    """What becomes a file: change what it is made of, or the parts that were made of it."""

    pages: list[tuple[str, list[bytes]]] = field(default_factory=list)
    manifest: bytes = layout.encode(MANIFEST)
    change: Callable[[list[Part]], Sequence[Part]] = list

    def page(self, section: str, *lines: Line | bytes) -> Made:
        """Add a page."""
        text = [line if isinstance(line, bytes) else layout.encode(line) for line in lines]
        self.pages.append((section, text))
        return self

    def bytes(self) -> bytes:
        """The file."""
        parts: list[Part] = [("derailed-guild.json", self.manifest)]
        names = hashlib.sha256()
        for number, (section, lines) in enumerate(self.pages, 1):
            head = layout.encode(Page(section=section))
            packed = gzip.compress(b"\n".join([head, *lines, b""]), mtime=0)
            name = page_name(number, packed)
            names.update(f"{name}\n".encode())
            parts.append((name, packed))
        end = layout.encode(layout.End(pages=len(self.pages), sha256=names.hexdigest()))
        return tar(self.change([*parts, ("end.json", end)]))


def sound() -> Made:
    """One that is what it should be."""
    return Made().page("shape", *SHAPE).page("members", *MEMBERS).page("messages", message())


def page_name(number: int, packed: bytes) -> str:
    """The name under which a page stands."""
    return f"pages/{number:08d}-{hashlib.sha256(packed).hexdigest()}.jsonl.gz"


def tar(parts: Sequence[Part]) -> bytes:
    """A tar of these."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for name, content in parts:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return file.getvalue()
