"""Embeds: the cards that a message may carry.

They are rebuilt from the keys named here, never echoed, so nothing reaches a client that we do not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from derailed.model.errors import FieldError, Invalid
from derailed.wire import filenames

MAX_EMBEDS: Final = 10
MAX_TEXT: Final = 6000  # over all embeds of one message, so that ten full ones do not make a megabyte of history
MAX_URL: Final = 2048

RICH: Final = "rich"

Url = Annotated[str, Meta(max_length=MAX_URL)]
_FILE_SCHEME = "attachment://"
_IMAGE_SCHEMES = ("http://", "https://", _FILE_SCHEME)
_LINK_SCHEMES = ("http://", "https://")


class EmbedFooter(Struct, omit_defaults=True):
    """The line under an embed."""

    text: Annotated[str, Meta(max_length=2048)] | None = None
    icon_url: Url | None = None


class EmbedImage(Struct, omit_defaults=True):
    """A picture: the large one, or the thumbnail."""

    url: Url | None = None


class EmbedAuthor(Struct, omit_defaults=True):
    """The line above an embed."""

    name: Annotated[str, Meta(max_length=256)] | None = None
    url: Url | None = None
    icon_url: Url | None = None


class EmbedProvider(Struct, omit_defaults=True):
    """Whose page a link leads to."""

    name: str | None = None


class EmbedField(Struct):
    """A heading and its text."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    value: Annotated[str, Meta(min_length=1, max_length=1024)]
    inline: bool = False


class Embed(Struct, omit_defaults=True):
    """One card. `type` is "rich" for those that are sent; of links we make "link", "article" and "image" ourselves."""

    type: str | None = None
    title: Annotated[str, Meta(max_length=256)] | None = None
    description: Annotated[str, Meta(max_length=4096)] | None = None
    url: Url | None = None
    timestamp: Annotated[str, Meta(max_length=64)] | None = None
    color: Annotated[int, Meta(ge=0, le=0xFFFFFF)] | None = None
    footer: EmbedFooter | None = None
    image: EmbedImage | None = None
    thumbnail: EmbedImage | None = None
    author: EmbedAuthor | None = None
    fields: Annotated[list[EmbedField], Meta(max_length=25)] | None = None
    provider: EmbedProvider | None = None
    """Of links alone; what somebody sends of it is left out."""


def rebuilt(embeds: Sequence[Embed]) -> list[Embed]:
    """The embeds as they are kept: empty ones left out, times with an offset. Raises Invalid naming the key."""
    for embed in embeds:
        embed.provider = None
    kept = [embed for embed in embeds if embed != Embed(type=embed.type)]
    for index, embed in enumerate(kept):
        where = ("embeds", str(index))
        _check_urls(embed, where)
        embed.type = RICH
        if embed.timestamp is not None:
            embed.timestamp = _timestamp(embed.timestamp, where)
    if sum(_text_length(embed) for embed in kept) > MAX_TEXT:
        raise Invalid(
            "invalid_form",
            FieldError(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_TEXT}"),
        )
    return kept


def show_files(embeds: Sequence[Embed], urls: Mapping[str, str]) -> None:
    """Let those that name a file of their message, as `attachment://name`, show it. Other names stay what they are."""
    for embed in embeds:
        for picture in (embed.image, embed.thumbnail):
            if picture is not None:
                picture.url = _url_of_file(picture.url, urls)
        for icon in (embed.author, embed.footer):
            if icon is not None:
                icon.icon_url = _url_of_file(icon.icon_url, urls)


def _url_of_file(url: str | None, urls: Mapping[str, str]) -> str | None:
    if url is None or not url.startswith(_FILE_SCHEME):
        return url
    return urls.get(filenames.of_part(url.removeprefix(_FILE_SCHEME)), url)


def _timestamp(text: str, where: tuple[str, ...]) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "invalid_form",
            FieldError((*where, "timestamp"), "DATE_TIME_TYPE_PARSE", f"Could not parse {text}. Should be ISO8601."),
        ) from None
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return aware.isoformat(timespec="milliseconds")


def _text_length(embed: Embed) -> int:
    texts: list[str | None] = [embed.title, embed.description]
    if embed.footer is not None:
        texts.append(embed.footer.text)
    if embed.author is not None:
        texts.append(embed.author.name)
    for field in embed.fields or ():
        texts += (field.name, field.value)
    return sum(len(text) for text in texts if text is not None)


def _check_urls(embed: Embed, where: tuple[str, ...]) -> None:
    for path, url, schemes in _urls(embed):
        if url is not None and not url.lower().startswith(schemes):
            raise Invalid(
                "invalid_form",
                FieldError((*where, *path), "URL_TYPE_INVALID_SCHEME", f"Scheme must be one of {', '.join(schemes)}."),
            )


def _urls(embed: Embed) -> Iterator[tuple[tuple[str, ...], str | None, tuple[str, ...]]]:
    """Each place that clients follow or load an address from, and the schemes that are safe there."""
    yield ("url",), embed.url, _LINK_SCHEMES
    if embed.author is not None:
        yield ("author", "url"), embed.author.url, _LINK_SCHEMES
        yield ("author", "icon_url"), embed.author.icon_url, _IMAGE_SCHEMES
    if embed.footer is not None:
        yield ("footer", "icon_url"), embed.footer.icon_url, _IMAGE_SCHEMES
    if embed.image is not None:
        yield ("image", "url"), embed.image.url, _IMAGE_SCHEMES
    if embed.thumbnail is not None:
        yield ("thumbnail", "url"), embed.thumbnail.url, _IMAGE_SCHEMES
