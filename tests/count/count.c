/* count.c: 10,000 GET or SET, warm, 16 at a time, through the real server in a
 * world that costs nothing, so that callgrind can count its instructions:
 * `count get` or `count set`; only what measured() calls is counted. */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/null_env.h"
#include "server/server.h"

enum {
    KEYS = 10000,
    PIPELINE = 16,
    ROUNDS = KEYS / PIPELINE,
    VALUE = 100,
    REQUEST_MAX = 256,
    STRIDE = 7919, /* coprime to KEYS: keys come in no order */
    TURN_US = 50,
    ROUND_TURNS = 4,  /* a round is answered within */
    TURNS_MAX = 1000, /* to come up within */
};

struct requests {
    char *bytes;
    size_t at[ROUNDS + 1];
    size_t reply; /* bytes of one round's replies */
};

static void requests_init(struct requests *r, bool set)
{
    char value[VALUE + 1];
    size_t len = 0;

    memset(value, 'v', VALUE);
    value[VALUE] = '\0';
    r->bytes = malloc((size_t)KEYS * REQUEST_MAX);
    assert(r->bytes);
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        int key_len = snprintf(key, sizeof key, "key:%08d", (int)((long)i * STRIDE % KEYS));

        if (i % PIPELINE == 0)
            r->at[i / PIPELINE] = len;
        if (set)
            len += (size_t)snprintf(r->bytes + len, REQUEST_MAX,
                                    "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", key_len, key,
                                    VALUE, value);
        else
            len += (size_t)snprintf(r->bytes + len, REQUEST_MAX, "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n",
                                    key_len, key);
    }
    r->at[ROUNDS] = len;
    r->reply = PIPELINE * (set ? strlen("+OK\r\n") : strlen("$100\r\n") + VALUE + 2);
}

static void turn(struct null_env *world, struct server *server)
{
    null_env_advance(world, TURN_US);
    server_turn(server);
    null_env_run_jobs(world);
}

/* Every round once; returns how many were answered otherwise than expected.  A
 * reply may take another turn: the log writes by a job while it syncs. */
static int run_rounds(struct null_env *world, struct server *server, const struct requests *r)
{
    int wrong = 0;

    for (int i = 0; i < ROUNDS; i++) {
        size_t took = 0;

        null_env_give(world, slice_of(r->bytes + r->at[i], r->at[i + 1] - r->at[i]));
        for (int turns = 0; turns < ROUND_TURNS && took < r->reply; turns++) {
            turn(world, server);
            took += null_env_took(world);
        }
        wrong += took != r->reply || null_env_left(world) != 0;
    }
    return wrong;
}

/* What callgrind counts, and nothing else; the assembler line keeps the call. */
__attribute__((noinline)) static int measured(struct null_env *world, struct server *server,
                                              const struct requests *r)
{
    int wrong = run_rounds(world, server, r);

    __asm__ volatile("" : "+r"(wrong));
    return wrong;
}

static struct server *start(struct null_env *world, struct options *options)
{
    struct server *server = NULL;
    char detail[256];
    struct err e = server_new(null_env_env(world), options, &server, detail);

    assert(!err_is(e));
    for (int i = 0; i < TURNS_MAX && server_state(server) != SERVER_SERVING; i++) {
        null_env_run_jobs(world);
        turn(world, server);
    }
    assert(server_state(server) == SERVER_SERVING);
    return server;
}

int main(int argc, char **argv)
{
    bool set = argc == 2 && strcmp(argv[1], "set") == 0;
    struct null_env *world = null_env_new();
    struct options options;
    struct requests gets, sets;
    struct server *server;
    int wrong;

    if (argc != 2 || (!set && strcmp(argv[1], "get") != 0)) {
        fprintf(stderr, "usage: count get|set\n");
        return 2;
    }
    options_init(&options);
    options.bind[strcspn(options.bind, " ")] = '\0'; /* one listener */
    server = start(world, &options);
    requests_init(&gets, false);
    requests_init(&sets, true);
    null_env_connect(world);
    wrong = run_rounds(world, server, &sets);
    wrong += run_rounds(world, server, &sets);
    wrong += run_rounds(world, server, &gets);
    wrong += measured(world, server, set ? &sets : &gets);
    printf("%d commands, %d rounds answered wrongly\n", ROUNDS * PIPELINE, wrong);
    server_free(server);
    options_deinit(&options);
    null_env_free(world);
    free(gets.bytes);
    free(sets.bytes);
    return wrong != 0;
}
