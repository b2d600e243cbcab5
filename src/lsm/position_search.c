/* position_search.c: guess, look a little to the side of the guess, halve. */
#include "lsm/position_search.h"

enum { GUESSES = 3, FEW = 8 };

/* As far between low and high - 1 as `x` is between their positions, which differ. */
static size_t guess_between(const uint8_t *positions, size_t low, size_t high, uint64_t x)
{
    uint64_t first = position_at(positions, low), last = position_at(positions, high - 1);
    double share = (double)(x - first) / (double)(last - first);
    size_t guess = low + (size_t)(share * (double)(high - 1 - low));

    return guess < high ? guess : high - 1;
}

size_t position_guess(const uint8_t *positions, size_t n, uint64_t x)
{
    if (x <= position_at(positions, 0))
        return 0;
    return x < position_at(positions, n - 1) ? guess_between(positions, 0, n, x) : n - 1;
}

size_t position_search(const uint8_t *positions, size_t n, uint64_t x)
{
    size_t low = 0, high = n; /* what is before low is smaller, what is from high on is not */

    for (unsigned guesses = 0; high - low > FEW && guesses < GUESSES; guesses++) {
        uint64_t first = position_at(positions, low), last = position_at(positions, high - 1);
        if (x <= first)
            return low;
        if (x > last)
            return high;
        size_t aside = 2 + (high - 1 - low) / 32;
        size_t guess = guess_between(positions, low, high, x);
        if (position_at(positions, guess) < x) {
            low = guess + 1;
            if (high - low > aside && position_at(positions, low + aside) >= x)
                high = low + aside;
        } else {
            high = guess;
            if (high - low > aside && position_at(positions, high - aside) < x)
                low = high - aside + 1;
        }
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (position_at(positions, middle) < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
