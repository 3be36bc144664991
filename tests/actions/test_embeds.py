"""Embeds: what is kept of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.model.errors import Invalid
from tests.actions.community import ANNA, Community, field_of, live


@pytest.mark.parametrize(
    ("embed", "path"),
    [
        ({"url": "javascript:alert(1)"}, ("embeds", "0", "url")),
        ({"image": {"url": "data:image/png;base64,"}}, ("embeds", "0", "image", "url")),
        ({"title": "t", "timestamp": "soon"}, ("embeds", "0", "timestamp")),
        ({"description": "d" * 4096, "fields": [{"name": "n", "value": "v" * 1000}] * 2}, ("embeds",)),
    ],
)
def test_an_embed_that_is_wrong_is_named(tmp_path: Path, embed: dict[str, object], path: tuple[str, ...]) -> None:
    async def story(c: Community) -> None:
        with pytest.raises(Invalid) as refused:
            await c.send(ANNA, embeds=[embed])
        assert field_of(refused) == path

    live(tmp_path, story)


def test_embeds_are_rebuilt_from_known_keys(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        embed = {
            "title": "t",
            "color": None,
            "video": {"url": "javascript:"},
            "timestamp": "2024-01-02T03:04:05Z",
            "image": {"url": "https://example.org/a.png", "width": 7},
            "fields": [{"name": "n", "value": "v"}],
        }
        assert (await c.send(ANNA, embeds=[embed]))["embeds"] == [
            {
                "type": "rich",
                "title": "t",
                "timestamp": "2024-01-02T03:04:05.000+00:00",
                "image": {"url": "https://example.org/a.png"},
                "fields": [{"name": "n", "value": "v", "inline": False}],
            }
        ]

    live(tmp_path, story)
