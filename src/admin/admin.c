/* admin.c: the families of commands about the server. */
#include "admin/admin.h"

#include "admin/admin_rows.h"

const struct command *const admin_families[] = {
    connection_commands,   auth_commands,    acl_commands,         client_commands,
    command_commands,      config_commands,  debug_commands,       info_commands,
    lolwut_commands,       memory_commands,  module_commands,      multi_commands,
    exec_commands,         wait_commands,    monitor_commands,     pubsub_commands,
    pubsub_about_commands, cluster_commands, consistency_commands, save_commands,
    shutdown_commands,     slowlog_commands, latency_commands,     NULL,
};
