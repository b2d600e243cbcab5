/* options_test.c: values as text, both ways, and henge.conf against the table. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "session/options.h"

static struct options opts;
static struct buf why;
static struct buf text;

static void setup(void)
{
    options_init(&opts);
    buf_init(&why);
    buf_init(&text);
}

static void teardown(void)
{
    options_deinit(&opts);
    buf_deinit(&why);
    buf_deinit(&text);
}

TestSuite(options, .init = setup, .fini = teardown);

static const char *shown(const char *name)
{
    text.len = 0;
    options_get(&opts, options_find(slice_str(name)), &text);
    buf_append_byte(&text, 0);
    return (const char *)text.data;
}

static bool set(const char *name, const char *value)
{
    why.len = 0;
    return options_set(&opts, options_find(slice_str(name)), slice_str(value), &why);
}

static void refuses(const char *name, const char *value, const char *reason)
{
    char before[128];

    snprintf(before, sizeof before, "%s", shown(name));
    cr_assert_not(set(name, value), "%s %s", name, value);
    buf_append_byte(&why, 0);
    cr_expect_str_eq((const char *)why.data, reason);
    cr_expect_str_eq(shown(name), before, "a refused value changed it");
}

Test(options, every_default_is_within_its_bounds_and_shows_as_it_was_set)
{
    for (const struct option *row = options_table(); row->name; row++) {
        char first[128];

        snprintf(first, sizeof first, "%s", shown(row->name));
        cr_expect(set(row->name, first), "%s %s", row->name, first);
        cr_expect_str_eq(shown(row->name), first);
    }
    cr_expect_str_eq(shown("proto-max-bulk-len"), "536870912");
    cr_expect_str_eq(shown("appendfsync"), "everysec");
    cr_expect_str_eq(shown("force-start"), "no");
    cr_expect_str_eq(shown("bind"), "127.0.0.1 -::1");
}

Test(options, a_name_is_found_in_either_case_and_only_once)
{
    cr_expect_eq(options_find(slice_str("MaxClients")), options_find(slice_str("maxclients")));
    cr_expect_null(options_find(slice_str("maxclient")));
    for (const struct option *a = options_table(); a->name; a++) {
        cr_expect_null(options_ignored(slice_str(a->name)), "%s is also ignored", a->name);
        for (const struct option *b = a + 1; b->name; b++)
            cr_expect_neq(a->offset, b->offset, "%s and %s", a->name, b->name);
    }
}

Test(options, values_are_read_as_redis_writes_them)
{
    cr_assert(set("log-segment-size", "1GB"));
    cr_expect_eq(opts.segment_size, 1024 * 1024 * 1024);
    cr_assert(set("maxmemory", "100k"));
    cr_expect_eq(opts.maxmemory, 100000);
    cr_assert(set("appendfsync", "ALWAYS"));
    cr_expect_eq(opts.appendfsync, 2);
    cr_assert(set("loglevel", "debug"));
    cr_expect_eq(opts.loglevel, 0);
    cr_assert(set("force-start", "YES"));
    cr_expect_eq(opts.force_start, 1);
    cr_assert(set("requirepass", "a b"));
    cr_expect_str_eq(opts.requirepass, "a b");
}

Test(options, a_value_that_cannot_be_taken_says_what_could)
{
    refuses("port", "65536", "argument must be between 0 and 65535 inclusive");
    refuses("port", "x", "argument couldn't be parsed into an integer");
    refuses("port", "", "argument couldn't be parsed into an integer");
    refuses("port", "99999999999999999999", "argument couldn't be parsed into an integer");
    refuses("databases", "17", "argument must be between 1 and 16 inclusive");
    refuses("maxclients", "0", "argument must be between 1 and 1000000 inclusive");
    refuses("maxmemory", "1tb", "argument must be a memory value");
    refuses("maxmemory", "-1", "argument must be a memory value");
    refuses("log-segment-size", "1kb", "argument must be between 65536 and 4294967296 inclusive");
    refuses("force-start", "1", "argument must be 'yes' or 'no'");
    refuses("appendfsync", "often",
            "argument(s) must be one of the following: no, everysec, always");
    why.len = 0;
    cr_expect_not(options_set(&opts, options_find(slice_str("dir")), slice_of("a\0b", 3), &why));
    buf_append_byte(&why, 0);
    cr_expect_str_eq((const char *)why.data, "argument must not contain a NUL byte");
}

Test(options, a_copy_shares_nothing_with_what_it_was_made_of)
{
    struct options copy;

    options_set_file(&opts, "/etc/henge.conf");
    cr_assert(options_add_user(&opts, 3, slice_str("alice on"), &why));
    options_copy(&copy, &opts);
    cr_assert_neq(copy.config_file, opts.config_file);
    cr_assert_neq(copy.users, opts.users);
    for (const struct option *row = options_table(); row->name; row++) {
        if (row->kind == OPTION_TEXT)
            cr_assert_neq(*(char **)((char *)&copy + row->offset),
                          *(char **)((char *)&opts + row->offset), "%s", row->name);
    }
    options_deinit(&copy);
    cr_assert_str_eq(opts.config_file, "/etc/henge.conf");
    cr_assert_str_eq(opts.users, "3 alice on\n");
}

Test(options, what_redis_has_and_henge_ignores_always_says_why)
{
    cr_expect_not_null(options_ignored(slice_str("APPENDONLY")));
    cr_expect_null(options_ignored(slice_str("requirepass")));
    cr_expect_null(options_ignored(slice_str("rename-command")),
                   "an option safety rests on was passed over in silence");
    for (const struct option_ignored *i = options_ignored_table(); i->name; i++) {
        cr_expect_not_null(i->value, "%s", i->name);
        cr_expect(i->reason && *i->reason, "%s", i->name);
    }
}

Test(options, help_shows_every_option_with_its_default_but_the_hidden_ones)
{
    options_help(&text);
    buf_append_byte(&text, 0);
    for (const struct option *row = options_table(); row->name; row++) {
        char flag[256];

        snprintf(flag, sizeof flag, "  --%s %s ", row->name,
                 *row->fallback ? row->fallback : "\"\"");
        cr_expect_eq(strstr((char *)text.data, flag) != NULL, !(row->flags & OPTION_HIDDEN), "%s",
                     row->name);
    }
}

static void read_sample(struct buf *out)
{
    FILE *f = fopen("henge.conf", "rb");
    size_t n;

    cr_assert_not_null(f, "run from the top of the tree");
    while ((n = fread(buf_reserve(out, 4096), 1, 4096, f)) > 0)
        out->len += n;
    fclose(f);
}

/* How many lines of the file begin with that name; *comment tells if the line in
 * front of the last one was a comment. */
static int count_lines(const char *file, const char *name, bool *comment)
{
    size_t len = strlen(name);
    bool after_comment = false;
    int found = 0;

    for (const char *p = file; *p; p = strchr(p, '\n') + 1) {
        if (strncmp(p, name, len) == 0 && p[len] == ' ') {
            found++;
            *comment = after_comment;
        }
        after_comment = *p == '#';
    }
    return found;
}

static int count_settings(const char *file)
{
    int found = 0;

    for (const char *p = file; *p; p = strchr(p, '\n') + 1)
        found += *p != '#' && *p != '\n';
    return found;
}

Test(options, henge_conf_lists_every_option_once_with_its_default_and_a_comment)
{
    struct options sample;
    struct buf file = { 0 };
    int rows = 0;

    read_sample(&file);
    options_init(&sample);
    cr_expect(options_parse(&sample, buf_slice(&file), &why), "%.*s", (int)why.len,
              (char *)why.data);
    cr_expect_eq(why.len, 0, "%.*s", (int)why.len, (char *)why.data);
    buf_append_byte(&file, 0);
    for (const struct option *row = options_table(); row->name; row++) {
        struct buf value = { 0 };
        bool comment = false;

        if (row->flags & OPTION_HIDDEN)
            continue;
        rows++;
        cr_expect_eq(count_lines((char *)file.data, row->name, &comment), 1, "%s", row->name);
        cr_expect(comment, "%s has no comment", row->name);
        options_get(&sample, row, &value);
        buf_append_byte(&value, 0);
        cr_expect_str_eq((char *)value.data, shown(row->name), "%s", row->name);
        buf_deinit(&value);
    }
    cr_expect_eq(count_settings((char *)file.data), rows);
    options_deinit(&sample);
    buf_deinit(&file);
}
