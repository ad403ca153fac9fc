/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: finds the command, reads its flags, runs it.
 *
 * Commands are declared in def/commands.toml; each is a function cli_NAME in a file of its own that
 * returns the exit code. Data goes to stdout, everything for people to stderr. Colour is used on
 * a terminal only, never without a sign or a word that says the same, and not when NO_COLOR is set.
 */
#ifndef CAIRN_CLI_CLI_H
#define CAIRN_CLI_CLI_H

#include "config/config.h"
#include "core/arena.h"
#include "core/err.h"
#include "def/commands.h"

enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 4, /* the command line or the configuration */
};

enum cli_mark { CLI_MARK_OK, CLI_MARK_WARN, CLI_MARK_BAD, CLI_MARK_UNKNOWN, CLI_MARK_NONE };

enum { CLI_ARGS_MAX = 16, CLI_FLAGS_MAX = 64 };

struct cli_flag {
    const char *name;
    const char *value; /* NULL for a switch */
};

struct cli {
    const struct command_def *command;
    const char *args[CLI_ARGS_MAX];
    size_t arg_count;
    struct cli_flag flags[CLI_FLAGS_MAX]; /* the command's own and the common ones */
    size_t flag_count;
    struct config_flag config_flags[CLI_FLAGS_MAX];
    size_t config_flag_count;
    char **environ;
    struct arena *arena; /* lives as long as the command */
    bool json;           /* --json */
    bool color;          /* on stderr */
    bool has_config;     /* it was loaded once, and what there is to say about it was said */
};

/* The whole program: returns its exit code. */
int cli_main(int argc, char **argv, char **env);

bool cli_has_flag(const struct cli *cli, const char *name);
/* The flag's value, or NULL when it wasn't given. */
const char *cli_get_flag(const struct cli *cli, const char *name);

/* The sign of a mark, and the escape sequence of its colour. */
const char *cli_mark_sign(enum cli_mark mark);
const char *cli_mark_color(enum cli_mark mark);

/* The columns of the terminal behind fd; 0 when there is none. */
unsigned cli_get_width(int fd);

/* One line on stderr: sign and text; on a terminal as many as it takes. */
void cli_say(const struct cli *cli, enum cli_mark mark, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* An indented line below, with the way out. */
void cli_say_hint(const struct cli *cli, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A line on stderr that the next one writes over, cut at the width of the terminal; on a terminal
 * that can do so only. */
void cli_say_progress(const char *fmt, ...) PRINTF_LIKE(1, 2);
void cli_clear_progress(void);
/* Says the error with its hint; returns the exit code of its kind. */
int cli_fail(const struct cli *cli, const struct err *err);
/* Says that something about the command line is wrong; returns CLI_USAGE. hint may be NULL. */
int cli_fail_usage(const struct cli *cli, const char *hint, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* All of out to stdout; returns CLI_DONE, or CLI_FAILED with an error said. */
int cli_print(const struct cli *cli, const struct buf *out);

/* The configuration of the project in the working directory; false with every error said. Says also
 * when the time-box of the proof of concept has ended without a decision. */
MUST_CHECK bool cli_load_config(struct cli *cli, struct config **out);
void cli_say_time_box(const struct cli *cli, const struct config *config);
void cli_say_config_errors(const struct cli *cli, const struct config_errors *errors);

/* The help of a command, or with NULL the list of commands. */
void cli_write_help(const struct command_def *command, struct buf *out);
/* By full name, "config show"; NULL when there is none. */
const struct command_def *cli_find_command(struct str name);
bool cli_has_subcommands(const struct command_def *command);
/* The top-level command or subcommand of parent that name most resembles, or NULL. */
const char *cli_suggest_command(const char *parent, const char *name);

/* Makes a key and a certificate for localhost, 127.0.0.1 and ::1, valid for valid_days, in PEM
 * form. The files must not exist; the key gets mode 0600. */
MUST_CHECK bool cli_make_certificate(const char *cert_file, const char *key_file, int valid_days,
                                     struct err *err);

#endif
