"""What a message carries beside its content: embeds, and files that came with it.

Files are put before the message's transaction and kept in it (`files`). Their addresses are signed, and the message's
body has them: whoever may read the message may fetch them, and nobody can guess one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import quote

from msgspec import UNSET, UnsetType

from derailed.actions import files, images
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.model.errors import FieldError, Invalid
from derailed.model.message import attachment_key
from derailed.store import Connection
from derailed.wire import filenames, limits
from derailed.wire.embeds import Embed, rebuilt
from derailed.wire.messages import AttachmentShape, SentAttachment


class Upload(NamedTuple):
    """One file of a request: which `files[n]` it was, what it was called, and what is in it."""

    number: int
    filename: str
    size: int
    content: BinaryIO


class Uploads(NamedTuple):
    """The files of a request, and the address under which whoever sent it knows this server."""

    files: Sequence[Upload] = ()
    origin: str = ""


class Enclosed(NamedTuple):
    """What a message carries. The files were put, by the number they came under; `keep` says that it refers to them."""

    embeds: list[Embed]
    files: Mapping[int, AttachmentShape] = {}
    keys: Sequence[str] = ()


NO_FILES: Final = Uploads()


async def enclose(
    context: Context,
    channel_id: int,
    embeds: list[Embed] | UnsetType | None,
    listed: Sequence[SentAttachment] | UnsetType | None,
    uploads: Uploads,
) -> Enclosed:
    """Check the embeds, put the files. Raises Invalid."""
    checked = rebuilt(embeds) if embeds else []
    if not uploads.files:
        return Enclosed(checked)
    told = {int(each.id): each for each in listed or ()}
    _check(uploads.files, told)
    shapes, contents = {}, {}
    for upload in uploads.files:
        shape = await _shape(context, channel_id, upload, told.get(upload.number), uploads.origin)
        shapes[upload.number] = shape
        contents[attachment_key(channel_id, int(shape.id))] = upload.content
    await files.put(context, contents)
    return Enclosed(checked, shapes, list(contents))


async def keep(tx: Connection, channel_id: int, enclosed: Enclosed, now_ms: int) -> None:
    """The message refers to its files now. Raises Unavailable when it came into another channel than they did."""
    for each in enclosed.files.values():
        await files.spare(tx, attachment_key(channel_id, int(each.id)), now_ms)


def arranged(
    before: Sequence[AttachmentShape], listed: Sequence[SentAttachment] | UnsetType | None, enclosed: Enclosed
) -> list[AttachmentShape]:
    """The files that a message has from now on: as they are listed, or all that it had, and then what came unlisted.

    Raises Invalid for one that there is not, and for too many.
    """
    if not (before or listed or enclosed.files):
        return []
    had = {int(each.id): each for each in before}
    wanted = list(had) if listed is UNSET else [int(each.id) for each in listed or ()]
    known = {**had, **enclosed.files}
    for position, each in enumerate(wanted):
        if each not in known:
            where = ("attachments", str(position), "id")
            raise Invalid("invalid_form", FieldError(where, "ATTACHMENT_NOT_FOUND", "There is no such attachment."))
    after = [known[each] for each in dict.fromkeys([*wanted, *enclosed.files])]
    if len(after) > limits.ATTACHMENTS:
        raise Invalid("too_many_attachments")
    return after


def address(secret: bytes, origin: str, where: tuple[int, int], filename: str) -> str:
    """Where a file is fetched from; `where` is its channel and itself."""
    channel_id, attachment_id = where
    signed = signature(secret, channel_id, attachment_id, filename)
    return f"{origin}/attachments/{channel_id}/{attachment_id}/{quote(filename, safe='')}?hm={signed}"


def signature(secret: bytes, channel_id: int, attachment_id: int, filename: str) -> str:
    """What proves that an address was given out by us."""
    path = f"attachments/{channel_id}/{attachment_id}/{filename}"
    return hmac.new(secret, path.encode(), hashlib.sha256).hexdigest()


async def _shape(
    context: Context, channel_id: int, upload: Upload, told: SentAttachment | None, origin: str
) -> AttachmentShape:
    attachment_id = context.new_id()
    name = filenames.cleaned(told.filename) if told is not None and told.filename else upload.filename
    url = address(context.secret, origin, (channel_id, attachment_id), name)
    size = await asyncio.to_thread(_measured, upload.content)
    return AttachmentShape(
        id=str(attachment_id),
        filename=name,
        size=upload.size,
        url=url,
        proxy_url=url,
        content_type=filenames.content_type(name),
        description=UNSET if told is None or not told.description else told.description,
        width=UNSET if size is None else size[0],
        height=UNSET if size is None else size[1],
    )


def _measured(content: BinaryIO) -> tuple[int, int] | None:
    content.seek(0)
    head = content.read(limits.IMAGE_HEAD)
    content.seek(0)
    return images.size(head)


def _check(uploads: Sequence[Upload], told: dict[int, SentAttachment]) -> None:
    if len(uploads) > limits.ATTACHMENTS:
        raise Invalid("too_many_attachments")
    form = Form()
    for position, upload in enumerate(uploads):
        entry = told.get(upload.number)
        name = upload.filename if entry is None else entry.filename or upload.filename
        form.at("attachments", str(position)).text("filename", filenames.cleaned(name), 1, limits.FILE_NAME)
    form.finish()
