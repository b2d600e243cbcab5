/* http_state.h: the door's structs, for the files of http/ alone. */
#ifndef HENGE_HTTP_HTTP_STATE_H
#define HENGE_HTTP_HTTP_STATE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "cmd/call.h"
#include "cmd/outcome.h"
#include "http/http.h"
#include "http/http_headers.h"
#include "http/http_stream.h"
#include "http/http_target.h"
#include "node/intake.h"
#include "session/instance.h"
#include "session/session.h"

enum {
    HTTP_LISTENERS_MAX = 32,          /* as ADDRESSES_MAX */
    HTTP_CONNECTIONS_MAX = 100000,    /* http-maxclients at most */
    HTTP_CONNECTION_BYTES = 5 * 1024, /* counted for each, beside its headers' memory, to which
                                         jemalloc adds a page */
    HTTP_SECOND_US = 1000 * 1000,
};

struct http {
    struct side_door door; /* first: the server has a pointer to it */
    struct instance *instance;
    struct MHD_Daemon *daemon;
    struct net_watch *watch; /* of its epoll descriptor */
    struct net_listener *listeners[HTTP_LISTENERS_MAX];
    unsigned listener_count;
    unsigned timeout_s;     /* of connections, unless told otherwise */
    struct list clients;    /* of struct http_client */
    struct list resumed;    /* of requests, by `queued_in`: may go on in this turn */
    struct list slices;     /* ... in the turn that follows */
    struct list parked;     /* ... when the log takes their write */
    struct list scarce;     /* ... when there is memory for a piece of the answer */
    struct list holding;    /* ... when the log has acknowledged it */
    uint64_t request_count; /* not answered yet */
    uint64_t run_at;        /* mono_us: libmicrohttpd wants to run */
    uint64_t sweep_at;      /* mono_us: slow clients are looked for */
    bool ready;             /* a socket is, or a request goes on: it is to run now */
    bool closed;
};

/* A connection. */
struct http_client {
    struct list link; /* in http->clients */
    struct http *http;
    struct session session;
    uint64_t since_us;            /* mono: when it began to wait for headers */
    struct http_request *request; /* NULL between requests */
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OTHER,
};

/*    HEADERS -> BODY -> SETTLING -> CALL -> WAITING -> HELD -> DONE -> ANSWERED
 *                 |        |         ^ |      |                ^
 *                 |        '---------' '------'                |    to DONE from any: an error
 *                 '---------> CALL, DONE                       |    or nothing to wait for
 */
enum http_stage {
    HTTP_HEADERS,  /* they are coming */
    HTTP_BODY,     /* it is coming */
    HTTP_SETTLING, /* a large one has come, and is being written */
    HTTP_CALL,     /* the call is to be run, when the log takes it */
    HTTP_WAITING,  /* it waits for cells, or its next turn */
    HTTP_HELD,     /* it waits for the log */
    HTTP_DONE,     /* the answer is known */
    HTTP_ANSWERED, /* ... and queued */
};

/* An answer that is no value of a key. */
struct http_error {
    unsigned status;
    const char *code; /* NULL for none; static */
    char text[256];
};

struct http_request {
    struct list queued_in; /* one of the door's lists */
    struct http *http;
    struct http_client *client;
    struct MHD_Connection *mhd;
    enum http_stage stage;
    enum http_method method;
    bool suspended;
    bool dead; /* it is to be cut off */
    /* what is asked */
    const char *target_end; /* of its text in libmicrohttpd's memory */
    struct http_target target;
    enum http_form form;
    uint64_t ttl_ms; /* 0: none */
    struct level level;
    bool level_said;
    struct call_condition condition;
    struct http_error error; /* what stands against it, or was found */
    /* its body */
    struct buf body;
    bool endless;          /* where it ends is in doubt: it is not read */
    uint64_t body_length;  /* as its headers say; 0: they do not */
    uint64_t body_bytes;   /* that have come */
    uint64_t body_max;     /* more are refused */
    bool body_wanted;      /* else it is read and forgotten */
    struct intake *intake; /* NULL: it is small so far */
    uint64_t counted;      /* bytes of it, then of its answer, in instance->http_bytes */
    /* the call */
    struct slice argv[5];
    char ttl_text[24];
    struct call call;
    struct call_outcome outcome;
    struct fetch fetch;
    struct reply reply;
    /* its patience */
    uint64_t began_us; /* mono: of its body or its answer, waits of ours not counted */
    uint64_t paused_us;
    uint64_t moved;            /* bytes of body or answer since */
    struct http_stream stream; /* of the answer's body */
    const char *cut_off;       /* why the stream cannot go on; NULL: it can */
};

/* Memory libmicrohttpd has for a connection: half of it is for what it reads, so that
 * headers twice as long as allowed are still read, and answered by us. */
static inline size_t http_pool_size(const struct instance *in)
{
    return 4 * (size_t)in->options->http_header_size;
}

/* --- http_clients.c */
struct err http_listen(struct http *http, char detail[256]);
void http_unlisten(struct http *http);
void http_notify_client(void *cls, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode code);
/* Cuts off those who keep the door waiting for longer than it may. */
void http_sweep(struct http *http);

/* --- http_request.c: libmicrohttpd's callbacks */
void *http_on_target(void *cls, const char *target, struct MHD_Connection *mhd);
enum MHD_Result http_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *bytes,
                                size_t *size, void **context);
void http_on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code);
void http_suspend(struct http_request *r);
/* Lets it go on when libmicrohttpd runs next. */
void http_wake(struct http_request *r);

/* --- http_ask.c: reads the headers; what is wrong is in r->error. */
void http_ask(struct http_request *r, const char *method, const char *version);
void http_refuse(struct http_request *r, unsigned status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* --- http_body.c */
/* Counts so many bytes of body or answer, instead of those before. */
void http_count(struct http_request *r, uint64_t bytes);
/* Bytes of the body: how many were taken; fewer: there is no room, it waits. */
size_t http_body_take(struct http_request *r, const uint8_t *bytes, size_t n);
/* They were all.  False: it has to be written first. */
bool http_body_end(struct http_request *r);
void http_body_free(struct http_request *r);

/* --- http_call.c */
/* Runs the call of a request in HTTP_CALL, once more if it is in HTTP_WAITING: then it is
 * in one of the stages that follow. */
void http_call(struct http_request *r);
/* The same command with an empty value would be taken now.  False: r->error says why. */
bool http_call_admits(struct http_request *r);
/* The user may see what INFO has.  False: r->error says why. */
bool http_metrics_admitted(struct http_request *r);
void http_call_free(struct http_request *r);

/* --- http_answer.c: queues the answer of a request in HTTP_DONE. */
enum MHD_Result http_answer(struct http_request *r);

/* --- http_error.c */
/* The reply is an error: it becomes the request's. */
void http_refuse_by_reply(struct http_request *r);
/* Appends an error as JSON. */
void http_print_error(const struct http_request *r, struct buf *out);

/* --- http_metrics.c */
void http_print_metrics(struct instance *in, struct buf *out);

#endif
