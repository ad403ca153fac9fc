/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "lifecycle/check_schema.h"
#include "tale.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const char *schemas[] = {"public"};
static struct config config;
static struct check_input input;
static struct evidence found;

static int
set_up(void **state)
{
    int failed = tale_begin(state);

    tale_now_us = clock_wall_us();
    history_get_host(tale_host);
    config = (struct config){.dir = unit_dir, .history_enabled = true};
    config.migrations_dir = arena_printf(arena, "%s/migrations", unit_dir).data;
    config.database_schemas.items = (void *)schemas;
    config.database_schemas.count = 1;
    input = (struct check_input){.config = &config, .stage = LIFECYCLE_MVP, .arena = arena};

    return failed;
}

static int
tear_down(void **state)
{
    return tale_end(state);
}

static void
look(const char *check, enum evidence_outcome expected, const char *part)
{
    found = (struct evidence){.measured = "", .limit = "", .detail = ""};
    check_find(check)->look(&input, &found);
    if (found.outcome != expected)
        fail_msg("%s: %d, not %d: %s", check, found.outcome, expected, found.measured);
    assert_contains(found.measured, part);
}

static void
migrate(const char *sql)
{
    assert_ok(dir_make(config.migrations_dir, 0700, &err));
    assert_ok(file_replace(unit_path("migrations/0001_init.sql"), str_from(sql), 0600, &err));
}

#define TABLES                                                                          \
    "CREATE TABLE a (id bigint PRIMARY KEY);\n"                                         \
    "CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint REFERENCES a, \"A id\" bigint " \
    "REFERENCES a);\n"

static void
a_foreign_key_without_an_index_is_named(void **state)
{
    migrate(TABLES);
    look("slow-queries", EVIDENCE_FAIL, "2 of 2 foreign keys have no index: b (a_id), b (A id)");
    migrate(TABLES "CREATE INDEX ON b (a_id, id);\nCREATE INDEX ON b (id, \"A id\");\n");
    look("slow-queries", EVIDENCE_FAIL, "1 of 2 foreign keys have no index: b (A id)");
    migrate(TABLES "CREATE INDEX ON b (a_id DESC);\nCREATE UNIQUE INDEX ON b (\"A id\");\n");
    look("slow-queries", EVIDENCE_UNKNOWN, "each foreign key has its index; what is slow shows");
}

static void
an_index_on_a_column_of_a_longer_name_is_none(void **state)
{
    migrate("CREATE TABLE a (id bigint PRIMARY KEY);\n"
            "CREATE TABLE b (a bigint REFERENCES a, a2 bigint);\nCREATE INDEX ON b (a2);\n");
    look("slow-queries", EVIDENCE_FAIL, "1 of 1 foreign keys");
    migrate("CREATE TABLE a (id bigint PRIMARY KEY);\n"
            "CREATE TABLE b (a bigint REFERENCES a, a2 bigint, PRIMARY KEY (a, a2));\n");
    look("slow-queries", EVIDENCE_UNKNOWN, "each foreign key has its index");
}

static void
slow_requests_of_users_are_a_gap(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 12};
    struct history_line slow = {.kind = HISTORY_BEAT,
                                .writer = 1,
                                .beat = {.took_ms = 3600000,
                                         .ready_ms = 3600000,
                                         .requests = 100,
                                         .latency = {[4] = 95, [10] = 5}}};
    char month[64];

    migrate("CREATE TABLE a (id bigint PRIMARY KEY);\n");
    begin(&one);
    for (int h = 11; h >= 0; h--)
        tell(&one, h, slow);
    snprintf(month, sizeof(month), "2099-01.01.jsonl");
    save(month);
    look("slow-queries", EVIDENCE_FAIL, "5.00 % of the 1200 requests");
    buf_clear(&text);
    one = (struct teller){.instance = FIRST, .began_h = 12};
    begin(&one);
    for (int h = 11; h >= 0; h--)
        beat(&one, h, 1);
    save(month);
    look("slow-queries", EVIDENCE_PASS, "0.00 % of the 1200 requests");
}

static void
what_only_postgresql_knows_is_said_to_be_its_own(void **state)
{
    migrate("CREATE EXTENSION hstore;\nCREATE TABLE a (h hstore);\n");
    look("slow-queries", EVIDENCE_UNKNOWN, "the migrations are PostgreSQL's own");
}

/* --- certificates ----------------------------------------------------------------------------- */

static X509_NAME *
name_of(const char *word)
{
    X509_NAME *name = X509_NAME_new();

    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)word, -1, -1, 0),
                     1);

    return name;
}

static void
write_certificate(const char *issuer, long days)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *subject_name = name_of("shop.example");
    X509_NAME *issuer_name = name_of(issuer);
    FILE *file = fopen(unit_path("cert.pem"), "we");

    X509_set_subject_name(certificate, subject_name);
    X509_set_issuer_name(certificate, issuer_name);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -100 * 86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86400 + 600);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    X509_NAME_free(subject_name);
    X509_NAME_free(issuer_name);
    X509_free(certificate);
    EVP_PKEY_free(key);
    config.tls_cert = arena_cstr(arena, str_from(unit_path("cert.pem")));
}

static void
a_certificate_is_good_when_it_is_an_authoritys_and_lasts(void **state)
{
    look("certificates", EVIDENCE_UNKNOWN, "in a proxy");
    write_certificate("An Authority", 60);
    look("certificates", EVIDENCE_PASS, "ends in 60 days");
    write_certificate("An Authority", 5);
    look("certificates", EVIDENCE_FAIL, "ends in 5 days");
    write_certificate("An Authority", -3);
    look("certificates", EVIDENCE_FAIL, "ended 2 days ago");
    write_certificate("shop.example", 60);
    look("certificates", EVIDENCE_FAIL, "self-signed");
    assert_ok(file_replace(unit_path("cert.pem"), STR("nothing"), 0600, &err));
    look("certificates", EVIDENCE_FAIL, "no certificate that can be read");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_foreign_key_without_an_index_is_named),
        TEST(an_index_on_a_column_of_a_longer_name_is_none),
        TEST(slow_requests_of_users_are_a_gap),
        TEST(what_only_postgresql_knows_is_said_to_be_its_own),
        TEST(a_certificate_is_good_when_it_is_an_authoritys_and_lasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
