-- Who came by a temporary invite and has no role yet: found without looking at everyone else.
CREATE INDEX visitors ON members (guild_id, user_id) WHERE temporary = 1;
