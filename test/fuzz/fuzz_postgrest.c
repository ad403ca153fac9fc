/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgrest.conf: what is accepted is a cairn.yaml and a .env that are read without an error in
 * form; what isn't has errors that are safe to print.
 */
#include "config/load.h"
#include "config/postgrest.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)1 << 30)
#define OUT_MAX ((size_t)64 << 20)

static char user[] = "PGUSER=somebody";
static char other[] = "PGRST_DB_SCHEMAS=a,b";
static char *environment[] = {user, other, NULL};

/* Its own output says what cairn.yaml would say. */
static void
check_output(struct arena *arena, struct str yaml, struct str dotenv)
{
    static const struct config_sources sources = {0};
    struct config_errors errors = {0};
    struct config config = {.database_shown = ""};
    struct config_loader loader = {
        .sources = &sources, .errors = &errors, .arena = arena, .config = &config};

    loader.last = &loader.first;
    config_read_yaml(&loader, yaml, "cairn.yaml");
    if (dotenv.len > 0)
        config_read_dotenv(&loader, dotenv, ".env");
    FUZZ_CHECK(errors.count == 0);
    FUZZ_CHECK(loader.first != NULL);
}

void
fuzz_one(struct str input)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct postgrest_input from = {.text = input, .name = "f", .environ = environment};
    struct config_errors errors;
    struct buf yaml, dotenv;

    from.takes_environ = input.len % 2 == 1;
    buf_init(&yaml, OUT_MAX);
    buf_init(&dotenv, OUT_MAX);
    if (postgrest_import(&from, arena, &yaml, &dotenv, &errors)) {
        check_output(arena, buf_str(&yaml), buf_str(&dotenv));
    } else {
        FUZZ_CHECK(errors.count > 0);
        for (size_t i = 0; i < errors.count; i++) {
            for (const char *p = errors.items[i].message; *p != '\0'; p++)
                FUZZ_CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
        }
    }
    buf_fini(&yaml);
    buf_fini(&dotenv);
    arena_free(arena);
}
