/* SPDX-License-Identifier: Apache-2.0 */
#include "metric/process.h"

#include "core/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The start of a small file of /proc. */
static struct str
read_start(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len;

    if (fd < 0)
        return STR_NULL;
    len = read(fd, text, size);
    close(fd);
    return len > 0 ? str_make(text, (size_t)len) : STR_NULL;
}

static int64_t
take_number(struct str *rest)
{
    int64_t value = 0;

    return str_to_i64(str_trim(str_cut(rest, ' ')), &value) ? value : 0;
}

static int64_t
read_cpu_us(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * (int64_t)1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static int64_t
count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t count = 0;

    if (dir == NULL)
        return 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count > 0 ? count - 1 : 0; /* without the one that reads the directory */
}

/* When the machine started; the line "btime N" of /proc/stat, which comes after one long line per
 * processor. */
static int64_t
read_boot_seconds(void)
{
    FILE *file = fopen("/proc/stat", "re");
    char line[256];
    int64_t seconds = 0;

    if (file == NULL)
        return 0;
    while (seconds == 0 && fgets(line, sizeof(line), file) != NULL) {
        struct str text = str_trim(str_from(line));

        if (str_has_prefix(text, STR("btime ")) &&
            !str_to_i64(str_slice(text, 6, text.len), &seconds))
            break;
    }
    fclose(file);
    return seconds;
}

static int64_t
read_start_seconds(void)
{
    char text[1024];
    struct str rest = read_start("/proc/self/stat", text, sizeof(text));
    long ticks = sysconf(_SC_CLK_TCK);
    int64_t boot = read_boot_seconds();

    /* The name of the program stands in parentheses and may hold anything; the time of the start
     * is field 22, the 20th behind it. */
    while (str_find_char(rest, ')', 0) < rest.len)
        str_cut(&rest, ')');
    str_cut(&rest, ' ');
    for (int field = 3; field < 22; field++)
        str_cut(&rest, ' ');
    return boot > 0 && ticks > 0 ? boot + take_number(&rest) / ticks : 0;
}

void
process_read_figures(struct process_figures *out)
{
    char text[256];
    struct str statm = read_start("/proc/self/statm", text, sizeof(text));
    int64_t page = sysconf(_SC_PAGESIZE);
    struct rlimit limit = {0};

    *out = (struct process_figures){.cpu_us = read_cpu_us()};
    out->virtual_bytes = take_number(&statm) * page;
    out->resident_bytes = take_number(&statm) * page;
    out->open_fds = count_fds();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        out->max_fds = limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
    out->start_seconds = read_start_seconds();
}
