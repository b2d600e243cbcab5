/* fake_levels.c: text into tables and picks into text. */
#include "fake_levels.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FLUSHED = 1000 };

static uint64_t number(const char **at)
{
    char *end;
    uint64_t n = strtoull(*at, &end, 10);

    assert(end != *at);
    *at = end;
    return n;
}

static void options(const char **at, struct table_meta *m)
{
    for (;;) {
        switch (*(*at)++) {
        case 't':
            m->tombstones = number(at);
            break;
        case 'x':
            m->min_expire_ms = FAKE_NOW - 5;
            m->max_expire_ms = FAKE_NOW;
            break;
        case 'e':
            m->min_expire_ms = number(at);
            (*at)++;
            m->max_expire_ms = number(at);
            m->max_expire_ms = m->max_expire_ms ? m->max_expire_ms : UINT64_MAX;
            break;
        case 'f':
            m->databases = 2;
            m->min_stamp = m->max_stamp = FLUSHED;
            m->heads[1] = (uint32_t)m->cells;
            break;
        case 'g':
            m->databases = 3;
            m->min_stamp = m->max_stamp = FLUSHED;
            m->heads[1] = (uint32_t)number(at);
            break;
        default:
            (*at)--;
            return;
        }
    }
}

static struct table *parse_table(const char **at, uint64_t id)
{
    struct table *t = mem_zalloc(1, sizeof *t);
    struct table_meta *m = &t->meta;

    m->id = id;
    m->min_position = number(at);
    assert(**at == '-');
    (*at)++;
    m->max_position = number(at);
    assert(**at == '=');
    (*at)++;
    m->size = number(at);
    m->cells = m->size * 10;
    m->min_stamp = m->max_stamp = FLUSHED + 1;
    m->min_expire_ms = m->max_expire_ms = UINT64_MAX;
    m->databases = 1;
    options(at, m);
    return t;
}

struct version *fake_levels(const char *text)
{
    struct version *empty = version_new(), *v;
    struct edit e = { .number = 0 };
    unsigned level = 0;
    uint64_t id = 1;
    struct err err;

    e.flushed[1] = FLUSHED;
    for (const char *at = text; *at;) {
        if (*at == ' ' || *at == '|') {
            at++;
        } else if (at[1] == ':') {
            level = (unsigned)(*at - '0');
            at += 2;
        } else {
            struct table *t = parse_table(&at, id);
            edit_add_table(&e, level, level == 0 ? 1000 - id : 0, t);
            id++;
        }
    }
    err = version_apply(empty, &e, &v);
    assert(!err_is(err));
    edit_deinit(&e);
    version_drop(empty, NULL);
    return v;
}

static void free_table(void *owner, struct table *t)
{
    (void)owner;
    mem_free(t);
}

void fake_levels_free(struct version *v)
{
    version_drop(v, &(struct version_gone){ .table = free_table });
}

static size_t print_tables(char *out, size_t size, struct table *const *tables, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, size - n, " %u-%u", (unsigned)tables[i]->meta.min_position,
                              (unsigned)tables[i]->meta.max_position);
    return n;
}

void fake_pick_print(const struct pick *p, char *out, size_t size)
{
    const char *const words[] = { "nothing", "merge", "move", "drop" };
    size_t n = (size_t)snprintf(out, size, "%s", words[p->kind]);

    if (p->kind == PICK_NOTHING)
        return;
    n += (size_t)snprintf(out + n, size - n, " %u", p->from);
    if (p->kind != PICK_DROP)
        n += (size_t)snprintf(out + n, size - n, ">%u", p->to);
    n += print_tables(out + n, size - n, p->upper, p->upper_count);
    if (p->lower_count) {
        n += (size_t)snprintf(out + n, size - n, " +");
        print_tables(out + n, size - n, p->lower, p->lower_count);
    }
}

static bool among(struct table *const *tables, size_t count, const struct table *t)
{
    for (size_t i = 0; i < count; i++) {
        if (tables[i] == t)
            return true;
    }
    return false;
}

static bool meets(const struct table *t, uint64_t min, uint64_t max)
{
    return t->meta.min_position <= max && t->meta.max_position >= min;
}

/* Once a table of L0 is taken, all older ones are. */
static bool oldest_of_l0(const struct version *v, const struct pick *p)
{
    bool taken = false;

    for (size_t i = 0; i < v->levels[0].count; i++) {
        bool now = among(p->upper, p->upper_count, v->levels[0].tables[i].table);
        if (taken && !now)
            return false;
        taken = now;
    }
    return taken;
}

bool fake_pick_sound(const struct version *v, const struct pick *p)
{
    uint64_t min = UINT64_MAX, max = 0;

    if (p->kind == PICK_NOTHING)
        return p->upper_count + p->lower_count == 0;
    if (p->upper_count == 0 || p->to >= LEVELS || (p->kind != PICK_MERGE && p->lower_count))
        return false;
    if (p->kind == PICK_DROP)
        return true;
    for (size_t i = 0; i < p->upper_count; i++) {
        min = p->upper[i]->meta.min_position < min ? p->upper[i]->meta.min_position : min;
        max = p->upper[i]->meta.max_position > max ? p->upper[i]->meta.max_position : max;
    }
    for (unsigned level = p->from + (p->from < p->to); level <= p->to; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++) {
            const struct table *t = v->levels[level].tables[i].table;
            bool in = among(p->lower, p->lower_count, t) || among(p->upper, p->upper_count, t);
            if (meets(t, min, max) && (!in || p->kind == PICK_MOVE))
                return false;
        }
    }
    return p->from > 0 || oldest_of_l0(v, p);
}
