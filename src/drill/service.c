/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/service.h"

#include "core/clock.h"
#include "core/interrupt.h"
#include "drill/port.h"
#include "io/file.h"
#include "io/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TRIES_MS = 10,
    ASK_MS = 1000,
    ASK_MAX_MS = 4000,
    GRACE_MS = 2000,
    FILE_MAX = 64 * 1024 * 1024,
    ENV_MAX = 64,
    WORDS_MAX = 4096
};

#define FOLDER "/tmp"
#define PREFIX "cairn-drill-" /* then the process that made it */
static int64_t
now_ms(void)
{
    return (int64_t)(clock_mono_ns() / 1000000);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

static void
remove_tree(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool
service_make_folder(char *out, size_t size, struct err *err)
{
    snprintf(out, size, FOLDER "/" PREFIX "%d-XXXXXX", (int)getpid());
    if (mkdtemp(out) != NULL)
        return true;
    out[0] = '\0';

    return err_set_errno(err, ERR_IO, errno, "unable to make a folder in " FOLDER);
}

void
service_remove_folder(const char *dir)
{
    remove_tree(dir);
}

void
service_sweep(void)
{
    DIR *tmp = opendir(FOLDER);
    struct dirent *entry;

    while (tmp != NULL && (entry = readdir(tmp)) != NULL) {
        char path[300];
        long pid;

        if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) != 0)
            continue;
        pid = strtol(entry->d_name + sizeof(PREFIX) - 1, NULL, 10);
        if (pid <= 1 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
            continue;
        snprintf(path, sizeof(path), FOLDER "/%s", entry->d_name);
        remove_tree(path);
    }
    if (tmp != NULL)
        closedir(tmp);
}

static const char *const *
fill_list(struct service *service, const char *const *list, const char *port)
{
    const char **out = ARENA_ARRAY(service->arena, const char *, ENV_MAX + 1);
    const char *url = service->database != NULL ? pg_scratch_url(service->database) : "";

    for (size_t i = 0; list != NULL && list[i] != NULL && i < ENV_MAX; i++) {
        const char *text = target_fill(service->arena, list[i], "{port}", port);

        text = target_fill(service->arena, text, "{dir}", service->dir);
        out[i] = target_fill(service->arena, text, "{database}", url);
    }

    return out;
}

static const char *
fill_dir(struct service *service, const char *text)
{
    return text != NULL ? target_fill(service->arena, text, "{dir}", service->dir) : NULL;
}

bool
service_open(const struct target *target, struct arena *arena, struct service *out, struct err *err)
{
    unsigned port;

    *out = (struct service){.target = *target, .arena = arena, .log_fd = -1};
    out->port_fd = port_reserve(&port);
    if (out->port_fd < 0)
        return err_set_errno(err, ERR_IO, errno, "unable to find a free port");
    if (!service_make_folder(out->dir, sizeof(out->dir), err)) {
        service_close(out);
        return false;
    }
    if (target->database != NULL && !pg_scratch_make(target->database, &out->database, err)) {
        service_close(out);
        return false;
    }
    snprintf(out->at.host, sizeof(out->at.host), "127.0.0.1");
    snprintf(out->at.port, sizeof(out->at.port), "%u", port & 0xffff);
    out->target.start = fill_list(out, target->start, out->at.port);
    out->target.env = fill_list(out, target->env, out->at.port);
    out->target.dir = fill_dir(out, target->dir);
    out->target.data = fill_dir(out, target->data);
    out->target.log = fill_dir(out, target->log);
    out->log_fd = open(arena_printf(arena, "%s/output", out->dir).data,
                       O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out->log_fd < 0) {
        err_set_errno(err, ERR_IO, errno, "unable to write in '%s'", out->dir);
        service_close(out);
        return false;
    }

    return true;
}

void
service_close(struct service *service)
{
    struct err err = {0};

    service_kill(service);
    if (service->log_fd >= 0)
        close(service->log_fd);
    service->log_fd = -1;
    if (service->port_fd >= 0)
        close(service->port_fd);
    service->port_fd = -1;
    /* One that can't be dropped now is found by its name when the next is made. */
    pg_scratch_drop(service->database, &err);
    service->database = NULL;
    if (service->dir[0] != '\0')
        remove_tree(service->dir);
    service->dir[0] = '\0';
}

/* --- running ---------------------------------------------------------------------------------- */

bool
service_spawn(struct service *service, const char *const *env, struct err *err)
{
    const char **all = ARENA_ARRAY(service->arena, const char *, 2 * ENV_MAX + 1);
    const char *const *start = service->target.start;
    size_t count = 0;

    for (size_t i = 0; service->target.env[i] != NULL && count < ENV_MAX; i++) {
        bool replaced = false;

        for (size_t j = 0; env != NULL && env[j] != NULL; j++)
            replaced =
                replaced || strncmp(service->target.env[i], env[j], strcspn(env[j], "=") + 1) == 0;
        if (!replaced)
            all[count++] = service->target.env[i];
    }
    for (size_t j = 0; env != NULL && env[j] != NULL && j < ENV_MAX; j++)
        all[count++] = env[j];

    return process_start(&(struct process_options){.argv = start,
                                                   .dir = service->target.dir,
                                                   .env = all,
                                                   .out_fd = service->log_fd,
                                                   .err_fd = service->log_fd},
                         &service->pid, err);
}

bool
service_is_running(struct service *service)
{
    if (service->pid != 0 && process_wait(service->pid, 0, &service->status))
        service->pid = 0;

    return service->pid != 0;
}

static int64_t
stretch(const struct service *service, int64_t ms)
{
    return service->patience > 0 ? ms * service->patience : ms;
}

void
service_init_client(const struct service *service, struct client *client, int64_t timeout_ms)
{
    client_init(client, &service->at, stretch(service, timeout_ms));
    client->late = service->late;
}

bool
service_wait_for(struct service *service, const char *path, int status, int64_t timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;
    struct client client;
    bool reached = false;

    /* Who waits for long lets one answer take long: a service may look for its database first. */
    client_init(&client, &service->at,
                timeout_ms < ASK_MS       ? ASK_MS
                : timeout_ms > ASK_MAX_MS ? ASK_MAX_MS
                                          : timeout_ms);
    while (!reached && now_ms() < deadline && service_is_running(service) &&
           !interrupt_is_asked()) {
        struct client_response response;

        client_ask(&client, "GET", path, NULL, STR_NULL, &response);
        reached = response.outcome == CLIENT_ANSWERED && response.status == status;
        if (!reached)
            poll(NULL, 0, TRIES_MS);
    }
    client_fini(&client);

    return reached;
}

static bool
move_data(struct service *service, bool away, struct err *err)
{
    const char *there = service->target.data;
    const char *gone;

    if (there == NULL)
        return err_set(err, ERR_UNAVAILABLE, "",
                       "nothing says where its data is (data:, database:)");
    gone = arena_printf(service->arena, "%s.away", there).data;
    if (rename(away ? there : gone, away ? gone : there) == 0)
        return true;

    return away ? err_set(err, ERR_UNAVAILABLE, "", "its data isn't at %s", there)
                : err_set(err, ERR_IO, "", "it made new data while its own was away");
}

bool
service_take_data(struct service *service, struct err *err)
{
    return service->database != NULL ? pg_scratch_shut(service->database, err)
                                     : move_data(service, true, err);
}

bool
service_give_data(struct service *service, struct err *err)
{
    return service->database != NULL ? pg_scratch_open(service->database, err)
                                     : move_data(service, false, err);
}

const char *
service_last_words(struct service *service)
{
    char text[WORDS_MAX];
    off_t end = lseek(service->log_fd, 0, SEEK_END);
    off_t from = end > WORDS_MAX ? end - WORDS_MAX : 0;
    ssize_t got = pread(service->log_fd, text, sizeof(text), from);
    struct str all = str_trim(str_make(text, got > 0 ? (size_t)got : 0));
    struct str last = all, before = STR("");

    for (struct str rest = all; rest.len > 0;) {
        struct str line = str_trim(str_cut(&rest, '\n'));

        if (line.len == 0)
            continue;
        before = last.len < all.len ? last : STR("");
        last = line;
    }

    if (last.len == 0)
        return "it said nothing";

    return arena_printf(service->arena, "%.*s%s%.*s", STR_ARG(str_slice(before, 0, 200)),
                        before.len > 0 ? "; " : "", STR_ARG(str_slice(last, 0, 200)))
        .data;
}

bool
service_log_has(struct service *service, const char *text)
{
    struct err err = {0};
    struct buf all;
    bool has;

    buf_init(&all, FILE_MAX);
    has =
        file_read(arena_printf(service->arena, "%s/output", service->dir).data, &all, NULL, &err) &&
        all.len > 0 && memmem(all.data, all.len, text, strlen(text)) != NULL;
    buf_fini(&all);

    return has;
}

bool
service_start(struct service *service, const char *const *env, struct err *err)
{
    int64_t timeout = stretch(service, (int64_t)service->target.start_timeout_s * 1000);

    if (!service_spawn(service, env, err))
        return false;
    if (service_wait_for(service, service->target.ready, 200, timeout))
        return true;
    if (service->pid != 0 && service->late != NULL)
        (*service->late)++;
    if (service->pid == 0)
        err_set(err, ERR_UNAVAILABLE, "", "it ended at its start: %s", service_last_words(service));
    else
        err_set(err, ERR_UNAVAILABLE, "", "it wasn't ready within %u s: %s",
                service->target.start_timeout_s, service_last_words(service));
    service_kill(service);

    return false;
}

void
service_kill(struct service *service)
{
    if (service->pid == 0)
        return;
    kill(-service->pid, SIGKILL);
    process_stop(service->pid, 0, &service->status);
    service->pid = 0;
}
