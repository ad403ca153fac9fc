# SPDX-License-Identifier: Apache-2.0
"""def/search.toml: languages of full text search and their stop words."""

import re

from declare.common import DefError, HEAD, c_str, load, need, only, unique


def read_marks(text):
    ranges = []
    for word in text.split():
        if not re.fullmatch(r"[0-9A-F]+(-[0-9A-F]+)?", word):
            raise DefError(f"search.toml: marks: {word!r} is no range")
        first, _, last = word.partition("-")
        row = (int(first, 16), int(last or first, 16))
        if row[0] > row[1] or (ranges and ranges[-1][1] >= row[0]):
            raise DefError(f"search.toml: marks: {word} is out of order")
        ranges.append(row)
    return ranges


def read_search(def_dir):
    search = load(def_dir, "search.toml")
    need(search, "search.toml", "marks", "language")
    languages = search["language"]
    unique(languages, "name", "search.toml")
    names = [row["name"] for row in languages]
    for row in languages:
        place = f"search.toml: {row['name']}"
        only(row, place, {"name", "ascii", "stop"})
        if row.get("ascii", row["name"]) not in names:
            raise DefError(f"{place}: there is no language {row['ascii']}")
        # In the order of their bytes, as the program looks them up.
        words = row.get("stop", "").split()
        if len(set(words)) != len(words):
            raise DefError(f"{place}: a stop word stands twice")
        row["stop"] = sorted(words, key=lambda word: word.encode())
    return read_marks(search["marks"]), languages


def search_header():
    return HEAD % "search.toml" + """\
#ifndef CAIRN_DEF_SEARCH_H
#define CAIRN_DEF_SEARCH_H

#include <stddef.h>
#include <stdint.h>

struct search_range {
    uint32_t first, last;
};

/* In order. */
extern const struct search_range search_marks[];
extern const size_t search_mark_count;

struct search_language {
    const char *name;         /* of the configuration, and of Snowball's stemmer */
    size_t ascii;             /* the language of words that are ASCII */
    const char *const *stops; /* by their bytes */
    size_t stop_count;
};

extern const struct search_language search_languages[];
extern const size_t search_language_count;

#endif
"""


def search_source(search):
    marks, languages = search
    names = [row["name"] for row in languages]
    out = [HEAD % "search.toml", '#include "def/search.h"\n',
           "const struct search_range search_marks[] = {"]
    out += [f"    {{0x{first:X}, 0x{last:X}}}," for first, last in marks]
    out.append("};\nconst size_t search_mark_count = sizeof(search_marks) / sizeof(search_marks[0]);\n")
    for row in languages:
        if row["stop"]:
            out.append(f"static const char *const {row['name']}_stops[] = {{")
            out += [f"    {c_str(word)}," for word in row["stop"]]
            out.append("};\n")
    out.append("const struct search_language search_languages[] = {")
    for row in languages:
        stops = f"{row['name']}_stops" if row["stop"] else "NULL"
        out.append(f"    {{{c_str(row['name'])}, {names.index(row.get('ascii', row['name']))}, "
                   f"{stops}, {len(row['stop'])}}},")
    out.append("};\nconst size_t search_language_count =\n"
               "    sizeof(search_languages) / sizeof(search_languages[0]);")
    return "\n".join(out) + "\n"
