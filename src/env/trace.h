/* trace.h: the log for people: one line a fact. */
#ifndef HENGE_ENV_TRACE_H
#define HENGE_ENV_TRACE_H

enum trace_level {
    TRACE_DEBUG,
    TRACE_VERBOSE,
    TRACE_NOTICE,
    TRACE_WARNING,
};

struct trace {
    enum trace_level level; /* lines below it are not formatted */
    void (*line)(struct trace *trace, enum trace_level level, const char *text);
};

/* Formats as printf, at most 1023 bytes, control characters replaced, and hands
 * the line on.  No newline in `format`. */
void trace_log(struct trace *trace, enum trace_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
