"""A program on unmodified hikari that sends and edits files: `files_hikari.py SERVER_URL TOKEN CHANNEL_ID`.

Tells `done` when everything went as it should, with what is there then.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys

import hikari

URL, TOKEN, CHANNEL = sys.argv[1], sys.argv[2], int(sys.argv[3])
PICTURE = base64.b64decode(  # four pixels wide, three high
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAAAAACRn/EaAAAAC0lEQVR4nGNgQAEAAA8AAbVWKT4AAAAASUVORK5CYII="
)


async def main() -> None:
    app = hikari.RESTApp(url=f"{URL}/api/v10")
    await app.start()
    async with app.acquire(TOKEN, hikari.TokenType.BOT) as rest:
        picture = hikari.Bytes(PICTURE, "füße.png")
        sent = await rest.create_message(CHANNEL, "two", attachments=[hikari.Bytes(b"text", "notes.txt"), picture])
        notes, shown = sent.attachments
        assert (notes.filename, await notes.read()) == ("notes.txt", b"text")
        assert (shown.filename, shown.width, shown.height, await shown.read()) == ("füße.png", 4, 3, PICTURE)
        embed = hikari.Embed(title="seen").set_image(hikari.Bytes(PICTURE, "in.png"))
        (inside,) = (await rest.create_message(CHANNEL, embed=embed)).embeds
        assert inside.image is not None
        assert await inside.image.read() == PICTURE
        edited = await rest.edit_message(CHANNEL, sent, attachments=[shown, hikari.Bytes(b"more", "more.txt")])
        assert [await each.read() for each in edited.attachments] == [PICTURE, b"more"]
        emoji = await rest.create_emoji((await rest.fetch_my_guilds())[0], "dot", hikari.Bytes(PICTURE, "dot.png"))
        assert emoji.name == "dot"
        own = await rest.edit_my_user(avatar=hikari.Bytes(PICTURE, "me.png"))
        assert own.avatar_hash is not None
        print(json.dumps({"event": "done", "files": [each.filename for each in edited.attachments]}))  # noqa: T201
    await app.close()


asyncio.run(main())
