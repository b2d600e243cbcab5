/* engine_bench.c: one engine, one size of values, the loads named, one line of JSON
 * each.
 *
 *     engine_bench ENGINE FOLDER VALUE KEYS MEMTABLE CACHE LOAD...
 *     LOAD: name[:count[:seconds[:clients[:rate]]]]
 *
 * with the names of `names` below; `settle` waits until the background has nothing
 * more to do, `cold` empties the page cache, `reopen` closes and opens the store. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/prng.h"
#include "engine.h"

enum { RANDOM_BYTES = 1 << 20, CALM_ROUNDS = 4 };

static const char *const names[] = { [LOAD_FILL] = "fill",
                                     [LOAD_OVERWRITE] = "overwrite",
                                     [LOAD_READ] = "read",
                                     [LOAD_READ_ALL] = "readall",
                                     [LOAD_MIXED] = "readwhilewriting" };

struct bench {
    struct engine *engine;
    struct engine_options options;
    struct load load;
    struct histogram reads;
    struct histogram writes;
};

void engine_fail(const char *what, const char *why)
{
    fprintf(stderr, "engine_bench: %s: %s\n", what, why);
    exit(1);
}

void engine_key(uint64_t number, char out[ENGINE_KEY])
{
    memcpy(out, "key:", 4);
    for (unsigned i = ENGINE_KEY; i-- > 4; number /= 10)
        out[i] = (char)('0' + number % 10);
}

/* One writer at a time: it is used up before the next. */
const void *engine_value(uint64_t number, uint64_t seed)
{
    static uint8_t *random;
    struct prng p;
    uint8_t *at;

    if (!random) {
        random = mem_alloc(RANDOM_BYTES + ENGINE_VALUE_MAX);
        prng_init(&p, 7);
        for (size_t i = 0; i < RANDOM_BYTES + ENGINE_VALUE_MAX; i += 8) {
            uint64_t word = prng_next(&p);
            memcpy(random + i, &word, 8);
        }
    }
    at = random + (seed * 0x9e3779b97f4a7c15 >> 44);
    memcpy(at, &number, sizeof number);
    return at;
}

void engine_expect(uint64_t number, const void *value, size_t len, size_t expected)
{
    uint64_t found;

    memcpy(&found, value, sizeof found);
    if (len != expected || found != number)
        engine_fail("a read", "another value than was written");
}

uint64_t engine_next(const struct load *l, uint64_t i, struct prng *random)
{
    /* A prime no number of keys here is a multiple of: each comes once. */
    if (l->kind == LOAD_FILL || l->kind == LOAD_READ_ALL)
        return i * 2654435761 % l->keys;
    return prng_below(random, l->keys);
}

static void settle(struct bench *b)
{
    unsigned calm = 0;

    while (calm < CALM_ROUNDS) {
        uint64_t before = figures_cpu_ns();
        b->engine->wait(b->engine, 0.25);
        calm = figures_cpu_ns() - before < 3000000 ? calm + 1 : 0;
    }
}

static void print_latency(const char *what, const struct histogram *h)
{
    printf("\"%s\":{\"count\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"p999\":%" PRIu64
           ",\"max\":%" PRIu64 "},",
           what, h->count, histogram_percentile(h, 0.5), histogram_percentile(h, 0.99),
           histogram_percentile(h, 0.999), h->max_ns);
}

/* `count` and so on from name:count:seconds:clients:rate. */
static void parse_load(struct bench *b, char *text)
{
    struct load *l = &b->load;
    char *rest = strchr(text, ':');
    double numbers[4] = { 0, 0, 1, 0 };

    if (rest)
        *rest++ = '\0';
    for (unsigned i = 0; i < 4 && rest && *rest; i++) {
        numbers[i] = strtod(rest, &rest);
        rest += *rest == ':';
    }
    l->count = numbers[0] > 0 ? (uint64_t)numbers[0] : l->keys;
    l->seconds = numbers[1];
    l->clients = (unsigned)numbers[2];
    l->write_rate = numbers[3];
    l->seed++;
}

static void run(struct bench *b, const char *name)
{
    uint64_t cpu = figures_cpu_ns(), disk = figures_written_bytes(), ns = figures_now_ns();
    char more[1024] = "";

    memset(&b->reads, 0, sizeof b->reads);
    memset(&b->writes, 0, sizeof b->writes);
    if (strcmp(name, "settle") == 0)
        settle(b);
    else if (strcmp(name, "cold") == 0)
        figures_drop_cache(b->options.dir);
    else if (strcmp(name, "close") == 0)
        b->engine->close(b->engine);
    else if (strcmp(name, "open") == 0)
        b->engine->open(b->engine, &b->options);
    else
        b->engine->run(b->engine, &b->load, &b->reads, &b->writes);
    printf("{\"load\":\"%s\",\"seconds\":%.6f,\"cpu_ns\":%" PRIu64 ",\"disk\":%" PRIu64 ",", name,
           (double)(figures_now_ns() - ns) / 1e9, figures_cpu_ns() - cpu,
           figures_written_bytes() - disk);
    print_latency("reads", &b->reads);
    print_latency("writes", &b->writes);
    if (strcmp(name, "close") != 0)
        b->engine->describe(b->engine, more, sizeof more);
    printf("%s%s\"space\":%" PRIu64 ",\"resident\":%" PRIu64 "}\n", more, *more ? "," : "",
           figures_space_bytes(b->options.dir), figures_resident_bytes());
    fflush(stdout);
}

static bool known(struct bench *b, const char *name)
{
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            b->load.kind = (enum load_kind)i;
            return true;
        }
    }
    return strcmp(name, "settle") == 0 || strcmp(name, "cold") == 0 || strcmp(name, "close") == 0 ||
           strcmp(name, "open") == 0;
}

int main(int argc, char **argv)
{
    static struct bench b;

    if (argc < 8) {
        fprintf(stderr, "engine_bench ENGINE FOLDER VALUE KEYS MEMTABLE CACHE LOAD...\n");
        return 2;
    }
    b.engine = henge_engine(argv[1]);
    b.engine = b.engine ? b.engine : rocks_engine(argv[1]);
    b.engine = b.engine ? b.engine : level_engine(argv[1]);
    if (!b.engine)
        engine_fail(argv[1], "no such engine");
    b.options.dir = argv[2];
    b.load.value_len = strtoul(argv[3], NULL, 10);
    b.load.keys = strtoull(argv[4], NULL, 10);
    b.options.memtable_size = strtoul(argv[5], NULL, 10);
    b.options.cache_size = strtoul(argv[6], NULL, 10);
    if (b.load.value_len < 8 || b.load.value_len > ENGINE_VALUE_MAX || b.load.keys == 0)
        engine_fail("arguments", "values of 8 to 65536 bytes, some keys");
    b.engine->open(b.engine, &b.options);
    for (int i = 7; i < argc; i++) {
        parse_load(&b, argv[i]);
        if (!known(&b, argv[i]))
            engine_fail(argv[i], "no such load");
        run(&b, argv[i]);
    }
    b.engine->close(b.engine);
    return 0;
}
