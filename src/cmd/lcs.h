/* lcs.h: the longest common subsequence of two strings, in steps.
 *
 * A table of a's prefixes by b's, one bit a cell, is gone through row by row: bit j - 1 of
 * row i is clear where the first j bytes of b have one more in common with the first i of a
 * than the first j - 1 have (Hyyrö, "Bit-Parallel LCS-length Computation Revisited", 2004),
 * so 64 cells are one addition.  Every so many rows one is marked; on the way back, which finds
 * the bytes, the rows between two marks are made again: memory for the root of the table.
 *
 *     row 0     mark ---------.   ^
 *               ...           |   |  back: from the last cell to the first, where the bytes
 *     row n     mark  forward |   |  are the same aslant, else up, if that loses nothing, or
 *               ...           v   |  to the left: Redis's order, which says which of several
 *     row 2n    mark ---------'   |  longest ones it is */
#ifndef HENGE_CMD_LCS_H
#define HENGE_CMD_LCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct lcs;

/* A run of bytes that both have: their first and last, in a and in b. */
struct lcs_match {
    uint32_t a_first, a_last;
    uint32_t b_first, b_last;
};

/* Copies the strings, which are within LIMIT_LCS_STRING and LIMIT_LCS_CELLS; with
 * `length_only` nothing but lcs_length() is of interest. */
struct lcs *lcs_new(struct slice a, struct slice b, bool length_only);

/* Accepts NULL. */
void lcs_free(struct lcs *l);

/* Goes on for about `cells` cells of the table.  True: done, and then the functions below
 * have their answers, until lcs_free(). */
bool lcs_step(struct lcs *l, size_t cells);

size_t lcs_length(const struct lcs *l);
struct slice lcs_text(const struct lcs *l);

/* The runs, the last one first. */
const struct lcs_match *lcs_matches(const struct lcs *l, size_t *count);

#endif
