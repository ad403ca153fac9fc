# SPDX-License-Identifier: Apache-2.0
"""def/lifecycle/*.toml: what each stage needs, held against the two documents that ask for it.

Every checklist item, requirement, criterion, priority, matrix line, target and decision of the
documents must be claimed by a row, and what a row needs must not contradict what its items say.
"""

import re
import tomllib

from declare.common import HEAD, STAGES, DefError, c_str, need, one_line, only, unique, upper

AREAS = {
    "product": "Product", "infrastructure": "Infrastructure", "security": "Security",
    "reliability": "Reliability", "observability": "Observability", "operations": "Operations",
    "delivery": "CI/CD", "people": "People",
}
NEEDS = ["-", "nice", "should", "must"]
CLASSES = ["attested", "static", "config", "measured", "drilled"]
FILTERS = ["validates", "invalid-without", "hard-later", "later"]
PRIORITIES = ["P0", "P1", "P2"]
DOCUMENTS = {"L": "lifecycle-stages.md", "P": "poc-architecture.md"}
FIELDS = {"id", "title", "area", "need", "priority", "verify", "accept", "filter", "when", "cost",
          "fix", "elsewhere", "names", "adr", "docs", "gap", "sources", "load"}
FEATURE_FIELDS = {"id", "title", "need", "filter", "when", "because", "instead", "names", "load",
                  "sources"}
LOADS = ["latency", "throughput"]
# What comes first is done first, among rows of one priority.
FILES = ["poc", "people", "reliability", "security", "operations", "features"]

# What counts as an item of a document: a list entry of any form, or a line of a table's body.
ITEM = re.compile(r"(?:- \[ \] |- (?:✅|⚠️|❌|🔮) |- \[(?:Critical|Recommended|Optional)\] "
                  r"|\d+\. |- |[✓✗] |[├└]── |\[Single|Cost: |Setup time: |Tear-down: )(.*)")
PART = 9  # a line in bold heads a part of a section
EXAMPLE = re.compile(r"[A-Z][^.]* → (?:Include|Skip|Depends)\b.*")


def read_items(path):
    """{line number: (headings, text)} of what the document asks for."""
    items, headings, in_contents = {}, {}, False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        heading = re.match(r"(#+) (.*)", line)
        if heading:
            depth = len(heading[1])
            headings = {d: text for d, text in headings.items() if d < depth}
            headings[depth] = heading[2].strip()
            in_contents = heading[2] == "Table of Contents"
            continue
        part = re.fullmatch(r"\*\*([^*]+)\*\*:?", line)
        if part:
            headings[PART] = part[1].strip(":")
            continue
        item = ITEM.match(line)
        is_row = line.startswith("| **")
        if not in_contents and (item or is_row or EXAMPLE.match(line)):
            items[number] = (list(headings.values()), line.strip())
    return items


def read_documents(def_dir):
    return {letter: read_items(def_dir / "lifecycle" / name) for letter, name in DOCUMENTS.items()}


def check_need(row, place):
    row["needs"] = row["need"].split()
    if len(row["needs"]) != len(STAGES) or not set(row["needs"]) <= set(NEEDS):
        raise DefError(f"{place}: need takes one of {', '.join(NEEDS)} for each stage")
    if row["filter"] not in FILTERS:
        raise DefError(f"{place}: filter {row['filter']!r} isn't one of {', '.join(FILTERS)}")
    if row.get("load", LOADS[0]) not in LOADS:
        raise DefError(f"{place}: load {row['load']!r} isn't one of {', '.join(LOADS)}")


def check_feature(row, place):
    """What people ask for that no check is about, in the form of a row."""
    need(row, place, "id", "title", "need", "filter", "because", "instead", "names", "sources")
    only(row, place, FEATURE_FIELDS)
    check_need(row, place)
    row |= {"area": "infrastructure", "priority": "P2", "class": "attested", "check": None,
            "accepts": ["attested"] * len(STAGES), "cost": row["because"], "fix": row["instead"]}


def check_row(row, place):
    need(row, place, "id", "title", "area", "need", "priority", "verify", "filter", "cost", "fix",
         "names", "sources")
    only(row, place, FIELDS)
    if row["area"] not in AREAS:
        raise DefError(f"{place}: area {row['area']!r} isn't one of {', '.join(AREAS)}")
    check_need(row, place)
    row["class"], _, row["check"] = row["verify"].partition(":")
    if row["class"] not in CLASSES:
        raise DefError(f"{place}: {row['class']!r} isn't one of {', '.join(CLASSES)}")
    if (row["class"] == "attested") == bool(row["check"]):
        raise DefError(f"{place}: verify is attested, or CLASS:CHECK")
    if row["priority"] not in PRIORITIES:
        raise DefError(f"{place}: priority {row['priority']!r} isn't one of {', '.join(PRIORITIES)}")
    accept = row.get("accept", {})
    row["accepts"] = [accept.get(stage, row["class"]) for stage in STAGES]
    for stage, least in accept.items():
        if stage not in STAGES or least not in CLASSES[:CLASSES.index(row["class"])]:
            raise DefError(f"{place}: accept names a stage and a class below {row['class']}")


def wanted_need(headings, text):
    """(stage, needs that agree) of an item, or None when it says nothing about that."""
    stage = next((index for index, name in enumerate(("Stage 1", "Stage 2", "Stage 3", "Stage 4"))
                  if any(heading.startswith(name) for heading in headings)), None)
    if stage is None or "(if " in text or "(or " in text:
        return None
    for heading, needs in (("Must Have", ["must"]), ("Should Have", ["should", "must"]),
                           ("Nice to Have", ["nice", "should", "must"]), ("Don't Need", ["-"]),
                           ("Success Criteria", ["must"])):
        if headings[-1].startswith(heading):
            return stage, needs
    return None


def check_documents(rows, documents):
    claims = {}
    for row in rows:
        for source in row["sources"].split():
            claims.setdefault((source[0], int(source[1:])), []).append(row)
    for letter, items in documents.items():
        for number, (headings, text) in items.items():
            place = f"{DOCUMENTS[letter]}:{number}"
            claiming = claims.get((letter, number))
            if not claiming:
                raise DefError(f"{place}: no row of the catalogue answers to {text!r}")
            wanted = wanted_need(headings, text) if letter == "L" else None
            if wanted and not any(row["needs"][wanted[0]] in wanted[1] for row in claiming):
                raise DefError(f"{place}: {text!r} asks for {' or '.join(wanted[1])} at "
                               f"{STAGES[wanted[0]]}; {claiming[0]['id']} says otherwise")


def check_sources(rows, documents):
    for row in rows:
        for source in row["sources"].split():
            if int(source[1:]) not in documents.get(source[0], {}):
                raise DefError(f"lifecycle: {row['id']}: {source} isn't an item of a document")


def read_lifecycle(def_dir):
    rows, features = [], []
    paths = [def_dir / "lifecycle" / f"{name}.toml" for name in FILES]
    for path in (def_dir / "lifecycle").glob("*.toml"):
        if path not in paths:
            raise DefError(f"lifecycle/{path.name} has no place in the catalogue's order")
    for path in paths:
        with open(path, "rb") as file:
            content = tomllib.load(file)
        for row in content.get("row", []):
            check_row(row, f"lifecycle/{path.name}: {row.get('id')}")
            rows.append(row)
        for row in content.get("feature", []):
            check_feature(row, f"lifecycle/{path.name}: {row.get('id')}")
            features.append(row)
    unique(rows + features, "id", "lifecycle")
    documents = read_documents(def_dir)
    check_sources(rows + features, documents)
    check_documents(rows, documents)
    names = [{"name": name.lower()} for row in rows + features for name in row["names"]]
    unique(names, "name", "lifecycle: names")
    return rows, features, documents


def lifecycle_header():
    areas = "\n".join(f"    LIFECYCLE_AREA_{upper(area)}," for area in AREAS)
    return HEAD % "lifecycle" + f"""\
#ifndef CAIRN_DEF_LIFECYCLE_H
#define CAIRN_DEF_LIFECYCLE_H

#include <stddef.h>

#define LIFECYCLE_STAGE_COUNT {len(STAGES)}

enum lifecycle_area {{
{areas}
    LIFECYCLE_AREA_COUNT
}};

enum lifecycle_need {{ LIFECYCLE_NOT_YET, LIFECYCLE_NICE, LIFECYCLE_SHOULD, LIFECYCLE_MUST }};

/* From the weakest to the strongest. */
enum lifecycle_class {{
    LIFECYCLE_ATTESTED, /* a person says so */
    LIFECYCLE_STATIC,   /* files say so */
    LIFECYCLE_CONFIG,   /* the configuration says so */
    LIFECYCLE_MEASURED, /* the running service was asked */
    LIFECYCLE_DRILLED,  /* a fault was put in, and what happened was counted */
}};

/* Which question of the decision filter lets it into a proof of concept, or keeps it out. */
enum lifecycle_filter {{
    LIFECYCLE_VALIDATES,
    LIFECYCLE_INVALID_WITHOUT,
    LIFECYCLE_HARD_LATER,
    LIFECYCLE_LATER,
}};

/* A line of one of the documents that the catalogue answers to. */
struct lifecycle_source {{
    const char *file;
    unsigned line;
    const char *section;
    const char *text;
}};

/* A row of the catalogue; def/lifecycle/poc.toml says what each field means. Texts are UTF-8. */
struct lifecycle_row {{
    const char *id;
    const char *title;
    enum lifecycle_area area;
    enum lifecycle_need need[LIFECYCLE_STAGE_COUNT];
    unsigned priority; /* 0 is first */
    enum lifecycle_class verify;
    enum lifecycle_class accept[LIFECYCLE_STAGE_COUNT]; /* the least that a stage takes */
    const char *check;                                  /* NULL: attested */
    enum lifecycle_filter filter;
    const char *when; /* only under this condition; NULL: always */
    const char *cost;
    const char *fix;
    const char *elsewhere;    /* what to do in a service that isn't cairn; NULL: the same */
    const char *const *names; /* NULL-terminated, in lower case */
    const char *adr;          /* NULL: none */
    const char *const *docs;  /* NULL-terminated */
    const char *gap;          /* NULL: none */
    const char *load;         /* "latency" or "throughput" when the load says whether it is needed now */
    const struct lifecycle_source *sources;
    size_t source_count;
    const char *const *command; /* of a project's own row: what to run; NULL: built in */
    unsigned timeout_s;         /* of the command */
}};

extern const struct lifecycle_row lifecycle_rows[];
extern const size_t lifecycle_row_count;
/* What people ask for that no check is about: rows that are never judged. */
extern const struct lifecycle_row lifecycle_features[];
extern const size_t lifecycle_feature_count;
extern const char *const lifecycle_area_names[LIFECYCLE_AREA_COUNT];
extern const char *const lifecycle_stage_names[LIFECYCLE_STAGE_COUNT];
extern const char *const lifecycle_class_names[];

#endif
"""


def c_list(name, items):
    values = "".join(c_str(item) + ", " for item in items)
    return f"static const char *const {name}[] = {{{values}NULL}};"


def source_rows(row, documents):
    out = []
    for source in row["sources"].split():
        headings, text = documents[source[0]][int(source[1:])]
        out.append(f"    {{{c_str(DOCUMENTS[source[0]])}, {source[1:]}, "
                   f"{c_str(' > '.join(headings[1:]))},\n     {c_str(text)}}},")
    return out


def row_lists(row, documents):
    name = row["id"].replace("-", "_")
    return [c_list(f"{name}_names", [item.lower() for item in row["names"]]),
            c_list(f"{name}_docs", row.get("docs", [])),
            f"static const struct lifecycle_source {name}_sources[] = {{",
            *source_rows(row, documents), "};"]


def row_value(row):
    name = row["id"].replace("-", "_")
    needs = ", ".join(f"LIFECYCLE_{'NOT_YET' if item == '-' else item.upper()}"
                      for item in row["needs"])
    accepts = ", ".join(f"LIFECYCLE_{item.upper()}" for item in row["accepts"])
    return f"""\
    {{.id = {c_str(row['id'])}, .title = {c_str(row['title'])},
     .area = LIFECYCLE_AREA_{upper(row['area'])}, .need = {{{needs}}},
     .priority = {row['priority'][1]}, .verify = LIFECYCLE_{row['class'].upper()},
     .accept = {{{accepts}}}, .check = {c_str(row['check'] or None)},
     .filter = LIFECYCLE_{upper(row['filter'])}, .when = {c_str(row.get('when'))},
     .cost = {c_str(one_line(row['cost']))},
     .fix = {c_str(one_line(row['fix']))}, .elsewhere = {c_str(row.get('elsewhere'))},
     .names = {name}_names, .adr = {c_str(row.get('adr'))}, .docs = {name}_docs,
     .gap = {c_str(row.get('gap'))}, .load = {c_str(row.get('load'))},
     .sources = {name}_sources, .source_count = {len(row['sources'].split())}}},"""


def lifecycle_source(rows, features, documents):
    out = [HEAD % "lifecycle", '#include "def/lifecycle.h"\n']
    for row in rows + features:
        out += row_lists(row, documents)
    for name, items in (("row", rows), ("feature", features)):
        out.append(f"\nconst struct lifecycle_row lifecycle_{name}s[] = {{")
        out += [row_value(row) for row in items]
        out.append(f"}};\nconst size_t lifecycle_{name}_count = "
                   f"sizeof(lifecycle_{name}s) / sizeof(lifecycle_{name}s[0]);\n")
    out.append("const char *const lifecycle_area_names[LIFECYCLE_AREA_COUNT] = {")
    out += [f"    [LIFECYCLE_AREA_{upper(area)}] = {c_str(title)}," for area, title in AREAS.items()]
    out.append("};\nconst char *const lifecycle_stage_names[LIFECYCLE_STAGE_COUNT] = {")
    out += [f"    {c_str(stage)}," for stage in STAGES]
    out.append("};\nconst char *const lifecycle_class_names[] = {")
    out += [f"    [LIFECYCLE_{name.upper()}] = {c_str(name)}," for name in CLASSES]
    return "\n".join(out) + "\n};\n"


def lifecycle_docs(rows, features, documents):
    out = ["# The lifecycle catalogue\n", f"""\
{len(rows)} rows: what each stage needs, and how `cairn check` finds out. They come from two documents,
[lifecycle-stages.md](../../def/lifecycle/lifecycle-stages.md) and
[poc-architecture.md](../../def/lifecycle/poc-architecture.md); every item there has its row here.
`cairn explain ID` prints one with its sources.
"""]
    for area, title in AREAS.items():
        out.append(f"## {title}\n\n| id | what holds | poc | mvp | production | scale | priority "
                   "| verified |\n|---|---|---|---|---|---|---|---|")
        for row in rows:
            if row["area"] == area:
                cells = " | ".join(row["needs"])
                how = row["class"] + (f": {row['check']}" if row["check"] else "")
                out.append(f"| `{row['id']}` | {row['title']} | {cells} | {row['priority']} | {how} |")
        out.append("")
    out.append("""\
## What else can be asked for

No row, and no stage is kept back by it; `cairn advise` answers.

| id | what it is | poc | mvp | production | scale | in its place, or first |
|---|---|---|---|---|---|---|""")
    for row in features:
        out.append(f"| `{row['id']}` | {row['title']} | {' | '.join(row['needs'])} "
                   f"| {row['instead'].replace('|', '&#124;')} |")
    return "\n".join(out) + "\n"
