-- Guilds that came from elsewhere in an archive: how far each import is, and which ids could not stay what they were.

CREATE TABLE imports (
    source_id BIGINT PRIMARY KEY,        -- the guild's id in the archive
    guild_id BIGINT NOT NULL,            -- its id here
    digest TEXT NOT NULL,                -- of the archive that is read
    stage INTEGER NOT NULL,              -- 0: ids are chosen, 1: rows come, unseen, 2: members come in, 3: done
    page BIGINT NOT NULL DEFAULT 0,      -- pages up to it are done in this stage
    rev BIGINT NOT NULL DEFAULT 0        -- of the guild's topic, at which it could be seen
);

CREATE TABLE imported_ids (
    source_id BIGINT NOT NULL,
    old_id BIGINT NOT NULL,              -- was taken here
    new_id BIGINT NOT NULL,
    PRIMARY KEY (source_id, old_id)
); -- clustered
