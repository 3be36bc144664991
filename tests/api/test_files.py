"""Messages with files: sent, shown, fetched, edited and gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from derailed.actions.sweeper import Sweeper
from derailed.model import permissions
from tests.api.door import Door, Person, visit
from tests.api.pictures import png

Part = tuple[str, tuple[str | None, bytes | str, str | None]]


class Place:
    """A channel, and somebody in front of it."""

    def __init__(self, person: Person, guild: dict[str, Any]) -> None:
        self.person = person
        self.guild = guild
        self.channel: str = guild["system_channel_id"]
        self.path = f"/channels/{self.channel}/messages"

    async def ask(self, *parts: Part, method: str = "POST", message: str = "") -> httpx.Response:
        """Send a form."""
        files = [(name, part if part[2] else part[:2]) for name, part in parts]
        return await self.person.ask(method, self.path + message, files=files)

    async def send(self, *parts: Part) -> dict[str, Any]:
        """Send a form, which must go well."""
        answer = await self.ask(*parts)
        assert answer.status_code == 200, answer.text
        sent: dict[str, Any] = answer.json()
        return sent


def payload(**message: Any) -> Part:
    return "payload_json", (None, json.dumps(message), None)


def file(index: int, name: str = "a.txt", content: bytes = b"text") -> Part:
    return f"files[{index}]", (name, content, "application/octet-stream")


async def place(door: Door) -> Place:
    anna = await door.register("anna")
    return Place(anna, await anna.guild())


async def fetch(door: Door, url: str, **headers: str) -> httpx.Response:
    return await door.client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def swept(door: Door) -> None:
    """Let what is to go be gone."""
    sweeper = Sweeper(door.context)
    while await sweeper.sweep():
        pass


def blobs_in(folder: Path) -> int:
    return sum(path.is_file() for path in (folder / "blobs").rglob("*"))


def code_of(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def test_a_file_is_sent_read_and_fetched(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        listed = [{"id": 0, "filename": "notes.txt", "description": "all of them"}]
        sent = await p.send(payload(content="here", attachments=listed), file(0, "x"))
        attachment = dict(sent["attachments"][0])
        url = attachment.pop("url")
        assert url == attachment.pop("proxy_url")
        assert url.startswith(f"http://chat.example/attachments/{p.channel}/{attachment.pop('id')}/notes.txt?hm=")
        about = {"filename": "notes.txt", "size": 4, "content_type": "text/plain", "description": "all of them"}
        assert attachment == about
        answer = await fetch(door, url)
        assert answer.content == b"text"
        assert (await p.person.get(p.path))[0]["attachments"] == sent["attachments"]

    visit(tmp_path, story)


def test_a_picture_is_measured(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        sent = await p.send(file(0, "a.png", png(7, 5)), file(1, "b.png", b"no picture"))
        picture, other = sent["attachments"]
        assert (picture["width"], picture["height"], picture["content_type"]) == (7, 5, "image/png")
        assert "width" not in other

    visit(tmp_path, story)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([payload(content="x", attachments=[{"id": 0}]), file(0)], ["a.txt"], id="payload first"),
        pytest.param([file(0), payload(content="x", attachments=[{"id": "0"}])], ["a.txt"], id="payload last"),
        pytest.param([file(1), payload(attachments=[{"id": 1, "filename": "b"}])], ["b"], id="numbered from one"),
        pytest.param([("file", ("a.txt", b"x", None))], ["a.txt"], id="a lone file"),
        pytest.param([file(0), ("content", (None, "plain", None))], ["a.txt"], id="plain fields"),
        pytest.param(
            [payload(attachments=[{"id": 1}, {"id": 0}]), file(0, "a"), file(1, "b"), file(2, "c")],
            ["b", "a", "c"],
            id="listed in another order, and unlisted",
        ),
        pytest.param([file(0, "f%C3%BC%C3%9Fe.png")], ["füße.png"], id="quoted by the client"),
        pytest.param([file(0, "../../etc/pass\u202ewd")], ["pass_wd"], id="a path, and what can not be seen"),
        pytest.param([file(0, "..")], ["file"], id="no name at all"),
    ],
)
def test_libraries_send_files_in_many_ways(tmp_path: Path, parts: list[Part], expected: list[str]) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        sent = await p.send(*parts)
        assert [each["filename"] for each in sent["attachments"]] == expected
        for each in sent["attachments"]:
            assert (await fetch(door, each["url"])).status_code == 200

    visit(tmp_path, story)


def test_an_embed_shows_a_file_of_its_message(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        embed = {"title": "t", "image": {"url": "attachment://a.png"}, "footer": {"icon_url": "attachment://a.png"}}
        sent = await p.send(payload(embeds=[embed]), file(0, "a.png", png()))
        url = sent["attachments"][0]["url"]
        assert sent["embeds"][0]["image"]["url"] == sent["embeds"][0]["footer"]["icon_url"] == url

    visit(tmp_path, story)


def test_an_edit_keeps_adds_and_drops_files(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        sent = await p.send(file(0, "a"), file(1, "b"))
        path, first = f"/{sent['id']}", sent["attachments"][0]
        edited = await p.person.do("PATCH", p.path + path, {"content": "text"})
        assert edited["attachments"] == sent["attachments"]
        change = payload(attachments=[{"id": first["id"]}, {"id": 0, "filename": "c"}])
        answer = await p.ask(change, file(0, "x"), method="PATCH", message=path)
        assert [each["filename"] for each in answer.json()["attachments"]] == ["a", "c"]
        await swept(door)
        assert (await fetch(door, sent["attachments"][1]["url"])).status_code == 404
        assert blobs_in(tmp_path) == 2
        wrong = await p.person.ask("PATCH", p.path + path, {"attachments": [{"id": "1"}]})
        assert "ATTACHMENT_NOT_FOUND" in wrong.text
        cleared = await p.person.do("PATCH", p.path + path, {"attachments": []})
        assert cleared["attachments"] == []
        assert cleared["edited_timestamp"]
        await swept(door)
        assert blobs_in(tmp_path) == 0

    visit(tmp_path, story)


@pytest.mark.parametrize("what", ["message", "channel", "guild", "messages"])
def test_files_go_with_what_held_them(tmp_path: Path, what: str) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        ids = [(await p.send(file(0), file(1)))["id"] for _ in range(2)]
        assert blobs_in(tmp_path) == 4
        match what:
            case "message":
                for each in ids:
                    await p.person.do("DELETE", f"{p.path}/{each}")
            case "messages":
                await p.person.do("POST", f"{p.path}/bulk-delete", {"messages": ids})
            case "channel":
                await p.person.do("DELETE", f"/channels/{p.channel}")
            case "guild":
                await p.person.do("DELETE", f"/guilds/{p.guild['id']}")
        await swept(door)
        assert blobs_in(tmp_path) == 0

    visit(tmp_path, story)


def test_files_of_a_refused_message_go_again(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        await p.send(payload(nonce="1", enforce_nonce=True), file(0))
        await p.send(payload(nonce="1", enforce_nonce=True), file(0))
        reference = {"message_id": "1"}
        assert (await p.ask(payload(message_reference=reference), file(0))).status_code == 400
        await swept(door)
        assert blobs_in(tmp_path) == 1

    visit(tmp_path, story)


def test_files_of_a_message_that_never_came_go_after_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    async def story(door: Door) -> None:
        p = await place(door)
        with monkeypatch.context() as patch:

            async def die(*_: object) -> None:
                raise Killed

            patch.setattr("derailed.actions.attachments.keep", die)
            with pytest.raises(BaseException):  # noqa: B017, PT011  a crash, as far as the verb can tell
                await p.ask(file(0))
        await swept(door)
        assert blobs_in(tmp_path) == 1
        door.now_ms += 60 * 60 * 1000
        await swept(door)
        assert blobs_in(tmp_path) == 0

    visit(tmp_path, story)


def test_what_may_not_be_sent_is_refused(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        eleven = [file(index) for index in range(11)]
        assert code_of(await p.ask(*eleven)) == (400, 30015)
        assert code_of(await p.ask(file(0, "a" * 261))) == (400, 50035)
        described = {"id": 0, "description": "x" * 1025}
        assert code_of(await p.ask(payload(attachments=[described]), file(0))) == (400, 50035)
        assert code_of(await p.ask(payload(content="x", attachments=[{"id": 5}]), file(0))) == (400, 50035)
        assert code_of(await p.person.ask("POST", p.path, {"content": "x", "attachments": [{"id": 0}]})) == (400, 50035)
        assert code_of(await p.ask(file(0, content=bytes(25 << 20)))) == (413, 40005)
        assert code_of(await p.ask(("content", (None, "x" * ((1 << 20) + 1), None)))) == (413, 40005)
        assert code_of(await p.ask(*[(f"f{n}", (None, "x", None)) for n in range(40)])) == (413, 40005)
        form = {"headers": {"content-type": "multipart/form-data; boundary=x"}}
        for body in (b"", b"--x\r\n", b"nonsense", b"--x--", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--"):
            answer = await p.person.ask("POST", p.path, content=body, **form)
            assert answer.status_code == 400, body
        assert await p.person.get(p.path) == []
        await swept(door)
        assert blobs_in(tmp_path) == 0

    visit(tmp_path, story)


def test_attaching_needs_its_permission(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        ben = await door.register("ben")
        await ben.join(await p.person.invite(p.guild))
        denied = {"type": 0, "deny": str(permissions.ATTACH_FILES)}
        await p.person.do("PUT", f"/channels/{p.channel}/permissions/{p.guild['id']}", denied)
        bens = Place(ben, p.guild)
        assert code_of(await bens.ask(file(0))) == (403, 50013)
        sent = await ben.do("POST", p.path, {"content": "without"})
        assert code_of(await bens.ask(file(0), method="PATCH", message=f"/{sent['id']}")) == (403, 50013)
        assert code_of(await p.ask(file(0), method="PATCH", message=f"/{sent['id']}")) == (403, 50005)
        stranger = Place(await door.register("sam"), p.guild)
        assert code_of(await stranger.ask(file(0))) == (403, 50001)
        await swept(door)
        assert blobs_in(tmp_path) == 0

    visit(tmp_path, story)


def test_attachments_of_hidden_channels_can_not_be_guessed(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        one, other = [(await p.send(file(0, name)))["attachments"][0]["url"] for name in ("a", "b")]
        address, signature = one.split("?hm=")
        for guess in (
            address,
            f"{address}?hm=",
            f"{address}?hm={signature[:-1]}",
            f"{address}?hm={other.split('?hm=')[1]}",
            f"{address}?hm=é",
            f"{address[:-1]}c?hm={signature}",
            one.replace(p.channel, p.guild["id"]),
        ):
            assert (await fetch(door, guess)).status_code == 404, guess
        assert (await fetch(door, one)).status_code == 200

    visit(tmp_path, story)


def test_a_webhook_sends_files_too(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        made = await p.person.do("POST", f"/channels/{p.channel}/webhooks", {"name": "postman"})
        path = f"/webhooks/{made['id']}/{made['token']}"
        answer = await door.ask("POST", f"{path}?wait=1", files=[("files[0]", ("a.txt", b"text"))])
        (attachment,) = answer.json()["attachments"]
        assert (await fetch(door, attachment["url"])).content == b"text"
        path = f"{path}/messages/{answer.json()['id']}"
        answer = await door.ask("PATCH", path, files=[("files[0]", ("b.txt", b"more"))])
        assert [each["filename"] for each in answer.json()["attachments"]] == ["a.txt", "b.txt"]

    visit(tmp_path, story)


def test_files_are_content_that_needs_its_intent(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        p = await place(door)
        await p.send(file(0))
        record = door.records[-1][1]
        assert json.loads(record.data)["attachments"]
        assert record.stripped is not None
        assert json.loads(record.stripped)["attachments"] == []

    visit(tmp_path, story)
