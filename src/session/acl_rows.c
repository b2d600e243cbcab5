/* acl_rows.c: a number for every command and subcommand. */
#include "session/acl_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (const struct command *const *)a;
    uintptr_t y = (uintptr_t) * (const struct command *const *)b;

    return x < y ? -1 : x > y;
}

/* Counts them and, with room, writes them down. */
static uint32_t collect(const struct command_table *table, const struct command **to)
{
    uint32_t n = 0;

    for (size_t i = 0; i < command_count(table); i++) {
        const struct command *row = command_at(table, i), *sub = row->subs;

        for (; row; row = sub && sub->name ? sub++ : NULL) {
            if (to)
                to[n] = row;
            n++;
        }
    }
    return n;
}

void acl_rows_init(struct acl_rows *rows, const struct command_table *table)
{
    rows->table = table;
    rows->count = collect(table, NULL);
    rows->words = (rows->count + 63) / 64;
    rows->rows = mem_alloc(rows->count * sizeof(struct command *));
    collect(table, rows->rows);
    qsort(rows->rows, rows->count, sizeof(struct command *), by_address);
}

void acl_rows_deinit(struct acl_rows *rows)
{
    mem_free(rows->rows);
    *rows = (struct acl_rows){ 0 };
}

uint32_t acl_rows_number(const struct acl_rows *rows, const struct command *row)
{
    uint32_t low = 0, high = rows->count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if ((uintptr_t)rows->rows[middle] <= (uintptr_t)row)
            low = middle;
        else
            high = middle;
    }
    assert(rows->rows[low] == row);
    return low;
}

const struct command *acl_rows_find(const struct acl_rows *rows, struct slice name,
                                    const struct command **parent)
{
    const uint8_t *bar = name.len ? memchr(name.data, '|', name.len) : NULL;
    size_t len = bar ? (size_t)(bar - name.data) : name.len;
    const struct command *row = command_find(rows->table, slice_of(name.data, len));

    if (parent)
        *parent = bar ? row : NULL;
    if (!row || !bar)
        return row;
    return command_find_sub(row, slice_of(bar + 1, name.len - len - 1));
}
