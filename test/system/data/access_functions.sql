-- Functions that write as their caller, and as their owner, in the tables of access.sql.

-- What is new
CREATE FUNCTION add_note(id int, owner uuid, rank int DEFAULT NULL) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO notes (id, owner, body, rank) VALUES (id, owner, 'by function', rank) $$;
CREATE FUNCTION add_note_shown(id int, owner uuid) RETURNS SETOF notes LANGUAGE sql AS
    $$ INSERT INTO notes (id, owner, body) VALUES (id, owner, 'shown') RETURNING * $$;
CREATE FUNCTION add_note_unseen(id int, owner uuid) RETURNS int LANGUAGE sql AS
    $$ INSERT INTO notes (id, owner, body) VALUES (id, owner, 'unseen') RETURNING notes.id; SELECT 1 $$;
CREATE FUNCTION add_my_note(id int) RETURNS int LANGUAGE sql AS
    $$ INSERT INTO notes (body, id) VALUES ('mine by default', id), ('the next', id + 1) RETURNING size $$;
CREATE FUNCTION add_note_code(id int, code text) RETURNS text LANGUAGE sql AS
    $$ INSERT INTO notes VALUES (id, DEFAULT, 'with a code', code) RETURNING code $$;
CREATE FUNCTION copy_notes(shift int, new_owner uuid) RETURNS SETOF int LANGUAGE sql AS $$
    WITH mine AS (SELECT n.id, n.body FROM notes n WHERE n.shared)
    INSERT INTO notes (id, owner, body) SELECT m.id + shift, new_owner, m.body || ' copy' FROM mine m ORDER BY m.id RETURNING id
$$;
CREATE FUNCTION copy_defaults() RETURNS SETOF notes LANGUAGE sql AS
    $$ INSERT INTO notes (id, body) SELECT max(id) + 100, 'copied' FROM notes RETURNING * $$;
CREATE FUNCTION add_comment(note int, by uuid DEFAULT auth.uid()) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO comments (note_id, author, text) VALUES (note, by, 'by function') $$;
CREATE FUNCTION add_detail(note int, grade numeric) RETURNS details LANGUAGE sql AS
    $$ INSERT INTO details VALUES (note, 'by function', grade) RETURNING * $$;
CREATE FUNCTION drop_in(id int) RETURNS void LANGUAGE sql AS $$ INSERT INTO inbox (id, text) VALUES (id, 'dropped') $$;
CREATE FUNCTION drop_in_shown(id int) RETURNS int LANGUAGE sql AS $$ INSERT INTO inbox (id, text) VALUES (id, 'dropped') RETURNING id $$;
CREATE FUNCTION add_entry(id int, state text, amount numeric) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO ledger (id, state, amount) VALUES (id, state, amount) $$;
CREATE FUNCTION add_profile(id uuid, lvl int DEFAULT NULL) RETURNS void LANGUAGE sql AS $$ INSERT INTO profiles (id, name) VALUES (id, 'New') $$;
CREATE FUNCTION add_profile_level(id uuid) RETURNS void LANGUAGE sql AS $$ INSERT INTO profiles (id, name, level) VALUES (id, 'New', 3) $$;
CREATE FUNCTION add_ticket() RETURNS void LANGUAGE sql AS $$ INSERT INTO tickets (word) VALUES ('drawn') $$;
CREATE FUNCTION add_pass() RETURNS void LANGUAGE sql AS $$ INSERT INTO passes (word) VALUES ('drawn') $$;

-- What is changed
CREATE FUNCTION set_body(note int, text text) RETURNS SETOF notes LANGUAGE sql AS
    $$ UPDATE notes SET body = text WHERE id = note RETURNING * $$;
CREATE FUNCTION set_bodies(text text) RETURNS void LANGUAGE sql AS $$ UPDATE notes SET body = text $$;
CREATE FUNCTION set_owner(note int, new_owner uuid) RETURNS void LANGUAGE sql AS $$ UPDATE notes SET owner = new_owner WHERE id = note $$;
CREATE FUNCTION set_two(note int, new_rank int, is_shared boolean) RETURNS int LANGUAGE sql AS
    $$ UPDATE notes n SET (rank, shared) = (new_rank, is_shared), body = n.body || '+' WHERE n.id = note RETURNING n.size $$;
CREATE FUNCTION set_code(note int, new_code text) RETURNS void LANGUAGE sql AS $$ UPDATE notes SET code = new_code WHERE id = note $$;
CREATE FUNCTION set_id(note int, new_id int) RETURNS void LANGUAGE sql AS $$ UPDATE notes SET id = new_id WHERE id = note $$;
CREATE FUNCTION reset_owner(note int) RETURNS void LANGUAGE sql AS $$ UPDATE notes SET owner = DEFAULT, rank = DEFAULT WHERE id = note $$;
CREATE FUNCTION set_from(prefix text) RETURNS SETOF text LANGUAGE sql AS $$
    UPDATE comments c SET text = prefix || n.body FROM notes n WHERE n.id = c.note_id RETURNING c.text
$$;
CREATE FUNCTION set_grade(note int, new_grade numeric) RETURNS SETOF details LANGUAGE sql AS
    $$ UPDATE details SET grade = new_grade WHERE note_id = note RETURNING * $$;
CREATE FUNCTION set_state(entry int, new_state text) RETURNS SETOF ledger LANGUAGE sql AS
    $$ UPDATE ledger SET state = new_state WHERE id = entry RETURNING * $$;
CREATE FUNCTION set_amounts(new_amount numeric) RETURNS void LANGUAGE sql AS $$ UPDATE ledger SET amount = new_amount $$;
CREATE FUNCTION set_words(new_word text) RETURNS void LANGUAGE sql AS $$ UPDATE blind SET word = new_word $$;
CREATE FUNCTION set_words_seen(new_word text) RETURNS void LANGUAGE sql AS $$ UPDATE blind SET word = word || new_word $$;
CREATE FUNCTION set_words_shown(new_word text) RETURNS SETOF text LANGUAGE sql AS $$ UPDATE blind SET word = new_word RETURNING word $$;
CREATE FUNCTION rename_profile(new_name text) RETURNS void LANGUAGE sql AS $$ UPDATE profiles SET name = new_name WHERE id = auth.uid() $$;
CREATE FUNCTION rename_by_email(new_name text) RETURNS void LANGUAGE sql AS $$ UPDATE profiles SET name = new_name WHERE email IS NULL $$;
CREATE FUNCTION set_level(new_level int) RETURNS void LANGUAGE sql AS $$ UPDATE profiles SET level = new_level WHERE id = auth.uid() $$;

-- What goes
CREATE FUNCTION remove_note(note int) RETURNS SETOF int LANGUAGE sql AS $$ DELETE FROM notes WHERE id = note RETURNING id $$;
CREATE FUNCTION remove_notes() RETURNS void LANGUAGE sql AS $$ DELETE FROM notes $$;
CREATE FUNCTION remove_words() RETURNS void LANGUAGE sql AS $$ DELETE FROM blind $$;
CREATE FUNCTION remove_words_seen() RETURNS void LANGUAGE sql AS $$ DELETE FROM blind WHERE id > 0 $$;
CREATE FUNCTION remove_comments() RETURNS SETOF int LANGUAGE sql AS
    $$ DELETE FROM comments c USING notes n WHERE n.id = c.note_id AND n.shared RETURNING c.id $$;

-- Both
CREATE FUNCTION put_note(id int, owner uuid, body text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO notes (id, owner, body) VALUES (id, owner, body) ON CONFLICT (id) DO UPDATE SET body = excluded.body, owner = excluded.owner
$$;
CREATE FUNCTION put_note_shown(id int, owner uuid, body text) RETURNS SETOF notes LANGUAGE sql AS $$
    INSERT INTO notes (id, owner, body) VALUES (id, owner, body)
    ON CONFLICT ON CONSTRAINT notes_pkey DO UPDATE SET body = notes.body || excluded.body WHERE notes.rank IS NULL OR notes.rank < 3 RETURNING *
$$;
CREATE FUNCTION put_note_once(id int, owner uuid) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO notes (id, owner, body) VALUES (id, owner, 'once') ON CONFLICT DO NOTHING $$;
CREATE FUNCTION put_note_once_by_id(id int, owner uuid) RETURNS SETOF int LANGUAGE sql AS
    $$ INSERT INTO notes (id, owner, body) VALUES (id, owner, 'once') ON CONFLICT (id) DO NOTHING RETURNING id $$;
CREATE FUNCTION put_entry(id int, amount numeric) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO ledger (id, amount) VALUES (id, amount) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount $$;
CREATE FUNCTION put_word(id int, owner uuid) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO blind VALUES (id, owner, 'put') ON CONFLICT (id) DO UPDATE SET word = excluded.word $$;
CREATE FUNCTION put_vault(id int) RETURNS void LANGUAGE sql AS $$ INSERT INTO vault VALUES (id, 'put') ON CONFLICT DO NOTHING $$;
CREATE FUNCTION move_all(new_owner uuid) RETURNS bigint LANGUAGE sql AS $$
    UPDATE notes SET owner = new_owner;
    DELETE FROM comments WHERE author = new_owner;
    INSERT INTO inbox (id, text, sender) SELECT 50 + n.id, n.body, n.owner FROM notes n;
    SELECT count(*) FROM notes
$$;
-- A value that differs each time is made once: what is checked is what is written.
CREATE FUNCTION own_by_chance(note int) RETURNS void LANGUAGE sql AS
    $$ UPDATE notes SET owner = CASE WHEN random() < 2 THEN gen_random_uuid() END WHERE id = note $$;
CREATE FUNCTION add_by_chance(note int) RETURNS void LANGUAGE sql AS $$ INSERT INTO notes (id, owner, body) VALUES (note, gen_random_uuid(), 'chance') $$;

-- As the owner
CREATE FUNCTION definer_add(id int, owner uuid) RETURNS SETOF notes LANGUAGE sql SECURITY DEFINER AS
    $$ INSERT INTO notes (id, owner, body) VALUES (id, owner, 'definer') RETURNING * $$;
CREATE FUNCTION definer_set(note int) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ UPDATE notes SET body = 'definer' WHERE id = note $$;
CREATE FUNCTION definer_forced(id int, word text) RETURNS void LANGUAGE sql SECURITY DEFINER AS
    $$ INSERT INTO forced (id, owner, word) VALUES (id, auth.uid(), word) $$;
CREATE FUNCTION definer_locked(id int) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO locked (id, word) VALUES (id, 'definer') $$;
CREATE FUNCTION definer_who() RETURNS text LANGUAGE sql SECURITY DEFINER STABLE AS $$ SELECT auth.uid()::text $$;
CREATE FUNCTION definer_user() RETURNS text LANGUAGE sql SECURITY DEFINER STABLE AS $$ SELECT current_user || ', ' || session_user || ' "cairn_role()"' $$;
CREATE FUNCTION closed(id int) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO locked (id, word) VALUES (id, 'closed') $$;
REVOKE EXECUTE ON FUNCTION closed(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION closed(int) TO editor;

-- Of a row: what they read is read as the caller, or as the owner
CREATE FUNCTION note_count(profiles) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM notes n WHERE n.owner = $1.id $$;
CREATE FUNCTION all_note_count(profiles) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS
    $$ SELECT count(*) FROM notes n WHERE n.owner = $1.id $$;
CREATE FUNCTION locked_words(n notes) RETURNS text LANGUAGE sql STABLE AS $$ SELECT word FROM locked l WHERE l.note_id = n.id $$;
CREATE FUNCTION locked_word(n notes) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS
    $$ SELECT 'of ' || l.id FROM locked l WHERE l.note_id = n.id $$;
CREATE FUNCTION size_by_rank(n notes) RETURNS int LANGUAGE sql STABLE AS $$ SELECT n.size / (n.rank - 3) $$;
CREATE FUNCTION body_as_number(n notes) RETURNS int LANGUAGE sql STABLE AS $$ SELECT n.body::int $$;
CREATE FUNCTION is_mine(n notes) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT n.owner = auth.uid() $$;
CREATE FUNCTION remarks(notes) RETURNS SETOF comments LANGUAGE sql STABLE AS $$ SELECT * FROM comments WHERE note_id = $1.id ORDER BY id $$;
CREATE FUNCTION written(profiles) RETURNS SETOF notes LANGUAGE sql STABLE AS $$ SELECT * FROM notes WHERE owner = $1.id ORDER BY id $$;
CREATE FUNCTION shown(tags) RETURNS SETOF notes LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT * FROM notes WHERE id = $1.id AND shared ORDER BY id $$;
CREATE FUNCTION kept(tags) RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'kept' $$;
REVOKE EXECUTE ON FUNCTION kept(tags) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kept(tags) TO editor;
CREATE FUNCTION seen_count(tags) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM notes n WHERE n.id >= $1.id $$;
CREATE FUNCTION all_count(tags) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT count(*) FROM notes n WHERE n.id >= $1.id $$;
CREATE FUNCTION seen(tags) RETURNS SETOF notes LANGUAGE sql STABLE AS $$ SELECT * FROM notes WHERE id >= $1.id ORDER BY id $$;
