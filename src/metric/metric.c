/* SPDX-License-Identifier: Apache-2.0 */
#include "metric/metric.h"

#include "core/log.h"
#include "metric/process.h"

#include <math.h>
#include <pthread.h>

/*
 * A slab holds all cells of one thread, 8 bytes each: a counter or gauge takes one per label
 * value; a histogram takes one per bucket, one for +Inf, and one for the sum (a double). Only the
 * owner writes, so that an increment is a plain load and store; the atomics keep the compiler and
 * readers honest.
 */
struct slab {
    struct slab *next;      /* all slabs; never shortened */
    struct slab *next_free; /* those whose thread has ended */
    uint64_t cells[];
};

/* With more label values than this, cells that never counted are not shown. */
#define CELLS_SHOWN 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the lists */
static struct slab *slabs;
static struct slab *free_slabs;
static _Thread_local struct slab *mine;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_end;
static size_t offsets[METRIC_COUNT];
static size_t value_counts[METRIC_COUNT];
static size_t cells_total;

static inline uint64_t
load(const uint64_t *cell)
{
    return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

static inline void
store(uint64_t *cell, uint64_t value)
{
    __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

static inline double
to_double(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint64_t
to_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static size_t
count_label_values(const struct metric_def *def)
{
    size_t count = 1;

    for (size_t i = 0; i < def->label_count; i++)
        count *= def->labels[i].value_count;
    return count;
}

/* How many cells one label value takes. */
static inline size_t
stride(enum metric_id metric)
{
    const struct metric_def *def = &metric_defs[metric];

    return def->type == METRIC_TYPE_HISTOGRAM ? def->bucket_count + 2 : 1;
}

/* Keeps what an ended thread counted, and offers the slab to the next. */
static void
leave_slab(void *arg)
{
    struct slab *slab = arg;

    pthread_mutex_lock(&lock);
    slab->next_free = free_slabs;
    free_slabs = slab;
    pthread_mutex_unlock(&lock);
}

static void
set_up(void)
{
    for (enum metric_id m = 0; m < METRIC_COUNT; m++) {
        offsets[m] = cells_total;
        value_counts[m] = count_label_values(&metric_defs[m]);
        cells_total += value_counts[m] * stride(m);
    }
    if (pthread_key_create(&thread_end, leave_slab) != 0)
        abort();
}

static __attribute__((noinline)) void
join_slab(void)
{
    pthread_once(&once, set_up);
    pthread_mutex_lock(&lock);
    mine = free_slabs;
    if (mine != NULL) {
        free_slabs = mine->next_free;
    } else {
        /* Cache lines of its own: two threads never write to the same one. */
        size_t size = (sizeof(*mine) + cells_total * sizeof(uint64_t) + 127) / 64 * 64;

        mine = aligned_alloc(64, size);
        if (mine == NULL)
            abort();
        memset(mine, 0, size);
        mine->next = slabs;
        slabs = mine;
    }
    pthread_mutex_unlock(&lock);
    pthread_setspecific(thread_end, mine);
}

static inline uint64_t *
find_cell(enum metric_id metric, size_t cell)
{
    if (UNLIKELY(mine == NULL))
        join_slab();
    assert(cell < value_counts[metric]);
    return &mine->cells[offsets[metric] + cell * stride(metric)];
}

void
metric_add(enum metric_id metric, size_t cell, int64_t by)
{
    uint64_t *at = find_cell(metric, cell);

    assert(metric_defs[metric].type != METRIC_TYPE_HISTOGRAM);
    store(at, load(at) + (uint64_t)by);
}

void
metric_observe(enum metric_id metric, size_t cell, double value)
{
    const struct metric_def *def = &metric_defs[metric];
    uint64_t *buckets = find_cell(metric, cell);
    uint64_t *sum = &buckets[def->bucket_count + 1];
    size_t at = 0;

    assert(def->type == METRIC_TYPE_HISTOGRAM);
    if (!(value > 0))
        value = 0;
    while (at < def->bucket_count && value > def->buckets[at])
        at++;
    store(&buckets[at], load(&buckets[at]) + 1);
    store(sum, to_bits(to_double(load(sum)) + value));
}

/* The sum over all threads of one 8-byte cell that holds an integer. */
static int64_t
sum_cell(size_t index)
{
    uint64_t sum = 0;

    for (const struct slab *slab = slabs; slab != NULL; slab = slab->next)
        sum += load(&slab->cells[index]);
    return (int64_t)sum;
}

static double
sum_double(size_t index)
{
    double sum = 0;

    for (const struct slab *slab = slabs; slab != NULL; slab = slab->next)
        sum += to_double(load(&slab->cells[index]));
    return sum;
}

void
metric_set(enum metric_id metric, size_t cell, int64_t value)
{
    uint64_t *at = find_cell(metric, cell);

    assert(metric_defs[metric].type == METRIC_TYPE_GAUGE);
    pthread_mutex_lock(&lock);
    store(at, load(at) + (uint64_t)(value - sum_cell((size_t)(at - mine->cells))));
    pthread_mutex_unlock(&lock);
}

int64_t
metric_get(enum metric_id metric, size_t cell)
{
    int64_t value = 0;
    size_t first;

    pthread_once(&once, set_up);
    assert(cell < value_counts[metric]);
    first = offsets[metric] + cell * stride(metric);

    pthread_mutex_lock(&lock);
    if (metric_defs[metric].type != METRIC_TYPE_HISTOGRAM) {
        value = sum_cell(first);
    } else {
        for (size_t i = 0; i <= metric_defs[metric].bucket_count; i++)
            value += sum_cell(first + i);
    }
    pthread_mutex_unlock(&lock);
    return value;
}

void
metric_get_buckets(enum metric_id metric, size_t cell, int64_t *out)
{
    size_t first;

    pthread_once(&once, set_up);
    assert(cell < value_counts[metric] && metric_defs[metric].type == METRIC_TYPE_HISTOGRAM);
    first = offsets[metric] + cell * stride(metric);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i <= metric_defs[metric].bucket_count; i++)
        out[i] = sum_cell(first + i);
    pthread_mutex_unlock(&lock);
}

/* Backslash and newline, and in label values the quote, stand behind a backslash. */
static void
add_escaped(struct buf *out, const char *text, bool quoted)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            BUF_ADD_LIT(out, "\\n");
        else if (*text == '\\' || (*text == '"' && quoted))
            buf_printf(out, "\\%c", *text);
        else
            buf_add_char(out, *text);
    }
}

/* name_suffix{label="value",...,le="bound"} with a blank behind; bound may be NULL. */
static void
add_name(struct buf *out, const struct metric_def *def, size_t cell, const char *suffix,
         const double *bound)
{
    size_t place = cell;
    size_t positions[METRIC_LABELS_MAX] = {0};
    char separator = '{';

    for (size_t i = def->label_count; i > 0; i--) {
        positions[i - 1] = place % def->labels[i - 1].value_count;
        place /= def->labels[i - 1].value_count;
    }
    buf_printf(out, "%s%s", def->name, suffix);
    for (size_t i = 0; i < def->label_count; i++) {
        buf_printf(out, "%c%s=\"", separator, def->labels[i].name);
        add_escaped(out, def->labels[i].values[positions[i]], true);
        buf_add_char(out, '"');
        separator = ',';
    }
    if (bound != NULL) {
        buf_printf(out, "%cle=\"", separator);
        if (isinf(*bound))
            BUF_ADD_LIT(out, "+Inf");
        else
            buf_add_f64(out, *bound);
        buf_add_char(out, '"');
        separator = ',';
    }
    if (separator == ',')
        buf_add_char(out, '}');
    buf_add_char(out, ' ');
}

static void
write_histogram(struct buf *out, enum metric_id metric, size_t cell)
{
    const struct metric_def *def = &metric_defs[metric];
    size_t first = offsets[metric] + cell * stride(metric);
    double infinity = INFINITY;
    int64_t count = 0;

    for (size_t i = 0; i <= def->bucket_count; i++) {
        count += sum_cell(first + i);
        add_name(out, def, cell, "_bucket", i < def->bucket_count ? &def->buckets[i] : &infinity);
        buf_add_i64(out, count);
        buf_add_char(out, '\n');
    }
    add_name(out, def, cell, "_sum", NULL);
    buf_add_f64(out, sum_double(first + def->bucket_count + 1));
    buf_add_char(out, '\n');
    add_name(out, def, cell, "_count", NULL);
    buf_add_i64(out, count);
    buf_add_char(out, '\n');
}

static void
write_value(struct buf *out, enum metric_id metric, size_t cell, int64_t value)
{
    const struct metric_def *def = &metric_defs[metric];

    add_name(out, def, cell, "", NULL);
    if (def->scale == 1)
        buf_add_i64(out, value);
    else
        buf_add_f64(out, (double)value * def->scale);
    buf_add_char(out, '\n');
}

static bool
has_counted(enum metric_id metric, size_t cell)
{
    size_t first = offsets[metric] + cell * stride(metric);
    size_t count = metric_defs[metric].bucket_count + 1;

    for (size_t i = 0; i < count; i++) {
        if (sum_cell(first + i) != 0)
            return true;
    }
    return false;
}

/* What nobody counts because it can be asked for. False: *value isn't such a metric's. */
static bool
read_outside(enum metric_id metric, size_t cell, const struct process_figures *process,
             int64_t *value)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
    switch (metric) {
    case METRIC_BUILD_INFO:
        *value = 1;
        return true;
    case METRIC_LOG_LINES:
        *value = (int64_t)log_count((enum log_level)cell);
        return true;
    case METRIC_PROCESS_CPU_SECONDS:
        *value = process->cpu_us;
        return true;
    case METRIC_PROCESS_RESIDENT_MEMORY:
        *value = process->resident_bytes;
        return true;
    case METRIC_PROCESS_VIRTUAL_MEMORY:
        *value = process->virtual_bytes;
        return true;
    case METRIC_PROCESS_OPEN_FDS:
        *value = process->open_fds;
        return true;
    case METRIC_PROCESS_MAX_FDS:
        *value = process->max_fds;
        return true;
    case METRIC_PROCESS_START_TIME:
        *value = process->start_seconds;
        return true;
    default:
        return false;
    }
#pragma GCC diagnostic pop
}

static void
write_metric(struct buf *out, enum metric_id metric, const struct process_figures *process)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    const struct metric_def *def = &metric_defs[metric];
    size_t cells = value_counts[metric];

    buf_printf(out, "# HELP %s ", def->name);
    add_escaped(out, def->help, false);
    buf_printf(out, "\n# TYPE %s %s\n", def->name, types[def->type]);
    for (size_t cell = 0; cell < cells; cell++) {
        int64_t value = 0;

        if (read_outside(metric, cell, process, &value))
            write_value(out, metric, cell, value);
        else if (cells > CELLS_SHOWN && !has_counted(metric, cell))
            continue;
        else if (def->type == METRIC_TYPE_HISTOGRAM)
            write_histogram(out, metric, cell);
        else
            write_value(out, metric, cell, sum_cell(offsets[metric] + cell));
    }
}

void
metric_write_text(struct buf *out)
{
    struct process_figures process;

    process_read_figures(&process);
    pthread_once(&once, set_up);
    pthread_mutex_lock(&lock);
    for (enum metric_id m = 0; m < METRIC_COUNT; m++)
        write_metric(out, m, &process);
    pthread_mutex_unlock(&lock);
}
