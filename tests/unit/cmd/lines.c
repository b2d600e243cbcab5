/* lines.c: a dispatcher as small as can be: find, check arity, run, restart. */
#include "unit/cmd/lines.h"

#include <assert.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cell/position.h"

enum { FOREIGN_TYPE = 99 };

void bench_init(struct bench *b, uint8_t proto, bool wanting)
{
    memset(b, 0, sizeof(*b));
    fake_view_init(&b->view);
    b->view.wanting = wanting;
    size_t families = 0;
    while (command_data_families[families])
        families++;
    b->table = command_table_new(command_data_families, families);
    block_pool_init(&b->pool, 8);
    reply_init(&b->reply, &b->pool, proto);
    b->now_us = UINT64_C(1700000000000499);
}

void bench_deinit(struct bench *b)
{
    fake_view_deinit(&b->view);
    command_table_free(b->table);
    reply_clear(&b->reply);
    buf_deinit(&b->scratch);
    events_deinit(&b->events);
    block_pool_deinit(&b->pool);
}

static enum call_end run_once(struct call *c)
{
    return c->outcome && !outcome_begin(c) ? c->end : c->row->run(c);
}

static void run(struct bench *b, struct call *c)
{
    struct reply_mark start = reply_mark(&b->reply);
    fake_view_begin(&b->view);
    enum call_end end;
    b->restarts = b->slices = 0;
    while ((end = run_once(c)) != CALL_DONE) {
        if (end == CALL_WANT)
            assert(++b->restarts < LIMIT_RESTARTS);
        else
            b->slices++;
        assert(c->cells_written == 0);
        reply_cut(&b->reply, start);
        b->scratch.len = 0;
        b->events.noted.len = 0;
    }
    assert(!c->gather);
}

void bench_run(struct bench *b, uint32_t argc, const struct slice *argv)
{
    reply_clear(&b->reply);
    b->scratch.len = 0;
    b->events.noted.len = 0;
    b->view.now_ms = b->now_us / 1000;
    b->view.puts = 0;
    b->view.finds = 0;
    struct call c = {
        .row = command_find(b->table, argv[0]),
        .argv = argv,
        .argc = argc,
        .db = b->db,
        .view = &b->view.view,
        .reply = &b->reply,
        .scratch = &b->scratch,
        .events = &b->events,
        .heard = b->events.wanted,
        .now_us = b->now_us,
        .random = b->random += UINT64_C(0x9e3779b97f4a7c15),
        .databases = LIMIT_DATABASES,
        .outcome = b->outcome,
        .whole_max = b->whole_max ? b->whole_max : UINT64_MAX,
    };
    assert(c.row);
    if (c.row->subs && argc > 1)
        c.row = command_find_sub(c.row, argv[1]);
    assert(c.row);
    if (!command_arity_ok(c.row, argc)) {
        call_wrong_arguments(&c);
        return;
    }
    if (c.row->keys.first)
        c.position = position_of(argv[c.row->keys.first]);
    run(b, &c);
    assert(c.cells_written == b->view.puts);
}

static uint8_t hex_byte(const char *p)
{
    char digits[3] = { p[0], p[1], 0 };
    return (uint8_t)strtoul(digits, NULL, 16);
}

/* Copies the word at *p, without its quotes, to the end of `text`. */
static void read_word(const char **p, struct buf *text)
{
    bool quoted = **p == '"';
    *p += quoted;
    while (**p && **p != (quoted ? '"' : ' ')) {
        if (quoted && **p == '\\' && (*p)[1] == 'x') {
            buf_append_byte(text, hex_byte(*p + 2));
            *p += 4;
        } else {
            buf_append_byte(text, (uint8_t) * (*p)++);
        }
    }
    *p += quoted;
}

void bench_line(struct bench *b, const char *line)
{
    struct buf text = { 0 };
    struct slice argv[LINE_ARGS];
    size_t starts[LINE_ARGS + 1];
    uint32_t argc = 0;
    buf_reserve(&text, strlen(line) + 1);
    for (const char *p = line; *p; argc++) {
        assert(argc < LINE_ARGS);
        starts[argc] = text.len;
        read_word(&p, &text);
        p += *p == ' ';
    }
    assert(argc > 0);
    starts[argc] = text.len;
    for (uint32_t i = 0; i < argc; i++)
        argv[i] = slice_of(text.data + starts[i], starts[i + 1] - starts[i]);
    bench_run(b, argc, argv);
    buf_deinit(&text);
}

const char *bench_reply(const struct bench *b, struct buf *out)
{
    struct slice parts[64];
    unsigned n = reply_parts(&b->reply, SIZE_MAX, parts, 64);
    out->len = 0;
    for (unsigned i = 0; i < n; i++)
        buf_append(out, parts[i]);
    assert(out->len == b->reply.bytes);
    buf_append_byte(out, 0);
    return (const char *)out->data;
}

/* The bytes a line's expectation stands for. */
static const char *expected(const char *reply, uint8_t proto, struct buf *out)
{
    out->len = 0;
    for (const char *p = reply; *p; p++) {
        if (proto == 3 && strncmp(p, "$-1|", 4) == 0) {
            buf_append_byte(out, '_');
            p += 2;
        } else if (*p == '|') {
            buf_append(out, slice_str("\r\n"));
        } else {
            buf_append_byte(out, (uint8_t)*p);
        }
    }
    buf_append_byte(out, 0);
    return (const char *)out->data;
}

static void expect_told(const struct bench *b, const char *told)
{
    struct slice notes = buf_slice(&b->events.noted);
    struct event_note n;
    struct buf text = { 0 };

    while (events_take(&notes, &n))
        buf_printf(&text, "%s%.*s.%.*s", text.len ? "," : "", (int)n.first.len,
                   (const char *)n.first.data, (int)n.second.len, (const char *)n.second.data);
    buf_append_byte(&text, 0);
    cr_assert_str_eq((const char *)text.data, told);
    buf_deinit(&text);
}

static bool directive(struct bench *b, const char *text)
{
    char word[16];
    char argument[64] = "";
    if (sscanf(text, "@%15s %63s", word, argument) < 1)
        return false;
    uint64_t n = strtoull(argument, NULL, 10);
    if (strcmp(word, "wait") == 0) {
        b->now_us += n * 1000;
    } else if (strcmp(word, "db") == 0) {
        b->db = (uint8_t)n;
    } else if (strcmp(word, "foreign") == 0) {
        fake_view_put(&b->view, b->db, argument, FOREIGN_TYPE, "header");
    } else if (strcmp(word, "deleted") == 0) {
        cr_assert(fake_view_deleted(&b->view, b->db, argument));
    } else if (strcmp(word, "puts") == 0) {
        cr_assert_eq(b->view.puts, n, "%llu puts", (unsigned long long)b->view.puts);
    } else if (strcmp(word, "finds") == 0) {
        uint64_t finds = b->view.finds;
        cr_assert(b->view.wanting || finds == n, "%llu finds", (unsigned long long)finds);
    } else if (strcmp(word, "listen") == 0) {
        b->events.wanted = EVENT_ALL | EVENT_MISS | EVENT_KEYEVENT;
    } else if (strcmp(word, "told") == 0) {
        expect_told(b, argument);
    } else {
        cr_assert_fail("unknown directive %s", text);
    }
    return true;
}

static void run_lines(const struct line *lines, uint8_t proto, bool wanting)
{
    struct bench b;
    struct buf got = { 0 };
    struct buf want = { 0 };
    bench_init(&b, proto, wanting);
    for (const struct line *l = lines; l->command; l++) {
        if (directive(&b, l->command))
            continue;
        bench_line(&b, l->command);
        bench_reply(&b, &got);
        expected(l->reply, proto, &want);
        cr_assert(slice_equal(buf_slice(&got), buf_slice(&want)),
                  "RESP%d, %s\n  command  %s\n  expected %s\n  got      %s", proto,
                  wanting ? "nothing at hand" : "all at hand", l->command, (char *)want.data,
                  (char *)got.data);
    }
    buf_deinit(&got);
    buf_deinit(&want);
    bench_deinit(&b);
}

void expect_lines(const struct line *lines)
{
    for (uint8_t proto = 2; proto <= 3; proto++) {
        run_lines(lines, proto, false);
        run_lines(lines, proto, true);
    }
}
