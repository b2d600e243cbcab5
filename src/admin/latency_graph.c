/* latency_graph.c: a bar for each sample, four lines high, and below it, downwards, how
 * long ago it was: as Redis draws it. */
#include "admin/latency_graph.h"

#include <stdio.h>
#include <string.h>

enum {
    COLUMNS = 80,
    ROWS = 4,
    LABEL = 16,
    MINUTE_S = 60,
    HOUR_S = 60 * MINUTE_S,
    DAY_S = 24 * HOUR_S,
};

static const char shades[] = "_o#"; /* of a bar's top, from low to high */

enum {
    SHADES = sizeof shades - 1,
    STEPS = SHADES * ROWS,
};

static void label(uint64_t age_s, char out[LABEL])
{
    if (age_s < MINUTE_S)
        snprintf(out, LABEL, "%us", (unsigned)age_s);
    else if (age_s < HOUR_S)
        snprintf(out, LABEL, "%um", (unsigned)(age_s / MINUTE_S));
    else if (age_s < DAY_S)
        snprintf(out, LABEL, "%uh", (unsigned)(age_s / HOUR_S));
    else
        snprintf(out, LABEL, "%ud", (unsigned)(age_s / DAY_S));
}

struct range {
    uint32_t low;
    uint32_t high;
};

static struct range range_of(const struct latency_series *s)
{
    struct range r = { UINT32_MAX, 0 };

    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t ms = latency_at(s, i)->ms;
        r.low = ms < r.low ? ms : r.low;
        r.high = ms > r.high ? ms : r.high;
    }
    return r;
}

static char bar(const struct range *r, uint32_t ms, int row)
{
    uint64_t over = r->high > r->low ? r->high - r->low : 1;
    int step = (int)((uint64_t)(ms - r->low) * STEPS / over);
    int at = (step < STEPS ? step : STEPS - 1) - (ROWS - row - 1) * SHADES;

    if (at < 0)
        return ' ';
    return at < SHADES ? shades[at] : '|';
}

/* The samples from `first` on, as many as fit. */
static void draw(const struct latency_series *s, const struct range *r, uint32_t first,
                 uint64_t now_s, struct buf *out)
{
    uint32_t n = s->count - first < COLUMNS ? s->count - first : COLUMNS;
    char labels[COLUMNS][LABEL];
    size_t longest = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t at_s = latency_at(s, first + i)->at_s;
        label(now_s > at_s ? now_s - at_s : 0, labels[i]);
        longest = strlen(labels[i]) > longest ? strlen(labels[i]) : longest;
    }
    for (int row = 0; row < ROWS; row++) {
        for (uint32_t i = 0; i < n; i++)
            buf_append_byte(out, (uint8_t)bar(r, latency_at(s, first + i)->ms, row));
        buf_append_byte(out, '\n');
    }
    for (uint32_t i = 0; i < n; i++)
        buf_append_byte(out, ' ');
    buf_append_byte(out, '\n');
    for (size_t at = 0; at < longest; at++) {
        for (uint32_t i = 0; i < n; i++)
            buf_append_byte(out, at < strlen(labels[i]) ? (uint8_t)labels[i][at] : ' ');
        buf_append_byte(out, '\n');
    }
}

void latency_graph(const struct latency_series *s, const char *name, uint64_t now_s,
                   struct buf *out)
{
    struct range r = range_of(s);

    buf_printf(out, "%s - high %u ms, low %u ms (all time high %u ms)\n", name, r.high, r.low,
               s->max_ms);
    for (int i = 0; i < COLUMNS; i++)
        buf_append_byte(out, '-');
    buf_append_byte(out, '\n');
    for (uint32_t first = 0; first < s->count; first += COLUMNS) {
        if (first)
            buf_append_byte(out, '\n');
        draw(s, &r, first, now_s, out);
    }
}
