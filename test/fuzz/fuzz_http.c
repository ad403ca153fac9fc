/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1: however the bytes are split, the parser finds the same requests and errors. The splits
 * are drawn from the input itself, so that an input is the bytes of a client and nothing else.
 */
#include "fuzz.h"
#include "support/http_run.h"

#define LOG_MAX ((size_t)64 << 20)
#define BYTEWISE_MAX 2048 /* longer inputs aren't fed byte by byte */

/* Small limits, so that short inputs reach them too. */
static struct http_limits
limits_of(uint64_t seed)
{
    struct http_limits limits = HTTP_RUN_LIMITS;

    if ((seed & 1) != 0) {
        limits.line_max = 64;
        limits.head_max = 160;
        limits.body_max = 32;
        limits.fields_max = 4;
        limits.trailers_max = 24;
    }
    return limits;
}

struct found {
    struct buf log;
    struct buf statuses;
};

/* Feeds input in pieces of sizes drawn from seed; 0: whole, 1: bytes. */
static void
run(struct found *found, const struct http_limits *limits, struct str input, uint64_t seed)
{
    struct http_run run;
    size_t at = 0;

    buf_init(&found->log, LOG_MAX);
    buf_init(&found->statuses, LOG_MAX);
    http_run_init(&run, limits, &found->log, &found->statuses);
    while (at < input.len) {
        size_t size = seed == 0 ? input.len : seed == 1 ? 1 : 1 + (size_t)(seed >> 33) % 40;

        http_run_feed(&run, str_slice(input, at, at + size));
        at += size;
        if (seed > 1)
            seed = seed * 6364136223846793005u + 1442695040888963407u;
    }
    http_run_fini(&run);
}

static void
compare(const struct found *whole, const struct http_limits *limits, struct str input,
        uint64_t seed)
{
    struct found split;

    run(&split, limits, input, seed);
    FUZZ_CHECK(str_eq(buf_str(&whole->log), buf_str(&split.log)));
    FUZZ_CHECK(str_eq(buf_str(&whole->statuses), buf_str(&split.statuses)));
    buf_fini(&split.log);
    buf_fini(&split.statuses);
}

void
fuzz_one(struct str input)
{
    uint64_t seed = str_hash(input, 1);
    struct http_limits limits = limits_of(input.len);
    struct found whole;

    run(&whole, &limits, input, 0);
    FUZZ_CHECK(buf_ok(&whole.log));
    if (input.len <= BYTEWISE_MAX)
        compare(&whole, &limits, input, 1);
    compare(&whole, &limits, input, seed | 2);
    compare(&whole, &limits, input, ~seed | 2);
    buf_fini(&whole.log);
    buf_fini(&whole.statuses);
}
