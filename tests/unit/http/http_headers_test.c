/* http_headers_test.c: what clients write into headers. */
#include <criterion/criterion.h>

#include "http/http_headers.h"

Test(http_headers, accept_chooses_by_weight_and_by_how_well_a_range_fits)
{
    static const struct {
        const char *value;
        enum http_form form;
    } cases[] = {
        { "", HTTP_FORM_JSON },
        { "*/*", HTTP_FORM_JSON },
        { "application/*", HTTP_FORM_JSON },
        { "application/json", HTTP_FORM_JSON },
        { "application/octet-stream", HTTP_FORM_RAW },
        { "Application/Octet-Stream ; q=0.5", HTTP_FORM_RAW },
        { "application/octet-stream, application/json", HTTP_FORM_JSON },
        { "application/octet-stream, application/json;q=0.9", HTTP_FORM_RAW },
        { "application/octet-stream, */*;q=0.1", HTTP_FORM_RAW },
        { "application/json;q=0, */*", HTTP_FORM_RAW },
        { "*/*;q=0.8, application/octet-stream;q=0.1", HTTP_FORM_JSON },
        { "text/html,application/xml;q=0.9,*/*;q=0.8", HTTP_FORM_JSON },
        { "application/json;version=1;q=0.001", HTTP_FORM_JSON },
        { "text/html", HTTP_FORM_NONE },
        { "*/*;q=0", HTTP_FORM_NONE },
        { "application/json;q=0.0", HTTP_FORM_NONE },
        { ",", HTTP_FORM_NONE },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(http_accept(slice_str(cases[i].value)), cases[i].form, "%s", cases[i].value);
}

Test(http_headers, consistency_is_a_level)
{
    struct level level;

    cr_expect(http_consistency(slice_str("one"), &level) && level.kind == LEVEL_ONE);
    cr_expect(http_consistency(slice_str("QUORUM"), &level) && level.kind == LEVEL_QUORUM);
    cr_expect(http_consistency(slice_str(" all "), &level) && level.kind == LEVEL_ALL);
    cr_expect(http_consistency(slice_str("2"), &level) && level.number == 2);
    cr_expect_not(http_consistency(slice_str(""), &level));
    cr_expect_not(http_consistency(slice_str("two"), &level));
    cr_expect_not(http_consistency(slice_str("one,all"), &level));
}

Test(http_headers, a_ttl_is_whole_seconds)
{
    static const char *const bad[] = {
        "", "0", "-1", "1.5", "+3", "3s", "0x10", "9223372036854775807", "99999999999999999999"
    };
    uint64_t ms;

    cr_assert(http_ttl(slice_str("3600"), &ms));
    cr_expect_eq(ms, 3600000);
    cr_assert(http_ttl(slice_str(" 1\t"), &ms));
    cr_expect_eq(ms, 1000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(http_ttl(slice_str(bad[i]), &ms), "%s", bad[i]);
}

Test(http_headers, tags_of_ours_are_versions)
{
    struct call_versions v;

    cr_assert(http_versions(slice_str("\"1706436000000000-3\""), false, &v));
    cr_expect(v.given && !v.any);
    cr_assert_eq(v.count, 1);
    cr_expect_eq(v.list[0].stamp, 1706436000000000);
    cr_expect_eq(v.list[0].origin, 3);
    cr_assert(http_versions(slice_str(" \"1-1\" , \"2-4294967295\"\t"), false, &v));
    cr_assert_eq(v.count, 2);
    cr_expect_eq(v.list[1].origin, UINT32_MAX);
    cr_assert(http_versions(slice_str("*"), false, &v));
    cr_expect(v.given && v.any && v.count == 0);
}

Test(http_headers, a_weak_tag_counts_only_where_it_may)
{
    struct call_versions v;

    cr_assert(http_versions(slice_str("W/\"1-1\", \"2-1\""), false, &v));
    cr_assert_eq(v.count, 1);
    cr_expect_eq(v.list[0].stamp, 2);
    cr_assert(http_versions(slice_str("W/\"1-1\", \"2-1\""), true, &v));
    cr_expect_eq(v.count, 2);
}

Test(http_headers, tags_of_others_match_nothing)
{
    static const char *const others[] = { "\"\"",   "\"x\"",     "\"1\"",    "\"1-\"",
                                          "\"-1\"", "\"1-1-1\"", "\"01-1\"", "\"1-4294967296\"",
                                          "\"a,b\"" };
    struct call_versions v;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cr_assert(http_versions(slice_str(others[i]), true, &v), "%s", others[i]);
        cr_expect(v.given && !v.any && v.count == 0, "%s", others[i]);
    }
}

Test(http_headers, what_is_no_list_of_tags_is_refused)
{
    static const char *const bad[] = {
        "",           "1-1", "\"1-1",     "\"1-1\",", "\"1-1\" \"2-1\"",
        "*, \"1-1\"", "W/",  "w/\"1-1\"", "\"",       ","
    };
    struct call_versions v;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(http_versions(slice_str(bad[i]), true, &v), "%s", bad[i]);
}

Test(http_headers, a_condition_names_so_many_versions_and_no_more)
{
    struct call_versions v;
    struct buf list = { 0 };

    for (int i = 0; i < OUTCOME_VERSIONS; i++)
        buf_printf(&list, "%s\"%d-1\"", i ? "," : "", i + 1);
    cr_expect(http_versions(buf_slice(&list), false, &v));
    cr_expect_eq(v.count, OUTCOME_VERSIONS);
    buf_printf(&list, ",\"99-1\"");
    cr_expect_not(http_versions(buf_slice(&list), false, &v));
    buf_deinit(&list);
}

static void expect_login(const char *value, const char *user, const char *password)
{
    struct buf u = { 0 }, p = { 0 };
    bool good = http_authorization(slice_str(value), &u, &p);

    cr_expect_eq(good, user != NULL, "%s", value);
    cr_expect(slice_equal(buf_slice(&u), slice_str(user ? user : "")), "%s", value);
    cr_expect(slice_equal(buf_slice(&p), slice_str(user ? password : "")), "%s", value);
    buf_deinit(&u);
    buf_deinit(&p);
}

Test(http_headers, basic_and_bearer_say_who_it_is)
{
    expect_login("Basic ZGVmYXVsdDpzZWNyZXQ=", "default", "secret");
    expect_login("basic   ZGVmYXVsdDpzZWNyZXQ", "default", "secret");
    expect_login("Basic OnNlY3JldA==", "default", "secret"); /* no name: the one there is */
    expect_login("Basic YTpiOmM=", "a", "b:c");
    expect_login("Basic YTo=", "a", "");
    expect_login("Bearer secret", "default", "secret");
    expect_login("", NULL, NULL);
    expect_login("Bearer", NULL, NULL);
    expect_login("Basic", NULL, NULL);
    expect_login("Basic !!!", NULL, NULL);
    expect_login("Basic c2VjcmV0", NULL, NULL); /* no colon */
    expect_login("Digest username=x", NULL, NULL);
}
