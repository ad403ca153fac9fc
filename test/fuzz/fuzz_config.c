/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn.yaml and .env: the first byte says which; whatever follows gives settings whose values are
 * stored, or errors with texts that are safe to print. Whatever is accepted is shown again.
 */
#include "config/load.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)256 << 20)
#define OUT_MAX ((size_t)16 << 20)

static void
check_errors(const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct config_error *error = &errors->items[i];

        FUZZ_CHECK(error->where[0] != '\0' && error->message[0] != '\0');
        for (const char *p = error->message; *p != '\0'; p++)
            FUZZ_CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
}

void
fuzz_one(struct str input)
{
    static const struct config_sources sources = {0};
    struct config_errors errors = {0};
    struct config_loader loader = {.sources = &sources, .errors = &errors};
    struct config config = {.database_shown = ""};
    struct buf out;

    if (input.len == 0)
        return;
    loader.arena = arena_new(4096, ARENA_MAX);
    loader.last = &loader.first;
    loader.config = &config;
    if (input.data[0] % 2 == 0)
        config_read_yaml(&loader, str_slice(input, 1, input.len), "cairn.yaml");
    else
        config_read_dotenv(&loader, str_slice(input, 1, input.len), ".env");

    buf_init(&out, OUT_MAX);
    for (const struct config_setting *s = loader.first; s != NULL; s = s->next) {
        const struct config_option_def *def = &config_options[s->option];

        if (config_value_store(&loader, def, s, (char *)&config + def->offset)) {
            buf_clear(&out);
            config_write_value(&config, s->option, &out);
            FUZZ_CHECK(buf_ok(&out));
        }
    }
    if (config.database_url != NULL)
        FUZZ_CHECK(config_url_mask(loader.arena, config.database_url) != NULL);
    check_errors(&errors);
    buf_fini(&out);
    arena_free(loader.arena);
}
