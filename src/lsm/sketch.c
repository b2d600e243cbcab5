/* sketch.c: words of sixteen counters.  The four of a position lie in one line of
 * memory, each in a pair of words of its own (as Caffeine's do), so a touch misses the
 * processor's cache once. */
#include "lsm/sketch.h"

#include "base/mem.h"

enum {
    ROWS = 4,
    LINE_WORDS = 8,
    LINE_COUNTERS = LINE_WORDS * 16,
    LINES_MIN = 64,
    SAMPLE = 10, /* touches per position between halvings, the paper's W/C */
};

#define BYTES_MAX ((size_t)64 * 1024 * 1024)
#define HALF_BITS UINT64_C(0x7777777777777777)

struct sketch {
    uint64_t *words;
    size_t lines; /* a power of two */
    uint64_t sample;
    uint64_t touches; /* since the last halving began */
    size_t halved;    /* lines that the running halving has done; `lines`: none runs */
    uint64_t halvings;
};

/* Positions are hashes of keys below a slot: mixed again, so that one slot's fill
 * every line. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * 0x9fb21c651e98df25u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 32);
}

struct place {
    uint64_t *word;
    unsigned shift;
};

/* Row `row`'s counter: one of the 32 in its pair of words. */
static struct place place_of(const struct sketch *s, uint64_t hash, unsigned row)
{
    unsigned bits = (unsigned)(hash >> (row * 5)) & 31;

    return (struct place){ s->words + (size_t)(hash >> 20 & (s->lines - 1)) * LINE_WORDS + row * 2 +
                               (bits >> 4),
                           (bits & 15) * 4 };
}

struct sketch *sketch_new(uint64_t positions)
{
    struct sketch *s = mem_alloc(sizeof *s);
    size_t lines = LINES_MIN;

    while (lines * LINE_COUNTERS / 8 < positions && lines * LINE_WORDS * 8 < BYTES_MAX)
        lines *= 2;
    *s = (struct sketch){ .words = mem_zalloc(lines * LINE_WORDS, sizeof(uint64_t)),
                          .lines = lines,
                          .sample = (uint64_t)lines * LINE_COUNTERS / 8 * SAMPLE,
                          .halved = lines };
    return s;
}

void sketch_free(struct sketch *s)
{
    if (!s)
        return;
    mem_free(s->words);
    mem_free(s);
}

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void store(uint64_t *word, uint64_t v)
{
    __atomic_store_n(word, v, __ATOMIC_RELAXED);
}

static void halve_line(struct sketch *s)
{
    uint64_t *line = s->words + s->halved * LINE_WORDS;

    for (unsigned i = 0; i < LINE_WORDS; i++)
        store(&line[i], line[i] >> 1 & HALF_BITS);
    s->halved++;
}

static void begin_halving(struct sketch *s)
{
    s->touches = 0;
    s->halved = 0;
    s->halvings++;
}

void sketch_halve(struct sketch *s)
{
    while (s->halved < s->lines)
        halve_line(s);
    begin_halving(s);
    while (s->halved < s->lines)
        halve_line(s);
}

unsigned sketch_count(const struct sketch *s, uint64_t position)
{
    uint64_t hash = mix(position);
    unsigned least = SKETCH_MAX;

    for (unsigned row = 0; row < ROWS; row++) {
        struct place p = place_of(s, hash, row);
        unsigned n = (unsigned)(load(p.word) >> p.shift) & 15;
        least = n < least ? n : least;
    }
    return least;
}

void sketch_touch(struct sketch *s, uint64_t position)
{
    uint64_t hash = mix(position);
    unsigned least;

    if (s->halved < s->lines)
        halve_line(s);
    else if (++s->touches >= s->sample)
        begin_halving(s);
    least = sketch_count(s, position);
    for (unsigned row = 0; row < ROWS && least < SKETCH_MAX; row++) {
        struct place p = place_of(s, hash, row);
        if ((*p.word >> p.shift & 15) <= least)
            store(p.word, *p.word + ((uint64_t)1 << p.shift));
    }
}

size_t sketch_bytes(const struct sketch *s)
{
    return s->lines * LINE_WORDS * sizeof(uint64_t);
}

uint64_t sketch_halvings(const struct sketch *s)
{
    return s->halvings;
}

bool sketch_check(const struct sketch *s)
{
    return s->lines >= LINES_MIN && (s->lines & (s->lines - 1)) == 0 && s->halved <= s->lines &&
           s->touches < s->sample;
}
