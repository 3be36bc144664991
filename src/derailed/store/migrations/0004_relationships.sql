-- What people are to each other, and what each has set for themselves.

CREATE TABLE relationships (
    user_id BIGINT NOT NULL,             -- whose it is: a friendship is two rows, a block is one
    other_id BIGINT NOT NULL,
    type INTEGER NOT NULL,               -- Discord's number
    nickname TEXT,
    since BIGINT NOT NULL,
    PRIMARY KEY (user_id, other_id)
); -- clustered

CREATE TABLE user_settings (
    user_id BIGINT PRIMARY KEY,
    body BYTEA NOT NULL                  -- as JSON; no row: all as it is for everyone
);
