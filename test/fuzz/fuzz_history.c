/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the history: whatever is taken, printed again, says the same. The input stands without
 * its sum, which is put right here; otherwise nothing would get past it.
 */
#include "fuzz.h"
#include "io/checksum.h"
#include "lifecycle/history.h"

static void
check_line(struct str line)
{
    struct arena *arena = arena_new(4096, 1024 * 1024);
    struct history_line first, second;
    struct buf text;

    if (history_parse_line(line, arena, &first) == HISTORY_SOUND) {
        buf_init(&text, 64 * 1024);
        history_print_line(&first, &text);
        FUZZ_CHECK(text.len < HISTORY_LINE_MAX && text.data[text.len - 1] == '\n');
        FUZZ_CHECK(history_parse_line(str_make(text.data, text.len - 1), arena, &second) ==
                   HISTORY_SOUND);
        FUZZ_CHECK(memcmp(&first, &second, sizeof(first)) == 0);
        FUZZ_CHECK(history_quantile(first.beat.latency, 0.95) >= 0);
        buf_fini(&text);
    }
    arena_free(arena);
}

void
fuzz_one(struct str input)
{
    char hex[CHECKSUM_HEX_SIZE];
    struct buf text;

    check_line(input);
    buf_init(&text, 64 * 1024);
    buf_add_str(&text, input);
    checksum_sha256_hex(input, hex);
    buf_printf(&text, ",\"sum\":\"%.16s\"}", hex);
    if (buf_ok(&text))
        check_line(buf_str(&text));
    buf_fini(&text);
}
