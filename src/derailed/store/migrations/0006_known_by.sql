-- Who is to be told when an account looks different.
CREATE INDEX relationships_by_other ON relationships (other_id, user_id);
