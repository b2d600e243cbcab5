/* config_rewrite_fuzz.c: any text as a configuration file to be brought up to date, with the
 * options it sets itself and some others: read again it gives those options, and rewritten
 * again it is the same. */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "session/config_rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct slice users = slice_str("user default on nopass ~* &* +@all\nuser b off\n");
    struct options o;
    struct buf first = { 0 }, second = { 0 }, why = { 0 };
    bool ok;

    options_init(&o);
    if (options_parse(&o, text, &why) && size < LIMIT_CONFIG_FILE / 8) {
        o.timeout = (int64_t)size;
        ok = config_rewrite_checked(text, &o, users, &first, &why);
        assert(ok && why.len == 0);
        ok = config_rewrite_checked(buf_slice(&first), &o, users, &second, &why);
        assert(ok && slice_equal(buf_slice(&first), buf_slice(&second)));
    } else {
        config_rewrite(text, &o, users, &first); /* a file that was edited meanwhile */
    }
    buf_deinit(&first);
    buf_deinit(&second);
    buf_deinit(&why);
    options_deinit(&o);
    return 0;
}
