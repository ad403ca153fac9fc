-- SPDX-License-Identifier: Apache-2.0
-- The rows that expressions.tsv was made from.
CREATE TYPE mood AS ENUM ('sad','ok','happy');
CREATE TABLE t (i int, s smallint, b bigint, n numeric, m numeric(8,2), r real, d double precision, x text, v varchar(10), c char(5), f boolean, dt date, ts timestamp, tz timestamptz, u uuid, j json, jb jsonb, y bytea, e mood, tm time);
INSERT INTO t VALUES (1, 2, 3, 4.50, 5.25, 1.5, 2.5, 'Hello World', 'abc', 'xy', true, '2020-02-29', '2020-02-29 12:34:56.789', '2020-02-29 12:34:56+02', '12345678-1234-1234-1234-123456789abc', '{"a": 1}', '{"b": [1, 2], "a": "x"}', '\x00ff', 'ok', '10:20:30');
INSERT INTO t VALUES (-7, -3, -9007199254740993, -0.001, -5.25, -1.1, -2.75, 'héllo %_', '', '', false, '1999-12-31', '1999-12-31 23:59:59', '1999-12-31 23:59:59Z', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'null', '{}', '', 'happy', '00:00');
INSERT INTO t (i) VALUES (NULL), (0), (2147483647);
INSERT INTO t (i, b, n, m, r, d, x, v, f, dt, e) VALUES (100, 9223372036854775807, 12345678901234567890.123456789, 999999.99, 16777216, 1e300, 'abc', 'HELLO', false, '2024-12-31', 'sad');
