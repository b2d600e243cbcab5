/* outcome_test.c: conditions on the first key, and what is told of it. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

struct fixture {
    struct bench bench;
    struct call_outcome outcome;
    struct call_condition condition;
    struct buf text;
};

static void begin(struct fixture *f, bool wanting)
{
    *f = (struct fixture){ 0 };
    bench_init(&f->bench, 2, wanting);
    f->bench.outcome = &f->outcome;
}

static void end(struct fixture *f)
{
    buf_deinit(&f->text);
    bench_deinit(&f->bench);
}

static void expect(struct fixture *f, const char *line, const char *reply)
{
    bench_line(&f->bench, line);
    cr_expect_str_eq(bench_reply(&f->bench, &f->text), reply, "%s", line);
}

/* With all cells at hand, and with none. */
static void both(void (*test)(struct fixture *f))
{
    for (int wanting = 0; wanting < 2; wanting++) {
        struct fixture f;
        begin(&f, wanting);
        test(&f);
        end(&f);
    }
}

static struct call_version version_of(struct fixture *f, const char *key)
{
    struct cell head;

    cr_assert(fake_view_get(&f->bench.view, 0, key, &head));
    return (struct call_version){ head.stamp, head.origin };
}

static void reads(struct fixture *f)
{
    struct call_version v;

    expect(f, "SET k v PX 1000", "+OK\r\n");
    cr_expect_not(f->outcome.found, "what is written blindly stays so");
    v = version_of(f, "k");
    expect(f, "GET k", "$1\r\nv\r\n");
    cr_expect(f->outcome.found && !f->outcome.refused);
    cr_expect_eq(f->outcome.version.stamp, v.stamp);
    cr_expect_eq(f->outcome.version.origin, v.origin);
    cr_expect_eq(f->outcome.expire_ms, f->bench.now_us / 1000 + 1000);
    expect(f, "GET other", "$-1\r\n");
    cr_expect_not(f->outcome.found);
    expect(f, "PERSIST k", ":1\r\n");
    expect(f, "GET k", "$1\r\nv\r\n");
    cr_expect_eq(f->outcome.expire_ms, 0);
    expect(f, "DBSIZE", ":1\r\n"); /* it has no key to ask about */
    cr_expect_not(f->outcome.found);
}

Test(outcome, a_read_tells_version_and_expiry)
{
    both(reads);
}

static void matches(struct fixture *f)
{
    struct call_versions *match = &f->condition.match;

    expect(f, "SET k 1", "+OK\r\n");
    f->outcome.condition = &f->condition;
    *match = (struct call_versions){ .given = true, .count = 2 };
    match->list[1] = version_of(f, "k");
    expect(f, "SET k 2", "+OK\r\n");
    cr_expect(f->outcome.found && !f->outcome.refused);
    match->list[1].stamp++;
    expect(f, "SET k 3", "$-1\r\n");
    cr_expect(f->outcome.refused && f->outcome.found && !f->outcome.matched);
    expect(f, "DEL k", "$-1\r\n");
    match->list[0] = version_of(f, "k");
    match->list[0].origin++;
    expect(f, "DEL k", "$-1\r\n"); /* another node's of the same moment */
    expect(f, "SET new 1", "$-1\r\n");
    cr_expect(f->outcome.refused && !f->outcome.found);
    *match = (struct call_versions){ .given = true, .any = true };
    expect(f, "SET new 1", "$-1\r\n");
    expect(f, "SET k 4", "+OK\r\n");
    f->outcome.condition = NULL;
    expect(f, "GET k", "$1\r\n4\r\n");
}

Test(outcome, a_version_that_has_to_match_lets_no_other_be_changed)
{
    both(matches);
}

static void matches_none(struct fixture *f)
{
    struct call_versions *none = &f->condition.none_match;

    f->outcome.condition = &f->condition;
    *none = (struct call_versions){ .given = true, .any = true };
    expect(f, "SET k 1", "+OK\r\n");
    expect(f, "SET k 2", "$-1\r\n");
    cr_expect(f->outcome.refused);
    *none = (struct call_versions){ .given = true, .count = 1 };
    none->list[0] = version_of(f, "k");
    expect(f, "GET k", "$-1\r\n");
    cr_expect(f->outcome.refused && f->outcome.found && f->outcome.matched);
    none->list[0].stamp++;
    expect(f, "GET k", "$1\r\n1\r\n");
    expect(f, "GET other", "$-1\r\n");
    cr_expect_not(f->outcome.refused);
    f->condition.match = (struct call_versions){ .given = true, .any = true };
    expect(f, "SET k 3", "+OK\r\n");
    expect(f, "SET other 3", "$-1\r\n"); /* one of two does not hold */
}

Test(outcome, versions_that_must_not_match_stand_against_it)
{
    both(matches_none);
}
