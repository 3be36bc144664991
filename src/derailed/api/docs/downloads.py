"""The part of the document that tells of files, which are answered by no framework and are no JSON."""

from __future__ import annotations

from typing import Any, Final

from derailed.api.docs import refusals

TAG: Final = "files"

_NUMBER: Final = {"type": "integer", "minimum": 0}
_FILE: Final = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_IMAGE: Final = {"type": "string", "pattern": r"^(a_)?[0-9a-f]{1,32}\.(png|jpe?g|gif|webp)$"}
_OWNERS: Final = {
    "avatars": "user_id",
    "banners": "owner_id",
    "icons": "guild_id",
    "splashes": "guild_id",
    "app-icons": "application_id",
    "channel-icons": "channel_id",
    "role-icons": "role_id",
}
_REASONS: Final = ("unknown_route", "internal", "overloaded")


def _parameter(name: str, schema: Any, place: str = "path", *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _get(operation_id: str, summary: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    nothing = {"description": "The range lies outside of the file."}
    responses = {
        "200": {"description": "The file.", "content": _FILE},
        "206": {"description": "The range of it that was asked for.", "content": _FILE},
        "304": {"description": "It is the one that you have."},
        "416": nothing,
    }
    return {
        "get": {
            "operationId": f"files.{operation_id}",
            "tags": [TAG],
            "summary": summary,
            "parameters": list(parameters),
            "security": [],
            "responses": responses | refusals.responses(_REASONS),
        }
    }


PATHS: Final[dict[str, Any]] = {
    "/attachments/{channel_id}/{attachment_id}/{filename}": _get(
        "attachment",
        "A file of a message, at the address that the message has.",
        _parameter("channel_id", _NUMBER),
        _parameter("attachment_id", _NUMBER),
        _parameter("filename", {"type": "string", "minLength": 1}),
        _parameter("hm", {"type": "string"}, "query"),
    ),
    "/emojis/{image}": _get("emoji", "An emoji.", _parameter("image", _IMAGE)),
    "/embed/avatars/{image}": _get(
        "default_avatar",
        "The avatar of somebody who has none.",
        _parameter("image", {"type": "string", "pattern": r"^[0-5]\.(png|jpe?g|gif|webp)$"}),
    ),
    **{
        f"/{folder}/{{{owner}}}/{{image}}": _get(
            folder, "A picture, by its hash.", _parameter(owner, _NUMBER), _parameter("image", _IMAGE)
        )
        for folder, owner in _OWNERS.items()
    },
}
