/* merge.c: a binary heap of the sources, by the cells they stand at, then by age. */
#include "lsm/merge.h"

#include <assert.h>

#include "base/mem.h"
#include "base/planted.h"
#include "lsm/run.h"

/* <0 if source `a` comes first; 0 only for equal keys. */
static int compare(const struct merge *m, size_t a, size_t b)
{
    const uint8_t *x = m->sources[a]->cell, *y = m->sources[b]->cell;
    uint64_t px = cell_encoded_position(x), py = cell_encoded_position(y);
    struct cell_key kx, ky;

    if (px != py)
        return px < py ? -1 : 1;
    kx = run_key_of(x);
    ky = run_key_of(y);
    return cell_key_compare(&kx, &ky);
}

static bool before(const struct merge *m, size_t a, size_t b)
{
    int c = compare(m, a, b);
    return c ? c < 0 : (a < b) != PLANTED(older_cell_wins);
}

/* Index in the heap of the smaller child of `at`; heap_count if there is none. */
static size_t child_of(const struct merge *m, size_t at)
{
    size_t child = 2 * at + 1;

    if (child >= m->heap_count)
        return m->heap_count;
    if (child + 1 < m->heap_count && before(m, m->heap[child + 1], m->heap[child]))
        child++;
    return child;
}

static void sift_down(struct merge *m, size_t at)
{
    size_t source = m->heap[at];

    for (size_t child = child_of(m, at); child < m->heap_count; child = child_of(m, at)) {
        if (before(m, source, m->heap[child]))
            break;
        m->heap[at] = m->heap[child];
        at = child;
    }
    m->heap[at] = source;
}

static void show(struct merge *m)
{
    m->source.cell = m->heap_count ? m->sources[m->heap[0]]->cell : NULL;
}

static void fail(struct merge *m, struct err e)
{
    m->source.err = e;
    m->source.cell = NULL;
    m->came = NULL;
    m->heap_count = 0;
}

static void next(struct cell_source *source)
{
    struct merge *m = (struct merge *)source;
    struct cell_source *top;
    size_t second;

    assert(m->source.cell);
    top = m->sources[m->heap[0]];
    /* Whose turn is next is one of the root's children or the root's own next cell; only
     * a child's can have this key, and the cell is gone once its source goes on. */
    second = child_of(m, 0);
    m->again = second < m->heap_count && compare(m, m->heap[0], m->heap[second]) == 0;
    cell_source_next(top);
    if (err_is(top->err)) {
        fail(m, top->err);
        return;
    }
    m->came = top->cell;
    if (!top->cell)
        m->heap[0] = m->heap[--m->heap_count];
    if (m->heap_count)
        sift_down(m, 0);
    show(m);
}

void merge_init(struct merge *m, struct cell_source **sources, size_t count)
{
    *m = (struct merge){ .source.next = next, .sources = sources, .count = count };
    m->heap = mem_alloc(count * sizeof *m->heap);
    for (size_t i = 0; i < count; i++) {
        if (err_is(sources[i]->err)) {
            fail(m, sources[i]->err);
            return;
        }
        if (sources[i]->cell)
            m->heap[m->heap_count++] = i;
    }
    for (size_t i = m->heap_count / 2; i-- > 0;)
        sift_down(m, i);
    show(m);
}

void merge_deinit(struct merge *m)
{
    mem_free(m->heap);
    m->heap = NULL;
}
