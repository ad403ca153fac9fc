/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/running.h"

#include <unistd.h>

#include "core/json.h"
#include "io/file.h"
#include "io/lockfile.h"

enum { PATH_SIZE = 4200, FILE_MAX = 64 * 1024, FILES_MAX = 4096, STAT_MAX = 4096 };

static void
make_path(const struct running *running, const char *suffix, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s/" RUNNING_DIR "/%s%s", running->dir, running->instance, suffix);
}

static bool
write_file(const struct running *running, struct err *err)
{
    char path[PATH_SIZE];
    struct buf text;
    bool ok;

    make_path(running, ".json", path);
    buf_init(&text, FILE_MAX);
    buf_printf(&text, "{\"instance\": \"%s\", \"host\": ", running->instance);
    json_write_str(&text, str_from(running->host));
    buf_printf(&text, ", \"port\": %u, \"tls\": %s, \"supervisor\": %ld, \"worker\": %ld}\n",
               running->port, running->is_tls ? "true" : "false", (long)running->supervisor,
               (long)running->worker);
    ok = file_replace(path, buf_str(&text), 0600, err);
    buf_fini(&text);

    return ok;
}

const char *
running_get_host(const char *listen)
{
    if (listen[0] == '\0' || strcmp(listen, "0.0.0.0") == 0)
        return "127.0.0.1";

    return strcmp(listen, "::") == 0 ? "::1" : listen;
}

bool
running_publish(struct running *running, const struct config *config, uint16_t port,
                const char *instance, struct err *err)
{
    char path[PATH_SIZE];

    *running = (struct running){.dir = config->dir,
                                .port = port != 0 ? port : config->listen.port,
                                .is_tls = config->tls_cert != NULL,
                                .supervisor = getpid()};
    snprintf(running->instance, sizeof(running->instance), "%s", instance);
    snprintf(running->host, sizeof(running->host), "%s", running_get_host(config->listen.host));
    snprintf(path, sizeof(path), "%s/" RUNNING_DIR, config->dir);
    if (!dir_make(path, 0700, err))
        return false;
    make_path(running, ".lock", path);
    if (!lockfile_take(path, 0, &running->lock, err))
        return false;
    if (write_file(running, err))
        return true;
    running_withdraw(running);

    return false;
}

void
running_set_worker(struct running *running, pid_t worker)
{
    struct err err = {0};

    running->worker = worker;
    /* A worker that isn't there any more is noticed by who looks for it. */
    if (running->lock != NULL)
        (void)!write_file(running, &err);
}

static void
remove_files(const struct running *running)
{
    char path[PATH_SIZE];

    make_path(running, ".json", path);
    unlink(path);
    make_path(running, ".lock", path);
    unlink(path);
}

void
running_withdraw(struct running *running)
{
    if (running->lock == NULL)
        return;
    remove_files(running);
    lockfile_release(running->lock);
    running->lock = NULL;
}

/* --- finding ---------------------------------------------------------------------------------- */

static bool
take_file(const char *dir, struct str name, struct arena *arena, struct running *out)
{
    struct err err = {0};
    struct json *root;
    struct str host;
    struct buf text;
    bool ok;

    *out = (struct running){.dir = dir};
    snprintf(out->instance, sizeof(out->instance), "%.*s", HISTORY_ID_SIZE - 1, name.data);
    buf_init(&text, FILE_MAX);
    ok = file_read(arena_printf(arena, "%s/" RUNNING_DIR "/%s", dir, name.data).data, &text, NULL,
                   &err) &&
         json_parse(arena_copy(arena, buf_str(&text)), JSON_LIMITS_DEFAULT, arena, &root, &err);
    buf_fini(&text);
    if (!ok)
        return false;
    host = json_get_str(root, "host", STR(""));
    snprintf(out->host, sizeof(out->host), "%.*s", STR_ARG(host));
    out->port = (uint16_t)json_get_i64(root, "port", 0);
    out->is_tls = json_get_bool(root, "tls", false);
    out->supervisor = (pid_t)json_get_i64(root, "supervisor", 0);
    out->worker = (pid_t)json_get_i64(root, "worker", 0);

    return out->supervisor > 1 && out->worker >= 0 && out->worker != 1 && host.len > 0;
}

/* Whoever gets its lock knows that it is dead. */
static bool
is_alive(const struct running *running)
{
    char path[PATH_SIZE];
    struct lockfile *lock;
    struct err err = {0};

    make_path(running, ".lock", path);
    if (!lockfile_take(path, 0, &lock, &err))
        return err.kind == ERR_UNAVAILABLE;
    remove_files(running);
    lockfile_release(lock);

    return false;
}

bool
running_find(const char *dir, struct arena *arena, struct running **out, size_t *count,
             struct err *err)
{
    const char *folder = arena_printf(arena, "%s/" RUNNING_DIR, dir).data;
    struct str *names;
    size_t name_count;

    *count = 0;
    *out = NULL;
    if (!file_exists(folder))
        return true;
    if (!dir_list(folder, FILES_MAX, arena, &names, &name_count, err))
        return false;
    *out = ARENA_ARRAY(arena, struct running, name_count + 1);
    for (size_t i = 0; i < name_count; i++) {
        struct running *one = &(*out)[*count];

        if (names[i].len != HISTORY_ID_SIZE - 1 + sizeof(".json") - 1 ||
            !str_has_suffix(names[i], STR(".json")))
            continue;
        if (take_file(dir, names[i], arena, one) && is_alive(one))
            (*count)++;
    }

    return true;
}

bool
running_is_child(pid_t worker, pid_t supervisor)
{
    char path[64];
    const char *after;
    int64_t parent = 0;
    struct err err = {0};
    struct str rest;
    struct buf stat;
    bool found = false;

    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)worker);
    buf_init(&stat, STAT_MAX);
    if (worker > 1 && file_read(path, &stat, &found, &err) && found) {
        /* "PID (NAME) STATE PPID ...": the name may have anything in it, parentheses too. */
        after = strrchr(buf_cstr(&stat), ')');
        rest = after != NULL ? str_from(after + 1) : STR_NULL;
        rest = str_trim(rest);
        str_cut(&rest, ' ');
        if (!str_to_i64(str_cut(&rest, ' '), &parent))
            parent = 0;
    }
    buf_fini(&stat);

    return parent > 1 && parent == supervisor;
}
