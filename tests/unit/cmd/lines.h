/* lines.h: commands as lines of text, run on a fake view, and what they answer. */
#ifndef HENGE_TESTS_LINES_H
#define HENGE_TESTS_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cmd/call.h"
#include "cmd/command.h"
#include "cmd/outcome.h"
#include "unit/cmd/fake_view.h"

enum { LINE_ARGS = 256 };

/* Where a line runs. */
struct bench {
    struct fake_view view;
    struct command_table *table;
    struct block_pool pool;
    struct reply reply;
    struct buf scratch;
    struct events events;
    uint64_t now_us;
    uint8_t db;
    uint64_t whole_max;           /* the calls'; 0: no bound */
    uint64_t random;              /* drawn from, once for a command */
    struct call_outcome *outcome; /* of commands to come; NULL for none */
    uint32_t restarts;            /* of the last command */
    uint32_t slices;
};

void bench_init(struct bench *b, uint8_t proto, bool wanting);
void bench_deinit(struct bench *b);

/* Runs one command, again and again until it is done; its reply is then all of
 * b->reply. */
void bench_run(struct bench *b, uint32_t argc, const struct slice *argv);

/* The same for words between spaces; "" quotes, and \xHH in quotes is a byte. */
void bench_line(struct bench *b, const char *line);

/* The reply's bytes, NUL-terminated, in `out`. */
const char *bench_reply(const struct bench *b, struct buf *out);

/* A command and its reply in RESP2, in which CR LF is written '|' and a null in
 * RESP3 becomes "_|".  A line may also be:
 *     @wait MS          time passes
 *     @db N             the next commands are for that database
 *     @foreign KEY      puts a head of a type no command here knows
 *     @deleted KEY      a tombstone is stored there
 *     @puts N           the last command put exactly N cells
 *     @finds N          the last command asked for cells N times, restarts apart
 *     @listen           events are noted, of every class but new keys
 *     @told A.B,C.D     the last command told that A happened to B, then C to D
 * An array ends with a line without a command. */
struct line {
    const char *command;
    const char *reply;
};

/* Runs the lines on an empty store, in both protocols, with all cells at hand and
 * with none, and expects the replies. */
void expect_lines(const struct line *lines);

#endif
