-- What a text community needs beyond talking: moderation, emojis, webhooks, pins, files, commands.

ALTER TABLE topics ADD COLUMN last_id BIGINT NOT NULL DEFAULT 0;  -- the newest snowflake drawn under its lock

ALTER TABLE users ADD COLUMN banner TEXT;
ALTER TABLE users ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;  -- when its token was last looked at, to the day

ALTER TABLE guilds ADD COLUMN banner TEXT;
ALTER TABLE guilds ADD COLUMN splash TEXT;
ALTER TABLE guilds ADD COLUMN rules_channel_id BIGINT;
ALTER TABLE guilds ADD COLUMN public_updates_channel_id BIGINT;

ALTER TABLE roles ADD COLUMN secondary_color BIGINT;
ALTER TABLE roles ADD COLUMN tertiary_color BIGINT;
ALTER TABLE roles ADD COLUMN icon TEXT;

ALTER TABLE channels ADD COLUMN default_auto_archive_duration BIGINT;
ALTER TABLE channels ADD COLUMN last_pin_at BIGINT;
ALTER TABLE channels ADD COLUMN deleted_message_id BIGINT;  -- the newest message there ever was, when it is deleted

ALTER TABLE members ADD COLUMN avatar TEXT;
ALTER TABLE members ADD COLUMN temporary INTEGER NOT NULL DEFAULT 0;  -- came by a temporary invite, has no role yet

-- The author of a message that a webhook sent, as JSON: it may call itself otherwise each time.
ALTER TABLE messages ADD COLUMN webhook_author BYTEA;

CREATE TABLE bans (
    guild_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (guild_id, user_id)
); -- clustered

-- What a verb has begun and is too long for one transaction: done a step at a time.
CREATE TABLE chores (
    id BIGINT PRIMARY KEY,
    guild_id BIGINT NOT NULL,
    body BYTEA NOT NULL                  -- what it is and how far, as JSON
);

CREATE TABLE emojis (
    id BIGINT PRIMARY KEY,
    guild_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    user_id BIGINT NOT NULL,             -- who added it
    animated INTEGER NOT NULL DEFAULT 0,
    roles TEXT NOT NULL DEFAULT '[]'     -- who may use it; empty: everyone
);
CREATE INDEX emojis_of_guild ON emojis (guild_id);

CREATE TABLE webhooks (
    id BIGINT PRIMARY KEY,
    guild_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    user_id BIGINT,                      -- who made it
    name TEXT NOT NULL,
    avatar TEXT,
    token TEXT NOT NULL                  -- shown again to those who manage webhooks
);
CREATE INDEX webhooks_of_channel ON webhooks (channel_id);
CREATE INDEX webhooks_of_guild ON webhooks (guild_id);

CREATE TABLE pins (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    pinned_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, message_id)
); -- clustered
CREATE INDEX pins_by_age ON pins (channel_id, pinned_at);

CREATE TABLE audit_log (
    guild_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    user_id BIGINT,                      -- who did it
    target_id BIGINT,
    action_type INTEGER NOT NULL,        -- Discord's number
    entry BYTEA NOT NULL,                -- the whole entry as JSON, made once
    PRIMARY KEY (guild_id, id)
); -- clustered
CREATE INDEX audit_log_by_user ON audit_log (guild_id, user_id, id);
CREATE INDEX audit_log_by_action ON audit_log (guild_id, action_type, id);

CREATE TABLE commands (
    id BIGINT PRIMARY KEY,
    application_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,            -- 0: everywhere
    type INTEGER NOT NULL,
    name TEXT NOT NULL,
    body BYTEA NOT NULL,                 -- the whole command as JSON
    UNIQUE (application_id, guild_id, type, name)
);
CREATE INDEX commands_of_guild ON commands (guild_id);

-- When a member last spoke in a channel with slow mode.
CREATE TABLE slow_mode (
    channel_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, user_id)
); -- clustered
CREATE INDEX slow_mode_by_age ON slow_mode (sent_at);  -- each send sweeps a few that are old

-- Running processes, each with a number of its own for the snowflakes that it makes.
CREATE TABLE workers (
    number INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    until BIGINT NOT NULL                -- free to be taken by others from then on
);

-- Blobs that are to go: of uploads that nothing refers to yet, and of what was deleted.
CREATE TABLE doomed_blobs (
    blob_key TEXT PRIMARY KEY,
    due_at BIGINT NOT NULL               -- until then it may still be kept
); -- clustered
CREATE INDEX doomed_blobs_by_age ON doomed_blobs (due_at);
