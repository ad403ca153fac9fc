/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/history_write.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fault.h"
#include "io/file.h"
#include "lifecycle/date.h"

enum { FILES_MAX = 4096, PART_LAST = 99, PATH_SIZE = 4200, MONTH_LEN = 7, NAME_LEN = 16 };

void
history_writer_init(struct history_writer *writer, const char *dir)
{
    *writer = (struct history_writer){.dir = dir, .begun_ms = clock_boot_ms()};
    history_get_host(writer->host);
    history_make_id(writer->instance);
    buf_init(&writer->waiting, HISTORY_WAITING_MAX);
}

void
history_writer_fork(const struct history_writer *writer, uint32_t number,
                    struct history_writer *out)
{
    *out = *writer;
    out->writer = number;
    out->next = 0;
    buf_init(&out->waiting, HISTORY_WAITING_MAX);
}

void
history_writer_fini(struct history_writer *writer)
{
    buf_fini(&writer->waiting);
}

void
history_add(struct history_writer *writer, struct history_line *line)
{
    line->at_us = clock_wall_us();
    line->up_ms = clock_boot_ms() - writer->begun_ms;
    memcpy(line->host, writer->host, sizeof(line->host));
    memcpy(line->instance, writer->instance, sizeof(line->instance));
    line->writer = writer->writer;
    line->number = writer->next++;
    /* Past the limit the number is missing from then on: what is lost is not passed over. */
    if (writer->waiting.len + HISTORY_LINE_MAX < HISTORY_WAITING_MAX)
        history_print_line(line, &writer->waiting);
}

/* --- files ------------------------------------------------------------------------------------ */

/* "2026-11.01.jsonl" */
static bool
is_part(struct str name)
{
    return name.len == NAME_LEN && str_has_suffix(name, STR(".jsonl")) && name.data[4] == '-' &&
           name.data[MONTH_LEN] == '.';
}

static unsigned
part_of(struct str name)
{
    int64_t part = 0;

    return str_to_i64(str_slice(name, MONTH_LEN + 1, MONTH_LEN + 3), &part) ? (unsigned)part : 0;
}

/* Removes what is too old or too much: names sort by time. */
static void
prune(const char *folder, const char *month, struct arena *arena)
{
    struct str *names;
    size_t count, kept = 0;
    char oldest[MONTH_LEN + 1];
    struct err err = {0};
    int64_t year = 0, of_year = 0;

    if (!dir_list(folder, FILES_MAX, arena, &names, &count, &err) ||
        !str_to_i64(str_make(month, 4), &year) || !str_to_i64(str_make(month + 5, 2), &of_year))
        return;
    of_year += year * 12 - 1 - (HISTORY_MONTHS - 1);
    snprintf(oldest, sizeof(oldest), "%04u-%02u", (unsigned)(of_year / 12) % 10000,
             (unsigned)(of_year % 12 + 1) % 100);
    for (size_t i = count; i > 0; i--) {
        if (!is_part(names[i - 1]))
            continue;
        if (kept++ >= HISTORY_PARTS ||
            str_cmp(str_slice(names[i - 1], 0, MONTH_LEN), str_from(oldest)) < 0)
            unlink(arena_printf(arena, "%s/%s", folder, names[i - 1].data).data);
    }
}

/* The part of the month that has room, or the one after the last. */
static unsigned
choose_part(const char *folder, const char *month, struct arena *arena)
{
    struct str *names;
    size_t count;
    unsigned part = 0;
    struct err err = {0};
    struct stat st;

    if (!dir_list(folder, FILES_MAX, arena, &names, &count, &err))
        return 1;
    for (size_t i = 0; i < count; i++) {
        if (is_part(names[i]) && str_has_prefix(names[i], str_from(month)) &&
            part_of(names[i]) > part)
            part = part_of(names[i]);
    }
    if (part == 0)
        return 1;
    if (stat(arena_printf(arena, "%s/%s.%02u.jsonl", folder, month, part).data, &st) == 0 &&
        st.st_size >= HISTORY_PART_MAX && part < PART_LAST)
        part++;

    return part;
}

/* What was cut short by a full disk must not become one line with what follows. */
static bool
ends_in_line(int fd)
{
    off_t end = lseek(fd, 0, SEEK_END);
    char last = '\n';

    return end <= 0 || pread(fd, &last, 1, end - 1) != 1 || last == '\n';
}

static bool
write_all(struct history_writer *writer, int fd)
{
    struct buf *waiting = &writer->waiting;
    struct buf text;
    ssize_t written;
    bool ok;

    buf_init(&text, HISTORY_WAITING_MAX + 1);
    if (!ends_in_line(fd))
        buf_add_char(&text, '\n');
    buf_add_str(&text, buf_str(waiting));
    do {
        written = FAULT("history.write") ? (errno = ENOSPC, -1) : write(fd, text.data, text.len);
    } while (written < 0 && errno == EINTR);
    ok = written == (ssize_t)text.len;
    if (!ok && written >= 0)
        errno = ENOSPC;
    buf_fini(&text);

    return ok;
}

bool
history_flush(struct history_writer *writer, struct err *err)
{
    struct arena *arena = arena_new(16 * 1024, 4 * 1024 * 1024);
    char folder[PATH_SIZE], path[PATH_SIZE + 64], day[DATE_SIZE];
    int fd = -1;
    bool ok = false, created = false;

    date_from_us(clock_wall_us(), day);
    day[MONTH_LEN] = '\0';
    snprintf(folder, sizeof(folder), "%s/" HISTORY_DIR, writer->dir);
    if (writer->waiting.len == 0) {
        ok = true;
        goto out;
    }
    if (!dir_make(folder, 0700, err))
        goto out;
    snprintf(path, sizeof(path), "%s/%s.%02u.jsonl", folder, day, choose_part(folder, day, arena));
    created = !file_exists(path);
    fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !write_all(writer, fd)) {
        err_set_errno(err, ERR_IO, errno, "unable to write '%s'", path);
        goto out;
    }
    buf_clear(&writer->waiting);
    if (created)
        prune(folder, day, arena);
    ok = true;

out:
    if (fd >= 0)
        close(fd);
    arena_free(arena);

    return ok;
}
