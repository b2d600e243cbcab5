/* families.h: the rows of each family, in the file of that name; each array ends
 * with a row without a name. */
#ifndef HENGE_CMD_FAMILIES_H
#define HENGE_CMD_FAMILIES_H

#include "cmd/command.h"

extern const struct command string_get_rows[];
extern const struct command string_set_rows[];
extern const struct command string_number_rows[];
extern const struct command string_range_rows[];
extern const struct command string_lcs_rows[];
extern const struct command bit_set_rows[];
extern const struct command bit_count_rows[];
extern const struct command bit_op_rows[];
extern const struct command bit_field_rows[];
extern const struct command hyperloglog_rows[];
extern const struct command key_delete_rows[];
extern const struct command key_exists_rows[];
extern const struct command key_expire_rows[];
extern const struct command key_ttl_rows[];
extern const struct command key_scan_rows[];
extern const struct command key_all_rows[];
extern const struct command key_rename_rows[];
extern const struct command key_copy_rows[];
extern const struct command key_object_rows[];
extern const struct command key_dump_rows[];
extern const struct command key_sort_rows[];
extern const struct command database_rows[];
extern const struct command database_swap_rows[];

#endif
