# SPDX-License-Identifier: Apache-2.0
"""def/metrics.toml: counters, gauges, histograms."""

from declare.common import DefError, HEAD, c_str, load, need, one_line, only, unique, upper

METRIC_TYPES = ["counter", "gauge", "histogram"]


def read_metrics(def_dir, routes, version):
    data = load(def_dir, "metrics.toml")
    sources = {
        "route": [route["id"] for route in routes] + ["none"],
        "status": [str(status) for status in data["statuses"]] + ["other"],
    }
    metrics = data["metric"]
    unique(metrics, "id", "metrics.toml")
    unique(metrics, "name", "metrics.toml")
    for metric in metrics:
        place = f"metrics.toml: {metric.get('id')}"
        need(metric, place, "id", "name", "type", "help")
        only(metric, place, {"id", "name", "type", "help", "labels", "buckets", "scale"})
        if metric["type"] not in METRIC_TYPES:
            raise DefError(f"{place}: type {metric['type']!r} isn't one of {METRIC_TYPES}")
        if metric["type"] == "counter" and not metric["name"].endswith("_total"):
            raise DefError(f"{place}: the name of a counter ends in _total")
        if (metric["type"] == "histogram") != ("buckets" in metric):
            raise DefError(f"{place}: a histogram, and nothing else, has buckets")
        if len(metric.get("labels", [])) > 2:
            raise DefError(f"{place}: more than two labels")
        metric["bounds"] = data["buckets"][metric["buckets"]] if "buckets" in metric else []
        for label in metric.get("labels", []):
            values = label["values"]
            label["list"] = sources[values] if isinstance(values, str) else [
                value.replace("${version}", version) for value in values]
    return metrics, data["statuses"]


def metrics_header(metrics):
    ids = "\n".join(f"    METRIC_{upper(metric['id'])}," for metric in metrics)
    labels = []
    for metric in metrics:
        for label in metric.get("labels", []):
            if not isinstance(label["values"], str) and len(label["list"]) > 1:
                prefix = f"METRIC_{upper(metric['id'])}_{upper(label['name'])}"
                names = ", ".join(f"{prefix}_{upper(value)}" for value in label["list"])
                labels.append(f"enum {{ {names} }};")
    label_enums = "\n".join(labels)
    return HEAD % "metrics.toml" + f"""\
#ifndef CAIRN_DEF_METRICS_H
#define CAIRN_DEF_METRICS_H

#include <stddef.h>

enum metric_id {{
{ids}
    METRIC_COUNT
}};

enum metric_type {{ METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM }};

#define METRIC_LABELS_MAX 2

struct metric_label_def {{
    const char *name;
    const char *const *values;
    size_t value_count;
}};

struct metric_def {{
    const char *name;
    const char *help;
    enum metric_type type;
    struct metric_label_def labels[METRIC_LABELS_MAX];
    size_t label_count;
    const double *buckets; /* upper bounds, rising; +Inf is implied */
    size_t bucket_count;
    double scale;          /* what one counted unit is worth in the metric's unit */
}};

extern const struct metric_def metric_defs[METRIC_COUNT];

/* Positions of label values. */
{label_enums}

/* Position of a status in the "status" labels; the last position stands for all others. */
size_t metric_status_index(int status);

#endif
"""


def metrics_source(metrics, statuses):
    out = [HEAD % "metrics.toml", '#include "def/metrics.h"\n']
    lists, bounds = {}, {}
    for metric in metrics:
        for label in metric.get("labels", []):
            key = tuple(label["list"])
            if key not in lists:
                lists[key] = f"values_{len(lists)}"
                values = ", ".join(c_str(value) for value in key)
                out.append(f"static const char *const {lists[key]}[] = {{{values}}};")
        key = tuple(metric["bounds"])
        if key and key not in bounds:
            bounds[key] = f"buckets_{metric['buckets']}"
            out.append(f"static const double {bounds[key]}[] = {{{', '.join(map(repr, key))}}};")
    out.append("\nconst struct metric_def metric_defs[METRIC_COUNT] = {")
    for metric in metrics:
        labels = ", ".join(
            f"{{{c_str(label['name'])}, {lists[tuple(label['list'])]}, {len(label['list'])}}}"
            for label in metric.get("labels", []))
        text = (f"    [METRIC_{upper(metric['id'])}] = {{.name = {c_str(metric['name'])},\n"
                f"     .help = {c_str(one_line(metric['help']))},\n"
                f"     .type = METRIC_TYPE_{metric['type'].upper()}, "
                f".scale = {float(metric.get('scale', 1))!r}")
        if labels:
            text += f",\n     .labels = {{{labels}}}, .label_count = {len(metric['labels'])}"
        if metric["bounds"]:
            name = bounds[tuple(metric["bounds"])]
            text += f",\n     .buckets = {name}, .bucket_count = {len(metric['bounds'])}"
        out.append(text + "},")
    out.append("};\n\nsize_t\nmetric_status_index(int status)\n{\n    switch (status) {")
    for index, status in enumerate(statuses):
        out.append(f"    case {status}:\n        return {index};")
    out.append(f"    default:\n        return {len(statuses)};\n    }}\n}}\n")
    return "\n".join(out)


def metrics_docs(metrics):
    out = ["# Metrics\n", """\
Served at `/metrics` in Prometheus' text form, to callers on the same machine.

| name | type | labels | meaning |
|---|---|---|---|"""]
    for metric in metrics:
        labels = ", ".join(f"`{label['name']}`" for label in metric.get("labels", []))
        out.append(f"| `{metric['name']}` | {metric['type']} | {labels} "
                   f"| {one_line(metric['help'])} |")
    return "\n".join(out) + "\n"
