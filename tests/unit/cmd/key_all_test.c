/* key_all_test.c: KEYS and RANDOMKEY, in one slice and in many. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/prng.h"
#include "unit/cmd/lines.h"

enum { MANY = 300 };

/* For each key i of MANY, how often its name is in the reply. */
static void count_keys(const char *reply, const char *format, unsigned seen[MANY])
{
    for (unsigned i = 0; i < MANY; i++) {
        char name[32];
        seen[i] = 0;
        snprintf(name, sizeof name, format, i);
        for (const char *p = strstr(reply, name); p; p = strstr(p + 1, name))
            seen[i]++;
    }
}

static void put_many(struct bench *b, const char *format)
{
    for (unsigned i = 0; i < MANY; i++) {
        char line[64];
        snprintf(line, sizeof line, format, i);
        bench_line(b, line);
    }
}

Test(key_all, patterns_are_short)
{
    struct buf line = { 0 }, text = { 0 };
    struct bench b;

    bench_init(&b, 2, false);
    buf_printf(&line, "KEYS %0*d", LIMIT_PATTERN + 1, 1);
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

Test(key_all, keys_that_match_are_named)
{
    expect_lines((const struct line[]){
        { "KEYS *", "*0|" },
        { "SET a 1", "+OK|" },
        { "KEYS *", "*1|$1|a|" },
        { "KEYS b*", "*0|" },
        { "SET bcd 1 PX 10", "+OK|" },
        { "KEYS b?d", "*1|$3|bcd|" },
        { "KEYS [ab]", "*1|$1|a|" },
        { "@wait 10", "" },
        { "KEYS *", "*1|$1|a|" },
        { "DEL a", ":1|" },
        { "KEYS *", "*0|" },
        { "@db 2", "" },
        { "SET x 1", "+OK|" },
        { "@db 0", "" },
        { "KEYS *", "*0|" },
        { "KEYS", "-ERR wrong number of arguments for 'keys' command|" },
        { 0 },
    });
}

Test(key_all, keys_names_each_once_in_slices_too)
{
    for (unsigned wanting = 0; wanting < 2; wanting++) {
        /* apart, and all at few positions: of one hash tag */
        for (unsigned tagged = 0; tagged < 2; tagged++) {
            struct bench b;
            struct buf text = { 0 };
            unsigned seen[MANY];

            bench_init(&b, 3, wanting);
            put_many(&b, tagged ? "SET {t}:%u. v" : "SET %u. v");
            bench_line(&b, "KEYS *");
            cr_expect_eq(wanting, b.slices > 0, "%u slices", b.slices);
            count_keys(bench_reply(&b, &text), tagged ? "\n{t}:%u." : "\n%u.", seen);
            for (unsigned i = 0; i < MANY; i++)
                cr_expect_eq(seen[i], 1, "key %u: %u times", i, seen[i]);
            cr_expect(strncmp((char *)text.data, "*300\r\n", 6) == 0);
            buf_deinit(&text);
            bench_deinit(&b);
        }
    }
}

Test(key_all, a_random_key_is_there)
{
    expect_lines((const struct line[]){
        { "RANDOMKEY", "$-1|" },
        { "SET a 1 PX 10", "+OK|" },
        { "RANDOMKEY", "$1|a|" },
        { "RANDOMKEY", "$1|a|" },
        { "@wait 10", "" },
        { "RANDOMKEY", "$-1|" },
        { "SET b 1", "+OK|" },
        { "RANDOMKEY", "$1|b|" },
        { "@db 1", "" },
        { "RANDOMKEY", "$-1|" },
        { "RANDOMKEY x", "-ERR wrong number of arguments for 'randomkey' command|" },
        { 0 },
    });
}

Test(key_all, every_key_is_drawn_if_one_draws_long)
{
    for (unsigned tagged = 0; tagged < 2; tagged++) {
        struct bench b;
        struct buf text = { 0 };
        unsigned drawn[MANY] = { 0 }, most = 0, kinds = 0;

        bench_init(&b, 2, false);
        put_many(&b, tagged ? "SET {t}:%u. v" : "SET %u. v");
        for (unsigned n = 0; n < 20 * MANY; n++) {
            unsigned i = MANY;
            bench_line(&b, "RANDOMKEY");
            cr_assert_eq(sscanf(bench_reply(&b, &text), tagged ? "$%*u {t}:%u" : "$%*u %u", &i), 1);
            cr_assert_lt(i, MANY);
            drawn[i]++;
        }
        for (unsigned i = 0; i < MANY; i++) {
            kinds += drawn[i] > 0;
            most = drawn[i] > most ? drawn[i] : most;
        }
        cr_expect_gt(kinds, MANY * 9 / 10, "%u of them", kinds);
        cr_expect_lt(most, 200, "one %u times of 6000", most);
        buf_deinit(&text);
        bench_deinit(&b);
    }
}
