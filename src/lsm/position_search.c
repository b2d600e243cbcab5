/* position_search.c: guess, look a little to the side of the guess, halve. */
#include "lsm/position_search.h"

enum { GUESSES = 3, FEW = 8 };

size_t position_search(const uint8_t *positions, size_t n, uint64_t x)
{
    size_t low = 0, high = n; /* what is before low is smaller, what is from high on is not */

    for (unsigned guesses = 0; high - low > FEW && guesses < GUESSES; guesses++) {
        uint64_t first = position_at(positions, low), last = position_at(positions, high - 1);
        if (x <= first)
            return low;
        if (x > last)
            return high;
        size_t span = high - 1 - low, aside = 2 + span / 32;
        double share = (double)(x - first) / (double)(last - first);
        size_t guess = low + (size_t)(share * (double)span);
        if (guess >= high)
            guess = high - 1;
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
