"""Images that come in JSON: avatars, icons, banners, splashes, emojis.

icon = await images.taken(context, "icon", body.icon, images.ICON)    # checked and put; may be null, or left out
async with images.held(context, icon):
    ...                                                               # and in the transaction:
    name = await images.replace(context, tx, images.ICON, guild.icon, icon)
"""

from __future__ import annotations

import io
import re
import secrets
from contextlib import AbstractAsyncContextManager
from typing import Final, NamedTuple

import imagesize  # type: ignore[import-untyped]
from msgspec import UnsetType

from derailed.actions import files
from derailed.actions.context import Context
from derailed.actions.forms import refuse
from derailed.blobs import Blob
from derailed.store import Connection
from derailed.wire import images, limits

_NAME: Final = re.compile(r"(?:a_)?[0-9a-f]{1,32}")


class Kind(NamedTuple):
    """Where images of one kind are kept, and how large one may be."""

    folder: str
    largest: int


AVATAR: Final = Kind("avatars", limits.IMAGE)
BANNER: Final = Kind("banners", limits.IMAGE)
ICON: Final = Kind("icons", limits.IMAGE)
SPLASH: Final = Kind("splashes", limits.IMAGE)
APP_ICON: Final = Kind("app-icons", limits.IMAGE)
CHANNEL_ICON: Final = Kind("channel-icons", limits.IMAGE)
ROLE_ICON: Final = Kind("role-icons", limits.SMALL_IMAGE)
EMOJI: Final = Kind("emojis", limits.SMALL_IMAGE)


class Image(NamedTuple):
    """One that was put. `name` is what is kept and shown of it: Discord's image hash."""

    key: str
    name: str
    animated: bool


async def take(context: Context, field: str, data_uri: str, kind: Kind, name: str = "") -> Image:
    """Check the image and put it; the transaction has to `keep` it. `name` is given where that is not of its own.

    The name is drawn, not made from the content, so that a key is never used twice. Raises Invalid, naming the field.
    """
    content = images.decoded(data_uri)
    if content is None or not _is_image(content):
        raise refuse(field, "IMAGE_INVALID", "A PNG, JPEG, GIF or WebP image is needed, as a data URI in base64.")
    if len(content) > kind.largest:
        raise refuse(field, "BINARY_TYPE_MAX_SIZE", f"File cannot be larger than {kind.largest / 1024} kb.")
    animated = images.animated(content)
    name = name or ("a_" if animated else "") + secrets.token_hex(16)
    image = Image(f"{kind.folder}/{name}", name, animated)
    await files.put(context, {image.key: io.BytesIO(content)})
    return image


async def taken(context: Context, field: str, data_uri: str | UnsetType | None, kind: Kind) -> Image | UnsetType | None:
    """The same for what may be null, or left out: that stays what it is."""
    return await take(context, field, data_uri, kind) if isinstance(data_uri, str) else data_uri


def held(context: Context, *offered: Image | UnsetType | None) -> AbstractAsyncContextManager[None]:
    """While the transaction runs that keeps these: when it refuses, they go at once."""
    return files.held(context, [image.key for image in offered if isinstance(image, Image)])


async def keep(context: Context, tx: Connection, image: Image | UnsetType | None) -> None:
    """Something refers to it now."""
    if isinstance(image, Image):
        await files.spare(tx, image.key, context.clock())


async def replace(
    context: Context, tx: Connection, kind: Kind, old: str | None, new: Image | UnsetType | None
) -> str | None:
    """Keep the new image in the place of the old; the name to write. Left out, the old one stays."""
    if isinstance(new, UnsetType):
        return old
    if old is not None:
        await retire(context, tx, kind, old)
    await keep(context, tx, new)
    return None if new is None else new.name


async def retire(context: Context, tx: Connection, kind: Kind, name: str) -> None:
    """Nothing shows it any more; for a day it can still be fetched."""
    await files.retire(context, tx, f"{kind.folder}/{name}")


async def find(context: Context, folder: str, name: str) -> Blob | None:
    """The image of that kind and name."""
    return await context.blobs.find(f"{folder}/{name}") if _NAME.fullmatch(name) else None


def _is_image(content: bytes) -> bool:
    """Whether it says so itself, and has a size."""
    return images.content_type(content) is not None and size(content) is not None


def size(head: bytes) -> tuple[int, int] | None:
    """Width and height of the image that begins so; None when that is not said there."""
    if images.content_type(head[: images.HEAD]) is None:
        return None  # the library knows other kinds, whose measuring costs more than reading a header
    width, height = imagesize.get(io.BytesIO(head[: limits.IMAGE_HEAD]))
    return (width, height) if width > 0 and height > 0 else None
