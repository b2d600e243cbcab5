/* string_options.c: which words go together, and what time they mean. */
#include "cmd/string_options.h"

#include "cmd/command.h"

/* As in Redis a word may be repeated; the last number counts. */
static const struct rule {
    const char *word;
    unsigned option;
    unsigned excludes;
} rules[] = {
    { "ex", OPTION_EX, OPTION_KEEPTTL | OPTION_PERSIST | (OPTION_TIMES & ~OPTION_EX) },
    { "px", OPTION_PX, OPTION_KEEPTTL | OPTION_PERSIST | (OPTION_TIMES & ~OPTION_PX) },
    { "nx", OPTION_NX, OPTION_XX },
    { "xx", OPTION_XX, OPTION_NX },
    { "get", OPTION_GET, 0 },
    { "keepttl", OPTION_KEEPTTL, OPTION_PERSIST | OPTION_TIMES },
    { "persist", OPTION_PERSIST, OPTION_KEEPTTL | OPTION_TIMES },
    { "exat", OPTION_EXAT, OPTION_KEEPTTL | OPTION_PERSIST | (OPTION_TIMES & ~OPTION_EXAT) },
    { "pxat", OPTION_PXAT, OPTION_KEEPTTL | OPTION_PERSIST | (OPTION_TIMES & ~OPTION_PXAT) },
    { 0 },
};

static const struct rule *rule_of(const struct call *c, uint32_t arg)
{
    for (const struct rule *r = rules; r->word; r++) {
        if (call_arg_is(c, arg, r->word))
            return r;
    }
    return NULL;
}

bool string_options_parse(struct call *c, uint32_t first, unsigned allowed,
                          struct string_options *out)
{
    *out = (struct string_options){ 0 };
    for (uint32_t i = first; i < c->argc; i++) {
        const struct rule *r = rule_of(c, i);
        bool ok = r && (r->option & allowed) && !(r->excludes & out->set);
        if (ok && (r->option & OPTION_TIMES)) {
            out->time_arg = ++i;
            ok = i < c->argc;
        }
        if (!ok) {
            call_syntax_error(c);
            return false;
        }
        out->set |= r->option;
    }
    return true;
}

bool string_options_expiry(struct call *c, const struct string_options *o, uint64_t *expire_ms)
{
    *expire_ms = 0;
    if (!(o->set & OPTION_TIMES))
        return true;
    int64_t n;
    if (!call_get_i64(c, o->time_arg, &n))
        return false;
    int64_t ms = n;
    bool seconds = o->set & (OPTION_EX | OPTION_EXAT);
    bool relative = o->set & (OPTION_EX | OPTION_PX);
    if (n <= 0 || (seconds && __builtin_mul_overflow(n, 1000, &ms)) ||
        (relative && __builtin_add_overflow(ms, (int64_t)call_now_ms(c), &ms))) {
        reply_errorf(c->reply, "ERR", "invalid expire time in '%s' command",
                     command_full_name(c->row));
        return false;
    }
    *expire_ms = (uint64_t)ms;
    return true;
}
