-- What an account shows and keeps beyond its name, and who its tokens were given to.

ALTER TABLE tokens ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;  -- to the hour
ALTER TABLE tokens ADD COLUMN os TEXT;
ALTER TABLE tokens ADD COLUMN platform TEXT;

CREATE TABLE profiles (
    user_id BIGINT PRIMARY KEY,
    bio TEXT NOT NULL,
    pronouns TEXT NOT NULL,
    accent_color BIGINT
);

-- What one has written down about others, for oneself.
CREATE TABLE notes (
    user_id BIGINT NOT NULL,
    other_id BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (user_id, other_id)
); -- clustered

-- Archives of all that is one's own: asked for, made a little at a time, and there for a while.
CREATE TABLE harvests (
    id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    taken_until BIGINT NOT NULL DEFAULT 0,  -- a process is at it until then
    finished_at BIGINT
);
CREATE INDEX harvests_of_user ON harvests (user_id, id);
CREATE INDEX harvests_to_make ON harvests (id) WHERE finished_at IS NULL;
