/* side_door.h: a door beside the RESP one, whose calls run in the same turns on the same
 * node.  The server calls it; whoever makes one fills the functions in and keeps what is
 * the door's around it. */
#ifndef HENGE_SESSION_SIDE_DOOR_H
#define HENGE_SESSION_SIDE_DOOR_H

#include <stdbool.h>
#include <stdint.h>

struct side_door {
    /* Within a turn, before its commit: runs what came, and what may go on. */
    void (*serve)(struct side_door *door);
    /* What calls rest on is acknowledged up to `acked`. */
    void (*release)(struct side_door *door, uint64_t acked);
    /* ... and beyond never will be: those calls are answered -UNCERTAIN with `text`.
     * Returns how many. */
    uint64_t (*fail)(struct side_door *door, uint64_t acked, const char *text);
    /* When serve() wants to be called again, in mono_us: 0 at once, UINT64_MAX never. */
    uint64_t (*deadline)(const struct side_door *door);
    /* The server stops: nothing new is taken.  Called once. */
    void (*close)(struct side_door *door);
    /* After close(): everybody has been answered. */
    bool (*idle)(const struct side_door *door);
    /* Cuts off whoever is left; the store is closed next. */
    void (*end)(struct side_door *door);
};

#endif
