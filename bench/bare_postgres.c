/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bare program with PostgreSQL: one connection in pipeline mode, one prepared statement, a sync
 * for each request.
 *
 *     bare_postgres PORT URL
 *
 * GET /items/N one row.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare_http.h"

#define MAX_WAITING 4096

struct bare {
    PGconn *pg;
    struct bare_conn *waiting[MAX_WAITING]; /* a ring, in the order of the pipeline */
    size_t first, count;
};

static void
bare_fail(struct bare *bare, const char *what)
{
    fprintf(stderr, "unable to %s: %s\n", what, PQerrorMessage(bare->pg));
    exit(1);
}

static void
bare_on_request(void *ctx, struct bare_conn *conn)
{
    struct bare *bare = ctx;
    char id[24] = {0};
    const char *values[1] = {id};
    size_t len = strncmp(conn->target, "/items/", 7) ? 0 : strcspn(conn->target + 7, " ");

    if (len == 0 || len >= sizeof(id) || bare->count == MAX_WAITING) {
        bare_answer(conn, "200 OK", "{\"status\":\"ok\"}", 15);
        return;
    }
    memcpy(id, conn->target + 7, len);
    if (!PQsendQueryPrepared(bare->pg, "point", 1, values, NULL, NULL, 0) ||
        !PQpipelineSync(bare->pg))
        bare_fail(bare, "send");
    bare->waiting[(bare->first + bare->count++) % MAX_WAITING] = conn;
}

static void
bare_on_turn(void *ctx)
{
    struct bare *bare = ctx;

    if (PQflush(bare->pg) < 0)
        bare_fail(bare, "flush");
}

static void
bare_answer_rows(struct bare *bare, const PGresult *result)
{
    struct bare_conn *conn = bare->waiting[bare->first];
    char body[4096];
    int len = 2;

    memcpy(body, "[]", 2);
    if (PQntuples(result) == 1)
        len = snprintf(body, sizeof(body),
                       "[{\"id\":%s,\"name\":\"%s\",\"email\":\"%s\",\"stock\":%s,\"active\":%s}]",
                       PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2),
                       PQgetvalue(result, 0, 3),
                       PQgetvalue(result, 0, 4)[0] == 't' ? "true" : "false");
    bare->first = (bare->first + 1) % MAX_WAITING;
    bare->count--;
    bare_answer(conn, "200 OK", body, (size_t)len);
}

static void
bare_on_fd(void *ctx)
{
    struct bare *bare = ctx;
    PGresult *result;

    if (!PQconsumeInput(bare->pg))
        bare_fail(bare, "read");
    while (bare->count > 0 && !PQisBusy(bare->pg)) {
        result = PQgetResult(bare->pg);
        if (!result)
            continue;
        if (PQresultStatus(result) == PGRES_TUPLES_OK)
            bare_answer_rows(bare, result);
        else if (PQresultStatus(result) != PGRES_PIPELINE_SYNC)
            bare_fail(bare, "run the statement");
        PQclear(result);
    }
}

int
main(int argc, char **argv)
{
    static struct bare bare;
    struct bare_handler handler = {bare_on_request, bare_on_turn, bare_on_fd, &bare};

    if (argc != 3)
        return 4;
    bare.pg = PQconnectdb(argv[2]);
    if (PQstatus(bare.pg) != CONNECTION_OK)
        bare_fail(&bare, "connect");
    PQclear(PQprepare(bare.pg, "point",
                      "SELECT id, name, email, stock, active FROM items WHERE id = $1::bigint", 1,
                      NULL));
    if (PQsetnonblocking(bare.pg, 1) || !PQenterPipelineMode(bare.pg))
        bare_fail(&bare, "enter pipeline mode");
    return bare_serve((uint16_t)strtoul(argv[1], NULL, 10), PQsocket(bare.pg), &handler);
}
