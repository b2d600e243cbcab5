/* command_data.c: the list of families of data commands. */
#include "cmd/families.h"

const struct command *const command_data_families[] = {
    string_get_rows, string_set_rows,  string_number_rows, string_range_rows,
    string_lcs_rows, bit_set_rows,     bit_count_rows,     bit_op_rows,
    bit_field_rows,  hyperloglog_rows, key_delete_rows,    key_exists_rows,
    key_expire_rows, key_ttl_rows,     key_scan_rows,      key_all_rows,
    key_rename_rows, key_copy_rows,    key_object_rows,    key_dump_rows,
    key_sort_rows,   database_rows,    database_swap_rows, NULL,
};
