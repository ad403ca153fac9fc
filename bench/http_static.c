/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP layer alone: one loop that answers every request with the same small JSON text.
 * http_static ADDRESS [CERT KEY]; ends on SIGTERM after draining.
 */
#include <signal.h>
#include <unistd.h>

#include "http/http.h"

static struct http_server *server;

static void
on_request(void *ctx, struct request *request)
{
    request->response.status = 200;
    request->response.content_type = STR("application/json; charset=utf-8");
    request->response.static_body = STR("{\"status\":\"ok\"}");
    http_respond(request);
}

static void
on_done(void *ctx)
{
    http_server_free(server);
    uv_stop(ctx);
}

static void
on_signal(uv_signal_t *handle, int number)
{
    uv_signal_stop(handle);
    http_server_drain(server, 500, on_done, handle->loop);
}

int
main(int argc, char **argv)
{
    static const struct http_limits limits = {
        .head_max = 16 << 10,
        .line_max = 8 << 10,
        .body_max = 1 << 20,
        .trailers_max = 4 << 10,
        .response_max = 1 << 24,
        .fields_max = 100,
        .h2_streams_max = 100,
        .connections_max = 100000,
        .h2_header_list_max = 32 << 10,
        .header_timeout_ms = 10000,
        .body_timeout_ms = 30000,
        .idle_timeout_ms = 60000,
        .write_timeout_ms = 30000,
        .body_min_rate = 500,
        .compress_min = 1024,
    };
    const struct http_handler handler = {.on_request = on_request};
    uv_loop_t *loop = uv_default_loop();
    struct http_tls *tls = NULL;
    uv_signal_t term;
    struct err err = {0};
    uint16_t port = 0;
    int fd = -1;

    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: http_static ADDRESS [CERT KEY]\n");
        return 2;
    }
    if ((argc == 4 && !http_tls_load(argv[2], argv[3], &tls, &err)) ||
        !http_listen_socket(argv[1], &fd, &port, &err) ||
        !http_server_open(loop, &limits, &handler, &server, &err) ||
        !http_server_listen(server, fd, tls, &err)) {
        fprintf(stderr, "http_static: %s\n", err.message);
        return 1;
    }
    uv_signal_init(loop, &term);
    uv_signal_start(&term, on_signal, SIGTERM);
    printf("%u\n", port);
    fflush(stdout);
    uv_run(loop, UV_RUN_DEFAULT);
    close(fd);
    http_tls_free(tls);
    return 0;
}
