/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/service.h"

#include "core/clock.h"
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
    GRACE_MS = 2000,
    FILES_MAX = 4096,
    FILE_MAX = 64 * 1024 * 1024,
    ENV_MAX = 64,
    WORDS_MAX = 4096
};

#define FOLDER "/tmp"
#define PREFIX "cairn-drill-" /* then the process that made it */
/* Sorts after every migration of a project's own. */
#define LEDGER_FILE "9998_drill_ledger.sql"

static const char ledger_sql[] = "CREATE TABLE drill_ledger (\n"
                                 "    id bigint PRIMARY KEY,\n"
                                 "    run text NOT NULL DEFAULT '',\n"
                                 "    note text NOT NULL DEFAULT '' CHECK (length(note) <= 200)\n"
                                 ");\n";

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

    for (size_t i = 0; list != NULL && list[i] != NULL && i < ENV_MAX; i++)
        out[i] = target_fill(service->arena, target_fill(service->arena, list[i], "{port}", port),
                             "{dir}", service->dir);

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
    unsigned port = endpoint_pick_port();

    *out = (struct service){.target = *target, .arena = arena, .log_fd = -1};
    snprintf(out->dir, sizeof(out->dir), FOLDER "/" PREFIX "%d-XXXXXX", (int)getpid());
    if (port == 0)
        return err_set_errno(err, ERR_IO, errno, "unable to find a free port");
    if (mkdtemp(out->dir) == NULL) {
        out->dir[0] = '\0';
        return err_set_errno(err, ERR_IO, errno, "unable to make a folder in " FOLDER);
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
    service_kill(service);
    if (service->log_fd >= 0)
        close(service->log_fd);
    service->log_fd = -1;
    if (service->dir[0] != '\0')
        remove_tree(service->dir);
    service->dir[0] = '\0';
}

/* --- a clone of a cairn project ------------------------------------------------------------------- */

static bool
copy_file(const char *from, const char *to, struct err *err)
{
    struct buf text;
    bool found = false;
    bool ok;

    buf_init(&text, FILE_MAX);
    ok = file_read(from, &text, &found, err) &&
         (!found || file_replace(to, buf_str(&text), 0600, err));
    buf_fini(&text);

    return ok;
}

static bool
copy_migrations(const struct config *config, struct service *service, struct err *err)
{
    const char *to = arena_printf(service->arena, "%s/migrations", service->dir).data;
    struct str *names = NULL;
    size_t count = 0;

    if (!dir_make(to, 0700, err))
        return false;
    if (file_exists(config->migrations_dir) &&
        !dir_list(config->migrations_dir, FILES_MAX, service->arena, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!copy_file(
                arena_printf(service->arena, "%s/%s", config->migrations_dir, names[i].data).data,
                arena_printf(service->arena, "%s/%s", to, names[i].data).data, err))
            return false;
    }

    return file_replace(arena_printf(service->arena, "%s/" LEDGER_FILE, to).data,
                        str_from(ledger_sql), 0600, err);
}

bool
service_open_clone(const struct config *config, struct arena *arena, struct service *out,
                   struct err *err)
{
    static const char *const argv[] = {"/proc/self/exe", "serve", NULL};
    const char *stage = config_options[CONFIG_STAGE].values[config->stage];
    const char *const env[] = {
        "CAIRN_LISTEN=127.0.0.1:{port}",
        "CAIRN_DATABASE_URL=sqlite:data/clone.db",
        "CAIRN_LOG_FILE=log/clone.log",
        "CAIRN_LOG_FORMAT=json",
        "CAIRN_LOG_LEVEL=info",
        "CAIRN_AUTH_ANONYMOUS=open",
        "CAIRN_METRICS_ENABLED=true",
        "CAIRN_TLS_CERT=",
        "CAIRN_TLS_KEY=",
        arena_printf(arena, "CAIRN_STAGE=%s", stage).data,
        arena_printf(arena, "CAIRN_PROJECT_NAME=%s", config->project_name).data,
        NULL,
    };
    const struct target target = {
        .name = config->project_name,
        .dir = "{dir}",
        .start = argv,
        .env = env,
        .live = "/livez",
        .ready = "/readyz",
        .metrics = "/metrics",
        .docs = "/openapi.json",
        .write_path = "/rest/v1/drill_ledger",
        .write_body = "{\"id\": {n}, \"run\": \"drill\"}",
        .read_path = "/rest/v1/drill_ledger?select=id&order=id&limit=1000&offset={offset}",
        .read_key = "id",
        .one_path = "/rest/v1/drill_ledger?id=eq.{n}",
        .data = "{dir}/data/clone.db",
        .log = "{dir}/log/clone.log",
        .start_timeout_s = 20,
        .is_cairn = true,
    };
    char self[4096];
    const char **start;
    ssize_t len;

    if (config->database_engine != CONFIG_ENGINE_SQLITE)
        return err_set(err, ERR_UNAVAILABLE, "",
                       "a clone of a project on PostgreSQL can't be made yet");
    if (!service_open(&target, arena, out, err))
        return false;
    len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    start = ARENA_ARRAY(arena, const char *, 3);
    start[0] = arena_cstr(arena, str_make(self, len > 0 ? (size_t)len : 0));
    start[1] = "serve";
    out->target.start = start;
    if (copy_migrations(config, out, err) &&
        copy_file(arena_printf(arena, "%s/cairn.yaml", config->dir).data,
                  arena_printf(arena, "%s/cairn.yaml", out->dir).data, err))
        return true;
    service_close(out);

    return false;
}

/* --- running -------------------------------------------------------------------------------------- */

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

bool
service_wait_for(struct service *service, const char *path, int status, int64_t timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;
    struct client client;
    bool reached = false;

    client_init(&client, &service->at, ASK_MS);
    while (!reached && now_ms() < deadline && service_is_running(service)) {
        struct client_response response;

        client_ask(&client, "GET", path, NULL, STR_NULL, &response);
        reached = response.outcome == CLIENT_ANSWERED && response.status == status;
        if (!reached)
            poll(NULL, 0, TRIES_MS);
    }
    client_fini(&client);

    return reached;
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
    int64_t timeout = (int64_t)service->target.start_timeout_s * 1000;

    if (!service_spawn(service, env, err))
        return false;
    if (service_wait_for(service, service->target.ready, 200, timeout))
        return true;
    if (service->pid == 0)
        err_set(err, ERR_UNAVAILABLE, "", "it ended at its start: %s", service_last_words(service));
    else
        err_set(err, ERR_UNAVAILABLE, "", "it wasn't ready within %u s: %s",
                service->target.start_timeout_s, service_last_words(service));
    service_kill(service);

    return false;
}

bool
service_stop(struct service *service, int64_t grace_ms)
{
    pid_t pid = service->pid;
    bool in_time;

    if (!service_is_running(service))
        return true;
    kill(pid, SIGTERM);
    in_time = process_wait(pid, grace_ms, &service->status);
    if (!in_time)
        service_kill(service);
    kill(-pid, SIGKILL);
    service->pid = 0;

    return in_time;
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
