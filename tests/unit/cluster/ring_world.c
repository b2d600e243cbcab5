/* ring_world.c: members of a ring for tests. */
#include "ring_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void mix(struct ring_world *w, struct prng *p)
{
    for (size_t i = w->count; i-- > 1;) {
        size_t k = prng_below(p, i + 1);
        struct ring_member m = w->members[i];
        w->members[i] = w->members[k];
        w->members[k] = m;
    }
}

void ring_world_draw(struct ring_world *w, struct prng *p, unsigned members_max,
                     unsigned tokens_max, unsigned zones_max)
{
    /* Few slots now and then: tokens meet, and arcs end at the ends of the ring. */
    unsigned slots = prng_one_in(p, 2) ? POSITION_SLOTS : 40;
    uint32_t id = 0;

    w->count = 1 + prng_below(p, members_max);
    for (size_t i = 0; i < w->count; i++) {
        id += 1 + (uint32_t)prng_below(p, prng_one_in(p, 2) ? 3 : 1 << 20);
        w->members[i] = (struct ring_member){ .id = id, .weight = 1, .tokens = w->tokens[i] };
        w->members[i].zone = prng_below(p, zones_max + 1);
        w->members[i].token_count = prng_below(p, tokens_max + 1);
        for (size_t k = 0; k < w->members[i].token_count; k++) {
            uint64_t slot = prng_below(p, slots);
            w->tokens[i][k] = (uint16_t)(prng_one_in(p, 2) ? slot : POSITION_SLOTS - 1 - slot);
        }
    }
    if (w->members[0].token_count == 0)
        w->members[0].token_count = 1;
    mix(w, p);
}

void ring_world_parse(struct ring_world *w, const char *text)
{
    char *at = (char *)(uintptr_t)text;

    w->count = 0;
    while (*at) {
        struct ring_member *m = &w->members[w->count];
        *m = (struct ring_member){ .weight = 1, .tokens = w->tokens[w->count] };
        m->id = (uint32_t)strtoul(at, &at, 10);
        cr_assert_eq(*at++, '/');
        m->zone = strtoull(at, &at, 10);
        cr_assert_eq(*at++, ':');
        while (*at && *at != ';')
            w->tokens[w->count][m->token_count++] = (uint16_t)strtoul(at, &at, 10);
        at += *at == ';';
        w->count++;
    }
}

struct ring *ring_world_ring(const struct ring_world *w, unsigned copies)
{
    struct ring *r = NULL;
    struct err e = ring_new(&r, 1, copies, w->members, w->count);

    cr_assert_not(err_is(e), "%s", e.what);
    cr_assert(ring_check(r));
    return r;
}

char *ring_world_arcs(const struct ring *r)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    cr_assert_not_null(f);
    for (size_t i = 0; i < ring_arc_count(r); i++) {
        const struct ring_arc *a = ring_arc(r, i);
        fprintf(f, "%s%d-%d", i ? "; " : "", a->first, a->last);
        for (unsigned k = 0; k < a->owner_count; k++)
            fprintf(f, " %u", a->owners[k]);
    }
    fclose(f);
    return text;
}
