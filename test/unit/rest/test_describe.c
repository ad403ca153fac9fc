/* SPDX-License-Identifier: Apache-2.0 */
/* The API described: OpenAPI 3.1 and Swagger 2.0. */
#include "core/json.h"
#include "core/map.h"
#include "rest/openapi.h"
#include "rest/root.h"
#include "rest/swagger.h"
#include "sample.h"
#include "unit.h"

#define DOCUMENT_MAX (4 * 1024 * 1024)

struct document {
    struct schema *schema;
    struct arena *arena;
    struct buf text;
    struct json *root;
};

typedef void (*write_fn)(struct buf *out, const struct schema *schema,
                         const struct openapi_info *info);

static void
write_swagger(struct buf *out, const struct schema *schema, const struct openapi_info *info)
{
    const struct swagger_info swagger = {
        .title = info->title,
        .schema = info->default_schema,
        .base_path = STR("/rest/v1"),
    };

    swagger_write(out, schema, &swagger);
}

static void
document_make(struct document *d, write_fn write)
{
    const struct openapi_info info = {.title = "A \"shop\"\\", .default_schema = STR("public")};
    struct err err = {0};

    d->schema = sample_schema();
    d->arena = arena_new(65536, 64 << 20);
    buf_init(&d->text, DOCUMENT_MAX);
    write(&d->text, d->schema, &info);
    assert_true(buf_ok(&d->text));
    /* Strict: no member twice, no text that is none. */
    assert_ok(json_parse(buf_str(&d->text), JSON_LIMITS_DEFAULT, d->arena, &d->root, &err));
}

static void
document_fini(struct document *d)
{
    buf_fini(&d->text);
    arena_free(d->arena);
    schema_unref(d->schema);
}

/* The value at a path of members. */
static const struct json *
at(const struct document *d, const char *path)
{
    const struct json *node = d->root;
    struct str rest = str_from(path);

    while (rest.len > 0) {
        struct str name = str_cut(&rest, ' ');
        char key[128];

        snprintf(key, sizeof(key), "%.*s", STR_ARG(name));
        node = json_get(node, key);
        if (node == NULL)
            fail_msg("%s: there is no %s", path, key);
    }
    return node;
}

/* A step of a JSON pointer in a URI fragment: percent-encoding, then ~1 and ~0. */
static struct str
decode_step(struct arena *arena, struct str step)
{
    char *out = arena_alloc(arena, step.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < step.len; i++) {
        if (step.data[i] == '%') {
            char hex[3] = {step.data[i + 1], step.data[i + 2], 0};

            out[len++] = (char)strtol(hex, NULL, 16);
            i += 2;
        } else if (step.data[i] == '~') {
            out[len++] = step.data[++i] == '1' ? '/' : '~';
        } else {
            out[len++] = step.data[i];
        }
    }
    out[len] = '\0';
    return str_make(out, len);
}

static void
check_refs(const struct document *d, const struct json *node, unsigned *count)
{
    struct str ref = json_get_str(node, "$ref", STR_NULL);

    if (ref.data != NULL) {
        const struct json *found = d->root;

        (*count)++;
        assert_true(str_has_prefix(ref, STR("#/")));
        ref = str_slice(ref, 2, ref.len);
        while (ref.len > 0 && found != NULL)
            found = json_get(found, decode_step(d->arena, str_cut(&ref, '/')).data);
        if (found == NULL)
            fail_msg("%.*s leads nowhere", STR_ARG(node->raw));
    }
    for (const struct json *child = node->first; child != NULL; child = child->next)
        check_refs(d, child, count);
}

static void
openapi_is_one_document_whose_references_resolve(void **state)
{
    struct document d;
    unsigned refs = 0;

    document_make(&d, openapi_write);
    assert_str(at(&d, "openapi")->text, "3.1.0");
    assert_str(at(&d, "info title")->text, "A \"shop\"\\");
    check_refs(&d, d.root, &refs);
    assert_true(refs > 50);
    document_fini(&d);
}

static void
openapi_tells_types_constraints_and_comments(void **state)
{
    struct document d;

    document_make(&d, openapi_write);
    assert_str(at(&d, "components schemas kinds properties id type")->text, "integer");
    assert_str(at(&d, "components schemas kinds properties id format")->text, "int64");
    assert_str(at(&d, "components schemas kinds properties code type")->raw,
               "[\"string\",\"null\"]");
    assert_str(at(&d, "components schemas kinds properties flag type")->text, "boolean");
    assert_str(at(&d, "components schemas kinds properties made format")->text, "date-time");
    assert_str(at(&d, "components schemas kinds properties label maxLength")->text, "5");
    assert_str(at(&d, "components schemas kinds properties mood enum")->raw,
               "[\"sad\",\"ok\",\"happy\"]");
    assert_int_equal(at(&d, "components schemas kinds properties twice readOnly")->type, JSON_TRUE);
    assert_null(json_get(at(&d, "components schemas kinds properties docb"), "type"));
    assert_str(at(&d, "components schemas clients required")->raw, "[\"id\",\"name\"]");
    assert_null(json_get(at(&d, "components schemas kinds"), "required"));
    assert_str(at(&d, "components schemas plain description")->text, "No key: \"a\" and <b>");
    assert_str(at(&d, "components schemas plain properties a description")->text, "The first");
    assert_contains(
        at(&d, "components schemas projects properties client_id description")->raw.data,
        "<fk table='clients' column='id'/>");
    document_fini(&d);
}

static void
openapi_offers_what_can_be_done(void **state)
{
    struct document d;

    document_make(&d, openapi_write);
    assert_non_null(json_get(at(&d, "paths /clients"), "get"));
    assert_non_null(json_get(at(&d, "paths /clients"), "post"));
    assert_non_null(json_get(at(&d, "paths /clients"), "patch"));
    assert_non_null(json_get(at(&d, "paths /clients"), "delete"));
    assert_non_null(json_get(at(&d, "paths /project_names"), "get"));
    assert_non_null(json_get(at(&d, "paths /project_names"), "post"));
    assert_non_null(json_get(at(&d, "paths /project_names"), "delete"));
    assert_non_null(json_get(at(&d, "paths /project_counts"), "get"));
    assert_null(json_get(at(&d, "paths /project_counts"), "post"));
    assert_null(json_get(at(&d, "paths /project_counts"), "delete"));
    document_fini(&d);
}

static void
every_operation_has_a_name_of_its_own(void **state)
{
    struct document d;
    struct map *seen = map_new();

    document_make(&d, openapi_write);
    for (const struct json *path = at(&d, "paths")->first; path != NULL; path = path->next) {
        for (const struct json *op = path->first; op != NULL; op = op->next)
            assert_null(map_put(seen, json_get_str(op, "operationId", STR_NULL), &d));
    }
    assert_true(map_count(seen) > 20);
    map_free(seen);
    document_fini(&d);
}

static void
swagger_is_as_clients_of_postgrest_know_it(void **state)
{
    struct document d;

    document_make(&d, write_swagger);
    assert_str(at(&d, "swagger")->text, "2.0");
    assert_str(at(&d, "definitions kinds properties id format")->text, "int64");
    assert_str(at(&d, "definitions kinds properties id type")->text, "integer");
    assert_str(at(&d, "definitions kinds properties id description")->text,
               "Note:\nThis is a Primary Key.<pk/>");
    assert_str(at(&d, "definitions projects properties client_id description")->text,
               "Note:\nThis is a Foreign Key to `clients.id`.<fk table='clients' column='id'/>");
    assert_str(at(&d, "definitions clients required")->raw, "[\"id\",\"name\"]");
    assert_non_null(json_get(at(&d, "paths /project_names"), "post"));
    assert_null(json_get(at(&d, "paths /project_counts"), "post"));
    document_fini(&d);
}

static void
an_address_is_split_into_what_swagger_wants_of_it(void **state)
{
    static const struct {
        const char *url, *scheme, *host, *path; /* scheme NULL: refused */
    } rows[] = {
        {"https://api.example.com/rest/v1", "https", "api.example.com", "/rest/v1"},
        {"http://localhost:3000", "http", "localhost:3000", "/"},
        {"http://[::1]:3000//", "http", "[::1]:3000", "/"},
        {"https://a/b/c///", "https", "a", "/b/c"},
        {"https:///path", NULL, NULL, NULL},
        {"ftp://a/", NULL, NULL, NULL},
        {"https://a b/", NULL, NULL, NULL},
        {"https://a/\"", NULL, NULL, NULL},
        {"", NULL, NULL, NULL},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct rest_root root = {0};
        bool ok = root_split_url(str_from(rows[i].url), &root);

        assert_int_equal(ok, rows[i].scheme != NULL);
        if (!ok)
            continue;
        assert_str(root.scheme, rows[i].scheme);
        assert_str(root.host, rows[i].host);
        assert_str(root.base_path, rows[i].path);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openapi_is_one_document_whose_references_resolve),
        cmocka_unit_test(openapi_tells_types_constraints_and_comments),
        cmocka_unit_test(openapi_offers_what_can_be_done),
        cmocka_unit_test(every_operation_has_a_name_of_its_own),
        cmocka_unit_test(swagger_is_as_clients_of_postgrest_know_it),
        cmocka_unit_test(an_address_is_split_into_what_swagger_wants_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
