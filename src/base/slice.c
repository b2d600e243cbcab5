/* slice.c: comparing and matching bytes. */
#include "base/slice.h"

enum { GLOB_DEPTH_MAX = 1000 };

struct glob {
    bool nocase;
    bool stop; /* the rest of the text was tried at a later '*': no use to go on */
};

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool slice_is(struct slice a, const char *text)
{
    for (size_t i = 0; i < a.len; i++) {
        if (!text[i] || fold(a.data[i]) != fold((uint8_t)text[i]))
            return false;
    }
    return text[a.len] == '\0';
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (fold(a.data[i]) != fold(b.data[i]))
            return false;
    }
    return true;
}

/* One [class] against `c`; `p` stands behind '[' and ends on the ']' or, if there
 * is none, on the last byte. */
static bool match_class(const uint8_t **at, const uint8_t *end, uint8_t c, bool nocase)
{
    const uint8_t *p = *at;
    bool negate = p < end && *p == '^';
    bool match = false;

    if (negate)
        p++;
    for (;; p++) {
        if (p >= end) {
            p--;
            break;
        }
        if (*p == '\\' && end - p >= 2) {
            p++;
            match |= *p == c;
        } else if (*p == ']') {
            break;
        } else if (end - p >= 3 && p[1] == '-') {
            uint8_t low = p[0], high = p[2], x = c;
            if (low > high) {
                low = p[2];
                high = p[0];
            }
            if (nocase) {
                low = fold(low);
                high = fold(high);
                x = fold(x);
            }
            p += 2;
            match |= x >= low && x <= high;
        } else {
            match |= nocase ? fold(*p) == fold(c) : *p == c;
        }
    }
    *at = p;
    return match != negate;
}

static bool glob_at(struct glob *g, const uint8_t *p, const uint8_t *p_end, const uint8_t *t,
                    const uint8_t *t_end, int depth);

/* `p` stands on a '*'. */
static bool glob_star(struct glob *g, const uint8_t *p, const uint8_t *p_end, const uint8_t *t,
                      const uint8_t *t_end, int depth)
{
    while (p + 1 < p_end && p[1] == '*')
        p++;
    if (p + 1 == p_end)
        return true;
    for (; t < t_end; t++) {
        if (glob_at(g, p + 1, p_end, t, t_end, depth + 1))
            return true;
        if (g->stop)
            return false;
    }
    /* Everything behind this point was refused; an earlier '*' cannot help. */
    g->stop = true;
    return false;
}

static bool glob_at(struct glob *g, const uint8_t *p, const uint8_t *p_end, const uint8_t *t,
                    const uint8_t *t_end, int depth)
{
    if (depth > GLOB_DEPTH_MAX)
        return false;
    while (p < p_end && t < t_end) {
        if (*p == '*')
            return glob_star(g, p, p_end, t, t_end, depth);
        if (*p == '[') {
            p++;
            if (!match_class(&p, p_end, *t, g->nocase))
                return false;
        } else if (*p != '?') {
            if (*p == '\\' && p_end - p >= 2)
                p++;
            if (g->nocase ? fold(*p) != fold(*t) : *p != *t)
                return false;
        }
        t++;
        p++;
    }
    if (t == t_end) {
        while (p < p_end && *p == '*')
            p++;
    }
    return p >= p_end && t == t_end;
}

bool slice_glob(struct slice pattern, struct slice text, bool nocase)
{
    struct glob g = { nocase, false };

    if (text.len == 0)
        return pattern.len == 0; /* not even '*' matches it, in Redis */
    return glob_at(&g, pattern.data, pattern.data + pattern.len, text.data, text.data + text.len,
                   0);
}
