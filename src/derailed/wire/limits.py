"""Every limit of the API, with its reason. The Gateway's are beside its frames, the broker's are its own."""

from __future__ import annotations

# What people and bots may write. Discord's values, which libraries and their users count on.
USERNAME = (2, 32)
DISPLAY_NAME = 32
PASSWORD = (8, 72)
"""72 bytes is where bcrypt cuts; the wire keeps it, argon2id would not mind."""
GUILD_NAME = (2, 100)
GUILD_DESCRIPTION = 300
CHANNEL_NAME = (1, 100)
CHANNEL_TOPIC = 1024
ROLE_NAME = 100
EMOJI_NAME = (2, 32)
NICK = 32
APPLICATION_NAME = (1, 32)
APPLICATION_DESCRIPTION = 400
COMMAND_NAME = (1, 32)
COMMAND_DESCRIPTION = (1, 100)
COMMAND_CHOICE = (1, 100)
COMMAND_TEXT = 6000
COMMAND_LENGTH = 8000
WEBHOOK_NAME = (1, 80)
SLOW_MODE_S = 21_600
TIME_OUT_MS = 28 * 24 * 3600 * 1000
INVITE_AGE_S = 604_800
INVITE_USES = 100
AUDIT_REASON = 512
FRIEND_NICKNAME = 32
CUSTOM_STATUS = 128
CUSTOM_STATUS_EMOJI = 32
CUSTOM_STATUS_MS = 366 * 24 * 3600 * 1000
LOCALE = (2, 16)
TIMEZONE_OFFSET = (-840, 840)
AFK_TIMEOUT_S = (60, 3600)
FOLDER_NAME = 32
FOLDER_ID = (1 << 53) - 1
"""What a browser's numbers hold: clients draw it by chance."""
BAN_DELETE_S = 604_800
BULK_BAN = 200
PRUNE_DAYS = (1, 30)

BIO = 190
PRONOUNS = 40
NOTE = 256
EMAIL = 254

# How much there may be of it. A guild's shape is held whole in memory by every node that serves it.
GUILDS = 200
CHANNELS = 500
CATEGORY_CHANNELS = 50
ROLES = 250
EMOJIS = 50
"""That move, and as many that do not."""
OVERWRITES = 100
INVITES = 1000
AUDIT_LOG_MS = 45 * 24 * 3600 * 1000
AUDIT_LOG_ENTRIES = 20_000
"""Of one guild: a bot that moderates all day for the 45 days leaves fewer."""
APPLICATIONS = 50
COMMANDS = 100
MENU_COMMANDS = 15
COMMAND_OPTIONS = 25
COMMAND_CHOICES = 25
GUILD_MEMBERS = 500_000

NOTES = 1000
SESSIONS_ENDED = 1000
"""Of one request: more than anybody has."""
RECIPIENTS = 10
"""Of a group: each message is told to all of them one by one."""
GROUPS = 100
"""Of one account: it is told of all of them whenever it comes in."""

PINS = 250
WEBHOOKS = 15
MENTIONS_COUNTED = 1000
"""Of one channel: nobody reads a larger number, and each is a row that is looked at."""
MENTIONS_MS = 7 * 24 * 3600 * 1000
"""For how long a mention is listed: what called somebody longer ago does so no more."""
CHANNEL_OVERRIDES = CHANNELS

# All of them are in READY, and every friend hears of every other.
FRIENDS = 1000
REQUESTS_SENT = 100
REQUESTS_RECEIVED = 500
"""Who has so many waiting is asked by nobody else, until some are answered."""
BLOCKED = 1000

# One answer, so that no single call holds the loop.
PINS_PAGE = 50
MEMBERS_PAGE = 1000
BANS_PAGE = 1000
GUILDS_PAGE = 200
AUDIT_LOG_PAGE = 100
MENTIONS_PAGE = 100
ACKS = 100
"""Read states that one call acknowledges."""

# What a request may weigh.
HEAD = 64 << 10
"""Its address and headers, beyond the first read: more than any proxy lets through."""
JSON_BODY = 1 << 20
IMAGE_BODY = 8 << 20
"""Of the routes that take an avatar or an icon: JSON with a data URI in it."""
BODY = 25 << 20
"""Attachments are Discord's 25 MiB."""

# Files and images.
ATTACHMENTS = 10
FILE_NAME = 260
FILE_DESCRIPTION = 1024
IMAGE = 5 << 20
"""Base64 makes seven of five."""
SMALL_IMAGE = 256 << 10
"""Emojis and role icons, of which a screen may hold hundreds."""
IMAGE_HEAD = 256 << 10
"""Where an image says its size: behind what a camera put before it, and never further in than this."""

# Passwords: argon2id takes some 30 ms of a core and 64 MB each, and must not starve everything else.
PASSWORD_THREADS = 2
PASSWORD_QUEUE = 64
TOKENS_KEPT = 100_000
SEEN_MS = 24 * 3600 * 1000
"""How exactly it is kept when an account was here: one write a day for each, whatever it does."""
USED_MS = 3600 * 1000
"""How exactly it is kept when a token was used: one write an hour for each."""
TOKEN_MS = 1000
"""For how long a token is taken for good without asking the store: a revocation elsewhere acts within it."""
