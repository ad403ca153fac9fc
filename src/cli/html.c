/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"

#include "lifecycle/report.h"

/* Colours have names, so that drawings follow the reader's choice too. */
static const char style[] =
    ":root{color-scheme:light dark;--text:#1f2328;--page:#fff;--line:#d1d9e0;--dim:#59636e;"
    "--soft:#eff2f5;--good:#1a7f37;--bad:#cf222e;--mark:#0969da;--bar:#54aeff}"
    "@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--page:#0d1117;--line:#3d444d;"
    "--dim:#9198a1;--soft:#1c2129;--good:#3fb950;--bad:#f85149;--mark:#4493f8;--bar:#388bfd}}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:0 auto;padding:1.5rem 1rem;"
    "color:var(--text);background:var(--page);overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}th,.state{white-space:nowrap}"
    "td,th{text-align:left;padding:.35rem .5rem .35rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:top}.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    ".dim,.open{color:var(--dim)}.met{color:var(--good)}.missed{color:var(--bad)}"
    ".note{margin-top:2rem;padding:.7rem 1rem;background:var(--soft);border-left:4px solid var(--mark)}"
    ".wide{overflow-x:auto}.wide td:first-child{min-width:7.5rem}svg{display:block;max-width:100%}"
    "svg text{font:12px system-ui,sans-serif;fill:var(--dim)}.bar{fill:var(--bar)}"
    ".fail{fill:var(--bad)}.good{fill:var(--good)}.soft{fill:var(--soft)}"
    ".axis{stroke:var(--line)}.limit{stroke:var(--text);stroke-width:2}";

void
html_begin(struct buf *out, const char *title)
{
    BUF_ADD_LIT(out,
                "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
    report_add_escaped(out, title);
    buf_printf(out, "</title>\n<style>%s</style>\n<h1>", style);
    report_add_escaped(out, title);
    BUF_ADD_LIT(out, "</h1>\n");
}

void
html_end(struct buf *out)
{
    BUF_ADD_LIT(out, "</html>\n");
}
