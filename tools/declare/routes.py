# SPDX-License-Identifier: Apache-2.0
"""def/routes.toml: paths, methods, rights."""

import re

from declare.common import DefError, HEAD, c_str, load, need, one_line, only, unique, upper

RIGHTS = ["nobody", "anyone", "local", "role"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def read_routes(def_dir):
    routes = load(def_dir, "routes.toml")["route"]
    unique(routes, "id", "routes.toml")
    for route in routes:
        place = f"routes.toml: {route.get('id')}"
        need(route, place, "id", "methods", "path", "right", "doc")
        only(route, place, {"id", "methods", "path", "aliases", "right", "doc"})
        if route["right"] not in RIGHTS:
            raise DefError(f"{place}: right {route['right']!r} isn't one of {', '.join(RIGHTS)}")
        for method in route["methods"]:
            if method not in METHODS:
                raise DefError(f"{place}: method {method!r} isn't one of {', '.join(METHODS)}")
        for path in [route["path"], *route.get("aliases", [])]:
            if not re.fullmatch(r"(/([a-z0-9._]+|\{[a-z]+\})?)+", path):
                raise DefError(f"{place}: path {path!r} isn't made of /segment and /{{name}}")
    return routes


def routes_header(routes):
    ids = "\n".join(f"    ROUTE_{upper(route['id'])}," for route in routes)
    rights = ", ".join(f"ROUTE_RIGHT_{right.upper()}" for right in RIGHTS)
    methods = "\n".join(f"    ROUTE_METHOD_{name} = 1 << {bit}," for bit, name in enumerate(METHODS))
    return HEAD % "routes.toml" + f"""\
#ifndef CAIRN_DEF_ROUTES_H
#define CAIRN_DEF_ROUTES_H

#include <stddef.h>

/* Labels of metrics too: ROUTE_NONE is for requests that reach no route. */
enum route_id {{
{ids}
    ROUTE_NONE,
    ROUTE_COUNT = ROUTE_NONE
}};

/* Who may use a route; see def/routes.toml. A zeroed value lets nobody in. */
enum route_right {{ {rights} }};

enum route_method {{
{methods}
}};

struct route_def {{
    enum route_id id;
    const char *path;       /* {{name}} is one segment */
    size_t fixed;           /* the length of what comes before {{name}}, or of all */
    unsigned methods;       /* of enum route_method */
    const char *allow;      /* the same as text: "GET,HEAD" */
    enum route_right right;
    const char *doc;
}};

/* A route with aliases has several rows. The first that fits wins. */
extern const struct route_def route_table[];
extern const size_t route_table_count;
extern const char *const route_names[ROUTE_COUNT + 1]; /* by id; the last is "none" */

#endif
"""


def routes_source(routes):
    out = [HEAD % "routes.toml", '#include "def/routes.h"\n',
           "const struct route_def route_table[] = {"]
    for route in routes:
        mask = " | ".join(f"ROUTE_METHOD_{method}" for method in route["methods"])
        for path in [route["path"], *route.get("aliases", [])]:
            out.append(f"    {{ROUTE_{upper(route['id'])}, {c_str(path)}, {len(path.split('{')[0])},\n     {mask},\n"
                       f"     {c_str(','.join(route['methods']))}, "
                       f"ROUTE_RIGHT_{route['right'].upper()},\n"
                       f"     {c_str(one_line(route['doc']))}}},")
    out.append("};\nconst size_t route_table_count = sizeof(route_table) / sizeof(route_table[0]);\n")
    out.append("const char *const route_names[ROUTE_COUNT + 1] = {")
    out += [f"    [ROUTE_{upper(route['id'])}] = {c_str(route['id'])}," for route in routes]
    out.append('    [ROUTE_NONE] = "none",\n};\n')
    return "\n".join(out)


def routes_docs(routes):
    out = ["# Routes\n", """\
Who may use a route: *anyone*; *local*, callers on the same machine; *role*, decided table by table
from the caller's role; *nobody*, switched off.

| path | methods | who | what |
|---|---|---|---|"""]
    out += [f"| `{route['path']}` | {', '.join(route['methods'])} | {route['right']} "
            f"| {one_line(route['doc'])} |" for route in routes]
    return "\n".join(out) + "\n"
