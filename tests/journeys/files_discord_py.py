"""A program on unmodified discord.py that sends and edits files: `files_discord_py.py SERVER_URL TOKEN CHANNEL_ID`.

Tells `done` when everything went as it should, with what is there then.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys

import discord
from discord.http import Route

URL, TOKEN, CHANNEL = sys.argv[1], sys.argv[2], int(sys.argv[3])
PICTURE = base64.b64decode(  # four pixels wide, three high
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAAAAACRn/EaAAAAC0lEQVR4nGNgQAEAAA8AAbVWKT4AAAAASUVORK5CYII="
)


def file(name: str, content: bytes, description: str | None = None) -> discord.File:
    return discord.File(io.BytesIO(content), name, description=description)


async def main() -> None:
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(TOKEN)
        channel = await client.fetch_channel(CHANNEL)
        assert isinstance(channel, discord.TextChannel)
        embed = discord.Embed(title="seen").set_image(url="attachment://füße.png")
        sent = await channel.send(
            "two", files=[file("notes.txt", b"text", "mine"), file("füße.png", PICTURE)], embed=embed
        )
        notes, picture = sent.attachments
        assert (notes.filename, notes.description, await notes.read()) == ("notes.txt", "mine", b"text")
        assert (picture.filename, picture.width, picture.height) == ("füße.png", 4, 3)
        assert sent.embeds[0].image.url == picture.url
        edited = await sent.edit(attachments=[picture, file("more.txt", b"more")])
        assert [each.filename for each in edited.attachments] == ["füße.png", "more.txt"]
        assert [await each.read() for each in edited.attachments] == [PICTURE, b"more"]
        webhook = await channel.create_webhook(name="postman", avatar=PICTURE)
        letter = await webhook.send("letter", file=file("letter.txt", b"dear all"), wait=True)
        assert await letter.attachments[0].read() == b"dear all"
        assert client.user is not None
        own = await client.user.edit(avatar=PICTURE)
        discord.asset.Asset.BASE = URL
        found = await client.fetch_user(own.id)
        assert found.avatar is not None
        assert await found.avatar.with_size(64).read() == PICTURE
        print(json.dumps({"event": "done", "files": [each.filename for each in edited.attachments]}))  # noqa: T201


Route.BASE = f"{URL}/api/v10"
asyncio.run(main())
