/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows about systems that cairn doesn't have yet: what to do until then.
 */
#include "lifecycle/check.h"

static const struct {
    const char *check;
    const char *text;
} unbuilt[] = {
    {"alert-delivered",
     "cairn sends no alerts yet: have Prometheus alert on up == 0 and on 5xx, and see one arrive"},
    {"monitoring-advanced",
     "nothing here sees what users feel yet: measure from outside, with a check that asks the API "
     "as they do"},
    {"log-aggregation",
     "cairn doesn't ship its log yet: it is JSON lines on stdout for vector, promtail or the "
     "container's own collector"},
    {"tracing",
     "cairn exports no spans yet: trace ids are taken over from traceparent and are in each line of "
     "the log, to join by hand"},
    {"upgrade-and-rollback",
     "not drilled yet: start the previous binary on a copy of data/, and see that it serves"},
    {"canary",
     "cairn has no canary yet: send a share of the traffic to the new version in the proxy"},
    {"automatic-rollback",
     "cairn doesn't roll back by itself yet: have the pipeline start the previous binary when "
     "/readyz isn't 200 within a minute"},
    {"load-balancer",
     "not drilled yet: put a proxy that asks /readyz before two instances, stop one, and count what "
     "fails"},
    {"auto-scaling",
     "cairn starts no instances by itself: plan for the peak that cairn status shows"},
    {"multi-region",
     "cairn runs in one region: put static files on a CDN, and keep backups elsewhere"},
    {"read-replicas", "cairn reads from one database yet: indexes first, then a larger machine"},
    {"sharding", "cairn has one database: it is at its limit when cairn load says so"},
    {"cache", "cairn has no cache in the process yet: an index is nearly always the better answer"},
    {"cache-shared", "cairn has no shared cache yet: a proxy that caches GET for some seconds"},
    {"cache-tiers", "cairn has no caches yet: see cache-shared"},
    {"cdn",
     "cairn doesn't look at where static files come from: serve them from a CDN, under a name of its own"},
    {"backup-restores",
     "there is no backup command yet: stop, copy data/, start the copy elsewhere and compare; on "
     "PostgreSQL pg_dump and pg_restore (docs/operations.md)"},
    {"backup-schedule",
     "there is no backup command yet: a timer that copies, and tells someone when it didn't"},
    {"disaster-recovery",
     "not drilled yet: put a copy of the data on an empty machine, start it, and note how long it "
     "took and what was missing"},
    {"rate-limit", "cairn has no limits per client yet: limit_req in the proxy before it"},
    {"mfa", "cairn has no users of its own yet: ask for the second factor in the identity server"},
    {"audit-log",
     "cairn records no changes yet: a trigger that writes to a table (PostgreSQL), and the log, "
     "which has every request"},
};

const char *
check_find_unbuilt(const char *check)
{
    for (size_t i = 0; check != NULL && i < COUNTOF(unbuilt); i++) {
        if (strcmp(unbuilt[i].check, check) == 0)
            return unbuilt[i].text;
    }

    return NULL;
}
