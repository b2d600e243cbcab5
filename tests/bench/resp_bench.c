/* resp_bench.c: nanoseconds for a parsed SET and for written replies, nothing
 * around them.  Prints the best of ROUNDS, which noise disturbs least. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "resp/reader.h"
#include "resp/reply.h"

enum { ROUNDS = 9, COMMANDS = 256, REPEATS = 2000 };

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A pipeline of COMMANDS times `command`, as a socket gives it, read to its end. */
static double parse_ns(struct slice command)
{
    struct reader r;
    struct buf stream = { 0 };
    double best = 1e18;
    volatile size_t sink = 0;

    for (int i = 0; i < COMMANDS; i++)
        buf_append(&stream, command);
    reader_init(&r, 512 * 1024 * 1024);
    r.authenticated = true;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        for (int i = 0; i < REPEATS; i++) {
            struct slice rest = buf_slice(&stream);
            struct slice args[16];
            while (rest.len > 0) {
                enum reader_end end = reader_step(&r, rest);
                assert(end == READER_COMMAND && r.count <= 16);
                reader_args(&r, rest, args);
                sink += args[r.count - 1].len;
                rest = slice_of(rest.data + r.used, rest.len - r.used);
                reader_next(&r);
            }
        }
        double ns = (now_ns() - begin) / ((double)REPEATS * COMMANDS);
        best = ns < best ? ns : best;
    }
    reader_deinit(&r);
    buf_deinit(&stream);
    return best;
}

enum what { WRITE_OK, WRITE_INT, WRITE_NULL, WRITE_BULK };

static void write_one(struct reply *r, enum what what, struct slice value)
{
    switch (what) {
    case WRITE_OK:
        reply_ok(r);
        break;
    case WRITE_INT:
        reply_int(r, 1234567);
        break;
    case WRITE_NULL:
        reply_null(r);
        break;
    case WRITE_BULK:
        reply_bulk(r, value);
        break;
    }
}

static double write_ns(enum what what, size_t size)
{
    struct block_pool pool;
    struct reply r;
    double best = 1e18;
    uint8_t *bytes = mem_zalloc(size, 1);

    block_pool_init(&pool, 1024);
    reply_init(&r, &pool, 2);
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        for (int i = 0; i < REPEATS; i++) {
            for (int k = 0; k < COMMANDS; k++)
                write_one(&r, what, slice_of(bytes, size));
            reply_take(&r, r.bytes);
        }
        double ns = (now_ns() - begin) / ((double)REPEATS * COMMANDS);
        best = ns < best ? ns : best;
    }
    block_pool_deinit(&pool);
    mem_free(bytes);
    return best;
}

static struct slice set_command(struct buf *b, int value_size)
{
    b->len = 0;
    buf_printf(b, "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n$%d\r\n%0*d\r\n", value_size,
               value_size, 0);
    return buf_slice(b);
}

int main(void)
{
    struct buf b = { 0 };

    printf("parse GET, 16 B key           %6.1f ns\n",
           parse_ns(slice_str("*2\r\n$3\r\nGET\r\n$16\r\nkey:000000012345\r\n")));
    printf("parse SET, 3 B value          %6.1f ns\n", parse_ns(set_command(&b, 3)));
    printf("parse SET, 100 B value        %6.1f ns\n", parse_ns(set_command(&b, 100)));
    printf("parse SET, 1000 B value       %6.1f ns\n", parse_ns(set_command(&b, 1000)));
    printf("parse inline SET              %6.1f ns\n",
           parse_ns(slice_str("SET key:000000012345 abcdefgh\r\n")));
    printf("write +OK                     %6.1f ns\n", write_ns(WRITE_OK, 0));
    printf("write integer                 %6.1f ns\n", write_ns(WRITE_INT, 0));
    printf("write null                    %6.1f ns\n", write_ns(WRITE_NULL, 0));
    printf("write bulk, 3 B               %6.1f ns\n", write_ns(WRITE_BULK, 3));
    printf("write bulk, 100 B             %6.1f ns\n", write_ns(WRITE_BULK, 100));
    printf("write bulk, 10 KiB            %6.1f ns\n", write_ns(WRITE_BULK, 10240));
    buf_deinit(&b);
    return 0;
}
