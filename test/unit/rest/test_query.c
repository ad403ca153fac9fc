/* SPDX-License-Identifier: Apache-2.0 */
/* The query string: what each parameter becomes, written down as text. */
#include "sample.h"
#include "unit.h"

#define ARENA_MAX (16 * 1024 * 1024)

struct parsed {
    struct arena *arena;
    struct api_param *params;
    uint32_t count;
    struct api_request api;
    struct err err;
    bool ok;
    struct buf text;
};

static void
add_field(struct buf *out, const struct api_field *field)
{
    buf_add_str(out, field->column);
    for (uint32_t i = 0; i < field->step_count; i++) {
        const struct api_json_step *step = &field->steps[i];

        buf_add_str(out, step->as_text ? STR("->>") : STR("->"));
        if (step->is_index)
            buf_printf(out, "#%lld", (long long)step->index);
        else
            buf_add_str(out, step->key);
    }
}

static void
add_items(struct buf *out, const struct api_item *items)
{
    static const char *const joins[] = {"", "!left", "!inner"};
    static const char *const aggregates[] = {"",       ".count()", ".sum()",
                                             ".avg()", ".min()",   ".max()"};

    for (const struct api_item *item = items; item != NULL; item = item->next) {
        if (item != items)
            buf_add_char(out, ';');
        if (item->alias.data != NULL)
            buf_printf(out, "%.*s=", STR_ARG(item->alias));
        if (item->kind == API_ITEM_STAR)
            buf_add_char(out, '*');
        if (item->kind == API_ITEM_FIELD) {
            add_field(out, &item->field);
            if (item->cast.data != NULL)
                buf_printf(out, "::%.*s", STR_ARG(item->cast));
            buf_add_str(out, str_from(aggregates[item->aggregate]));
            if (item->aggregate_cast.data != NULL)
                buf_printf(out, "::%.*s", STR_ARG(item->aggregate_cast));
        }
        if (item->kind == API_ITEM_EMBED) {
            buf_printf(out, "%s%.*s%s%.*s%s(", item->is_spread ? "..." : "", STR_ARG(item->target),
                       item->hint.data != NULL ? "!" : "", STR_ARG(item->hint), joins[item->join]);
            add_items(out, item->children);
            buf_add_char(out, ')');
        }
    }
}

static void
add_slot(struct buf *out, const struct api_request *api, uint32_t slot)
{
    const struct api_slot *s = &api->slots[slot];

    if (!s->is_list) {
        buf_printf(out, "<%.*s>", STR_ARG(s->text));
        return;
    }
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < s->list_count; i++)
        buf_printf(out, "%s<%.*s>", i > 0 ? "," : "", STR_ARG(s->list[i]));
    buf_add_char(out, ']');
}

static void
add_conds(struct buf *out, const struct api_request *api, const struct api_cond *conds)
{
    static const char *const is[] = {"null", "not_null", "true", "false", "unknown"};
    static const char *const quantifiers[] = {"", "(any)", "(all)"};

    for (const struct api_cond *cond = conds; cond != NULL; cond = cond->next) {
        if (cond != conds)
            buf_add_char(out, ';');
        if (cond->negated)
            buf_add_char(out, '!');
        if (cond->kind != API_COND_FILTER) {
            buf_add_str(out, cond->kind == API_COND_AND ? STR("and(") : STR("or("));
            add_conds(out, api, cond->children);
            buf_add_char(out, ')');
            continue;
        }
        add_field(out, &cond->filter.field);
        buf_printf(out, " %s%s", api_op_name(cond->filter.op),
                   quantifiers[cond->filter.quantifier]);
        if (cond->filter.language.data != NULL)
            buf_printf(out, "(%.*s)", STR_ARG(cond->filter.language));
        buf_add_char(out, ' ');
        if (cond->filter.op == API_IS)
            buf_add_str(out, str_from(is[cond->filter.is]));
        else
            add_slot(out, api, cond->filter.slot);
    }
}

static void
add_order(struct buf *out, const struct api_order *orders)
{
    static const char *const nulls[] = {"", " nulls first", " nulls last"};

    for (const struct api_order *order = orders; order != NULL; order = order->next) {
        buf_add_str(out, order == orders ? STR(" order ") : STR(";"));
        if (order->relation.data != NULL)
            buf_printf(out, "%.*s.", STR_ARG(order->relation));
        add_field(out, &order->field);
        buf_printf(out, "%s%s", order->descending ? " desc" : "", nulls[order->nulls]);
    }
}

static void
add_names(struct buf *out, const char *word, const struct str *names, uint32_t count)
{
    if (names == NULL)
        return;
    buf_printf(out, " %s", word);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(out, "%c%.*s", i > 0 ? ';' : ' ', STR_ARG(names[i]));
}

static void
add_levels(struct buf *out, const struct api_request *api)
{
    for (const struct api_level *level = api->levels; level != NULL; level = level->next) {
        if (level->path_len > 0)
            buf_add_str(out, STR(" @"));
        for (uint32_t i = 0; i < level->path_len; i++)
            buf_printf(out, "%s%.*s", i > 0 ? "/" : "", STR_ARG(level->path[i]));
        if (level->conds != NULL)
            BUF_ADD_LIT(out, " where ");
        add_conds(out, api, level->conds);
        add_order(out, level->order);
        if (level->limit_slot != API_NO_SLOT) {
            BUF_ADD_LIT(out, " limit ");
            add_slot(out, api, level->limit_slot);
        }
        if (level->offset_slot != API_NO_SLOT) {
            BUF_ADD_LIT(out, " offset ");
            add_slot(out, api, level->offset_slot);
        }
    }
}

static void
parse(struct parsed *p, struct str query)
{
    struct buf shape;

    memset(p, 0, sizeof(*p));
    p->arena = arena_new(4096, ARENA_MAX);
    buf_init(&p->text, 1024 * 1024);
    buf_init(&shape, 1024 * 1024);
    p->ok =
        api_parse_params(query, p->arena, &p->params, &p->count, &p->err) &&
        api_parse_query(p->params, p->count, &sample_limits, p->arena, &p->api, &shape, &p->err);
    buf_fini(&shape);
    if (!p->ok)
        return;
    add_items(&p->text, p->api.select);
    add_levels(&p->text, &p->api);
    add_names(&p->text, "columns", p->api.columns, p->api.column_count);
    add_names(&p->text, "conflict", p->api.on_conflict, p->api.on_conflict_count);
}

static void
parsed_fini(struct parsed *p)
{
    buf_fini(&p->text);
    arena_free(p->arena);
}

struct query_case {
    const char *query, *expected;
};

static void
check_cases(const struct query_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct parsed p;
        struct str got;

        parse(&p, str_from(cases[i].query));
        if (!p.ok)
            fail_msg("%s: %s %s", cases[i].query, p.err.message, p.err.details);
        got = str_trim(buf_str(&p.text));
        if (!str_eq(got, str_from(cases[i].expected)))
            fail_msg("%s: '%.*s' is not '%s'", cases[i].query, STR_ARG(got), cases[i].expected);
        parsed_fini(&p);
    }
}

static const struct query_case decoding[] = {
    {"", ""},
    {"&&&", ""},
    {"=x", ""},
    {"name=eq.a+b%20c%2Bd", "where name eq <a b c+d>"},
    {"na%6De=eq.%C3%A9", "where name eq <\xC3\xA9>"},
    {"a=eq.x=y", "where a eq <x=y>"},
    {"a=eq.%26%3D%23", "where a eq <&=#>"},
    {"a+b=eq.1", "where a b eq <1>"},
    {"a=eq.%25", "where a eq <%>"},
    {"a=eq.100%25", "where a eq <100%>"},
};

static void
parameters_are_percent_decoded_and_plus_is_a_blank(void **state)
{
    check_cases(decoding, COUNTOF(decoding));
}

static const struct query_case selects[] = {
    {"select=", ""},
    {"select=*", "*"},
    {"select=id,name", "id;name"},
    {"select= id , name ", "id;name"},
    {"select=a:id,b:c::text", "a=id;b=c::text"},
    {"select=id::timestamp with time zone", "id::timestamp with time zone"},
    {"select=s->a->0->>b", "s->a->#0->>b"},
    {"select=s->-1", "s->#-1"},
    {"select=s->a-b", "s->a-b"},
    {"select=s->\"a,b\"->>\"c\\\"d\"", "s->a,b->>c\"d"},
    {"select=s->0x", "s->0x"},
    {"select=s->99999999999", "s->99999999999"},
    {"select=x:s->>a", "x=s->>a"},
    {"select=s->>a::integer", "s->>a::integer"},
    {"select=\"a.b\",\"c,d\"", "a.b;c,d"},
    {"select=\"x y\":id", "x y=id"},
    {"select=a b,c$d,e_f-g", "a b;c$d;e_f-g"},
    {"select=id)garbage", "id"},
    {"select=id,name)'; drop table x", "id;name"},
    {"select=a(b)'; drop table x", "a(b)"},
    {"select=data->>c->1", "data->>c->#1"},
    {"select=data->0->0xy1->23-xy-45->xy-6->>0::int", "data->#0->0xy1->23-xy-45->xy-6->>#0::int"},
    {"select=count", "count"},
    {"select=count()", ".count()"},
    {"select=n:id.sum()::text", "n=id.sum()::text"},
    {"select=id::text.count()", "id::text.count()"},
    {"select=clients(*)", "clients(*)"},
    {"select=id,clients(id,name),tasks(id)", "id;clients(id;name);tasks(id)"},
    {"select=c:clients!inner(id)", "c=clients!inner(id)"},
    {"select=clients!fk!left(id)", "clients!fk!left(id)"},
    {"select=clients!inner!fk(id)", "clients!fk!inner(id)"},
    {"select=clients()", "clients()"},
    {"select=...clients(n:name)", "...clients(n=name)"},
    {"select=a(b(c(d(e(f)))))", "a(b(c(d(e(f)))))"},
};

static void
select_names_columns_casts_paths_and_embeds(void **state)
{
    check_cases(selects, COUNTOF(selects));
}

static const struct query_case filters[] = {
    {"id=eq.1", "where id eq <1>"},
    {"id=not.eq.1", "where !id eq <1>"},
    {"id=neq.1&id=gt.1&id=gte.1&id=lt.1&id=lte.1",
     "where id neq <1>;id gt <1>;id gte <1>;id lt <1>;id lte <1>"},
    {"n=like.*a*&n=ilike.b*", "where n like <%a%>;n ilike <b%>"},
    {"n=match.^a*&n=imatch.b", "where n match <^a*>;n imatch <b>"},
    {"n=eq.", "where n eq <>"},
    {"n=eq.a,b)(\"", "where n eq <a,b)(\">"},
    {"n=eq.not.eq.1", "where n eq <not.eq.1>"},
    {"n=is.null&n=is.NULL&n=not.is.Not_Null&n=is.tRue&n=is.false&n=is.unknown",
     "where n is null;n is null;!n is not_null;n is true;n is false;n is unknown"},
    {"n=isdistinct.a", "where n isdistinct <a>"},
    {"n=eq(any).{1,2}&n=like(all).{a*,b}", "where n eq(any) <{1,2}>;n like(all) <{a%,b}>"},
    {"n=fts.a&n=plfts(english).a b&n=not.wfts(french).c",
     "where n fts <a>;n plfts(english) <a b>;!n wfts(french) <c>"},
    {"n=cs.{1}&n=cd.{1}&n=ov.{1}&n=sl.[1,2]&n=sr.[1,2]&n=nxr.[1,2]&n=nxl.[1,2]&n=adj.[1,2]",
     "where n cs <{1}>;n cd <{1}>;n ov <{1}>;n sl <[1,2]>;n sr <[1,2]>;n nxr <[1,2]>;n nxl "
     "<[1,2]>;n adj <[1,2]>"},
    {"s->a->>b=eq.1", "where s->a->>b eq <1>"},
    {"\"a.b\"=eq.1", "where a.b eq <1>"},
    /* In quotes a parameter's name is a column's. */
    {"\"select\"=eq.1&\"or\"=eq.2", "where select eq <1>;or eq <2>"},
};

static void
filters_know_every_operator(void **state)
{
    check_cases(filters, COUNTOF(filters));
}

static const struct query_case lists[] = {
    {"id=in.(1,2)", "where id in [<1>,<2>]"},
    {"id=in.()", "where id in []"},
    {"id=in.(\"\")", "where id in []"},
    {"id=in.(   )", "where id in []"},
    {"id=in.( ,3)", "where id in [<>,<3>]"},
    {"id=in. ( 1, 2 ) ", "where id in [<1>,< 2 >]"},
    {"id=in.(,)", "where id in [<>,<>]"},
    {"id=not.in.(1)", "where !id in [<1>]"},
    {"n=in.(\"Hebdon, John\",\"Williams, Mary\")", "where n in [<Hebdon, John>,<Williams, Mary>]"},
    {"n=in.(\"a\\\"b\",\"c\\\\d\")", "where n in [<a\"b>,<c\\d>]"},
    {"n=in.(a\"b,\"c\"d,\"e)", "where n in [<a\"b>,<\"c\"d>,<\"e>]"},
    {"n=in.(\"a)b\",(c)", "where n in [<a)b>,<(c>]"},
    {"n=in.( a , b )", "where n in [<a >,< b >]"},
};

static void
lists_take_quotes_that_close_and_leave_the_others(void **state)
{
    check_cases(lists, COUNTOF(lists));
}

static const struct query_case logic[] = {
    {"or=(a.eq.1,b.gt.2)", "where or(a eq <1>;b gt <2>)"},
    {"and=(a.eq.1,or(b.eq.2,c.not.is.null))", "where and(a eq <1>;or(b eq <2>;!c is null))"},
    {"not.or=(a.eq.1)", "where !or(a eq <1>)"},
    {"not.and=(a.eq.1)", "where !and(a eq <1>)"},
    {"or=(not.and(a.eq.1,b.eq.2),not.or(c.eq.3))",
     "where or(!and(a eq <1>;b eq <2>);!or(c eq <3>))"},
    {"or=( a.eq.1 , b.eq.2 )", "where or(a eq <1 >;b eq <2 >)"},
    {"or=(a.eq.1,b.eq.2))&c=eq.3", "where or(a eq <1>;b eq <2>);c eq <3>"},
    {"or=(and.eq.1,or->x.eq.2)", "where or(and eq <1>;or->x eq <2>)"},
    {"or=(n.eq.\"a,b)\",n.eq.\"c\\\"d\")", "where or(n eq <a,b)>;n eq <c\"d>)"},
    {"or=(n.eq.a\"b,n.eq.\"c\"d)", "where or(n eq <a\"b>;n eq <\"c\"d>)"},
    {"or=(n.cs.{1,2},n.eq.{a)b})", "where or(n cs <{1,2}>;n eq <{a)b}>)"},
    {"or=(id.in.(1,2),n.like.*x*)", "where or(id in [<1>,<2>];n like <%x%>)"},
    {"or=(s->a->>b.eq.1,\"a.b\".eq.2)", "where or(s->a->>b eq <1>;a.b eq <2>)"},
    {"or=(n.eq.,n.eq.x)", "where or(n eq <>;n eq <x>)"},
    {"or=(andy.eq.1,orchid.eq.2,notes.eq.3)", "where or(andy eq <1>;orchid eq <2>;notes eq <3>)"},
    {"or=(n.eq.a.b:c)", "where or(n eq <a.b:c>)"},
    {"or=(n.fts(english).cat)", "where or(n fts(english) <cat>)"},
    {"tasks.or=(a.eq.1)", "@tasks where or(a eq <1>)"},
    {"a.b.not.and=(c.eq.1)", "@a/b where !and(c eq <1>)"},
};

static void
logic_nests_and_quotes_values(void **state)
{
    check_cases(logic, COUNTOF(logic));
}

static const struct query_case levels[] = {
    {"order=a", "order a"},
    {"order=a.asc,b.desc,c.nullsfirst,d.desc.nullslast",
     "order a;b desc;c nulls first;d desc nulls last"},
    {"order=s->a->>b.desc", "order s->a->>b desc"},
    {"order=clients(name).desc", "order clients.name desc"},
    {"order=\"a.b\".desc", "order a.b desc"},
    {"order=", ""},
    {"limit=5&offset=10", "limit <5> offset <10>"},
    {"limit=0", "limit <0>"},
    {"offset=-5", ""},
    {"limit=99999999999999999999999", "limit <9223372036854775807>"},
    {"tasks.name=like.D*&tasks.order=name.desc&tasks.limit=1&tasks.offset=2",
     "@tasks where name like <D%> order name desc limit <1> offset <2>"},
    {"a.b.c=eq.1&a.b.d=eq.2&a.e=eq.3", "@a/b where c eq <1>;d eq <2> @a where e eq <3>"},
    {"\"x.y\".z=eq.1", "@x.y where z eq <1>"},
    {"columns=a,\"b c\", d&on_conflict=x,y", "columns a;b c;d conflict x;y"},
    {"on_conflict=", ""},
    {"tasks.select=eq.1", "@tasks where select eq <1>"},
};

static void
levels_are_told_apart_by_their_path(void **state)
{
    check_cases(levels, COUNTOF(levels));
}

struct refusal {
    const char *query, *code, *message, *details;
};

static const struct refusal refusals[] = {
    {"a=%", "PGRST100", NULL, NULL},
    {"a=%4", "PGRST100", NULL, NULL},
    {"a=%zz", "PGRST100", NULL, NULL},
    {"a=eq.%ff", "PGRST100", NULL, NULL},
    {"a=eq.%c3", "PGRST100", NULL, NULL},
    {"a=eq.%ed%a0%80", "PGRST100", NULL, NULL},
    {"a=eq.%00", "PGRST100", NULL, NULL},
    {"a=eq", "PGRST100", "\"failed to parse filter (eq)\" (line 1, column 1)", NULL},
    {"a=", "PGRST100", "\"failed to parse filter ()\" (line 1, column 1)",
     "unexpected end of input expecting \"not\" or operator (eq, gt, ...)"},
    {"a=not.1", "PGRST100", "\"failed to parse filter (not.1)\" (line 1, column 5)", NULL},
    {"a=eq(any.1", "PGRST100", NULL, NULL},
    {"a=neq(any).{1}", "PGRST100", NULL, NULL},
    {"a=is.maybe", "PGRST100", "\"failed to parse filter (is.maybe)\" (line 1, column 4)", NULL},
    {"a=in.(1", "PGRST100", NULL, "unexpected end of input expecting \",\" or \")\""},
    {"a->b.c=eq.1", "PGRST100", NULL, NULL},
    {"a->=eq.1", "PGRST100", NULL, NULL},
    {"a..b=eq.1", "PGRST100", NULL, NULL},
    {"a.=eq.1", "PGRST100", NULL, NULL},
    {"\"a=eq.1", "PGRST100", NULL, NULL},
    {"a(b)=eq.1", "PGRST100", NULL, NULL},
    {"select=a,", "PGRST100", NULL, NULL},
    {"select=a(b", "PGRST100", "\"failed to parse select parameter (a(b)\" (line 1, column 4)",
     NULL},
    {"select=a::", "PGRST100", NULL, "unexpected end of input expecting cast type"},
    {"select=a.total()", "PGRST100", NULL, NULL},
    {"select=...a", "PGRST100", NULL, NULL},
    {"select=a!", "PGRST100", NULL, NULL},
    {"or=a.eq.1", "PGRST100", "\"failed to parse logic tree (a.eq.1)\" (line 1, column 3)", NULL},
    {"or=()", "PGRST100", "\"failed to parse logic tree (())\" (line 1, column 4)",
     "unexpected \")\" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic "
     "operator (and, or)"},
    {"not.and=(a.b)", "PGRST100", "\"failed to parse logic tree ((a.b))\" (line 1, column 11)",
     NULL},
    {"select=id'; drop table x", "PGRST100", NULL, NULL},
    {"select=data->(a", "PGRST100",
     "\"failed to parse select parameter (data->(a)\" (line 1, column 7)",
     "unexpected \"(\" expecting \"-\", digit or any non reserved character different from: .,>()"},
    {"select=data->>--34", "PGRST100",
     "\"failed to parse select parameter (data->>--34)\" (line 1, column 9)",
     "unexpected \"-\" expecting digit"},
    {"order=id.asc.nullslasttt", "PGRST100",
     "\"failed to parse order (id.asc.nullslasttt)\" (line 1, column 17)",
     "unexpected 't' expecting \",\" or end of input"},
    {"order=id.asc.up", "PGRST100", "\"failed to parse order (id.asc.up)\" (line 1, column 8)",
     "unexpected \"u\" expecting \"nullsfirst\" or \"nullslast\""},
    {"or=(a.eq.1,)", "PGRST100", NULL, NULL},
    {"or=(and(a.eq.1)", "PGRST100", NULL, NULL},
    {"order=a.up", "PGRST100", NULL, NULL},
    {"order=a.desc.asc", "PGRST100", NULL, NULL},
    {"order=a,", "PGRST100", NULL, NULL},
    {"order=t(a", "PGRST100", NULL, NULL},
    {"limit=", "PGRST100", NULL, NULL},
    {"limit=1x", "PGRST100", "\"failed to parse limit (1x)\" (line 1, column 2)", NULL},
    {"limit=-", "PGRST100", NULL, NULL},
    {"limit=-1", "PGRST103", "Requested range not satisfiable",
     "Limit should be greater than or equal to zero."},
    {"columns=", "PGRST100", NULL, NULL},
    {"columns=a,,b", "PGRST100", NULL, NULL},
    {"a=eq.\xC3", "PGRST100", NULL, NULL},
    {"a=xx\xC3\xA9", "PGRST100", NULL, NULL},
    {"\xC3\xA9(=x", "PGRST100", NULL, "unexpected \"(\" expecting \".\" or end of input"},
};

static void
what_does_not_follow_the_grammar_is_refused_with_the_place(void **state)
{
    for (size_t i = 0; i < COUNTOF(refusals); i++) {
        const struct refusal *r = &refusals[i];
        struct parsed p;

        parse(&p, str_from(r->query));
        if (p.ok)
            fail_msg("%s: is taken as '%.*s'", r->query, STR_ARG(buf_str(&p.text)));
        assert_string_equal(p.err.code, r->code);
        assert_true(str_is_utf8(str_from(p.err.message)));
        assert_true(str_is_utf8(str_from(p.err.details)));
        if (r->message != NULL)
            assert_string_equal(p.err.message, r->message);
        if (r->details != NULL)
            assert_string_equal(p.err.details, r->details);
        parsed_fini(&p);
    }
}

static void
path_segments_are_decoded_whole(void **state)
{
    static const struct {
        const char *raw, *name; /* NULL: refused */
    } cases[] = {
        {"items", "items"},     {"a%20b", "a b"}, {"a+b", "a+b"}, {"a=b", "a=b"}, {"a&b", "a&b"},
        {"%C3%A9", "\xC3\xA9"}, {"%ff", NULL},    {"%0", NULL},   {"%00", NULL},  {"a%2Fb", "a/b"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct arena *arena = arena_new(1024, ARENA_MAX);
        struct str name = STR_NULL;
        bool ok = api_decode_segment(str_from(cases[i].raw), arena, &name);

        assert_int_equal(ok, cases[i].name != NULL);
        if (ok)
            assert_str(name, cases[i].name);
        arena_free(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_percent_decoded_and_plus_is_a_blank),
        cmocka_unit_test(select_names_columns_casts_paths_and_embeds),
        cmocka_unit_test(filters_know_every_operator),
        cmocka_unit_test(lists_take_quotes_that_close_and_leave_the_others),
        cmocka_unit_test(logic_nests_and_quotes_values),
        cmocka_unit_test(levels_are_told_apart_by_their_path),
        cmocka_unit_test(what_does_not_follow_the_grammar_is_refused_with_the_place),
        cmocka_unit_test(path_segments_are_decoded_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
