/* http_target_test.c: targets of requests: paths, keys of any bytes, parameters. */
#include <criterion/criterion.h>

#include "http/http_target.h"

static void expect_key(const char *raw, struct slice key, int64_t db)
{
    struct http_target t;
    const char *wrong = http_target_parse(slice_str(raw), &t);

    cr_assert_null(wrong, "%s: %s", raw, wrong);
    cr_expect_eq(t.place, HTTP_KEY, "%s", raw);
    cr_expect(slice_equal(buf_slice(&t.key), key), "%s", raw);
    cr_expect_eq(t.db, db, "%s", raw);
    http_target_deinit(&t);
}

static void expect_place(const char *raw, enum http_place place)
{
    struct http_target t;

    cr_assert_null(http_target_parse(slice_str(raw), &t), "%s", raw);
    cr_expect_eq(t.place, place, "%s", raw);
    http_target_deinit(&t);
}

static void expect_wrong(const char *raw, const char *why)
{
    struct http_target t;
    const char *wrong = http_target_parse(slice_str(raw), &t);

    cr_assert_not_null(wrong, "%s", raw);
    cr_expect_str_eq(wrong, why, "%s", raw);
    http_target_deinit(&t);
}

Test(http_target, a_key_is_all_behind_the_prefix)
{
    expect_key("/api/v1/keys/user:123:profile", slice_str("user:123:profile"), -1);
    expect_key("/api/v1/keys/a/b//c/", slice_str("a/b//c/"), -1);
    expect_key("/api/v1/keys/a+b", slice_str("a+b"), -1);
    expect_key("/api/v1/keys/", slice_str(""), -1);
    expect_key("http://host:80/api/v1/keys/k", slice_str("k"), -1);
}

Test(http_target, escapes_give_any_byte_once)
{
    expect_key("/api/v1/keys/a%00b", slice_of("a\0b", 3), -1);
    expect_key("/api/v1/keys/%2F%2f%3F%3d", slice_str("//?="), -1);
    expect_key("/api/v1/keys/%2541", slice_str("%41"), -1);
    expect_key("/api/v1/keys/%fF%C3%A9", slice_str("\xff\xc3\xa9"), -1);
    expect_key("/api/v1/keys/\xc3\xa9", slice_str("\xc3\xa9"), -1);
}

Test(http_target, a_query_may_name_the_database_alone)
{
    expect_key("/api/v1/keys/k?db=3", slice_str("k"), 3);
    expect_key("/api/v1/keys/k?", slice_str("k"), -1);
    expect_key("/api/v1/keys/k%3Fdb=3", slice_str("k?db=3"), -1);
    expect_key("/api/v1/keys/k?db=99", slice_str("k"), 99);
    expect_wrong("/api/v1/keys/k?db=-1", "db must be the number of a database");
    expect_wrong("/api/v1/keys/k?db=x", "db must be the number of a database");
    expect_wrong("/api/v1/keys/k?db", "db must be the number of a database");
    expect_wrong("/api/v1/keys/k?ttl=3", "the only parameter is db");
    expect_wrong("/api/v1/keys/k?db=1&x", "the only parameter is db");
}

Test(http_target, a_percent_needs_two_digits)
{
    static const char *const bad[] = {
        "/api/v1/keys/%",   "/api/v1/keys/a%1",  "/api/v1/keys/%zz",
        "/api/v1/keys/%1g", "/api/v1/keys/%%41", "/api/v1/keys/%4?"
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_wrong(bad[i], "a % in the path must be followed by two hex digits");
}

Test(http_target, other_places_and_none)
{
    expect_place("/healthz", HTTP_HEALTH);
    expect_place("/readyz?verbose", HTTP_READY);
    expect_place("/metrics?name=x", HTTP_METRICS);
    expect_place("http://host/metrics", HTTP_METRICS);
    expect_place("/", HTTP_NOWHERE);
    expect_place("", HTTP_NOWHERE);
    expect_place("*", HTTP_NOWHERE);
    expect_place("/api/v1/keys", HTTP_NOWHERE);
    expect_place("/api/v1/key/k", HTTP_NOWHERE);
    expect_place("/metrics/", HTTP_NOWHERE);
    expect_place("http://host", HTTP_NOWHERE);
}
