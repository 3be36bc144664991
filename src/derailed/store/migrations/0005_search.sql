-- What messages are found by. It is made from the messages, and followed a little later: see docs/decisions/0014.

CREATE FULL TEXT TABLE search_index;

CREATE TABLE search_progress (
    channel_id BIGINT PRIMARY KEY,
    indexed_id BIGINT NOT NULL           -- messages up to this one are in the index
);

-- Messages that are in the index otherwise than they are now.
CREATE TABLE search_stale (
    message_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    times BIGINT NOT NULL,               -- how often it changed since: who follows takes away only what they saw
    PRIMARY KEY (message_id)
); -- clustered
CREATE INDEX search_stale_of_channel ON search_stale (channel_id, message_id);
