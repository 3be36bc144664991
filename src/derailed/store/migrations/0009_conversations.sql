-- Conversations: channels of a few people, outside of any guild. They stand in `channels`, with 0 as their guild.

ALTER TABLE channels ADD COLUMN owner_id BIGINT;  -- of a group
ALTER TABLE channels ADD COLUMN icon TEXT;        -- of a group

CREATE TABLE recipients (
    channel_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    since_id BIGINT NOT NULL,            -- a snowflake of when they came: who has been there longest inherits a group
    hidden INTEGER NOT NULL DEFAULT 0,   -- closed by this one, until the next message
    PRIMARY KEY (channel_id, user_id)
); -- clustered
CREATE INDEX conversations_of_user ON recipients (user_id, channel_id);

-- Two people have one DM, whoever opens it.
CREATE TABLE directs (
    lower_id BIGINT NOT NULL,
    higher_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    PRIMARY KEY (lower_id, higher_id)
); -- clustered
