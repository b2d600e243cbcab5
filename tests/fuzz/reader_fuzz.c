/* reader_fuzz.c: any bytes, whole, byte by byte and cut at random, must give the
 * same commands and the same error.
 *
 * The first byte of an input chooses the limits; the rest is the stream.  Pieces
 * are copied to allocations of their exact size, so that a sanitizer sees any
 * byte read behind them, and to new addresses, so that nothing is remembered. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/prng.h"
#include "resp/reader.h"

enum { BYTEWISE_MAX = 2048, CUTS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void begin(struct reader *r, uint8_t limits)
{
    static const size_t bulk_max[] = { 512 * 1024 * 1024, 100, SIZE_MAX, 20000 };
    static const size_t bulk_min[] = { SIZE_MAX, 10, 100, 1 };
    reader_init(r, bulk_max[limits >> 1 & 3]);
    r->bulk_min = bulk_min[limits >> 3 & 3];
    r->authenticated = limits & 1;
}

/* One command's arguments, each with its length. */
static void record_command(const struct reader *r, struct slice bytes, struct buf *out)
{
    struct slice *args = mem_alloc(r->count * sizeof *args);

    assert(r->count > 0 && r->count <= LIMIT_ARGS);
    reader_args(r, bytes, args);
    buf_printf(out, "%u:", r->count);
    for (uint32_t i = 0; i < r->count; i++) {
        buf_printf(out, "%zu:", args[i].len);
        buf_append(out, args[i]);
    }
    mem_free(args);
}

/* What one step said; false when there is nothing more to read. */
static bool record(struct reader *r, enum reader_end end, struct slice bytes, struct buf *out)
{
    switch (end) {
    case READER_COMMAND:
        assert(r->used > 0 && r->used <= bytes.len);
        record_command(r, bytes, out);
        return true;
    case READER_EMPTY:
        assert(r->used > 0 && r->used <= bytes.len && r->count == 0);
        buf_append_byte(out, '-');
        return true;
    case READER_ERROR:
        assert(strlen(r->error) < sizeof r->error);
        buf_printf(out, "!%s", r->error);
        return false;
    case READER_BULK:
        assert(r->bulk_at < r->used && r->used <= bytes.len && bytes.data[r->bulk_at] == '$');
        assert((size_t)r->bulk_len >= r->bulk_min && r->bulk_min != SIZE_MAX);
        buf_printf(out, "B%zu-%zu:%lld", r->bulk_at, r->used, (long long)r->bulk_len);
        reader_whole(r);
        return true;
    case READER_MORE:
        assert(r->need > bytes.len && r->used <= bytes.len);
        return true;
    }
    return false;
}

/* Reads all of `stream`; pieces are `piece` bytes, or random with 0. */
static void read_stream(struct slice stream, uint8_t limits, size_t piece, struct prng *p,
                        struct buf *out)
{
    struct reader r;
    size_t at = 0;
    size_t have = 0;
    bool more = true;

    begin(&r, limits);
    while (more) {
        size_t n = piece ? piece : (size_t)prng_below(p, prng_one_in(p, 4) ? 40000 : 40);
        if (have == stream.len)
            break;
        have = n < stream.len - have ? have + n : stream.len;
        uint8_t *copy = mem_alloc(have - at);
        memcpy(copy, stream.data + at, have - at);
        struct slice bytes = slice_of(copy, have - at);
        enum reader_end end;
        do {
            end = reader_step(&r, bytes);
            more = record(&r, end, bytes, out);
            if (end == READER_COMMAND || end == READER_EMPTY) {
                at += r.used;
                bytes = slice_of(bytes.data + r.used, bytes.len - r.used);
                reader_next(&r);
            }
        } while (more && end != READER_MORE);
        mem_free(copy);
    }
    reader_deinit(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = { 0 };
    struct prng p;

    if (size < 2)
        return 0;
    struct slice stream = slice_of(data + 1, size - 1);
    prng_init(&p, size * 256 + data[0]);
    read_stream(stream, data[0], stream.len, &p, &whole);
    for (int i = stream.len <= BYTEWISE_MAX ? 0 : 1; i <= CUTS; i++) {
        struct buf cut = { 0 };
        read_stream(stream, data[0], i == 0, &p, &cut);
        assert(slice_equal(buf_slice(&whole), buf_slice(&cut)));
        buf_deinit(&cut);
    }
    buf_deinit(&whole);
    return 0;
}
