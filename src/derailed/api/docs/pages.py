"""The pages for people: our own Markdown, and the document as tables. No script, and nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec
from markdown_it import MarkdownIt

from derailed.api.docs import reference

_TEXTS: Final = Path(__file__).parents[2] / "pages"
_STYLE: Final = Path(__file__).parent / "style.css"
_PAGES: Final = {
    "rest": "wire/rest.md",
    "tokens": "tokens.md",
    "people": "wire/people.md",
    "conversations": "wire/conversations.md",
    "permissions": "permissions.md",
    "limits": "wire/limits.md",
    "errors": "errors.md",
    "files": "wire/files.md",
    "links": "wire/links.md",
    "reading": "wire/reading.md",
    "gateway": "wire/gateway.md",
}
_NOT_A_WORD: Final = re.compile(r"[^a-z0-9]+")

_FRAME: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Derailed</title>
{head}
</head>
<body>
<header>{ways}
<a href="#pages">Pages</a></header>
<nav id="pages" aria-label="Pages">{menu}</nav>
<main>
{content}
</main>
</body>
</html>
"""


_HEAD: Final = '<link rel="icon" href="/icon.svg" type="image/svg+xml">\n<link rel="stylesheet" href="/docs/style.css">'
_WAYS: Final = '<a href="/docs">Derailed</a> <a href="/">The app</a> <a href="/docs/openapi.json">openapi.json</a>'


def framed(title: str, content: str, *, menu: str, head: str = _HEAD, ways: str = _WAYS) -> str:
    """A whole page, whose `title` is plain text. `ways` lead out of it."""
    return _FRAME.format(title=escape(title), head=head, ways=ways, menu=menu, content=content)


def texts() -> dict[str, str]:
    """The Markdown of each page."""
    return {name: (_TEXTS / path).read_text() for name, path in _PAGES.items()}


def made(document: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, str]:
    """Every page by its name; the first has none."""
    titles = {name: text.partition("\n")[0].removeprefix("# ") for name, text in texts.items()}
    tags = [tag["name"] for tag in document["tags"]]
    menu = _Menu(titles, tags)
    contents = {name: (titles[name], rendered(text, _here)) for name, text in texts.items()}
    contents |= reference_pages(document)
    contents[""] = ("API", _home(titles, document, tags))
    return {name: framed(title, content, menu=menu.at(name)) for name, (title, content) in contents.items()}


def reference_pages(document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Title and content of what is made of the document alone, by name."""
    tags = [tag["name"] for tag in document["tags"]]
    found = {f"api/{_slug(tag)}": (tag.capitalize(), reference.of_tag(document, tag)) for tag in tags}
    return found | {"api/types": ("Types", reference.types(document))}


def source_of(name: str) -> str:
    """Where in `docs/` the text of a page is."""
    return _PAGES[name]


def encoded(document: Mapping[str, Any]) -> bytes:
    """The document as it is fetched."""
    return msgspec.json.encode(document)


def style() -> bytes:
    """The style sheet."""
    return _STYLE.read_bytes()


class _Menu:
    """What stands beside every page."""

    def __init__(self, titles: Mapping[str, str], tags: list[str]) -> None:
        self._pages = list(titles.items())
        self._nouns = [(f"api/{_slug(tag)}", tag.capitalize()) for tag in tags] + [("api/types", "Types")]

    def at(self, here: str) -> str:
        """The menu, which says where one is."""
        return f"<h2>Pages</h2>{_links(self._pages, here)}<h2>Routes</h2>{_links(self._nouns, here)}"


def _links(entries: list[tuple[str, str]], here: str) -> str:
    items = (
        f'<li><a href="/docs/{name}"{" aria-current=page" if name == here else ""}>{escape(title)}</a></li>'
        for name, title in entries
    )
    return f"<ul>{''.join(items)}</ul>"


def _home(titles: Mapping[str, str], document: Mapping[str, Any], tags: list[str]) -> str:
    told = MarkdownIt().render(document["info"]["description"])
    listed = "".join(
        f'<section><h2><a href="/docs/api/{_slug(tag)}">{escape(tag.capitalize())}</a></h2>'
        f"{reference.listed(document, tag, _slug(tag))}</section>"
        for tag in tags
    )
    return f"<h1>The API</h1>{told}{_links(list(titles.items()), '')}{listed}"


def rendered(text: str, lead: Callable[[str], str]) -> str:
    """The Markdown as HTML; headings can be linked to, and links lead to where `lead` says."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _slug(tokens[index + 1].content))
        if token.attrs.pop("style", None):
            token.attrSet("class", "aligned")  # to the right: the policy allows no styles in place
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", lead(str(child.attrGet("href"))))
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")


def _here(address: str) -> str:
    """`../wire/limits.md#numbers` is `/docs/limits#numbers`."""
    path, mark, anchor = address.partition("#")
    name = Path(path).stem
    return f"/docs/{name}{mark}{anchor}" if path.endswith(".md") and name in _PAGES else address


def _slug(text: str) -> str:
    return _NOT_A_WORD.sub("-", text.lower()).strip("-")
