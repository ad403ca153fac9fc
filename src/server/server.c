/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/log.h"
#include "http/http.h"
#include "io/file.h"
#include "server/supervisor.h"

static enum log_format
choose_format(const struct server_options *options)
{
    switch (options->config->log_format) {
    case CONFIG_LOG_FORMAT_JSON:
        return LOG_JSON;
    case CONFIG_LOG_FORMAT_PRETTY:
        return LOG_PRETTY;
    case CONFIG_LOG_FORMAT_AUTO:
        break;
    }
    return options->is_dev && options->is_tty ? LOG_PRETTY : LOG_JSON;
}

static bool
open_log(const struct server_options *options, struct err *err)
{
    const struct config *config = options->config;
    struct log_options log = {
        .level = (enum log_level)config->log_level,
        .format = choose_format(options),
        .to_stdout = true,
        .color = options->color,
        .file = config->log_file,
        .rotate_bytes = config->log_rotate_size,
        .rotate_keep = (unsigned)config->log_rotate_keep,
    };
    const char *slash = config->log_file != NULL ? strrchr(config->log_file, '/') : NULL;

    if (slash != NULL && slash != config->log_file) {
        char *dir = xstrdup(config->log_file);
        bool made = false;

        dir[slash - config->log_file] = '\0';
        made = dir_make(dir, 0750, err);
        free(dir);
        if (!made)
            return false;
    }
    if (log_open(&log))
        return true;
    return err_set_errno(err, ERR_CONFIG, errno, "unable to open the log file '%s'",
                         config->log_file);
}

/* As many descriptors as allowed; no core files, which would hold clients' data. */
static void
set_limits(void)
{
    struct rlimit files;
    const struct rlimit no_core = {0, 0};

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    setrlimit(RLIMIT_CORE, &no_core);
}

bool
server_run(const struct server_options *options, struct err *err)
{
    int fd = -1;
    uint16_t port = 0;
    bool ok = false;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ,
           SIG_IGN); /* a file that may not grow is an error of the write, as a full disk is */
    set_limits();
    if (!open_log(options, err))
        return false;
    if (!http_listen_socket(options->config->listen.text, &fd, &port, err))
        goto out;
    ok = supervisor_run(options, fd, port, err);

out:
    log_close();

    return ok;
}
