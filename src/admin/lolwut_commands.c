/* lolwut_commands.c: LOLWUT: a henge on a plain, by moonlight.
 *
 *     LOLWUT [VERSION v] [columns]
 *
 * Each pair of stones may have a lintel; which, and where the moon stands, is drawn by lot. */
#include "admin/admin_rows.h"

#include "base/prng.h"
#include "session/session.h"

enum {
    COLUMNS = 60,
    COLUMNS_MIN = 12,
    COLUMNS_MAX = 160,
    ROWS = 9,
    STONE = 3,  /* columns a stone is wide */
    SPAN = 9,   /* from one trilithon to the next, columns */
    LINTEL = 4, /* the row lintels lie in */
    MOON = 1,   /* the row the moon stands in */
    PAIRS_MAX = COLUMNS_MAX / SPAN,
};

struct picture {
    int64_t columns;
    int64_t moon;     /* its column */
    uint64_t lintels; /* a bit for each pair of stones */
    uint64_t fallen;  /* ... whose right stone lies */
};

static char sky_at(const struct picture *p, struct prng *prng, int row, int64_t column)
{
    if (row == MOON && column == p->moon)
        return 'O';
    return prng_below(prng, 48) == 0 ? '.' : ' ';
}

static char at(const struct picture *p, struct prng *prng, int row, int64_t column)
{
    int64_t pair = column / SPAN, x = column % SPAN;
    bool there = pair < p->columns / SPAN && x < SPAN - 2;
    bool left = x < STONE, right = x >= SPAN - 2 - STONE;

    if (row == ROWS - 1)
        return prng_below(prng, 5) == 0 ? ',' : '_';
    if (there && row == LINTEL && p->lintels >> pair & 1)
        return '=';
    if (there && row > LINTEL && (left || right)) {
        if (right && p->fallen >> pair & 1)
            return row == ROWS - 2 ? '=' : ' ';
        return '#';
    }
    return sky_at(p, prng, row, column);
}

static void draw(struct picture *p, struct prng *prng, struct buf *out)
{
    p->moon = (int64_t)prng_below(prng, (uint64_t)p->columns);
    p->fallen = prng_next(prng);
    p->fallen &= prng_next(prng); /* a quarter of them */
    p->lintels = prng_next(prng) & ~p->fallen;
    for (int row = 0; row < ROWS; row++) {
        for (int64_t column = 0; column < p->columns; column++)
            buf_append_byte(out, (uint8_t)at(p, prng, row, column));
        buf_append_byte(out, '\n');
    }
    buf_printf(out, "\nRedis ver. %s, Henge %s\n", HENGE_REDIS_VERSION, HENGE_VERSION);
}

/* Which version was asked for does not matter: there is one picture. */
static enum call_end run_lolwut(struct call *c)
{
    struct picture p = { .columns = COLUMNS };
    struct prng prng;
    uint32_t arg = 1;
    int64_t version;

    if (c->argc >= 3 && call_arg_is(c, 1, "version")) {
        if (!call_get_i64(c, 2, &version))
            return c->end;
        arg = 3;
    }
    if (c->argc > arg && !call_get_i64(c, arg, &p.columns))
        return c->end;
    if (p.columns < COLUMNS_MIN)
        p.columns = COLUMNS_MIN;
    if (p.columns > COLUMNS_MAX)
        p.columns = COLUMNS_MAX;
    prng_init(&prng, c->random);
    draw(&p, &prng, c->scratch);
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

const struct command lolwut_commands[] = {
    { .name = "lolwut",
      .arity = -1,
      .flags = CMD_READONLY | CMD_FAST | CMD_RANDOM,
      .run = run_lolwut,
      .group = "server",
      .since = "5.0.0",
      .complexity = "O(1)",
      .syntax = "[VERSION version:integer]",
      .summary = "Draws a henge." },
    { 0 },
};
