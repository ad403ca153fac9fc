/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/history.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "io/checksum.h"
#include "io/file.h"
#include "lifecycle/date.h"

enum { SUM_LEN = 16, TEXT_MAX = 4096 };

#define SUM_MARK ",\"sum\":\""
#define SUM_END "\"}"
#define NUMBER_MAX INT64_C(4000000000000000) /* what a double holds, and sums of many still do */

const double history_bounds[HISTORY_BUCKETS - 1] = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

static const char *const kinds[] = {
    [HISTORY_START] = "start", [HISTORY_READY] = "ready", [HISTORY_BEAT] = "beat",
    [HISTORY_END] = "end",     [HISTORY_STOP] = "stop",   [HISTORY_DRILL] = "drill",
};

static void
make_sum(struct str text, char out[HISTORY_ID_SIZE])
{
    char hex[CHECKSUM_HEX_SIZE];

    checksum_sha256_hex(text, hex);
    memcpy(out, hex, SUM_LEN);
    out[SUM_LEN] = '\0';
}

/* --- printing --------------------------------------------------------------------------------- */

static void
add_word(struct buf *out, const char *key, const char *value)
{
    buf_printf(out, ",\"%s\":", key);
    json_write_str(out, str_from(value));
}

static void
add_number(struct buf *out, const char *key, int64_t value)
{
    buf_printf(out, ",\"%s\":", key);
    buf_add_i64(out, value);
}

static void
add_beat(struct buf *out, const struct history_beat *beat)
{
    add_number(out, "took_ms", beat->took_ms);
    add_number(out, "ready_ms", beat->ready_ms);
    add_number(out, "requests", (int64_t)beat->requests);
    add_number(out, "errors", (int64_t)beat->errors);
    add_number(out, "scrapes", (int64_t)beat->scrapes);
    add_number(out, "in_flight_max", (int64_t)beat->in_flight_max);
    buf_printf(out, ",\"is_ready\":%s,\"p95_ms\":", beat->is_ready ? "true" : "false");
    buf_add_f64(out, history_quantile(beat->latency, 0.95) * 1000);
    BUF_ADD_LIT(out, ",\"latency\":[");
    for (unsigned i = 0; i < HISTORY_BUCKETS; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        buf_add_u64(out, beat->latency[i]);
    }
    buf_add_char(out, ']');
}

static void
add_members(struct buf *out, const struct history_line *line)
{
    switch (line->kind) {
    case HISTORY_START:
        add_word(out, "version", line->version);
        add_word(out, "config", line->config);
        add_number(out, "pid", line->pid);
        add_number(out, "every_ms", line->every_ms);
        break;
    case HISTORY_READY:
        break;
    case HISTORY_BEAT:
        add_beat(out, &line->beat);
        break;
    case HISTORY_END:
        add_number(out, "signal", line->signal);
        add_number(out, "exit_code", line->exit_code);
        add_number(out, "restart_ms", line->restart_ms);
        break;
    case HISTORY_STOP:
        add_word(out, "reason", line->reason);
        break;
    case HISTORY_DRILL:
        add_word(out, "of", line->of);
        break;
    }
}

void
history_print_line(const struct history_line *line, struct buf *out)
{
    char at[DATE_TIME_SIZE];
    char sum[HISTORY_ID_SIZE];
    size_t start = out->len;

    date_time_from_us(line->at_us, at);
    buf_printf(out, "{\"v\":%d,\"t\":\"%s\",\"ms\":%d", HISTORY_VERSION, at,
               (int)(line->at_us / 1000 % 1000));
    add_number(out, "up", line->up_ms);
    add_word(out, "h", line->host);
    add_word(out, "i", line->instance);
    add_number(out, "w", line->writer);
    add_number(out, "n", line->number);
    add_word(out, "e", kinds[line->kind]);
    add_members(out, line);
    make_sum(str_make(out->data + start, out->len - start), sum);
    buf_printf(out, SUM_MARK "%s" SUM_END "\n", sum);
}

/* --- parsing ---------------------------------------------------------------------------------- */

/* The sum is the last member, of a fixed length: all before it is what it was made from. */
static enum history_fault
check_sum(struct str text)
{
    size_t tail = sizeof(SUM_MARK) - 1 + SUM_LEN + sizeof(SUM_END) - 1;
    char sum[HISTORY_ID_SIZE];
    size_t at;

    if (text.len < tail || text.len > HISTORY_LINE_MAX || text.data[0] != '{' ||
        !str_has_suffix(text, STR(SUM_END)))
        return HISTORY_CUT;
    at = text.len - tail;
    if (!str_has_prefix(str_slice(text, at, text.len), STR(SUM_MARK)))
        return HISTORY_CUT;
    make_sum(str_slice(text, 0, at), sum);
    at += sizeof(SUM_MARK) - 1;

    return str_eq(str_slice(text, at, at + SUM_LEN), str_from(sum)) ? HISTORY_SOUND
                                                                    : HISTORY_CHANGED;
}

static bool
take_number(const struct json *root, const char *key, int64_t max, int64_t *out)
{
    const struct json *value = json_get(root, key);

    return value != NULL && value->type == JSON_NUMBER && str_to_i64(value->text, out) &&
           *out >= 0 && *out <= max;
}

static bool
take_count(const struct json *root, const char *key, uint64_t *out)
{
    int64_t value = 0;
    bool ok = take_number(root, key, NUMBER_MAX, &value);

    *out = (uint64_t)value;

    return ok;
}

static bool
take_word(const struct json *root, const char *key, char *out, size_t size)
{
    struct str word = json_get_str(root, key, STR_NULL);

    if (word.data == NULL || word.len >= size || memchr(word.data, '\0', word.len) != NULL)
        return false;
    memcpy(out, word.data, word.len);
    out[word.len] = '\0';

    return true;
}

static bool
take_id(const struct json *root, const char *key, char out[HISTORY_ID_SIZE])
{
    return take_word(root, key, out, HISTORY_ID_SIZE) &&
           strspn(out, "0123456789abcdef") == HISTORY_ID_SIZE - 1;
}

static bool
take_beat(const struct json *root, struct history_beat *out)
{
    const struct json *latency = json_get(root, "latency");
    unsigned at = 0;

    if (!take_number(root, "took_ms", NUMBER_MAX, &out->took_ms) ||
        !take_number(root, "ready_ms", out->took_ms, &out->ready_ms) ||
        !take_count(root, "requests", &out->requests) ||
        !take_count(root, "errors", &out->errors) || out->errors > out->requests ||
        !take_count(root, "scrapes", &out->scrapes) ||
        !take_count(root, "in_flight_max", &out->in_flight_max) || latency == NULL ||
        latency->type != JSON_ARRAY || latency->count != HISTORY_BUCKETS)
        return false;
    out->is_ready = json_get_bool(root, "is_ready", false);
    for (const struct json *one = latency->first; one != NULL; one = one->next) {
        int64_t count;

        if (one->type != JSON_NUMBER || !str_to_i64(one->text, &count) || count < 0 ||
            count > NUMBER_MAX)
            return false;
        out->latency[at++] = (uint64_t)count;
    }

    return true;
}

static bool
take_members(const struct json *root, struct history_line *out)
{
    int64_t signal_no = 0, exit_code = 0;

    switch (out->kind) {
    case HISTORY_START:
        return take_word(root, "version", out->version, sizeof(out->version)) &&
               take_id(root, "config", out->config) &&
               take_number(root, "pid", INT32_MAX, &out->pid) &&
               take_number(root, "every_ms", NUMBER_MAX, &out->every_ms);
    case HISTORY_READY:
        return true;
    case HISTORY_BEAT:
        return take_beat(root, &out->beat);
    case HISTORY_END:
        if (!take_number(root, "signal", 128, &signal_no) ||
            !take_number(root, "exit_code", 255, &exit_code) ||
            !take_number(root, "restart_ms", NUMBER_MAX, &out->restart_ms))
            return false;
        out->signal = (int)signal_no;
        out->exit_code = (int)exit_code;
        return true;
    case HISTORY_STOP:
        return take_word(root, "reason", out->reason, sizeof(out->reason));
    case HISTORY_DRILL:
        return take_id(root, "of", out->of);
    }

    return false;
}

static bool
take_kind(struct str word, enum history_kind *out)
{
    for (unsigned i = 0; i < COUNTOF(kinds); i++) {
        if (str_eq(word, str_from(kinds[i]))) {
            *out = (enum history_kind)i;
            return true;
        }
    }

    return false;
}

enum history_fault
history_parse_line(struct str text, struct arena *arena, struct history_line *out)
{
    enum history_fault fault = check_sum(text);
    int64_t ms = 0, writer = 0, number = 0;
    struct err err = {0};
    struct json *root;

    *out = (struct history_line){0};
    if (fault != HISTORY_SOUND)
        return fault;
    if (!json_parse(text, JSON_LIMITS_DEFAULT, arena, &root, &err))
        return HISTORY_CHANGED;
    if (json_get_i64(root, "v", 0) != HISTORY_VERSION ||
        !take_kind(json_get_str(root, "e", STR("")), &out->kind))
        return HISTORY_NEWER;
    if (!date_time_to_us(json_get_str(root, "t", STR("")), &out->at_us) ||
        !take_number(root, "ms", 999, &ms) || !take_number(root, "up", NUMBER_MAX, &out->up_ms) ||
        !take_id(root, "h", out->host) || !take_id(root, "i", out->instance) ||
        !take_number(root, "w", UINT32_MAX, &writer) ||
        !take_number(root, "n", UINT32_MAX, &number) || !take_members(root, out))
        return HISTORY_CHANGED;
    out->at_us += ms * 1000;
    out->writer = (uint32_t)writer;
    out->number = (uint32_t)number;

    return HISTORY_SOUND;
}

/* --- what it is about ------------------------------------------------------------------------- */

void
history_make_id(char out[HISTORY_ID_SIZE])
{
    uint64_t id;

    random_bytes(&id, sizeof(id));
    snprintf(out, HISTORY_ID_SIZE, "%016llx", (unsigned long long)id);
}

void
history_get_host(char out[HISTORY_ID_SIZE])
{
    struct err err = {0};
    char name[256] = "";
    bool found = false;
    struct buf text;

    buf_init(&text, TEXT_MAX);
    BUF_ADD_LIT(&text, "cairn history ");
    if (!file_read("/etc/machine-id", &text, &found, &err) || !found ||
        str_trim(buf_str(&text)).len <= sizeof("cairn history")) {
        gethostname(name, sizeof(name) - 1);
        buf_add_str(&text, str_from(name));
    }
    make_sum(str_trim(buf_str(&text)), out);
    buf_fini(&text);
}

double
history_quantile(const uint64_t latency[HISTORY_BUCKETS], double share)
{
    uint64_t total = 0, seen = 0;

    for (unsigned i = 0; i < HISTORY_BUCKETS; i++)
        total += latency[i];
    for (unsigned i = 0; i < HISTORY_BUCKETS - 1 && total > 0; i++) {
        double wanted = share * (double)total - (double)seen;
        double low = i > 0 ? history_bounds[i - 1] : 0;

        seen += latency[i];
        if ((double)seen >= share * (double)total)
            return latency[i] == 0 ? low
                                   : low + (history_bounds[i] - low) * wanted / (double)latency[i];
    }

    return total > 0 ? history_bounds[HISTORY_BUCKETS - 2] : 0;
}
