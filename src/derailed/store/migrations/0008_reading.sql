-- What people have read, what mentions them, and what they want to hear of.

-- Up to where somebody has read a channel; `guild_id` 0: a direct message. Written under the topic of the user only.
CREATE TABLE read_states (
    user_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    last_message_id BIGINT NOT NULL DEFAULT 0,  -- acknowledged up to it
    own_id BIGINT NOT NULL DEFAULT 0,           -- own messages acknowledge too, but for those up to this one
    last_pin_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, guild_id, channel_id)
); -- clustered
CREATE INDEX read_states_of_channel ON read_states (channel_id);

-- A row for each user, role or (by the guild's id) everyone that a message mentions, however many that are.
CREATE TABLE mentions (
    target_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    PRIMARY KEY (target_id, guild_id, channel_id, message_id)
); -- clustered
CREATE INDEX mentions_by_age ON mentions (target_id, message_id);
CREATE INDEX mentions_of_channel ON mentions (channel_id);

-- What somebody took out of the list of their mentions.
CREATE TABLE dismissed_mentions (
    user_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, message_id)
); -- clustered

CREATE TABLE guild_settings (
    user_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,            -- 0: direct messages
    body BYTEA NOT NULL,                 -- as JSON, as clients get it
    PRIMARY KEY (user_id, guild_id)
); -- clustered

-- When somebody began to speak in a channel: what else they said is among its messages of the minute from there on.
CREATE TABLE spoken (
    user_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, guild_id, channel_id, message_id)
); -- clustered
CREATE INDEX spoken_in_channel ON spoken (channel_id);
