/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/catalogue.h"

#include "lifecycle/own_rows.h"

bool
catalogue_load(const char *dir, struct arena *arena, struct catalogue *out,
               struct catalogue_errors *errors)
{
    const struct lifecycle_row *own = NULL;
    size_t own_count = 0;

    *errors = (struct catalogue_errors){0};
    own_rows_load(dir, arena, &own, &own_count, errors);
    out->rows = ARENA_ARRAY(arena, const struct lifecycle_row *, lifecycle_row_count + own_count);
    out->count = 0;
    for (size_t i = 0; i < lifecycle_row_count; i++)
        out->rows[out->count++] = &lifecycle_rows[i];
    for (size_t i = 0; i < own_count; i++)
        out->rows[out->count++] = &own[i];

    return errors->count == 0;
}

const struct lifecycle_row *
catalogue_find(const struct catalogue *catalogue, struct str id)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        if (str_eq(str_from(catalogue->rows[i]->id), id))
            return catalogue->rows[i];
    }

    return NULL;
}

const char *
catalogue_suggest(const struct catalogue *catalogue, struct str id)
{
    const char *best = NULL;
    double nearest = 0.5;

    for (size_t i = 0; i < catalogue->count; i++) {
        double similarity = str_similarity(id, str_from(catalogue->rows[i]->id));

        if (similarity > nearest) {
            nearest = similarity;
            best = catalogue->rows[i]->id;
        }
    }

    return best;
}

bool
lifecycle_parse_stage(struct str s, enum lifecycle_stage *out)
{
    for (int i = 0; i < LIFECYCLE_STAGE_COUNT; i++) {
        if (str_eq_nocase(s, str_from(lifecycle_stage_names[i]))) {
            *out = (enum lifecycle_stage)i;
            return true;
        }
    }

    return false;
}
