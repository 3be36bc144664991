"""`make docs`: the documentation as a site of plain files in `dist/site`: no script, and nothing from elsewhere.

The pages are those of `docs/` and the texts beside it, drawn as a running server draws its `/docs`. Every link in them
must lead somewhere, or nothing is built.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from derailed.api import app
from derailed.api.docs import pages
from derailed.api.docs.document import document

ROOT: Final = Path(__file__).resolve().parents[1]
MENU: Final = {
    "Begin": ("docs/index.md", "docs/start.md", "docs/bots.md"),
    "Keep a server": (
        "docs/operating.md",
        "docs/export.md",
        "docs/rules.md",
        "docs/security.md",
        "docs/performance.md",
    ),
    "The wire": (
        "docs/wire/rest.md",
        "docs/wire/gateway.md",
        "docs/tokens.md",
        "docs/permissions.md",
        "docs/errors.md",
        "docs/wire/limits.md",
        "docs/wire/people.md",
        "docs/wire/conversations.md",
        "docs/wire/reading.md",
        "docs/wire/files.md",
        "docs/wire/links.md",
        "docs/wire/gateway-facts.md",
    ),
    "The broker": (
        "docs/broker/start.md",
        "docs/broker/model.md",
        "docs/wire/broker.md",
        "docs/broker/filters.md",
        "docs/broker/durability.md",
        "docs/broker/operations.md",
        "docs/broker/performance.md",
    ),
    "How it is made": ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
}
_ATTRIBUTE: Final = re.compile(r'(?<=[\s"])(href|src)="([^"]*)"')
_ID: Final = re.compile(r'\sid="([^"]+)"')


class Page(NamedTuple):
    """One page: its title, and what is in it, with links as its source has them."""

    title: str
    content: str
    source: str
    """Relative to the repository; empty for what is made from the routes."""


class BrokenLinks(Exception):
    """Links that lead nowhere, a line each."""


def main() -> None:
    """Build it, or say which links are broken."""
    target = ROOT / "dist" / "site"
    try:
        count = build(ROOT, target)
    except BrokenLinks as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    print(f"{count} pages are in {target.relative_to(ROOT)}: open {target.relative_to(ROOT)}/index.html")


def build(root: Path, target: Path) -> int:
    """Write the site; how many pages it has. Raises BrokenLinks, and then leaves what was there."""
    site = {**_texts(root), **_routes()}
    assets: dict[str, Path] = {}
    written = {path: _written(path, page, site, root, assets) for path, page in site.items()}
    broken = _broken(written, assets)
    if broken:
        raise BrokenLinks("\n".join(broken))
    shutil.rmtree(target, ignore_errors=True)
    for path, text in written.items():
        _put(target / path, text.encode())
    for path, file in assets.items():
        _put(target / path, file.read_bytes())
    _put(target / "style.css", pages.style())
    _put(target / "openapi.json", pages.encoded(document(app.ROUTES, pages.texts().values())))
    return len(written)


def _texts(root: Path) -> dict[str, Page]:
    """The pages of Markdown, by where they are in the site."""
    named = [source for sources in MENU.values() for source in sources]
    folders = (root / "docs", root / "bench" / "results")
    rest = sorted(str(path.relative_to(root)) for folder in folders for path in folder.rglob("*.md"))
    found = {}
    for source in dict.fromkeys([*named, *rest]):
        text = (root / source).read_text()
        title = text.partition("\n")[0].removeprefix("# ").replace("`", "")
        found[_place(source)] = Page(title, pages.rendered(text, lambda address: address), source)
    return found


def _routes() -> dict[str, Page]:
    """The reference, as a server shows it."""
    told = document(app.ROUTES, pages.texts().values())
    return {f"{name}.html": Page(title, content, "") for name, (title, content) in pages.reference_pages(told).items()}


def _written(path: str, page: Page, site: Mapping[str, Page], root: Path, assets: dict[str, Path]) -> str:
    """The whole page, with links to where things are in the site."""

    def lead(found: re.Match[str]) -> str:
        return f'{found[1]}="{escape(_address(path, page, found[2], root, assets))}"'

    up = "../" * path.count("/")
    return pages.framed(
        page.title,
        _ATTRIBUTE.sub(lead, page.content),
        menu=_menu(path, site),
        head=f'<link rel="stylesheet" href="{up}style.css">',
        ways=f'<a href="{up}index.html">Derailed</a> <a href="{up}openapi.json">openapi.json</a>',
    )


def _address(path: str, page: Page, address: str, root: Path, assets: dict[str, Path]) -> str:
    """Where a link of a page leads in the site; as it is, if that is nowhere in the repository."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return address
    anchor = f"#{parts.fragment}" if parts.fragment else ""
    if parts.path.startswith("/docs/"):
        name = parts.path.removeprefix("/docs/")
        return _from(path, f"{name}.html" if name.startswith("api/") else _place(pages.source_of(name))) + anchor
    source = os.path.normpath(str(PurePosixPath(page.source).parent / parts.path))
    if source.endswith(".md"):
        return _from(path, _place(source)) + anchor
    if (root / source).is_file():
        assets[f"files/{source}"] = root / source
        return _from(path, f"files/{source}") + anchor
    if (root / source).is_dir():
        return _from(path, _listing(source, root, assets))
    return address


def _listing(folder: str, root: Path, assets: dict[str, Path]) -> str:
    """A folder is its README, or the first of its files that can be read as a page."""
    for file in sorted((root / folder).iterdir()):
        if file.suffix == ".md" and folder.startswith("docs"):
            return _place(f"{folder}/{file.name}")
    first = next(file for file in sorted((root / folder).rglob("*")) if file.is_file())
    place = f"files/{first.relative_to(root)}"
    assets[place] = first
    return place


def _broken(written: Mapping[str, str], assets: Mapping[str, Path]) -> list[str]:
    ids = {path: set(_ID.findall(text)) for path, text in written.items()}
    known = {*written, *assets, "style.css", "openapi.json"}
    broken = []
    for path, text in written.items():
        for _, address in _ATTRIBUTE.findall(text):
            parts = urlsplit(address)
            if parts.scheme in ("http", "https"):
                continue
            to = os.path.normpath(str(PurePosixPath(path).parent / parts.path)) if parts.path else path
            if to not in known or (parts.fragment and to in ids and parts.fragment not in ids[to]):
                broken.append(f"{path}: {address} leads nowhere")
    return broken


def _menu(here: str, site: Mapping[str, Page]) -> str:
    groups = {group: [_place(source) for source in sources] for group, sources in MENU.items()}
    groups["Routes"] = sorted(path for path in site if path.startswith("api/"))
    groups["Measured"] = sorted(path for path in site if path.startswith("bench/"))
    groups["Decisions"] = sorted(path for path in site if path.startswith("decisions/"))
    return "".join(f"<h2>{escape(group)}</h2>{_links(here, paths, site)}" for group, paths in groups.items())


def _links(here: str, paths: Iterable[str], site: Mapping[str, Page]) -> str:
    items = (
        f'<li><a href="{_from(here, path)}"{" aria-current=page" if path == here else ""}>'
        f"{escape(site[path].title)}</a></li>"
        for path in paths
    )
    return f"<ul>{''.join(items)}</ul>"


def _place(source: str) -> str:
    """`docs/wire/rest.md` is `wire/rest.html`, and `SECURITY.md` is `about/security.html`."""
    source = source if "/" in source else f"about/{source}"
    return source.removeprefix("docs/").removesuffix(".md").lower() + ".html"


def _from(here: str, there: str) -> str:
    return os.path.relpath(there, str(PurePosixPath(here).parent))


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


if __name__ == "__main__":
    main()
