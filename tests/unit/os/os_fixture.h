/* os_fixture.h: what the tests of os/ share: a loop to wait with, a log that is
 * remembered, a folder that is gone afterwards. */
#ifndef HENGE_TESTS_OS_FIXTURE_H
#define HENGE_TESTS_OS_FIXTURE_H

#include <stdbool.h>

#include "env/trace.h"
#include "os/os.h"

enum { FIXTURE_PATH = 64, FIXTURE_LOG = 4096 };

struct fixture {
    struct trace trace; /* first: its lines find the fixture */
    char log[FIXTURE_LOG];
    struct os_loop *loop;
    char dir[FIXTURE_PATH];
    unsigned turns;
};

void fixture_init(struct fixture *f);

/* Removes the folder and the files in it. */
void fixture_deinit(struct fixture *f);

/* `name` in the folder; valid until the next call. */
const char *fixture_path(struct fixture *f, const char *name);

/* Runs the loop until `until` is true at the end of a turn; fails the test after
 * 20 seconds. */
void fixture_run(struct fixture *f, bool (*until)(void *arg), void *arg);

#endif
