/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API request: what the URL and the headers of a data request say, as a tree.
 *
 * Nothing here knows the schema or a dialect. Everything lives in the request's arena. Literal
 * values of simple filters, limits and offsets are kept apart from the tree as numbered slots, so
 * that a plan made for one request serves every request of the same shape.
 *
 * Source: the data API contract, which is PostgREST's grammar; point numbers are the contract's.
 */
#ifndef CAIRN_REST_API_H
#define CAIRN_REST_API_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

struct api_limits {
    uint32_t depth_max; /* nesting of and/or */
    uint32_t terms_max; /* filters and logic nodes */
    uint32_t nodes_max; /* select items, all levels */
    uint32_t embed_depth_max;
    uint32_t list_max; /* elements of one in.(...) */
    uint32_t json_depth_max;
    int64_t rows_max; /* of one answer; 0: no bound */
    /* PostgreSQL: usual limits are part of the shape, see api_is_usual_limit. */
    bool fixes_limits;
    bool aggregates;
    bool aliases_only; /* an embed with an alias is not found by its target's name */
};

/* One parameter of the query string, percent-decoded. */
struct api_param {
    struct str key, value;
};

/* col->a->0->>b */
struct api_json_step {
    bool as_text; /* ->> */
    bool is_index;
    struct str key;
    int64_t index;
};
struct api_field {
    struct str column;
    const struct api_json_step *steps;
    uint32_t step_count;
};

enum api_aggregate {
    API_AGG_NONE,
    API_AGG_COUNT,
    API_AGG_SUM,
    API_AGG_AVG,
    API_AGG_MIN,
    API_AGG_MAX
};
enum api_join { API_JOIN_DEFAULT, API_JOIN_LEFT, API_JOIN_INNER };
enum api_item_kind { API_ITEM_STAR, API_ITEM_FIELD, API_ITEM_EMBED };

struct api_item {
    enum api_item_kind kind;
    struct str alias;       /* data NULL: none */
    struct api_field field; /* FIELD; column data NULL for count() */
    struct str cast;        /* data NULL: none */
    enum api_aggregate aggregate;
    struct str aggregate_cast;
    struct str target, hint; /* EMBED; hint data NULL: none */
    enum api_join join;
    bool is_spread;
    struct api_item *children; /* EMBED: its select list, maybe NULL */
    struct api_item *next;
};

enum api_op {
    API_EQ,
    API_NEQ,
    API_GT,
    API_GTE,
    API_LT,
    API_LTE,
    API_LIKE,
    API_ILIKE,
    API_MATCH,
    API_IMATCH,
    API_IN,
    API_IS,
    API_ISDISTINCT,
    API_FTS,
    API_PLFTS,
    API_PHFTS,
    API_WFTS,
    API_CS,
    API_CD,
    API_OV,
    API_SL,
    API_SR,
    API_NXR,
    API_NXL,
    API_ADJ,
};
enum api_quantifier { API_QUANT_NONE, API_QUANT_ANY, API_QUANT_ALL };
enum api_is { API_IS_NULL, API_IS_NOT_NULL, API_IS_TRUE, API_IS_FALSE, API_IS_UNKNOWN };

#define API_NO_SLOT UINT32_MAX

struct api_filter {
    struct api_field field;
    enum api_op op;
    enum api_quantifier quantifier;
    enum api_is is;      /* API_IS */
    struct str language; /* full text; data NULL: none */
    uint32_t slot;       /* of the value; API_NO_SLOT for API_IS */
};

enum api_cond_kind { API_COND_FILTER, API_COND_AND, API_COND_OR };

struct api_cond {
    enum api_cond_kind kind;
    bool negated;
    struct api_filter filter;
    struct api_cond *children; /* AND, OR */
    struct api_cond *next;
};

enum api_nulls { API_NULLS_DEFAULT, API_NULLS_FIRST, API_NULLS_LAST };

struct api_order {
    struct str relation; /* order=relation(col); data NULL: none */
    struct api_field field;
    bool descending;
    enum api_nulls nulls;
    struct api_order *next;
};

/* What the query string says about one level: the root (empty path) or an embed. */
struct api_level {
    const struct str *path;
    uint32_t path_len;
    struct api_cond *conds; /* all ANDed */
    struct api_order *order;
    uint32_t limit_slot, offset_slot;
    int64_t limit_fixed; /* limit_slot's number, where the shape has it; 0: it doesn't */
    bool is_offset_zero; /* offset_slot is 0, and the shape has that */
    struct api_level *next;
};

struct api_slot {
    struct str text;        /* decoded value; like patterns with * already turned into % */
    const struct str *list; /* API_IN */
    uint32_t list_count;
    bool is_list;
    bool is_null;            /* of a function's argument: JSON's null */
    const struct json *json; /* of an argument that is an array or a row: as it came; NULL: text */
};

enum api_media {
    API_MEDIA_JSON,
    API_MEDIA_OBJECT,
    API_MEDIA_CSV,
    API_MEDIA_CUSTOM, /* made by the database; see handler */
};

/* The plan of the statement in place of its rows. */
enum api_explain_option {
    API_EXPLAIN_ANALYZE = 1,
    API_EXPLAIN_VERBOSE = 2,
    API_EXPLAIN_SETTINGS = 4,
    API_EXPLAIN_BUFFERS = 8,
    API_EXPLAIN_WAL = 16,
};
struct api_explain {
    bool is_on, is_json;
    unsigned options;
};
enum api_return {
    API_RETURN_NONE,
    API_RETURN_MINIMAL,
    API_RETURN_HEADERS,
    API_RETURN_REPRESENTATION
};
enum api_resolution { API_RESOLUTION_NONE, API_RESOLUTION_MERGE, API_RESOLUTION_IGNORE };
enum api_count { API_COUNT_NONE, API_COUNT_EXACT, API_COUNT_PLANNED, API_COUNT_ESTIMATED };

struct api_prefer {
    enum api_return ret;
    enum api_resolution resolution;
    enum api_count count;
    bool missing_default;
    bool tx_rollback, tx_commit;
    bool strict, lenient;
    bool has_max_affected;
    int64_t max_affected;
    struct str timezone; /* data NULL: none */
    struct str invalid;  /* preferences that no one knows, "a, b"; data NULL: none */
};

struct api_request {
    struct str schema; /* selected by profile; data NULL: the default */
    struct str table;
    struct api_item *select;  /* NULL: * */
    struct api_level *levels; /* the root first, always there */
    struct str *columns;      /* columns=; NULL: not given */
    uint32_t column_count;
    struct str *on_conflict;
    uint32_t on_conflict_count;
    struct api_slot *slots;
    uint32_t slot_count, slot_cap;
    /* A read of a function: NAME=VALUE is an argument where VALUE has no operator. Set by the
     * caller. */
    bool takes_arguments;
    struct api_param *arguments; /* as they came, a name maybe more than once */
    uint32_t argument_count;
    bool has_literals; /* the shape has values in it: hardly anyone will ask it again */
    enum api_media media;
    bool nulls_stripped;
    bool array_media; /* answer with the vnd.pgrst.array type's name */
    uint32_t handler; /* API_MEDIA_CUSTOM: what makes it, as api_offers.find says */
    struct api_explain explain;
    struct api_prefer prefer;
    bool has_range;               /* Range header, GET only */
    int64_t range_from, range_to; /* range_to -1: open */
};

/* Splits and decodes a query string. err: 400 PGRST100 for bad percent-encoding or UTF-8. */
MUST_CHECK bool api_parse_params(struct str query, struct arena *arena, struct api_param **out,
                                 uint32_t *count, struct err *err);

/* Decodes a segment of the path, where '+' stands for itself. False: it is no UTF-8 text. */
MUST_CHECK bool api_decode_segment(struct str raw, struct arena *arena, struct str *out);

/*
 * Limits that pages usually have. PostgreSQL takes a limit that it doesn't know for a tenth of the
 * table, finds a plan for that dearer than one for the number given, and so plans each request
 * anew.
 */
static inline bool
api_is_usual_limit(const struct api_limits *limits, int64_t number)
{
    return limits->fixes_limits && number > 0 &&
           (number <= 100 || (number <= 1000 && number % 50 == 0));
}

/*
 * Parses the query parameters into *request (select, filters, order, limits, columns...) and
 * appends to shape what the plan depends on: everything but the values of simple filters, in-lists,
 * limits and offsets. Errors are PGRST100 with the place, and PGRST103 for a negative limit.
 */
MUST_CHECK bool api_parse_query(const struct api_param *params, uint32_t count,
                                const struct api_limits *limits, struct arena *arena,
                                struct api_request *request, struct buf *shape, struct err *err);

/* Prefer headers, one value (already joined by ", " when there were several). */
void api_parse_prefer(struct str value, struct arena *arena, struct api_prefer *out);
/* What can be had beside the built-in media types. */
struct api_offers {
    bool plans;
    /* Whether a type, by its name alone, is made for this request; fills out->handler. NULL:
     * none. */
    bool (*find)(const void *ctx, struct str name, struct api_request *out);
    const void *ctx;
};
/* Accept; offers may be NULL. False: 406 PGRST107. */
MUST_CHECK bool api_parse_accept(struct str value, const struct api_offers *offers,
                                 struct api_request *request, struct err *err);
bool api_fail_accept(struct str value, struct err *err); /* that error; returns false */
/* Range; malformed is ignored. */
void api_parse_range(struct str value, struct api_request *request);

/* The operator as the API writes it: "eq". */
const char *api_op_name(enum api_op op);

#endif
