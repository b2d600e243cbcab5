/* command_table.c: all rows, and how a name finds its own in a few nanoseconds.
 *
 * A name is folded to lower case eight bytes at a time and hashed with a seed
 * chosen so that no two rows share a slot: one probe, one compare. */
#include "cmd/command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/prng.h"

enum {
    TRIES_PER_SIZE = 4096, /* seeds tried before the table is doubled */
    SLOTS_PER_ROW = 4,
};

#define FOLD UINT64_C(0x2020202020202020)

/* The first and last bytes of a name, in lower case; they overlap, and in a name
 * over 16 bytes they leave out the middle. */
struct folded {
    uint64_t head;
    uint64_t tail;
};

struct entry {
    struct folded folded;
    const struct command *row;
    uint32_t len;
    bool exact; /* `folded` holds all of the name, and only letters */
};

struct command_table {
    struct entry *entries; /* sorted by name */
    size_t count;
    uint16_t *slots; /* index into entries plus one; 0: empty */
    unsigned shift;
    uint64_t seed;
};

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint64_t load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* Setting bit 5 lowers letters.  It also makes other bytes alike, never a letter
 * and another byte: of names of letters alone, equal when folded is equal. */
static inline struct folded fold(const uint8_t *p, size_t len)
{
    if (len >= 8)
        return (struct folded){ load64(p) | FOLD, load64(p + len - 8) | FOLD };
    if (len >= 4)
        return (struct folded){ load32(p) | FOLD, load32(p + len - 4) | FOLD };
    uint64_t v = (uint64_t)p[0] | (uint64_t)p[len / 2] << 8 | (uint64_t)p[len - 1] << 16;
    return (struct folded){ v | FOLD, 0 };
}

static inline size_t slot_of(struct folded f, size_t len, uint64_t seed, unsigned shift)
{
    uint64_t h = (f.head + len) * seed;
    h = ((h ^ h >> 32) + f.tail) * seed;
    return (size_t)(h >> shift);
}

static bool only_letters(const char *name)
{
    for (; *name; name++) {
        if (*name < 'a' || *name > 'z')
            return false;
    }
    return true;
}

static struct entry entry_of(const struct command *row)
{
    size_t len = strlen(row->name);
    assert(len > 0 && len <= LIMIT_COMMAND_NAME);
    return (struct entry){
        .folded = fold((const uint8_t *)row->name, len),
        .row = row,
        .len = (uint32_t)len,
        .exact = len <= 16 && only_letters(row->name),
    };
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->row->name, ((const struct entry *)b)->row->name);
}

static bool try_seed(struct command_table *t, uint64_t seed)
{
    t->seed = seed;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *e = &t->entries[i];
        uint16_t *slot = &t->slots[slot_of(e->folded, e->len, seed, t->shift)];
        if (*slot)
            return false;
        *slot = (uint16_t)(i + 1);
    }
    return true;
}

static void find_seed(struct command_table *t)
{
    struct prng prng;
    prng_init(&prng, 1); /* any seed will do, the same one gives the same table */
    unsigned bits = 1;
    while ((size_t)1 << bits < t->count * SLOTS_PER_ROW)
        bits++;
    for (;; bits++) {
        assert(bits < 24); /* two names that hash alike under every seed */
        t->shift = 64 - bits;
        for (int i = 0; i < TRIES_PER_SIZE; i++) {
            t->slots = mem_zalloc((size_t)1 << bits, sizeof(*t->slots));
            if (try_seed(t, prng_next(&prng) | 1))
                return;
            mem_free(t->slots);
        }
    }
}

struct command_table *command_table_new(const struct command *const *families, size_t count)
{
    struct command_table *t = mem_zalloc(1, sizeof(*t));
    for (size_t i = 0; i < count; i++) {
        for (const struct command *row = families[i]; row->name; row++)
            t->count++;
    }
    assert(t->count < UINT16_MAX);
    t->entries = mem_zalloc(t->count, sizeof(*t->entries));
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        for (const struct command *row = families[i]; row->name; row++)
            t->entries[n++] = entry_of(row);
    }
    qsort(t->entries, t->count, sizeof(*t->entries), compare_entries);
    for (size_t i = 1; i < t->count; i++)
        assert(compare_entries(&t->entries[i - 1], &t->entries[i]) != 0);
    find_seed(t);
    return t;
}

void command_table_free(struct command_table *table)
{
    if (!table)
        return;
    mem_free(table->slots);
    mem_free(table->entries);
    mem_free(table);
}

const struct command *command_find(const struct command_table *table, struct slice name)
{
    if (name.len == 0 || name.len > LIMIT_COMMAND_NAME)
        return NULL;
    struct folded f = fold(name.data, name.len);
    uint16_t index = table->slots[slot_of(f, name.len, table->seed, table->shift)];
    if (!index)
        return NULL;
    const struct entry *e = &table->entries[index - 1];
    if (e->len != name.len || e->folded.head != f.head || e->folded.tail != f.tail)
        return NULL;
    return e->exact || slice_is(name, e->row->name) ? e->row : NULL;
}

const struct command *command_find_sub(const struct command *row, struct slice name)
{
    for (const struct command *sub = row->subs; sub && sub->name; sub++) {
        if (slice_is(name, sub->name))
            return sub;
    }
    return NULL;
}

const char *command_key_flags(const struct command *row, uint32_t i)
{
    const char *flags = row->key_flags ? row->key_flags : "";
    const char *bar;

    for (; i > 0 && (bar = strchr(flags, '|')) != NULL; i--)
        flags = bar + 1;
    return flags;
}

size_t command_count(const struct command_table *table)
{
    return table->count;
}

const struct command *command_at(const struct command_table *table, size_t i)
{
    assert(i < table->count);
    return table->entries[i].row;
}
