/* options_fuzz.c: any text as a configuration file.  Whatever it says, every value
 * stays within its bounds; what was refused has a reason; what was accepted can be
 * written down and read again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "session/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t number(const struct options *o, const struct option *row)
{
    int64_t v;
    memcpy(&v, (const char *)o + row->offset, sizeof v);
    return v;
}

static void check_bounds(const struct options *o)
{
    for (const struct option *row = options_table(); row->name; row++) {
        if (row->kind == OPTION_INT || row->kind == OPTION_SIZE || row->kind == OPTION_OCTAL)
            assert(number(o, row) >= row->min && number(o, row) <= row->max);
        else if (row->kind == OPTION_BOOL)
            assert(number(o, row) == 0 || number(o, row) == 1);
        else if (row->kind == OPTION_ENUM)
            assert(number(o, row) >= 0 && row->names[number(o, row)]);
    }
}

/* The options as a configuration file, every byte of a value escaped. */
static void write_file(const struct options *o, struct buf *out)
{
    for (const struct option *row = options_table(); row->name; row++) {
        struct buf value = { 0 };
        options_get(o, row, &value);
        buf_printf(out, "%s \"", row->name);
        for (size_t i = 0; i < value.len; i++)
            buf_printf(out, "\\x%02x", value.data[i]);
        buf_printf(out, "\"\r\n");
        buf_deinit(&value);
    }
}

static void expect_equal(const struct options *a, const struct options *b)
{
    for (const struct option *row = options_table(); row->name; row++) {
        struct buf x = { 0 }, y = { 0 };
        options_get(a, row, &x);
        options_get(b, row, &y);
        assert(slice_equal(buf_slice(&x), buf_slice(&y)));
        buf_deinit(&x);
        buf_deinit(&y);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct options first, second;
    struct buf why = { 0 };
    struct buf file = { 0 };

    options_init(&first);
    options_init(&second);
    bool ok = options_parse(&first, slice_of(data, size), &why);
    check_bounds(&first);
    assert(ok || why.len > 0);
    assert(why.len == 0 || memchr(why.data, 0, why.len) == NULL);
    write_file(&first, &file);
    if (ok && file.len <= LIMIT_CONFIG_FILE) {
        ok = options_parse(&second, buf_slice(&file), &why);
        assert(ok && why.len == 0);
        expect_equal(&first, &second);
    }
    buf_deinit(&file);
    buf_deinit(&why);
    options_deinit(&first);
    options_deinit(&second);
    return 0;
}
