CREATE TABLE items (
    id bigint PRIMARY KEY,
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 200)
);
