/* key_scan_test.c: SCAN's options by lines, its promises by walking. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cell/position.h"
#include "unit/cmd/lines.h"

#define BAD_CURSOR "-ERR invalid cursor|"

Test(key_scan, patterns_are_short)
{
    struct buf line = { 0 }, text = { 0 };
    struct bench b;

    bench_init(&b, 2, false);
    buf_printf(&line, "SCAN 0 MATCH %0*d", LIMIT_PATTERN + 1, 1);
    buf_append_byte(&line, 0);
    bench_line(&b, (char *)line.data);
    cr_expect_str_eq(bench_reply(&b, &text), "-ERR pattern is longer than 1024 bytes\r\n");
    line.data[line.len - 2] = '\0';
    bench_line(&b, (char *)line.data);
    cr_expect_eq(*bench_reply(&b, &text), '*');
    buf_deinit(&line);
    buf_deinit(&text);
    bench_deinit(&b);
}

Test(key_scan, an_empty_or_small_store_is_one_call)
{
    expect_lines((const struct line[]){
        { "SCAN 0", "*2|$1|0|*0|" },
        { "SET k v", "+OK|" },
        { "SCAN 0", "*2|$1|0|*1|$1|k|" },
        { "SET k v PX 1", "+OK|" },
        { "@wait 1", "" },
        { "SCAN 0", "*2|$1|0|*0|" },
        { "SET k v", "+OK|" },
        { "@db 1", "" },
        { "SCAN 0", "*2|$1|0|*0|" },
        { 0 },
    });
}

Test(key_scan, match_and_type_select)
{
    expect_lines((const struct line[]){
        { "SET user:1 v", "+OK|" },
        { "@foreign other", "" },
        { "SCAN 0 MATCH user:*", "*2|$1|0|*1|$6|user:1|" },
        { "SCAN 0 MATCH x*", "*2|$1|0|*0|" },
        { "SCAN 0 TYPE string", "*2|$1|0|*1|$6|user:1|" },
        { "SCAN 0 TYPE STRING", "*2|$1|0|*1|$6|user:1|" },
        { "SCAN 0 TYPE nosuch", "*2|$1|0|*0|" },
        { "SCAN 0 count 5 match user:? type string", "*2|$1|0|*1|$6|user:1|" },
        { "SCAN 0 TYPE x TYPE string", "*2|$1|0|*1|$6|user:1|" },
        { "SCAN 0 MATCH x MATCH user:*", "*2|$1|0|*1|$6|user:1|" },
        { 0 },
    });
}

Test(key_scan, cursors_are_read_as_redis_does)
{
    expect_lines((const struct line[]){
        { "SET k v", "+OK|" },
        { "SCAN a", BAD_CURSOR },
        { "SCAN 0x", BAD_CURSOR },
        { "SCAN \" 0\"", BAD_CURSOR },
        { "SCAN \"0 \"", BAD_CURSOR },
        { "SCAN -", BAD_CURSOR },
        { "SCAN 18446744073709551616", BAD_CURSOR },
        { "SCAN a COUNT 0", BAD_CURSOR },
        { "SCAN \"\"", "*2|$1|0|*1|$1|k|" },
        { "SCAN +0", "*2|$1|0|*1|$1|k|" },
        { "SCAN 1", "*2|$1|0|*1|$1|k|" },
        { "SCAN \"0\\x00x\"", "*2|$1|0|*1|$1|k|" },
        { "SCAN 18446744073709551615", "*2|$1|0|*0|" },
        { "SCAN -1", "*2|$1|0|*0|" },
        { "SCAN 4503599627370496", "*2|$1|0|*0|" },
        { "SCAN 4503599627370497", "*2|$1|0|*0|" },
        { 0 },
    });
}

Test(key_scan, bad_options_are_refused)
{
    expect_lines((const struct line[]){
        { "SCAN", "-ERR wrong number of arguments for 'scan' command|" },
        { "SCAN 0 COUNT 0", "-ERR syntax error|" },
        { "SCAN 0 COUNT -1", "-ERR syntax error|" },
        { "SCAN 0 COUNT a", "-ERR value is not an integer or out of range|" },
        { "SCAN 0 COUNT", "-ERR syntax error|" },
        { "SCAN 0 MATCH", "-ERR syntax error|" },
        { "SCAN 0 FOO bar", "-ERR syntax error|" },
        { 0 },
    });
}

/* One SCAN's reply: the next cursor, and each key handed to `each`. */
static uint64_t scan_once(struct bench *b, uint64_t cursor, const char *options, void *arg,
                          void (*each)(void *arg, struct slice key))
{
    char line[128];
    struct buf got = { 0 };
    snprintf(line, sizeof(line), "SCAN %llu%s", (unsigned long long)cursor, options);
    bench_line(b, line);
    const char *p = bench_reply(b, &got);
    unsigned long long next;
    unsigned long keys;
    int used;
    cr_assert_eq(sscanf(p, "*2\r\n$%*d\r\n%llu\r\n*%lu\r\n%n", &next, &keys, &used), 2);
    p += used;
    for (unsigned long i = 0; i < keys; i++) {
        char *end;
        size_t len = strtoul(p + 1, &end, 10);
        each(arg, slice_of(end + 2, len));
        p = end + 2 + len + 2;
    }
    cr_assert_eq(p, (const char *)got.data + got.len - 1);
    buf_deinit(&got);
    return next;
}

enum { SCAN_KEYS = 2000 };

struct seen {
    unsigned char times[SCAN_KEYS];
    size_t count;
};

static void note_key(void *arg, struct slice key)
{
    struct seen *seen = arg;
    char text[32] = "";
    memcpy(text, key.data, key.len);
    seen->times[atol(strpbrk(text, "0123456789"))]++;
    seen->count++;
}

static void fill(struct bench *b, const char *format)
{
    for (int i = 0; i < SCAN_KEYS; i++) {
        char key[64];
        snprintf(key, sizeof(key), format, i);
        fake_view_put(&b->view, 0, key, CELL_STRING, "");
    }
}

static void expect_each_once(struct bench *b, const char *options, uint64_t visited_max)
{
    struct seen seen = { { 0 }, 0 };
    uint64_t cursor = 0;
    size_t calls = 0;
    do {
        size_t before = seen.count;
        cursor = scan_once(b, cursor, options, &seen, note_key);
        cr_assert(seen.count - before <= 10, "%zu keys at once", seen.count - before);
        cr_assert(b->view.visited <= visited_max);
        cr_assert(cursor < UINT64_C(1) << 53);
        calls++;
    } while (cursor);
    cr_assert_eq(seen.count, SCAN_KEYS);
    for (int i = 0; i < SCAN_KEYS; i++)
        cr_assert_eq(seen.times[i], 1);
    cr_assert_eq(calls, SCAN_KEYS / 10);
}

Test(key_scan, every_key_is_returned_once)
{
    struct bench b;
    bench_init(&b, 2, false);
    fill(&b, "key:%d");
    expect_each_once(&b, "", 11);
    bench_deinit(&b);
}

Test(key_scan, every_key_of_one_slot_is_returned_once)
{
    struct bench b;
    bench_init(&b, 2, false);
    fill(&b, "{tag}%d");
    expect_each_once(&b, "", 11);
    bench_deinit(&b);
}

/* Pages are shorter then, and some may be empty. */
static void expect_each_once_from_disk(const char *format)
{
    struct bench b;
    struct seen seen = { { 0 }, 0 };
    uint64_t cursor = 0;
    bench_init(&b, 2, true);
    fill(&b, format);
    do {
        cursor = scan_once(&b, cursor, "", &seen, note_key);
        cr_assert(b.restarts <= 1);
    } while (cursor);
    cr_assert_eq(seen.count, SCAN_KEYS);
    for (int i = 0; i < SCAN_KEYS; i++)
        cr_assert_eq(seen.times[i], 1);
    bench_deinit(&b);
}

Test(key_scan, keys_that_are_not_at_hand_are_returned_once)
{
    expect_each_once_from_disk("key:%d");
    expect_each_once_from_disk("{tag}%d");
}

Test(key_scan, a_pattern_that_matches_nothing_visits_ten_times_count)
{
    struct bench b;
    struct seen seen = { { 0 }, 0 };
    bench_init(&b, 2, false);
    fill(&b, "key:%d");
    uint64_t cursor = 0;
    size_t calls = 0;
    do {
        cursor = scan_once(&b, cursor, " MATCH nothing COUNT 7", &seen, note_key);
        cr_assert(b.view.visited <= 7 * LIMIT_SCAN_VISITS);
        calls++;
    } while (cursor);
    cr_assert_eq(seen.count, 0);
    cr_assert_eq(calls, (SCAN_KEYS + 7 * LIMIT_SCAN_VISITS - 1) / (7 * LIMIT_SCAN_VISITS));
    bench_deinit(&b);
}

Test(key_scan, what_was_there_throughout_is_returned_although_others_come_and_go)
{
    struct bench b;
    struct seen seen = { { 0 }, 0 };
    bench_init(&b, 2, false);
    fill(&b, "key:%d");
    uint64_t cursor = 0;
    for (int i = 0; i == 0 || cursor; i++) {
        char line[64];
        cursor = scan_once(&b, cursor, "", &seen, note_key);
        snprintf(line, sizeof(line), "DEL key:%d", i); /* keys below 200 or so go */
        bench_line(&b, line);
    }
    for (int i = 300; i < SCAN_KEYS; i++)
        cr_assert_eq(seen.times[i], 1);
    bench_deinit(&b);
}

/* A store whose keys all share the top 52 bits of their position, or two groups
 * of them, which real hashes do not give in a test's time. */
struct grouped {
    struct view view;
    size_t per_group;
    size_t groups;
    size_t at_hand; /* heads at hand, all groups together; 0: all are */
};

static enum view_walk_end grouped_walk(struct view *view, uint8_t db, uint64_t from, size_t *visits,
                                       bool (*each)(void *arg, const struct cell *cell), void *arg,
                                       uint64_t *next)
{
    const struct grouped *g = (const struct grouped *)(void *)view;
    for (size_t i = from >> 12; i < g->groups; i++) {
        *next = i << 12;
        if (*visits == 0)
            return VIEW_WALK_STOPPED;
        for (size_t k = 0; k < g->per_group; k++) {
            char key[32];
            *next = i << 12 | (k & 0xfff);
            if (g->at_hand && i * g->per_group + k >= g->at_hand)
                return VIEW_WALK_WANT;
            int len = snprintf(key, sizeof(key), "%zu", i * g->per_group + k);
            struct cell c = { .key = { .position = i << 12 | (k & 0xfff),
                                       .key = slice_of(key, (size_t)len),
                                       .db = db },
                              .type = CELL_STRING };
            *visits -= *visits > 0;
            if (!each(arg, &c))
                return VIEW_WALK_STOPPED;
        }
    }
    return VIEW_WALK_END;
}

Test(key_scan, a_group_of_equal_prefix_is_never_cut)
{
    struct bench b;
    struct grouped g = { .per_group = 64, .groups = 5 };
    struct seen seen = { { 0 }, 0 };
    struct call c = { .scratch = &b.scratch, .reply = &b.reply, .view = &g.view };
    bench_init(&b, 2, false);
    g.view.walk = grouped_walk;
    c.row = command_find(b.table, slice_str("scan"));
    uint64_t cursor = 0;
    for (size_t calls = 1; calls <= g.groups; calls++) {
        char text[32];
        struct buf got = { 0 };
        int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)cursor);
        struct slice argv[2] = { slice_str("scan"), slice_of(text, (size_t)len) };
        c.argv = argv;
        c.argc = 2;
        reply_clear(&b.reply);
        b.scratch.len = 0;
        cr_assert_eq(c.row->run(&c), CALL_DONE);
        const char *p = bench_reply(&b, &got);
        unsigned long long next;
        unsigned long keys;
        cr_assert_eq(sscanf(p, "*2\r\n$%*d\r\n%llu\r\n*%lu\r\n", &next, &keys), 2);
        cr_assert_eq(keys, g.per_group);
        seen.count += keys;
        cr_assert_eq(next, calls < g.groups ? calls + 1 : 0);
        cursor = next;
        buf_deinit(&got);
    }
    cr_assert_eq(seen.count, 5 * 64);
    bench_deinit(&b);
}

Test(key_scan, a_group_that_is_not_all_at_hand_is_left_to_the_next_call)
{
    struct bench b;
    struct buf got = { 0 };
    struct grouped g = { .view = { .walk = grouped_walk }, .per_group = 4, .groups = 3 };
    struct slice argv[] = { slice_str("scan"), slice_str("0"), slice_str("count"),
                            slice_str("100") };
    bench_init(&b, 2, false);
    struct call c = { .row = command_find(b.table, argv[0]),
                      .argv = argv,
                      .argc = 4,
                      .view = &g.view,
                      .reply = &b.reply,
                      .scratch = &b.scratch };
    g.at_hand = 6; /* the first group and half of the second */
    cr_assert_eq(c.row->run(&c), CALL_DONE);
    cr_assert_str_eq(bench_reply(&b, &got),
                     "*2\r\n$1\r\n2\r\n*4\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
    argv[1] = slice_str("2");
    b.scratch.len = 0;
    cr_assert_eq(c.row->run(&c), CALL_WANT);
    buf_deinit(&got);
    bench_deinit(&b);
}

Test(key_scan, a_large_count_is_bounded_by_bytes_gathered)
{
    struct bench b;
    struct buf got = { 0 };
    bench_init(&b, 2, false);
    enum { KEY = 60000, KEYS = 40 };
    char *key = mem_alloc(KEY + 1);
    memset(key, 'k', KEY);
    key[KEY] = 0;
    for (int i = 0; i < KEYS; i++) {
        key[0] = (char)('A' + i);
        fake_view_put(&b.view, 0, key, CELL_STRING, "");
    }
    bench_line(&b, "SCAN 0 COUNT 9223372036854775807");
    unsigned long long next;
    unsigned long keys;
    const char *p = bench_reply(&b, &got);
    cr_assert_eq(sscanf(p, "*2\r\n$%*d\r\n%llu\r\n*%lu\r\n", &next, &keys), 2);
    cr_assert_eq(keys, LIMIT_SCAN_BYTES / KEY + 1);
    cr_assert_neq(next, 0);
    mem_free(key);
    buf_deinit(&got);
    bench_deinit(&b);
}

Test(key_scan, a_large_count_is_bounded_by_heads_visited)
{
    struct bench b;
    struct buf got = { 0 };
    struct grouped g = { .view = { .walk = grouped_walk }, .per_group = 1, .groups = 1000000 };
    struct slice argv[] = { slice_str("scan"),   slice_str("0"),     slice_str("count"),
                            slice_str("900000"), slice_str("match"), slice_str("x") };
    bench_init(&b, 2, false);
    struct call c = { .row = command_find(b.table, argv[0]),
                      .argv = argv,
                      .argc = 6,
                      .view = &g.view,
                      .reply = &b.reply,
                      .scratch = &b.scratch };
    cr_assert_eq(c.row->run(&c), CALL_DONE);
    cr_assert_str_eq(bench_reply(&b, &got), "*2\r\n$5\r\n20001\r\n*0\r\n");
    buf_deinit(&got);
    bench_deinit(&b);
}
