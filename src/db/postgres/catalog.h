/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of introspection, each one query over the relations that matter, filling the model.
 */
#ifndef CAIRN_DB_POSTGRES_CATALOG_H
#define CAIRN_DB_POSTGRES_CATALOG_H

#include <libpq-fe.h>

#include "sql/model.h"

/* A relation on its way into the model. */
struct cat_table {
    uint32_t oid;
    struct model_table *model;
    /* Column indexes by attribute number, which has gaps where columns were dropped; NO_COLUMN. */
    uint32_t *by_number;
    uint32_t number_max;
    uint32_t column_cap;
};

#define NO_COLUMN UINT32_MAX

/* A function on its way into the model, in the order of model->functions. */
struct cat_function {
    uint32_t oid;
    uint32_t type;     /* of the result */
    uint32_t relation; /* whose row that type is; 0: none */
    bool has_columns;  /* OUT, INOUT or TABLE */
    uint32_t default_count;
};

/* A function of a row on its way into the model. */
struct cat_computed {
    struct model_computed *model;
    uint32_t oid;
    uint32_t type;     /* of the result */
    uint32_t relation; /* whose row that type is; 0: none */
    struct str type_name;
};

struct cat_type {
    uint32_t oid;
    char kind; /* pg_type.typtype: b, c, d, e, p, r, m */
    bool is_array;
    bool not_null;          /* domains */
    struct str default_sql; /* domains; empty: none */
    bool has_json;          /* a row, or there is a cast to json */
    uint32_t base, elem;    /* OIDs or 0 */
    int32_t base_mod;
    struct str schema, name, full_name;
    struct str qualified; /* without modifiers; with its schema, where it isn't built in */
    struct str *labels;   /* enums */
    uint32_t label_count;
    struct type_forms *forms; /* NULL: none */
};

struct catalog {
    PGconn *pq;
    struct model *model;
    struct str oids;          /* of all tables, as an array literal */
    struct cat_table *tables; /* sorted by OID; model->tables is sorted by name */
    uint32_t table_count;
    struct str function_oids;       /* as an array literal */
    struct cat_function *functions; /* as many as model->function_count */
    struct str computed_oids;       /* as an array literal */
    struct cat_computed *computed;  /* as many as model->computed_count */
    struct cat_type *types;         /* sorted by OID */
    uint32_t type_count;
};

MUST_CHECK PGresult *cat_query(struct catalog *cat, const char *sql, const char *param,
                               struct err *err);
MUST_CHECK PGresult *cat_query_with(struct catalog *cat, const char *sql, const char *const *params,
                                    int param_count, struct err *err);
/* Cells; a null is the empty view, 0 or false. */
struct str cat_str(struct catalog *cat, const PGresult *res, int row, int column); /* copied */
int64_t cat_i64(const PGresult *res, int row, int column);
bool cat_bool(const PGresult *res, int row, int column);
char cat_char(const PGresult *res, int row, int column);
/* Array literals without quotes or nulls: "{1,2,3}". Returns the count; *out is in the model's
 * arena. */
uint32_t cat_numbers(struct catalog *cat, const PGresult *res, int row, int column, int64_t **out);
/* A JSON array of strings. */
uint32_t cat_strs(struct catalog *cat, const PGresult *res, int row, int column, struct str **out);
/* NULL when absent. */
struct cat_table *cat_find_table(const struct catalog *cat, uint32_t oid);
const struct cat_type *cat_find_type(const struct catalog *cat, uint32_t oid);

/* catalog_types.c */
MUST_CHECK bool cat_load_types(struct catalog *cat, struct err *err);
void cat_make_type(struct catalog *cat, uint32_t oid, int32_t mod, struct str full_name,
                   struct type *out);
/* catalog_forms.c: casts, once the types are known. */
MUST_CHECK bool cat_load_forms(struct catalog *cat, struct err *err);
/* catalog_tables.c */
MUST_CHECK bool cat_load_tables(struct catalog *cat, const char *schemas, struct err *err);
MUST_CHECK bool cat_load_columns(struct catalog *cat, struct err *err);
MUST_CHECK bool cat_load_view_columns(struct catalog *cat, struct err *err);
/* catalog_constraints.c */
MUST_CHECK bool cat_load_constraints(struct catalog *cat, struct err *err);
MUST_CHECK bool cat_load_indexes(struct catalog *cat, struct err *err);
MUST_CHECK bool cat_load_sequences(struct catalog *cat, struct err *err);
/* catalog_settings.c */
MUST_CHECK bool cat_load_settings(struct catalog *cat, struct err *err);
/* Whether any code in the database asks for the request, or sets the response. */
MUST_CHECK bool cat_load_code(struct catalog *cat, struct err *err);
/* catalog_functions.c: which there are, before the types; and what they take and give, after the
 * tables. */
MUST_CHECK bool cat_load_functions(struct catalog *cat, const char *schemas, struct err *err);
MUST_CHECK bool cat_load_arguments(struct catalog *cat, struct err *err);
MUST_CHECK bool cat_load_results(struct catalog *cat, struct err *err);
/* catalog_media.c */
MUST_CHECK bool cat_load_handlers(struct catalog *cat, const char *schemas, struct err *err);
/* catalog_computed.c: functions of rows, after the tables, in the schemas of path (a list of quoted
 * names); and what they give, after the types. */
MUST_CHECK bool cat_load_computed(struct catalog *cat, const char *path, struct err *err);
void cat_finish_computed(struct catalog *cat);

#endif
