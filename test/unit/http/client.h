/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on a loop of its own with a handler for tests, and clients that are the other ends of
 * pairs of sockets. Everything happens on one thread: the loop turns inside the calls below.
 *
 * What the handler answers goes by the path: /hold... waits for fixture_release; /big is BIG_BODY
 * bytes; /status/N is that status; /close closes; /later answers after a turn of the loop; ...text
 * is a long text that shrinks; /endless is more than fits; everything else echoes method, target
 * and body.
 */
#ifndef CAIRN_TEST_HTTP_CLIENT_H
#define CAIRN_TEST_HTTP_CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/internal.h"
#include "support/http_run.h"
#include "unit/unit.h"

#define BIG_BODY ((size_t)2 << 20)
#define HELD_MAX 256

struct fixture {
    uv_loop_t loop;
    struct http_server *server;
    struct http_limits limits;
    struct request *held[HELD_MAX];
    size_t held_count;
    size_t requests;
    size_t completed;
    size_t dropped; /* completed without a byte */
    size_t bad;
    int bad_status;
    char bad_reason[64];
    bool done;
    uv_idle_t later;
    struct request *late[HELD_MAX];
    size_t late_count;
};

struct client {
    struct fixture *fixture;
    int fd;
    struct buf got;
    bool at_end;
};

extern char *big_body;

void fixture_init(struct fixture *fixture, const struct http_limits *limits);
void fixture_fini(struct fixture *fixture); /* checks that nothing is left */
/* Turns the loop without waiting, as often as something happens. */
void fixture_turn(struct fixture *fixture);
/* Lets that much time pass; without it time stands still (still_time.h). */
void fixture_wait(struct fixture *fixture, int64_t ms);
void fixture_drain(struct fixture *fixture, int64_t grace_ms);
void fixture_release(struct fixture *fixture); /* answers what is held */
struct http_handler fixture_handler(struct fixture *fixture);

/* type: SOCK_STREAM, or SOCK_SEQPACKET to see each write apart. */
void client_open(struct client *client, struct fixture *fixture, int type);
void client_close(struct client *client);
void client_send(struct client *client, struct str bytes);
void client_send_text(struct client *client, const char *text);
/* Reads what is there after turning the loop. */
void client_read(struct client *client);
/* Reads until there are count answers or the end; fails after some seconds. */
void client_read_answers(struct client *client, size_t count);
void client_read_end(struct client *client);
/* The text so far, with a NUL. */
const char *client_text(struct client *client);
/* "200+400" of raw bytes; answers to HEAD have no body. */
void statuses_of(struct str raw, struct buf *out);

#endif
