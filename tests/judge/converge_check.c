/* converge_check.c: sorted lines of each file beside those of the first. */
#include <stdlib.h>

#include "base/mem.h"
#include "judge/judge_checks.h"

enum { LINES_SHOWN = 10, SHOWN_BYTES = 200 };

struct lines {
    struct slice *at;
    size_t count;
};

static int by_bytes(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static struct lines lines_of(struct slice file)
{
    struct lines l = { .at = NULL };
    size_t cap = 0;

    for (size_t at = 0; at < file.len;) {
        const uint8_t *end = memchr(file.data + at, '\n', file.len - at);
        size_t len = end ? (size_t)(end - file.data) - at : file.len - at;

        if (l.count == cap) {
            cap = cap ? cap * 2 : 1024;
            l.at = mem_realloc(l.at, cap * sizeof *l.at);
        }
        l.at[l.count++] = slice_of(file.data + at, len);
        at += len + 1;
    }
    if (l.count)
        qsort(l.at, l.count, sizeof *l.at, by_bytes);
    return l;
}

static void put_line(const char *name, struct slice line, struct buf *say)
{
    buf_printf(say, "only in %s: ", name);
    buf_append(say, slice_of(line.data, line.len < SHOWN_BYTES ? line.len : SHOWN_BYTES));
    buf_append(say, slice_str(line.len < SHOWN_BYTES ? "\n" : "...\n"));
}

/* How many lines only one of them has. */
static size_t compare(const char *a_name, const struct lines *a, const char *b_name,
                      const struct lines *b, struct buf *say)
{
    size_t i = 0, n = 0, differ = 0;

    while (i < a->count || n < b->count) {
        int order = i == a->count ? 1 : n == b->count ? -1 : slice_compare(a->at[i], b->at[n]);

        if (order != 0 && differ++ < LINES_SHOWN)
            put_line(order < 0 ? a_name : b_name, order < 0 ? a->at[i] : b->at[n], say);
        i += order <= 0;
        n += order >= 0;
    }
    return differ;
}

enum judge_verdict converge_check(const char *const *names, const struct slice *files, size_t count,
                                  struct buf *say)
{
    struct lines first;
    size_t differ = 0, lines;

    if (count < 2) {
        buf_printf(say, "one file has nothing to differ from\n");
        return VERDICT_SKIPPED;
    }
    first = lines_of(files[0]);
    lines = first.count;
    for (size_t i = 1; i < count; i++) {
        struct lines other = lines_of(files[i]);

        differ += compare(names[0], &first, names[i], &other, say);
        mem_free(other.at);
    }
    mem_free(first.at);
    buf_printf(say, "%zu files of %zu lines, %zu lines differ\n", count, lines, differ);
    return differ ? VERDICT_FAILED : VERDICT_PASSED;
}
