/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema snapshot: what requests are planned against.
 *
 * It is built once from a model, never changes, and is shared by all threads through a reference
 * count; a new model makes a new snapshot with a new id, and requests in flight keep the one they
 * began with. Look-ups allocate nothing. Everything that a snapshot hands out is borrowed and lives
 * as long as a reference to it.
 *
 * A model may hold tables that are not exposed, because exposed views stand on them. They are here
 * too, with is_exposed false, and are found by name like the others: whoever takes a schema name
 * from a client checks it against the exposed ones first.
 *
 * Relationships and how an embed finds them follow PostgREST 12 to 14: docs, "Resource Embedding".
 */
#ifndef CAIRN_SCHEMA_SCHEMA_H
#define CAIRN_SCHEMA_SCHEMA_H

#include "core/arena.h"
#include "core/str.h"
#include "sql/model.h"

/* In the order in which an ambiguous embed lists its candidates. */
enum schema_cardinality {
    SCHEMA_ONE_TO_MANY,
    SCHEMA_MANY_TO_ONE,
    SCHEMA_ONE_TO_ONE,
    SCHEMA_MANY_TO_MANY,
};

/*
 * One way from a table to another.
 *
 * source_columns[i] = target_columns[i] joins the two. In a many-to-many relationship the junction
 * stands between: source_columns[i] = junction_source_columns[i] and junction_target_columns[i] =
 * target_columns[i]. Columns are indexes into the columns of their own table.
 */
struct schema_rel {
    enum schema_cardinality cardinality;
    bool is_to_one; /* many-to-one or one-to-one: an object, not an array */
    bool is_self;   /* source and target are the same table */
    bool
        source_has_key; /* the foreign key is the source's (many-to-one, that side of one-to-one) */
    const struct schema_table *source, *target;
    /* A function of source's row gives the rows of target, and no columns join them; NULL: none. */
    const struct model_computed *computed;
    struct str constraint; /* the foreign key; of a junction the one to source; the function */
    const uint32_t *source_columns;
    uint32_t source_column_count;
    const uint32_t *target_columns;
    uint32_t target_column_count; /* differs from source_column_count only with a junction */
    /* Many-to-many only. */
    const struct schema_table *junction;
    struct str junction_constraint;          /* the foreign key from the junction to target */
    const uint32_t *junction_source_columns; /* as many as source_columns */
    const uint32_t *junction_target_columns; /* as many as target_columns */
};

/* A column that a function of the row computes. */
struct schema_computed {
    const struct model_computed *model;
    struct model_column column; /* its name and type */
};

struct schema_table;

/* What is below a view through which rows can be written, on the embedded engine. */
struct schema_view {
    const struct schema_table *base;          /* the table whose rows they are */
    const struct schema_table *const *levels; /* the views down to it, this one first */
    uint32_t level_count;
    /* For each column of the view the one of base that it simply is; NULL: it is none. */
    const struct model_column *const *columns;
};

struct schema_table {
    const struct model_table *model;
    bool is_exposed;
    bool is_said; /* a migration has said who may use it, or what it stands on: schema/access.h */
    /* The primary key's columns in its order; of a view those of the tables it stands on. */
    const uint32_t *pk_columns;
    uint32_t pk_column_count;      /* 0: none */
    const struct schema_rel *rels; /* from this table; sorted by target, cardinality, constraint */
    uint32_t rel_count;
    const struct schema_computed *computed;
    uint32_t computed_count;
    const struct schema_view *view; /* NULL: a table, or a view that can't be written */
    const uint32_t *column_slots;   /* the snapshot's own */
    uint32_t column_slot_mask;
};

struct schema_function {
    const struct model_function *model;
    const struct schema_table *row; /* columns and, of a table's rows, relationships */
};

struct schema_role;

struct schema {
    uint64_t id; /* of this snapshot in this process; never 0, never again the same */
    const struct model *model;
    const struct schema_table *tables; /* one for each table of model, in its order */
    uint32_t table_count;
    const struct schema_function *functions; /* one for each function of model, in its order */
    uint32_t function_count;
    const struct schema_role *roles; /* schema/access.h; one for each role of model, in its order */
    uint32_t role_count;
    bool
        has_rules; /* a migration says who may do what: then PostgreSQL's rules hold for all tables */
    bool is_open; /* but those about which none says anything are open to everybody */
};

/*
 * Takes the model, which the snapshot frees at its end. schemas are the exposed ones. The caller
 * has the first reference.
 */
struct schema *schema_new(struct model *model, const char *const *schemas, size_t schema_count);
/* Sets is_open, which is false otherwise; before the snapshot is shared. */
void schema_set_open(struct schema *schema, bool is_open);
struct schema *schema_ref(struct schema *schema);
void schema_unref(struct schema *schema); /* NULL is safe; the last one frees */

/* NULL when absent. */
const struct schema_table *schema_find_table(const struct schema *schema, struct str schema_name,
                                             struct str name);
/* The first of all functions called so, which follow each other; count says how many. NULL:
 * none. */
const struct schema_function *schema_find_functions(const struct schema *schema,
                                                    struct str schema_name, struct str name,
                                                    uint32_t *count);
const struct model_column *schema_find_column(const struct schema_table *table, struct str name);
/* Whether the column's default draws a number from a sequence: an identity, serial, nextval()
 * itself. */
bool schema_column_draws(const struct model_column *column);
/* The computed column of that name: of the functions called so the one in the table's schema, or
 * else the first that is found. NULL: none. */
const struct schema_computed *schema_find_computed(const struct schema_table *table,
                                                   struct str name);
/* The index of a column of this table. */
static inline uint32_t
schema_column_index(const struct schema_table *table, const struct model_column *column)
{
    return (uint32_t)(column - table->model->columns);
}

/*
 * The relationships that an embed of target (with hint; hint.data NULL for none) from table means.
 *
 * Target is the name of the related table or view, or, only without a hint, the foreign key
 * constraint or the key's single column in table, these two where the related side is no view. A
 * hint is a constraint, a single origin or target column, or the junction, of a relationship to the
 * table called target. A function of the row is meant by its name, and takes the place of the other
 * relationships to a table of that name. On a self-reference the table's name means its children
 * and the column's name its parent; a hint is then the children's referencing column.
 *
 * Fills out with up to max of them and returns how many there are: 0 is PGRST200, 1 is found, more
 * is PGRST201.
 */
size_t schema_find_rel(const struct schema_table *table, struct str target, struct str hint,
                       const struct schema_rel **out, size_t max);

/* The names have a run of size characters in common, where '-' stands for the ends. */
bool schema_shares_run(struct str a, struct str b, size_t size);
/* For "did you mean": the most similar exposed table of that schema (PGRST205), or the most similar
 * name of a table that is related to table (PGRST200). The empty view when nothing is at least 75 %
 * similar, of a related table 33 %. */
struct str schema_similar_table(const struct schema *schema, struct str schema_name,
                                struct str name);
struct str schema_similar_function(const struct schema *schema, struct str schema_name,
                                   struct str name); /* PGRST202 */
struct str schema_similar_target(const struct schema_table *table, struct str target);

#endif
