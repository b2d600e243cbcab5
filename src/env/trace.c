/* trace.c: formatting of log lines. */
#include "env/trace.h"

#include <stdarg.h>
#include <stdio.h>

void trace_log(struct trace *trace, enum trace_level level, const char *format, ...)
{
    char line[1024];
    va_list args;

    if (level < trace->level)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *p = line; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    }
    trace->line(trace, level, line);
}
