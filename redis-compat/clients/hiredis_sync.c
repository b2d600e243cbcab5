/* hiredis_sync.c: hiredis with one call at a time and in pipelines, over TCP and a Unix socket.
 *
 * Called with a port; COMPAT_SOCKET names the Unix socket.  RESP2: the distribution's hiredis
 * has no other. */
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "tally.h"

enum {
    PIPELINE = 20000,
    BIG = 3 << 20,
    KEYS = 2000,
};

struct client {
    struct tally *t;
    redisContext *c;
    redisReply *r; /* the last one; freed by the next */
};

/* Sends a formatted command, as applications do, and keeps its reply. */
#define ASK(client, ...)                                                                           \
    do {                                                                                           \
        if ((client)->r != NULL)                                                                   \
            freeReplyObject((client)->r);                                                          \
        (client)->r = redisCommand((client)->c, __VA_ARGS__);                                      \
    } while (0)

static void connects(struct client *k, int port)
{
    const struct timeval limit = { .tv_sec = 20 };
    k->c = redisConnectWithTimeout("127.0.0.1", port, limit);
    if (k->c == NULL || k->c->err != 0) {
        printf("FAILED: connecting: %s\n", k->c == NULL ? "no context" : k->c->errstr);
        exit(1);
    }
    check(k->t, redisSetTimeout(k->c, limit) == REDIS_OK, "redisSetTimeout");
    check(k->t, redisEnableKeepAlive(k->c) == REDIS_OK, "redisEnableKeepAlive");
    ASK(k, "AUTH %s %s", "compat", "wrong");
    expect_text(k->t, k->r, REDIS_REPLY_ERROR,
                "WRONGPASS invalid username-password pair or user is disabled.",
                "a wrong password");
    ASK(k, "AUTH %s %s", "compat", "secret");
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "OK", "AUTH");
    ASK(k, "ACL WHOAMI");
    expect_text(k->t, k->r, REDIS_REPLY_STRING, "compat", "is somebody");
    ASK(k, "CLIENT SETNAME %s", "hiredis");
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "OK", "CLIENT SETNAME");
    ASK(k, "CLIENT GETNAME");
    expect_text(k->t, k->r, REDIS_REPLY_STRING, "hiredis", "CLIENT GETNAME");
    ASK(k, "SELECT 5");
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "OK", "SELECT");
    ASK(k, "FLUSHDB");
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "OK", "FLUSHDB");
}

static void strings(struct client *k)
{
    ASK(k, "SET %s %s EX %d NX", "key with space", "value with space", 100);
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "OK", "SET EX NX");
    ASK(k, "SET %s x NX", "key with space");
    expect_nil(k->t, k->r, "SET NX of something");
    ASK(k, "SET %s new XX GET KEEPTTL", "key with space");
    expect_text(k->t, k->r, REDIS_REPLY_STRING, "value with space", "SET XX GET KEEPTTL");
    ASK(k, "TTL %s", "key with space");
    check(k->t, k->r->type == REDIS_REPLY_INTEGER && k->r->integer >= 90 && k->r->integer <= 100,
          "TTL");
    ASK(k, "GET %s", "key with space");
    expect_text(k->t, k->r, REDIS_REPLY_STRING, "new", "GET");
    ASK(k, "GET absent");
    expect_nil(k->t, k->r, "GET of nothing");
    ASK(k, "INCRBY n 41");
    expect_integer(k->t, k->r, 41, "INCRBY");
    ASK(k, "INCR n");
    expect_integer(k->t, k->r, 42, "INCR");
    ASK(k, "INCR %s", "key with space");
    expect_text(k->t, k->r, REDIS_REPLY_ERROR, "ERR value is not an integer or out of range",
                "INCR of a text");
    ASK(k, "PEXPIRE n 0");
    expect_integer(k->t, k->r, 1, "PEXPIRE");
    ASK(k, "EXISTS n");
    expect_integer(k->t, k->r, 0, "is over");
    ASK(k, "NOSUCH %s", "a");
    expect_text(k->t, k->r, REDIS_REPLY_ERROR,
                "ERR unknown command 'NOSUCH', with args beginning with: 'a' ",
                "an unknown command");
}

static void bytes(struct client *k)
{
    static const char odd[] = "\0\r\n\xff$5\r\n*";
    const size_t length = sizeof odd - 1;
    ASK(k, "SET %b %b", odd, length, odd, length);
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "OK", "SET of bytes");
    ASK(k, "GET %b", odd, length);
    check(k->t, is_text(k->r, REDIS_REPLY_STRING, odd, length), "GET of bytes");
    ASK(k, "SET empty %b", "", (size_t)0);
    ASK(k, "GET empty");
    check(k->t, is_text(k->r, REDIS_REPLY_STRING, "", 0), "an empty value");
    char *big = malloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)(i * 2654435761u >> 24);
    ASK(k, "SET big %b", big, (size_t)BIG);
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "OK", "SET of 3 MiB");
    ASK(k, "GET big");
    check(k->t, is_text(k->r, REDIS_REPLY_STRING, big, BIG), "GET of 3 MiB");
    free(big);
    const char *words[] = { "MSET", "m1", odd, "m2", "2" };
    const size_t lengths[] = { 4, 2, length, 2, 1 };
    freeReplyObject(k->r);
    k->r = redisCommandArgv(k->c, 5, words, lengths);
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "OK", "redisCommandArgv");
    ASK(k, "MGET m1 absent m2");
    check(k->t,
          k->r->type == REDIS_REPLY_ARRAY && k->r->elements == 3 &&
              is_text(k->r->element[0], REDIS_REPLY_STRING, odd, length) &&
              k->r->element[1]->type == REDIS_REPLY_NIL &&
              is_text(k->r->element[2], REDIS_REPLY_STRING, "2", 1),
          "MGET");
}

static void pipeline(struct client *k)
{
    for (int i = 0; i < PIPELINE; i++) {
        redisAppendCommand(k->c, "SET p:%d %d", i, i);
        redisAppendCommand(k->c, "GET p:%d", i);
    }
    int wrong = 0;
    for (int i = 0; i < PIPELINE; i++) {
        void *set = NULL, *got = NULL;
        char number[16];
        int length = snprintf(number, sizeof number, "%d", i);
        if (redisGetReply(k->c, &set) != REDIS_OK || redisGetReply(k->c, &got) != REDIS_OK ||
            !is_text(set, REDIS_REPLY_STATUS, "OK", 2) ||
            !is_text(got, REDIS_REPLY_STRING, number, (size_t)length))
            wrong++;
        freeReplyObject(set);
        freeReplyObject(got);
    }
    check(k->t, wrong == 0, "20,000 SETs and GETs in one pipeline");
}

static void transaction(struct client *k)
{
    redisAppendCommand(k->c, "MULTI");
    redisAppendCommand(k->c, "SET t abc");
    redisAppendCommand(k->c, "INCR t");
    redisAppendCommand(k->c, "GET t");
    redisAppendCommand(k->c, "EXEC");
    static const char *const told[] = { "OK", "QUEUED", "QUEUED", "QUEUED" };
    for (int i = 0; i < 4; i++) {
        void *reply = NULL;
        redisGetReply(k->c, &reply);
        expect_text(k->t, reply, REDIS_REPLY_STATUS, told[i], "MULTI and what is queued");
        freeReplyObject(reply);
    }
    void *exec = NULL;
    redisGetReply(k->c, &exec);
    redisReply *r = exec;
    check(k->t,
          r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == 3 &&
              is_text(r->element[0], REDIS_REPLY_STATUS, "OK", 2) &&
              r->element[1]->type == REDIS_REPLY_ERROR &&
              is_text(r->element[2], REDIS_REPLY_STRING, "abc", 3),
          "EXEC: the error within is its command's alone");
    freeReplyObject(r);
    ASK(k, "WATCH t");
    ASK(k, "SET t mine");
    ASK(k, "MULTI");
    ASK(k, "GET t");
    ASK(k, "EXEC");
    expect_nil(k->t, k->r, "EXEC after a watched key has changed");
}

/* A whole iteration: every key once at least, and nothing else. */
static void scan(struct client *k)
{
    ASK(k, "FLUSHDB");
    for (int i = 0; i < KEYS; i++)
        redisAppendCommand(k->c, "SET scan:%d x", i);
    for (int i = 0; i < KEYS; i++) {
        void *reply = NULL;
        redisGetReply(k->c, &reply);
        freeReplyObject(reply);
    }
    bool seen[KEYS] = { false };
    char cursor[24] = "0";
    bool ok = true;
    do {
        ASK(k, "SCAN %s MATCH scan:* COUNT 100", cursor);
        ok = ok && k->r != NULL && k->r->type == REDIS_REPLY_ARRAY && k->r->elements == 2;
        if (!ok)
            break;
        snprintf(cursor, sizeof cursor, "%s", k->r->element[0]->str);
        for (size_t i = 0; i < k->r->element[1]->elements; i++) {
            unsigned long n = strtoul(k->r->element[1]->element[i]->str + 5, NULL, 10);
            ok = ok && n < KEYS;
            if (n < KEYS)
                seen[n] = true;
        }
    } while (strcmp(cursor, "0") != 0);
    for (int i = 0; i < KEYS; i++)
        ok = ok && seen[i];
    check(k->t, ok, "SCAN sees every key");
}

static void reconnects(struct client *k, int port)
{
    ASK(k, "CLIENT ID");
    long long id = k->r->integer;
    redisContext *other = redisConnect("127.0.0.1", port);
    redisReply *killed = redisCommand(other, "CLIENT KILL ID %lld", id);
    expect_integer(k->t, killed, 1, "CLIENT KILL");
    freeReplyObject(killed);
    redisFree(other);
    ASK(k, "PING");
    check(k->t, k->r == NULL && (k->c->err == REDIS_ERR_EOF || k->c->err == REDIS_ERR_IO),
          "a killed connection is told of");
    check(k->t, redisReconnect(k->c) == REDIS_OK, "redisReconnect");
    ASK(k, "PING");
    expect_text(k->t, k->r, REDIS_REPLY_STATUS, "PONG", "PING afterwards");
}

static void unix_socket(struct client *k)
{
    const char *path = getenv("COMPAT_SOCKET");
    if (path == NULL)
        return;
    redisContext *c = redisConnectUnix(path);
    check(k->t, c != NULL && c->err == 0, "redisConnectUnix");
    redisReply *r = redisCommand(c, "ECHO %s", "over a Unix socket");
    expect_text(k->t, r, REDIS_REPLY_STRING, "over a Unix socket", "ECHO");
    freeReplyObject(r);
    redisFree(c);
}

int main(int argc, char **argv)
{
    struct tally t = { 0 };
    struct client k = { .t = &t };
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 6379;
    connects(&k, port);
    strings(&k);
    bytes(&k);
    pipeline(&k);
    transaction(&k);
    scan(&k);
    reconnects(&k, port);
    unix_socket(&k);
    if (k.r != NULL)
        freeReplyObject(k.r);
    redisFree(k.c);
    return end(&t);
}
