/* http_reference.c: what libmicrohttpd alone costs: the same mode as the HTTP door's, one
 * thread and epoll, and one answer for every request, as long as a GET's of 100 bytes. */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 1000 };

static enum MHD_Result answer(void *cls, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *bytes,
                              size_t *size, void **context)
{
    struct MHD_Response *response = cls;

    (void)url;
    (void)method;
    (void)version;
    (void)bytes;
    if (!*context) { /* its headers have come */
        *context = response;
        return MHD_YES;
    }
    if (*size) { /* its body */
        *size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(mhd, MHD_HTTP_OK, response);
}

int main(int argc, char **argv)
{
    char value[100];
    struct MHD_Response *response;
    struct MHD_Daemon *daemon;

    memset(value, 'v', sizeof value);
    response = MHD_create_response_from_buffer(sizeof value, value, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
    daemon = MHD_start_daemon(MHD_USE_EPOLL,
                              (uint16_t)(argc > 1 ? strtol(argv[1], NULL, 10) : 8080), NULL, NULL,
                              answer, response, MHD_OPTION_END);
    if (!daemon) {
        fprintf(stderr, "usage: http_reference PORT\n");
        return 1;
    }
    printf("ready\n");
    fflush(stdout);
    while (MHD_run_wait(daemon, WAIT_MS) == MHD_YES)
        continue;
    return 1;
}
