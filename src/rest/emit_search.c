/* SPDX-License-Identifier: Apache-2.0 */
/* Full text search as a condition, on both engines, and the index that finds candidates for it. */
#include "rest/emit_impl.h"
#include "sql/search.h"

static void
emit_full_text(struct emitter *e, const struct plan_cond *cond)
{
    static const char *const functions[] = {
        [API_FTS] = "to_tsquery",
        [API_PLFTS] = "plainto_tsquery",
        [API_PHFTS] = "phraseto_tsquery",
        [API_WFTS] = "websearch_to_tsquery",
    };
    const struct api_filter *filter = cond->filter;
    bool is_vector = cond->field.type->id == TYPE_TSVECTOR;

    if (!is_vector)
        BUF_ADD_LIT(&e->sql, "to_tsvector(");
    if (!is_vector && filter->language.data != NULL) {
        emit_param(e, (struct emit_param){.source = EMIT_TEXT, .text = filter->language});
        BUF_ADD_LIT(&e->sql, "::regconfig,");
    }
    emit_field(e, &cond->field);
    if (!is_vector)
        buf_add_char(&e->sql, ')');
    buf_printf(&e->sql, " @@ %s(", functions[filter->op]);
    if (filter->language.data != NULL) {
        emit_param(e, (struct emit_param){.source = EMIT_TEXT, .text = filter->language});
        BUF_ADD_LIT(&e->sql, "::regconfig,");
    }
    emit_param(e, (struct emit_param){
                      .source = EMIT_SLOT, .index = filter->slot, .type = type_builtin(TYPE_TEXT)});
    buf_add_char(&e->sql, ')');
}

/* The embedded engine gets the query as a tsquery already: what is wrong with it shows before. */
static void
emit_query(struct emitter *e, const struct plan_cond *cond)
{
    const struct api_filter *filter = cond->filter;

    emit_param(e, (struct emit_param){.source = EMIT_SEARCH,
                                      .index = filter->slot,
                                      .type = type_builtin(TYPE_TEXT),
                                      .text = filter->language,
                                      .op = filter->op});
}

void
emit_search(struct emitter *e, const struct plan_cond *cond)
{
    const struct api_filter *filter = cond->filter;

    if (emit_is_postgres(e)) {
        emit_full_text(e, cond);
        return;
    }
    if (cond->field.type->id == TYPE_TSVECTOR) {
        BUF_ADD_LIT(&e->sql, "cairn_tsmatch(");
    } else {
        buf_add_str(&e->sql, type_is_json(cond->field.type) ? STR("cairn_search_json(")
                                                            : STR("cairn_search("));
        emit_param(e, (struct emit_param){.source = EMIT_TEXT,
                                          .type = type_builtin(TYPE_TEXT),
                                          .text = filter->language.data != NULL ? filter->language
                                                                                : STR("english")});
        BUF_ADD_LIT(&e->sql, ", ");
    }
    emit_field(e, &cond->field);
    BUF_ADD_LIT(&e->sql, ", ");
    emit_query(e, cond);
    buf_add_char(&e->sql, ')');
}

/* --- candidates ------------------------------------------------------------------------------- */

/* The vector as an index has it: sql/expr_search.c. empty: there is no such configuration. */
static struct str
vector_text(struct emitter *e, const struct plan_cond *cond, const struct model_column *column)
{
    struct search_config config;
    struct err err = {0};
    struct buf name;
    struct str quoted;

    buf_init(&name, 256);
    quote_ident(&name, column->name);
    quoted = arena_copy(e->arena, buf_str(&name));
    buf_fini(&name);
    if (column->type.id == TYPE_TSVECTOR)
        return quoted;
    if (!search_find_config(cond->filter->language, &config, &err))
        return STR("");
    return arena_printf(e->arena, "cairn_to_tsvector%s('%.*s', %.*s)",
                        type_is_json(&column->type) ? "_json" : "",
                        STR_ARG(search_config_name(&config)), STR_ARG(quoted));
}

/* The relation's column, or number, that is SQLite's number of the row of table. */
static bool
find_number(const struct emitter *e, const struct plan_rel *rel, const struct model_table *table,
            struct str *out)
{
    const struct schema_view *view = rel->table->view;
    const struct model_table *model = rel->table->model;
    const struct model_column *primary = NULL;
    bool is_written = rel->parent == NULL && e->view != NULL;

    if (!model->is_view || is_written) {
        *out = str_from(model_rowid_name(table));
        return true;
    }
    if (view == NULL || !table->rowid_pk)
        return false;
    primary = &table->columns[table->keys[0].columns[0]];
    for (uint32_t i = 0; i < model->column_count; i++) {
        if (view->columns[i] == primary) {
            *out = model->columns[i].name;
            return true;
        }
    }
    return false;
}

static bool
find_index(struct emitter *e, const struct plan_cond *cond, struct model_search *out,
           struct str *number)
{
    const struct plan_rel *rel = cond->field.rel;
    const struct schema_table *table = rel->table;
    const struct model_column *column = cond->field.column;

    /* One row by its key is cheaper looked at than found by its words. */
    if (emit_is_postgres(e) || (rel->parent == NULL && e->plan->at_most_one) || rel->call != NULL ||
        cond->field.step_count > 0 || cond->field.computed != NULL ||
        (rel->rel != NULL && rel->rel->computed != NULL))
        return false;
    if (table->view != NULL) {
        column = table->view->columns[schema_column_index(table, column)];
        table = table->view->base;
    }
    if (column == NULL || table->model->is_view)
        return false;
    return model_find_search(table->model, vector_text(e, cond, column), out) &&
           find_number(e, rel, table->model, number);
}

void
emit_candidates(struct emitter *e, const struct plan_cond *cond)
{
    struct model_search search;
    struct str number, query;
    size_t from;

    if (cond->filter->op < API_FTS || cond->filter->op > API_WFTS ||
        !find_index(e, cond, &search, &number))
        return;
    /* The parameter is named twice. */
    from = e->sql.len;
    emit_query(e, cond);
    query = arena_copy(e->arena, str_slice(buf_str(&e->sql), from, e->sql.len));
    e->sql.len = from;
    emit_alias(e, cond->field.rel);
    buf_add_char(&e->sql, '.');
    quote_ident(&e->sql, number);
    model_write_candidates(&e->sql, &search, query);
    BUF_ADD_LIT(&e->sql, " AND ");
}
