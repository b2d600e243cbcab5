/* hyperloglog_test.c: counting different elements; the bytes of the strings are those that
 * Redis 7.0 makes of the same commands. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/crc64.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/hll.h"
#include "unit/cmd/lines.h"

#define WRONGTYPE "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define NO_HLL    "-WRONGTYPE Key is not a valid HyperLogLog string value.|"
#define CORRUPT   "-INVALIDOBJ Corrupted HLL object detected|"

Test(hyperloglog, elements_are_added_and_counted)
{
    expect_lines((const struct line[]){
        { "PFADD h a b c", ":1|" },
        { "PFADD h a", ":0|" },
        { "@puts 0", "" },
        { "PFADD h d", ":1|" },
        { "PFCOUNT h", ":4|" },
        { "PFADD e", ":1|" },
        { "PFADD e", ":0|" },
        { "PFCOUNT e", ":0|" },
        { "PFCOUNT none", ":0|" },
        { "PFADD i 0 1 2 3 4 5 6 7 8 9", ":1|" },
        { "PFCOUNT h i none", ":14|" },
        { "PFMERGE h i none", "+OK|" },
        { "PFCOUNT h", ":14|" },
        { "PFMERGE n", "+OK|" },
        { "STRLEN n", ":18|" },
        { "EXPIRE h 10", ":1|" },
        { "PFADD h new", ":1|" },
        { "PFCOUNT h", ":15|" },
        { "PFMERGE h i", "+OK|" },
        { "TTL h", ":10|" },
        { 0 },
    });
}

Test(hyperloglog, what_is_none_is_refused)
{
    expect_lines((const struct line[]){
        { "SET s HYLL", "+OK|" },
        { "PFADD s a", NO_HLL },
        { "PFCOUNT s", NO_HLL },
        { "PFCOUNT none s", NO_HLL },
        { "PFMERGE none s", NO_HLL },
        { "EXISTS none", ":0|" },
        { "SET s \"HYLL\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x7f\\xff\"",
          "+OK|" },
        { "PFADD s a", NO_HLL },
        { "SET s \"HYLL\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"", "+OK|" },
        { "PFCOUNT s", NO_HLL },
        /* registers that do not come to 16384 */
        { "SET s \"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x40\\x00\"",
          "+OK|" },
        { "PFCOUNT s", CORRUPT },
        { "PFCOUNT s none", CORRUPT },
        { "PFADD s a", CORRUPT },
        { "PFMERGE none s", CORRUPT },
        { "SET s \"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\"",
          "+OK|" },
        { "PFADD s a", CORRUPT },
        { "@foreign f", "" },
        { "PFADD f a", WRONGTYPE },
        { "PFCOUNT f", WRONGTYPE },
        { "PFMERGE none f", WRONGTYPE },
        { "PFADD", "-ERR wrong number of arguments for 'pfadd' command|" },
        { 0 },
    });
}

/* PFADD key 0 1 2 ... in one command. */
static void add(struct bench *b, const char *key, unsigned count)
{
    struct slice *argv = mem_alloc((count + 2) * sizeof *argv);
    char(*texts)[12] = mem_alloc(count * sizeof *texts);

    argv[0] = slice_str("PFADD");
    argv[1] = slice_str(key);
    for (unsigned i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "%u", i);
        argv[2 + i] = slice_str(texts[i]);
    }
    bench_run(b, count + 2, argv);
    mem_free(texts);
    mem_free(argv);
}

static void expect_bytes(struct bench *b, const char *key, size_t len, uint64_t crc)
{
    struct cell head;

    cr_assert(fake_view_get(&b->view, 0, key, &head));
    cr_expect_eq(head.value.len, len, "%s: %zu bytes", key, head.value.len);
    cr_expect_eq(crc64_extend(0, head.value.data, head.value.len), crc, "%s", key);
}

static void expect_count(struct bench *b, const char *line, const char *reply)
{
    struct buf got = { 0 };

    bench_line(b, line);
    cr_expect_str_eq(bench_reply(b, &got), reply, "%s", line);
    buf_deinit(&got);
}

/* Sizes and sums of what redis-server 7.0.15 had after the same commands. */
Test(hyperloglog, the_bytes_are_those_of_redis)
{
    static const struct {
        const char *key;
        unsigned count;
        const char *reply;
        size_t len;
        uint64_t crc;
    } sets[] = {
        { "a", 100, ":100\r\n", 287, UINT64_C(0x625dff7eeff5deb9) },
        { "b", 1000, ":1001\r\n", 1923, UINT64_C(0xe678a4fcbea15edd) },
        { "c", 2000, ":2007\r\n", 12304, UINT64_C(0x396b4f68b47bf63c) },
        { "d", 100000, ":99565\r\n", 12304, UINT64_C(0xf25cd7dd16884bda) },
    };
    struct bench b;

    bench_init(&b, 2, false);
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        char line[32];
        add(&b, sets[i].key, sets[i].count);
        snprintf(line, sizeof line, "PFCOUNT %s", sets[i].key);
        expect_count(&b, line, sets[i].reply);
        expect_bytes(&b, sets[i].key, sets[i].len, sets[i].crc);
    }
    add(&b, "i", 10);
    expect_bytes(&b, "i", 48, UINT64_C(0x63538baff2eb6174));
    bench_line(&b, "PFADD h a b c");
    bench_line(&b, "PFADD h d");
    bench_line(&b, "PFMERGE h i");
    expect_count(&b, "PFCOUNT h", ":14\r\n");
    expect_bytes(&b, "h", 60, UINT64_C(0x339ad1e7bb300cbe));
    bench_line(&b, "PFMERGE m b h");
    expect_count(&b, "PFCOUNT m", ":1005\r\n");
    expect_bytes(&b, "m", 1930, UINT64_C(0xd860d275e9f65601));
    bench_deinit(&b);
}

/* One by one or all at once, which takes another way for what is known already. */
Test(hyperloglog, it_is_the_same_whether_elements_come_alone_or_together)
{
    struct bench b;
    struct cell one, all;

    bench_init(&b, 2, false);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 1500; i++) {
            char line[32];
            snprintf(line, sizeof line, "PFADD one %u", i);
            bench_line(&b, line);
        }
        add(&b, "all", 1500);
    }
    cr_assert(fake_view_get(&b.view, 0, "one", &one) && fake_view_get(&b.view, 0, "all", &all));
    cr_expect(slice_equal(one.value, all.value));
    bench_deinit(&b);
}

Test(hyperloglog, a_count_stays_with_the_key_if_that_can_be_written)
{
    struct bench b;

    bench_init(&b, 2, false);
    bench_line(&b, "PFADD h a b c");
    b.view.refuses = true;
    expect_count(&b, "PFCOUNT h", ":3\r\n");
    cr_expect_eq(b.view.puts, 0);
    b.view.refuses = false;
    expect_count(&b, "PFCOUNT h", ":3\r\n");
    cr_expect_eq(b.view.puts, 1);
    expect_count(&b, "PFCOUNT h", ":3\r\n");
    cr_expect_eq(b.view.puts, 0);
    expect_count(&b, "PFCOUNT h h", ":3\r\n");
    cr_expect_eq(b.view.puts, 0);
    bench_deinit(&b);
}

Test(hyperloglog, the_keys_of_one_command_are_bounded)
{
    struct bench b;
    struct buf got = { 0 };
    struct slice argv[LIMIT_HLL_KEYS + 2] = { slice_str("PFCOUNT") };

    bench_init(&b, 2, false);
    bench_line(&b, "PFADD h a");
    for (unsigned i = 1; i < LIMIT_HLL_KEYS + 2; i++)
        argv[i] = slice_str("h");
    bench_run(&b, LIMIT_HLL_KEYS + 1, argv);
    cr_expect_str_eq(bench_reply(&b, &got), ":1\r\n");
    bench_run(&b, LIMIT_HLL_KEYS + 2, argv);
    cr_expect_str_eq(bench_reply(&b, &got), "-ERR more than 1024 keys at once\r\n");
    buf_deinit(&got);
    bench_deinit(&b);
}

/* Every register to every number, in both kinds, and nothing else changes. */
Test(hyperloglog, registers_are_raised_alone)
{
    struct buf value = { 0 };
    uint8_t model[HLL_REGISTERS] = { 0 };

    hll_begin(&value);
    for (unsigned n = 0; n < 6000; n++) {
        uint8_t registers[HLL_REGISTERS] = { 0 };
        unsigned index = n * 7919 % HLL_REGISTERS / (n < 3000 ? 16 : 1);
        uint8_t count = (uint8_t)(1 + n * 31 % (n < 3000 ? 32 : 51));
        bool raises = count > model[index];

        cr_assert_eq(hll_raise(&value, index, count), raises ? HLL_CHANGED : HLL_SAME);
        if (raises)
            model[index] = count;
        if (n % 16)
            continue;
        cr_assert(hll_is_one(buf_slice(&value)) && hll_merge(registers, buf_slice(&value)));
        cr_assert_arr_eq(registers, model, HLL_REGISTERS, "after %u", n);
        cr_assert(n > 100 || !hll_is_dense(buf_slice(&value)));
    }
    cr_expect(hll_is_dense(buf_slice(&value)));
    buf_deinit(&value);
}
