/* topology.c: a ring of one, which owns every slot. */
#include "node/topology.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "cell/position.h"

void topology_alone(struct topology *t, uint32_t id, const char *name)
{
    static const uint16_t last = POSITION_SLOTS - 1;
    struct ring_member one = { .id = id, .weight = 1, .tokens = &last, .token_count = 1 };
    struct member *self = mem_zalloc(1, sizeof *self);
    struct err e = ring_new(&t->ring, 1, 1, &one, 1);

    assert(!err_is(e) && strlen(name) == MEMBER_NAME);
    self->id = id;
    self->weight = 1;
    memcpy(self->name, name, MEMBER_NAME);
    t->members = (struct members){ self, 1 };
    t->self = self;
}

void topology_deinit(struct topology *t)
{
    ring_free(t->ring);
    members_deinit(&t->members);
    *t = (struct topology){ 0 };
}

uint32_t topology_leader(const struct topology *t, const struct ring_arc *a)
{
    (void)t;
    return a->owners[0];
}

bool topology_check(const struct topology *t)
{
    return members_check(&t->members) && ring_check(t->ring) && t->self &&
           members_find(&t->members, t->self->id) == t->self;
}
