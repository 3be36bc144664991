-- Who runs the instance: accounts that may see how its processes are.

CREATE TABLE operators (
    user_id BIGINT PRIMARY KEY
); -- clustered
