/* tally.h: counts what a client's program checks, and what hiredis's replies must be. */
#ifndef HENGE_COMPAT_TALLY_H
#define HENGE_COMPAT_TALLY_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct tally {
    unsigned passed;
    unsigned failed;
};

static inline void check(struct tally *t, bool ok, const char *what)
{
    if (ok) {
        t->passed++;
    } else {
        t->failed++;
        printf("FAILED: %s\n", what);
    }
}

static inline void show(const redisReply *r)
{
    if (r == NULL)
        printf("  no reply\n");
    else if (r->type == REDIS_REPLY_INTEGER)
        printf("  :%lld\n", r->integer);
    else if (r->type == REDIS_REPLY_ARRAY)
        printf("  an array of %zu\n", r->elements);
    else
        printf("  type %d, %.200s\n", r->type, r->str == NULL ? "(nil)" : r->str);
}

static inline bool is_text(const redisReply *r, int type, const char *bytes, size_t length)
{
    return r != NULL && r->type == type && (size_t)r->len == length &&
           memcmp(r->str, bytes, length) == 0;
}

static inline void expect_text(struct tally *t, const redisReply *r, int type, const char *text,
                               const char *what)
{
    bool ok = is_text(r, type, text, strlen(text));
    check(t, ok, what);
    if (!ok)
        show(r);
}

static inline void expect_integer(struct tally *t, const redisReply *r, long long n,
                                  const char *what)
{
    bool ok = r != NULL && r->type == REDIS_REPLY_INTEGER && r->integer == n;
    check(t, ok, what);
    if (!ok)
        show(r);
}

static inline void expect_nil(struct tally *t, const redisReply *r, const char *what)
{
    bool ok = r != NULL && r->type == REDIS_REPLY_NIL;
    check(t, ok, what);
    if (!ok)
        show(r);
}

static inline int end(const struct tally *t)
{
    printf("%u passed, %u failed\n", t->passed, t->failed);
    return t->failed > 0 || t->passed == 0;
}

#endif
