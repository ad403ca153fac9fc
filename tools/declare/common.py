# SPDX-License-Identifier: Apache-2.0
"""What all kinds of rows share: reading, checking, and C literals."""

import re
import tomllib

STAGES = ["poc", "mvp", "production", "scale"]
HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Generated from def/%s by tools/generate.py. */\n"


class DefError(Exception):
    """Something in def/ is wrong; the text says what and where."""


def need(row, place, *names):
    for name in names:
        if row.get(name) in (None, "", []):
            raise DefError(f"{place}: {name} is missing")


def only(row, place, names):
    for name in row:
        if name not in names:
            raise DefError(f"{place}: {name} isn't known here; known: {', '.join(sorted(names))}")


def unique(rows, key, place):
    seen = set()
    for row in rows:
        if row[key] in seen:
            raise DefError(f"{place}: {key} {row[key]!r} stands twice")
        seen.add(row[key])


def load(def_dir, name):
    with open(def_dir / name, "rb") as file:
        return tomllib.load(file)


def one_line(text):
    return " ".join(text.split())


def c_str(text):
    """A C string literal, ASCII, split so that no line gets too long."""
    if text is None:
        return "NULL"
    out, line = [], ""
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            line += "\\" + char
        elif char == "\n":
            out.append(line + "\\n")
            line = ""
        elif 32 <= byte < 127:
            line += char
        else:
            line += f"\\{byte:03o}"
        if len(line) > 80 and char == " ":
            out.append(line)
            line = ""
    if line or not out:
        out.append(line)
    return "\n    ".join(f'"{part}"' for part in out)


def upper(name):
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def c_name(key):
    return re.sub(r"[^a-z0-9]", "_", key.lower())
