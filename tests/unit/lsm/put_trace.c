/* put_trace.c: values are numbers, so any state can be compared with the trace. */
#include "put_trace.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void put_trace_put(struct put_trace *t, struct lsm_world *w, unsigned key, unsigned size)
{
    char name[8], value[4096];

    cr_assert_lt(t->count, TRACE_PUTS);
    snprintf(name, sizeof name, "k%u", key);
    snprintf(value, sizeof value, "%0*u", (int)size, t->count);
    lsm_world_put(w, name, value);
    t->puts[t->count].key = key;
    t->puts[t->count].gate = lsm_end(w->lsm);
    t->count++;
}

void put_trace_look(struct put_trace *t, struct lsm_world *w)
{
    for (unsigned i = 0; i < t->count; i++) {
        if (!t->puts[i].failed && t->puts[i].gate <= lsm_acked(w->lsm))
            t->puts[i].acked = true;
    }
    if (t->failures == w->failures)
        return;
    t->failures = w->failures;
    for (unsigned i = 0; i < t->count; i++)
        t->puts[i].failed = !t->puts[i].acked;
}

void put_trace_settle(struct put_trace *t, struct lsm_world *w)
{
    put_trace_look(t, w);
    while (lsm_world_step(w)) {
        cr_assert(lsm_check(w->lsm, true));
        put_trace_look(t, w);
    }
}

/* The number of the value that is there, or -1. */
static int shown(struct lsm_world *w, unsigned key)
{
    char name[8];
    const char *value;

    snprintf(name, sizeof name, "k%u", key);
    value = lsm_world_get(w, name);
    return value ? atoi(value) : -1;
}

void put_trace_now(const struct put_trace *t, struct lsm_world *w)
{
    for (unsigned key = 0; key < TRACE_KEYS; key++) {
        int want = -1;
        for (unsigned i = 0; i < t->count; i++) {
            if (t->puts[i].key == key && !t->puts[i].failed)
                want = (int)i;
        }
        cr_assert_eq(shown(w, key), want, "k%u is %d, not %d", key, shown(w, key), want);
    }
}

void put_trace_after(struct put_trace *t, struct lsm_world *w, const char *what)
{
    int newest = -1; /* the last put that did not fail and came back */

    for (unsigned key = 0; key < TRACE_KEYS; key++) {
        int v = shown(w, key);
        cr_assert_lt(v, (int)t->count);
        cr_assert(v < 0 || t->puts[v].key == key);
        if (v > newest && !t->puts[v].failed)
            newest = v;
    }
    for (unsigned i = 0; i < t->count; i++) {
        int v = shown(w, t->puts[i].key);
        if (t->puts[i].acked)
            cr_assert_geq(v, (int)i, "%s: acknowledged put %u of k%u is lost: %d", what, i,
                          t->puts[i].key, v);
        if (!t->puts[i].failed && (int)i <= newest)
            cr_assert_geq(v, (int)i, "%s: a hole: put %u is lost, %d is there", what, i, newest);
    }
    for (unsigned i = 0; i < t->count; i++)
        t->puts[i].failed = !t->puts[i].acked;
    cr_assert(lsm_check(w->lsm, true));
}
