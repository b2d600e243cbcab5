/* type_name.h: what TYPE and SCAN call the types of values. */
#ifndef HENGE_CMD_TYPE_NAME_H
#define HENGE_CMD_TYPE_NAME_H

#include "cell/cell.h"

static inline const char *type_name(uint8_t type)
{
    switch ((enum cell_type)type) {
    case CELL_NONE:
        return "none";
    case CELL_STRING:
        return "string";
    }
    return "unknown"; /* written by a newer version */
}

#endif
