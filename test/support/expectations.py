#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What PostgreSQL answers, for the tables of expectations that the unit tests check.

    python3 test/support/expectations.py types test/unit/sql/types.tsv
    python3 test/support/expectations.py functions test/unit/db/functions.tsv

rewrites the last column of a table by asking the server that psql reaches (PGHOST, PGUSER…), which
must be PostgreSQL 15 with the locale C.UTF-8. Add rows without it to get more expectations. In a
table \\n, \\t and \\\\ stand for what they usually do.

types.tsv: a type, or two joined by ">" for a cast; a text; the result. A result is
"O|output function|::text|to_json()" or "E|SQLSTATE|message|details|hint", or NULL.
functions.tsv: an expression for SQLite; the same for PostgreSQL; the result as text, or
"E|SQLSTATE|message|details", or NULL.
"""

import pathlib
import subprocess
import sys

TYPES = r"""
create function pg_temp.answer(names text, input text) returns text language plpgsql as $body$
declare
    result text; message text; details text; hint text; code text; source text; target text;
    output text; held text;
begin
    source := split_part(names, '>', 1);
    target := coalesce(nullif(split_part(names, '>', 2), ''), source);
    held := 'held_' || md5(source);
    execute format('create temp table if not exists %s (v %s)', held, source);
    execute format('delete from %s', held);
    if source like 'json%' then
        execute format('insert into %s select %L::%s', held, input, source);
    else
        execute format('insert into %s select * from json_populate_record(null::%s,
                        json_build_object(''v'', %L::text))', held, held, input);
    end if;
    select typoutput::regproc::text into output from pg_type where oid = target::regtype;
    execute format('select ''O|'' || textin(%s(v)) || ''|'' || v::text || ''|'' || to_json(v)::text
                    from (select v::%s as v from %s) x', output, target, held) into result;
    return result;
exception when others then
    get stacked diagnostics message = message_text, details = pg_exception_detail,
        hint = pg_exception_hint, code = returned_sqlstate;
    return concat_ws('|', 'E', code, message, details, hint);
end $body$;
"""
FUNCTIONS = r"""
create function pg_temp.answer(ours text, expression text) returns text language plpgsql as $body$
declare
    result text; message text; details text; code text;
begin
    execute 'select case x when ''true'' then ''1'' when ''false'' then ''0'' else x end
             from (select (' || expression || ')::text as x) y' into result;
    return result;
exception when others then
    get stacked diagnostics message = message_text, details = pg_exception_detail,
        code = returned_sqlstate;
    return concat_ws('|', 'E', code, message, details);
end $body$;
"""


def unescape(text):
    return text.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\")


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def quote(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def ask(setup, rows):
    calls = "".join(
        f"select encode(convert_to(coalesce(pg_temp.answer({quote(a)}, {quote(b)}), 'NULL'), 'UTF8'),"
        " 'hex');\n" for a, b in rows)
    done = subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], text=True, capture_output=True, check=False,
        input="set client_min_messages = error; set timezone = UTC;" + setup + calls)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return [bytes.fromhex(line).decode() for line in done.stdout.splitlines()]


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("types", "functions"):
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[2])
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t")[:2] for line in lines if not line.startswith("#")]
    answers = ask(TYPES if sys.argv[1] == "types" else FUNCTIONS,
                  [[unescape(field) for field in row] for row in rows])
    head = [line for line in lines if line.startswith("#")]
    table = ["\t".join(row + [escape(answer)]) for row, answer in zip(rows, answers)]
    path.write_text("\n".join(head + table) + "\n", encoding="utf-8")


main()
