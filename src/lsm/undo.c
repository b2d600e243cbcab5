/* undo.c: a ring that doubles when it is full. */
#include "lsm/undo.h"

#include <assert.h>

#include "base/mem.h"

enum { ROOM_FIRST = 256 };

static struct undo_record *record_at(const struct undo *u, size_t i)
{
    return &u->records[(u->first + i) & (u->room - 1)];
}

void undo_deinit(struct undo *u)
{
    for (size_t i = 0; i < u->count; i++)
        mem_free(record_at(u, i)->flush);
    mem_free(u->records);
    *u = (struct undo){ 0 };
}

static struct undo_record *push(struct undo *u)
{
    if (u->count == u->room) {
        size_t room = u->room ? u->room * 2 : ROOM_FIRST;
        struct undo_record *more = mem_alloc(room * sizeof *more);
        for (size_t i = 0; i < u->count; i++)
            more[i] = *record_at(u, i);
        mem_free(u->records);
        u->records = more;
        u->room = room;
        u->first = 0;
    }
    return record_at(u, u->count++);
}

void undo_push_put(struct undo *u, uint64_t end, const struct dataset_put *put)
{
    *push(u) = (struct undo_record){ .end = end, .put = *put };
}

void undo_push_flush(struct undo *u, uint64_t end, const struct dataset_flush *flush)
{
    struct dataset_flush *copy = mem_alloc(sizeof *copy);

    *copy = *flush;
    *push(u) = (struct undo_record){ .end = end, .flush = copy };
    u->flushes++;
}

void undo_settle(struct undo *u, struct dataset *d, uint64_t acked)
{
    while (u->count > 0 && record_at(u, 0)->end <= acked) {
        struct undo_record *r = record_at(u, 0);
        if (r->flush) {
            mem_free(r->flush);
            u->flushes--;
        } else {
            dataset_give(d, &r->put, r->end);
        }
        u->first = (u->first + 1) & (u->room - 1);
        u->count--;
    }
}

void undo_revert(struct undo *u, struct dataset *d)
{
    while (u->count > 0) {
        struct undo_record *r = record_at(u, --u->count);
        if (r->flush) {
            dataset_unflush(d, r->flush);
            mem_free(r->flush);
            u->flushes--;
        } else {
            dataset_unput(d, &r->put, r->end);
        }
    }
}

uint64_t undo_oldest_stamp(const struct undo *u, uint64_t none)
{
    const struct undo_record *r;

    if (u->count == 0)
        return none;
    r = record_at(u, 0);
    return r->flush ? r->flush->stamp : cell_encoded_stamp(r->put.now);
}

uint64_t undo_flushed_for_good(const struct undo *u, const struct dataset *d, uint8_t db)
{
    for (size_t i = 0; u->flushes > 0 && i < u->count; i++) {
        if (record_at(u, i)->flush)
            return record_at(u, i)->flush->flushed[db];
    }
    return d->flushed[db];
}
