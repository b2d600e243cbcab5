/* admin_rows.h: the families of admin/, one an own file. */
#ifndef HENGE_ADMIN_ADMIN_ROWS_H
#define HENGE_ADMIN_ADMIN_ROWS_H

#include "cmd/command.h"

extern const struct command connection_commands[];   /* PING ECHO SELECT QUIT RESET TIME */
extern const struct command auth_commands[];         /* AUTH HELLO */
extern const struct command acl_commands[];          /* ACL */
extern const struct command cluster_commands[];      /* CLUSTER ASKING READONLY READWRITE */
extern const struct command client_commands[];       /* CLIENT */
extern const struct command consistency_commands[];  /* CONSISTENCY */
extern const struct command command_commands[];      /* COMMAND */
extern const struct command config_commands[];       /* CONFIG */
extern const struct command debug_commands[];        /* DEBUG */
extern const struct command info_commands[];         /* INFO */
extern const struct command lolwut_commands[];       /* LOLWUT */
extern const struct command memory_commands[];       /* MEMORY */
extern const struct command module_commands[];       /* MODULE */
extern const struct command multi_commands[];        /* MULTI DISCARD WATCH UNWATCH */
extern const struct command exec_commands[];         /* EXEC */
extern const struct command wait_commands[];         /* WAIT WAITAOF */
extern const struct command monitor_commands[];      /* MONITOR */
extern const struct command pubsub_commands[];       /* SUBSCRIBE and its kin, PUBLISH */
extern const struct command pubsub_about_commands[]; /* PUBSUB */
extern const struct command save_commands[];         /* SAVE BGSAVE LASTSAVE */
extern const struct command shutdown_commands[];     /* SHUTDOWN */
extern const struct command slowlog_commands[];      /* SLOWLOG */
extern const struct command latency_commands[];      /* LATENCY */

#endif
