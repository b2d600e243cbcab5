/* cell_list.c: an array of pointers, sorted. */
#include "cell_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { VALUE_MAX = 3000 };

void cell_list_add(struct cell_list *l, const struct cell *c)
{
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 64;
        l->cells = mem_realloc(l->cells, l->room * sizeof *l->cells);
    }
    l->cells[l->count] = mem_alloc(cell_size(c));
    cell_encode(c, l->cells[l->count++]);
}

static int compare(const void *a, const void *b)
{
    struct cell x, y;

    cell_decode(*(uint8_t *const *)a, &x);
    cell_decode(*(uint8_t *const *)b, &y);
    return cell_key_compare(&x.key, &y.key);
}

void cell_list_sort(struct cell_list *l)
{
    size_t kept = 0;

    if (l->count == 0)
        return;
    qsort(l->cells, l->count, sizeof *l->cells, compare);
    for (size_t i = 1; i < l->count; i++) {
        if (compare(&l->cells[kept], &l->cells[i]) == 0)
            mem_free(l->cells[i]);
        else
            l->cells[++kept] = l->cells[i];
    }
    l->count = kept + 1;
}

void cell_list_deinit(struct cell_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        mem_free(l->cells[i]);
    mem_free(l->cells);
    *l = (struct cell_list){ .count = 0 };
}

static void random_value(struct prng *prng, struct cell *c, uint8_t *value)
{
    struct blob_ref ref = { .file = 1 + prng_below(prng, 5), .length = 5000, .crc = 7 };

    if (prng_one_in(prng, 3)) {
        c->flags |= CELL_EXPIRES;
        c->expire_ms = 1000 + prng_below(prng, 1000);
    }
    if (prng_one_in(prng, 10)) {
        c->flags |= CELL_TOMBSTONE;
    } else if (prng_one_in(prng, 10)) {
        c->flags |= CELL_BLOB;
        blob_ref_put(value, &ref);
        c->value = slice_of(value, BLOB_REF_SIZE);
    } else {
        size_t len = prng_below(prng, prng_one_in(prng, 20) ? VALUE_MAX : 100);
        memset(value, (int)prng_below(prng, 256), len);
        c->value = slice_of(value, len);
    }
}

void cell_list_fill(struct cell_list *l, struct prng *prng, size_t n)
{
    uint8_t value[VALUE_MAX];
    char key[64], field[32];

    while (l->count < n) {
        unsigned shape = (unsigned)prng_below(prng, 10);
        size_t run = 1 + prng_below(prng, shape == 0 ? n / 3 + 1 : 3);
        snprintf(key, sizeof key, shape > 6 ? "{tag%d}%llu" : "%d:%llu", (int)prng_below(prng, 3),
                 (unsigned long long)prng_below(prng, 10 * n));
        for (size_t i = 0; i < run; i++) {
            struct cell c = { .key = cell_head_key((uint8_t)prng_below(prng, 16), slice_str(key)),
                              .stamp = 1 + prng_below(prng, 1000000) };
            if (shape == 0 || prng_one_in(prng, 5)) {
                snprintf(field, sizeof field, "f%llu",
                         (unsigned long long)prng_below(prng, 10 * n));
                c.key.db = 3;
                c.key.kind = CELL_FIELD;
                c.key.subkey = slice_str(field);
            }
            random_value(prng, &c, value);
            cell_list_add(l, &c);
        }
    }
    cell_list_sort(l);
}

size_t cell_list_seek(const struct cell_list *l, const struct cell_key *key)
{
    size_t low = 0, high = l->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct cell c;
        cell_decode(l->cells[middle], &c);
        if (cell_key_compare(&c.key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct cell_key cell_list_pick(const struct cell_list *l, struct prng *prng, uint8_t room[64])
{
    struct cell c;

    cell_decode(l->cells[prng_below(prng, l->count)], &c);
    switch (prng_below(prng, 8)) {
    case 0:
        c.key.position = prng_next(prng);
        break;
    case 1:
        c.key.position += prng_below(prng, 3) - 1;
        break;
    case 2:
        c.key.db = (uint8_t)prng_below(prng, 16);
        break;
    case 3:
        if (c.key.subkey.len) {
            memcpy(room, c.key.subkey.data, c.key.subkey.len);
            room[c.key.subkey.len - 1] ^= 1;
            c.key.subkey.data = room;
        }
        break;
    default:
        break;
    }
    return c.key;
}

struct err cell_list_write(const struct cell_list *l, struct fs *fs, const char *dir, uint64_t id,
                           const struct table_options *options, struct table_meta *meta)
{
    struct table_writer *w = NULL;
    struct err e = table_writer_open(&w, fs, dir, id, options);

    for (size_t i = 0; i < l->count && !err_is(e); i++)
        e = table_writer_add(w, l->cells[i], cell_encoded_size(l->cells[i]));
    if (!w)
        return e;
    if (err_is(e))
        table_writer_abandon(w, true);
    else
        e = table_writer_finish(w, meta);
    return e;
}
