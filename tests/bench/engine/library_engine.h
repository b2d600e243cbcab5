/* library_engine.h: how a library whose calls block runs a load: a thread a client,
 * one that writes, and the sync of each second. */
#ifndef HENGE_BENCH_LIBRARY_ENGINE_H
#define HENGE_BENCH_LIBRARY_ENGINE_H

#include "engine.h"

struct library {
    struct engine base;
    /* `sync`: also everything before it is on the disk when it returns. */
    void (*put)(struct library *l, const char key[ENGINE_KEY], const void *value, size_t len,
                bool sync);
    /* Copies the value out and returns its length; ends the program if there is none. */
    size_t (*get)(struct library *l, const char key[ENGINE_KEY], void *to);
    /* Syncs the log, beside everything; NULL: only a put can. */
    void (*sync)(struct library *l);
};

void library_run(struct engine *e, const struct load *l, struct histogram *reads,
                 struct histogram *writes);
void library_wait(struct engine *e, double seconds);

#endif
