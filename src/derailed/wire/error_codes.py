"""The one table from a cause to HTTP status, JSON code and message.

Codes are kept stable: bots test them by number. 401 is for bad tokens only, because discord.js forgets its token
after any.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from derailed.model.errors import FieldError


class ErrorCode(NamedTuple):
    """How a reason is answered."""

    status: int
    code: int
    message: str


ERROR_CODES: Final[dict[str, ErrorCode]] = {
    "invalid_form": ErrorCode(400, 50035, "Invalid Form Body"),
    "bad_json": ErrorCode(400, 50109, "The request body contains invalid JSON."),
    "bulk_count": ErrorCode(
        400,
        50016,
        "Provided too few or too many messages to delete. Must provide at least 2 and at most 100 messages to delete.",
    ),
    "bulk_too_old": ErrorCode(400, 50034, "A message provided was too old to bulk delete"),
    "published_already": ErrorCode(400, 40033, "This message has already been crossposted"),
    "empty_message": ErrorCode(400, 50006, "Cannot send an empty message"),
    "invalid_role": ErrorCode(400, 50028, "Invalid role"),
    "wrong_channel_type": ErrorCode(400, 50024, "Cannot execute action on this channel type"),
    "invalid_recipients": ErrorCode(400, 50033, "Invalid Recipient(s)"),
    "invalid_owner": ErrorCode(400, 50055, "Invalid Guild"),
    "too_many_guilds": ErrorCode(400, 30001, "Maximum number of guilds reached (200)"),
    "too_many_friends": ErrorCode(400, 30002, "Maximum number of friends reached (1000)"),
    "too_many_requests": ErrorCode(400, 30002, "Maximum number of friend requests reached (100)"),
    "too_many_blocked": ErrorCode(400, 30002, "Maximum number of blocked users reached (1000)"),
    "too_many_pins": ErrorCode(400, 30003, "Maximum number of pins reached for the channel (250)"),
    "too_many_notes": ErrorCode(400, 30023, "Maximum number of notes reached (1000)"),
    "owns_guilds": ErrorCode(
        400, 40011, "You must transfer ownership of any owned guilds before deleting your account"
    ),
    "too_many_recipients": ErrorCode(400, 30004, "Maximum number of recipients reached (10)"),
    "too_many_groups": ErrorCode(400, 30011, "Maximum number of group DMs reached (100)"),
    "too_many_roles": ErrorCode(400, 30005, "Maximum number of guild roles reached (250)"),
    "too_many_webhooks": ErrorCode(400, 30007, "Maximum number of webhooks reached (15)"),
    "too_many_emojis": ErrorCode(400, 30008, "Maximum number of emojis reached (50)"),
    "too_many_animated_emojis": ErrorCode(400, 30018, "Maximum number of animated emojis reached (50)"),
    "too_many_reactions": ErrorCode(400, 30010, "Maximum number of reactions reached (20)"),
    "too_many_channels": ErrorCode(400, 30013, "Maximum number of guild channels reached (500)"),
    "too_many_invites": ErrorCode(400, 30016, "Maximum number of invites reached (1000)"),
    "too_many_commands": ErrorCode(400, 30032, "Maximum number of application commands reached (100)"),
    "too_many_attachments": ErrorCode(400, 30015, "Maximum number of attachments in a message reached (10)"),
    "too_many_applications": ErrorCode(400, 30061, "Maximum number of applications reached (50)"),
    "unknown_emoji": ErrorCode(400, 10014, "Unknown Emoji"),
    "not_in_voice": ErrorCode(400, 40032, "Target user is not connected to voice."),
    "requests_refused": ErrorCode(400, 80000, "Incoming friend requests disabled."),
    "request_blocked": ErrorCode(400, 80001, "Friend request blocked."),
    "bots_have_no_friends": ErrorCode(400, 80002, "Bots cannot have friends."),
    "request_to_self": ErrorCode(400, 80003, "Cannot send friend request to self."),
    "unknown_name": ErrorCode(400, 80004, "No users with that username exist."),
    "friends_already": ErrorCode(400, 80007, "You are already friends with that user."),
    "nobody_banned": ErrorCode(400, 500000, "Failed to ban users"),
    "unauthorized": ErrorCode(401, 0, "401: Unauthorized"),
    "webhook_token": ErrorCode(401, 50027, "Invalid Webhook Token"),
    "invalid_token": ErrorCode(401, 0, "401: Unauthorized"),
    "widget_disabled": ErrorCode(403, 50004, "Widget Disabled"),
    "direct_channel": ErrorCode(403, 50003, "Cannot execute action on a DM channel"),
    "reaction_blocked": ErrorCode(403, 90001, "Reaction was blocked"),
    "direct_refused": ErrorCode(403, 50007, "Cannot send messages to this user"),
    "missing_access": ErrorCode(403, 50001, "Missing Access"),
    "banned": ErrorCode(403, 40007, "The user is banned from this guild."),
    "system_message": ErrorCode(403, 50021, "Cannot execute action on a system message"),
    "not_author": ErrorCode(403, 50005, "Cannot edit a message authored by another user"),
    "missing_permissions": ErrorCode(403, 50013, "Missing Permissions"),
    "not_for_bots": ErrorCode(403, 20001, "Bots cannot use this endpoint"),
    "only_for_bots": ErrorCode(403, 20002, "Only bots can use this endpoint"),
    "not_yours": ErrorCode(403, 20012, "You are not authorized to perform this action on this application"),
    "registration_closed": ErrorCode(403, 40001, "Registration is closed here."),
    "unknown_route": ErrorCode(404, 0, "404: Not Found"),
    "unknown_application": ErrorCode(404, 10002, "Unknown Application"),
    "unknown_channel": ErrorCode(404, 10003, "Unknown Channel"),
    "unknown_guild": ErrorCode(404, 10004, "Unknown Guild"),
    "unknown_invite": ErrorCode(404, 10006, "Unknown Invite"),
    "unknown_member": ErrorCode(404, 10007, "Unknown Member"),
    "unknown_message": ErrorCode(404, 10008, "Unknown Message"),
    "unknown_overwrite": ErrorCode(404, 10009, "Unknown Overwrite"),
    "unknown_role": ErrorCode(404, 10011, "Unknown Role"),
    "unknown_ban": ErrorCode(404, 10026, "Unknown Ban"),
    "unknown_webhook": ErrorCode(404, 10015, "Unknown Webhook"),
    "unknown_guild_emoji": ErrorCode(404, 10014, "Unknown Emoji"),
    "unknown_user": ErrorCode(404, 10013, "Unknown User"),
    "unknown_command": ErrorCode(404, 10063, "Unknown application command"),
    "unknown_harvest": ErrorCode(404, 0, "404: Not Found"),
    "unknown_command_permissions": ErrorCode(404, 10066, "Unknown application command permissions"),
    "wrong_method": ErrorCode(405, 0, "405: Method Not Allowed"),
    "too_large": ErrorCode(413, 40005, "Request entity too large"),
    "rate_limited": ErrorCode(429, 0, "You are being rate limited."),
    "slow_mode": ErrorCode(429, 20016, "This action cannot be performed due to slowmode rate limit"),
    "internal": ErrorCode(500, 0, "500: Internal Server Error"),
    "overloaded": ErrorCode(503, 0, "503: Service Unavailable"),
    "disk_full": ErrorCode(503, 0, "503: Service Unavailable: the server's disk is full"),
}


def body(error: ErrorCode, fields: tuple[FieldError, ...] = ()) -> dict[str, Any]:
    """The answer: message, code, and for a form the tree of its fields."""
    answer: dict[str, Any] = {"message": error.message, "code": error.code}
    if fields:
        answer["errors"] = tree(fields)
    return answer


def tree(fields: tuple[FieldError, ...]) -> dict[str, Any]:
    """`{"embeds": {"0": {"title": {"_errors": [{code, message}]}}}}`."""
    root: dict[str, Any] = {}
    for field in fields:
        node = root
        for step in field.path:
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": field.code, "message": field.message})
    return root
