/* input_room.c: doubling, and less where the end of it is known. */
#include "server/input_room.h"

enum { STEP = 1024 * 1024 }; /* what a header is believed at once */

size_t input_room(size_t kept, size_t need)
{
    size_t doubled = kept * 2 > STEP ? kept * 2 : STEP;

    if (need <= kept + kept / 4) /* small arguments: there will be more of them */
        return kept + kept / 2;
    return need <= doubled + doubled / 4 ? need : doubled;
}
