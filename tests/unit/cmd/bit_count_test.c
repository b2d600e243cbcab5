/* bit_count_test.c: bits counted and looked for, also against a bit by bit count. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/prng.h"
#include "unit/cmd/lines.h"

#define WRONGTYPE "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define NO_INT    "-ERR value is not an integer or out of range|"
#define SYNTAX    "-ERR syntax error|"

Test(bit_count, bits_are_counted)
{
    expect_lines((const struct line[]){
        { "SET k foobar", "+OK|" },
        { "BITCOUNT k", ":26|" },
        { "BITCOUNT k 0 0", ":4|" },
        { "BITCOUNT k 1 1", ":6|" },
        { "BITCOUNT k 0 -5", ":10|" },
        { "BITCOUNT k 1 1 BYTE", ":6|" },
        { "BITCOUNT k 5 30 bit", ":17|" },
        { "BITCOUNT k 0 -1 BIT", ":26|" },
        { "BITCOUNT k 3 2", ":0|" },
        { "BITCOUNT k -10 -20", ":0|" },
        { "BITCOUNT k 6 100", ":0|" },
        { "BITCOUNT k -100 100", ":26|" },
        { "BITCOUNT none", ":0|" },
        { "BITCOUNT none x", ":0|" },
        { "BITCOUNT k 1", SYNTAX },
        { "BITCOUNT k 1 2 NIBBLE", SYNTAX },
        { "BITCOUNT k -1 -2 NIBBLE", ":0|" },
        { "BITCOUNT k 1 2 BIT x", SYNTAX },
        { "BITCOUNT k x 2", NO_INT },
        { "BITCOUNT k 1 x NIBBLE", NO_INT },
        { "SET e \"\"", "+OK|" },
        { "BITCOUNT e", ":0|" },
        { "BITCOUNT e 0 -1 BIT", ":0|" },
        { "@foreign f", "" },
        { "BITCOUNT f", WRONGTYPE },
        { "BITCOUNT f 1", WRONGTYPE },
        { 0 },
    });
}

Test(bit_count, bits_are_found)
{
    expect_lines((const struct line[]){
        { "SET k \"\\xff\\xf0\\x00\"", "+OK|" },
        { "BITPOS k 0", ":12|" },
        { "BITPOS k 1", ":0|" },
        { "BITPOS k 1 2", ":-1|" },
        { "BITPOS k 0 1", ":12|" },
        { "BITPOS k 0 2 -1", ":16|" },
        { "BITPOS k 1 7 15 BIT", ":7|" },
        { "BITPOS k 0 7 11 BIT", ":-1|" },
        { "BITPOS k 0 7 12 BIT", ":12|" },
        { "BITPOS k 1 -9 -1 BIT", ":-1|" },
        { "SET o \"\\xff\\xff\"", "+OK|" },
        { "BITPOS o 0", ":16|" },
        { "BITPOS o 0 1", ":16|" },
        { "BITPOS o 0 0 -1", ":-1|" },
        { "BITPOS o 0 5", ":-1|" },
        { "BITPOS none 0", ":0|" },
        { "BITPOS none 1", ":-1|" },
        { "BITPOS none 0 x", ":0|" },
        { "SET e \"\"", "+OK|" },
        { "BITPOS e 0", ":-1|" },
        { 0 },
    });
}

Test(bit_count, wrong_questions_are_refused)
{
    expect_lines((const struct line[]){
        { "SET k a", "+OK|" },
        { "BITPOS k 2", "-ERR The bit argument must be 1 or 0.|" },
        { "BITPOS none 2", "-ERR The bit argument must be 1 or 0.|" },
        { "BITPOS k x", NO_INT },
        { "BITPOS k 1 x", NO_INT },
        { "BITPOS k 1 0 x", NO_INT },
        { "BITPOS k 1 0 x NIBBLE", SYNTAX },
        { "BITPOS k 1 x x NIBBLE", NO_INT },
        { "BITPOS k 1 0 0 BIT x", SYNTAX },
        { "@foreign f", "" },
        { "BITPOS f 1", WRONGTYPE },
        { "BITPOS f 1 0 0 BIT x", WRONGTYPE },
        { 0 },
    });
}

enum { BYTES = 40, BITS = BYTES * 8 };

static long long answer(struct bench *b, const char *line)
{
    struct buf got = { 0 };
    long long n = -2;

    bench_line(b, line);
    sscanf(bench_reply(b, &got), ":%lld", &n);
    buf_deinit(&got);
    return n;
}

static bool bit_at(const uint8_t *bytes, int i)
{
    return bytes[i / 8] & 0x80 >> i % 8;
}

/* Mostly of one kind, so that whole words are passed over. */
static void draw(struct prng *p, uint8_t bytes[BYTES])
{
    memset(bytes, prng_one_in(p, 2) ? 0 : 0xff, BYTES);
    for (uint64_t n = prng_below(p, 4); n > 0; n--)
        bytes[prng_below(p, BYTES)] ^= (uint8_t)(1 << prng_below(p, 8));
}

Test(bit_count, counts_and_places_are_those_of_looking_at_each_bit)
{
    struct bench b;
    struct prng p;
    uint8_t bytes[BYTES];

    bench_init(&b, 2, false);
    prng_init(&p, 7);
    for (unsigned round = 0; round < 3000; round++) {
        int first = (int)prng_below(&p, BITS), last = (int)prng_below(&p, BITS);
        int ones = 0, places[2] = { -1, -1 };
        char line[64];

        draw(&p, bytes);
        bench_run(
            &b, 3,
            (const struct slice[]){ slice_str("SET"), slice_str("k"), slice_of(bytes, BYTES) });
        for (int i = last; i >= first; i--) {
            ones += bit_at(bytes, i);
            places[bit_at(bytes, i)] = i;
        }
        snprintf(line, sizeof line, "BITCOUNT k %d %d BIT", first, last);
        cr_assert_eq(answer(&b, line), ones, "%s", line);
        for (int bit = 0; bit < 2; bit++) {
            snprintf(line, sizeof line, "BITPOS k %d %d %d BIT", bit, first, last);
            cr_assert_eq(answer(&b, line), places[bit], "%s", line);
        }
    }
    bench_deinit(&b);
}
