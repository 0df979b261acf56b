/* Perfect Storm plugin ABI: the host as a plugin sees it, and the services it offers.
 *
 * A plugin receives one storm_host per instance in `create`; it is valid until `destroy` of that
 * instance returns. Services are tables fetched by id; NULL means that the host does not have it or
 * the manifest does not ask for it under `needs`. Functions copy what they are given. A storm_call
 * that a function takes is one that is running, of the same instance.
 *
 * THREADS: a plugin calls services from inside the host's calls, or from a thread of its own that
 * has announced itself (threads service). From a thread that has not, a function works and the host
 * reports the plugin once. A [wait] function called inside a [pure] one, and any function called
 * after `destroy` has returned, does nothing, answers STORM_E_DENIED (or 0, or NULL), and is
 * reported as well.
 */
#ifndef STORM_HOST_H
#define STORM_HOST_H

#include "storm/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct storm_host {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  void* ctx;            /* the host's own */
  storm_str name;       /* "stormd" */
  storm_str version;    /* of the host program */
  storm_str instance;   /* this instance's name in the configuration */
  storm_str data_model; /* version of the resource model: "storm.resource 1.0" */
  /* A service table by id, such as STORM_HOST_LOG_V1; NULL when absent or not granted. [any] */
  const void* (*service)(const struct storm_host*, const char* id);
  /* Describes the failure of the call that `err` belongs to; at most once per call, then return the
   * code. [any] */
  void (*fail)(const struct storm_host*, storm_error* err, const storm_fault*);
} storm_host;

/* ---- "storm.host.log/1" ---- */
#define STORM_HOST_LOG_V1 "storm.host.log/1"
enum {
  STORM_LOG_TRACE = 0,
  STORM_LOG_DEBUG = 1,
  STORM_LOG_INFO = 2,
  STORM_LOG_WARN = 3,
  STORM_LOG_ERROR = 4
};
typedef struct storm_log_v1 {
  uint32_t size;
  uint32_t zero;
  /* Levels below this are dropped; ask before formatting. [any] */
  int32_t (*threshold)(const storm_host*);
  /* One line of at most 16 KiB; `component` may be empty. [any] */
  void (*write)(const storm_host*, int32_t level, storm_str component, storm_str message);
} storm_log_v1;

/* ---- "storm.host.calls/1": cancellation and progress ---- */
#define STORM_HOST_CALLS_V1 "storm.host.calls/1"
typedef struct storm_calls_v1 {
  uint32_t size;
  uint32_t zero;
  /* STORM_YES once the call is cancelled or past its deadline, else STORM_OK. [any] */
  storm_rc (*cancelled)(const storm_host*, const storm_call*);
  /* A descriptor that becomes readable when the call is cancelled, for poll(2). Owned by the host;
   * do not read or close it; valid until the call returns. -1 when there is none.
   * [any] */
  int32_t (*cancel_fd)(const storm_host*, const storm_call*);
  /* Waits `ns` nanoseconds; STORM_E_CANCELLED when the call is cancelled or its deadline comes
   * first. The timer of a plugin that has no loop of its own. [wait] */
  storm_rc (*sleep)(const storm_host*, const storm_call*, int64_t ns);
  /* How far the call is, 0 to 1000, and with what. The last report stands. [any] */
  void (*progress)(const storm_host*, const storm_call*, uint32_t permille, storm_str note);
  /* Keeps a token of at most 4 KiB, durably before it returns, that `recover` is given if the host
   * or the plugin dies before the operation has returned. NULL: this host keeps no operation over
   * its own end, and will never call `recover` with a token; do the operation without. [wait] */
  storm_rc (*save_token)(const storm_host*, const storm_call*, storm_str recovery_token);
} storm_calls_v1;

/* ---- "storm.host.clock/1": the only clock a plugin reads ---- */
#define STORM_HOST_CLOCK_V1 "storm.host.clock/1"
typedef struct storm_clock_v1 {
  uint32_t size;
  uint32_t zero;
  int64_t (*mono_ns)(const storm_host*); /* nanoseconds, never goes back. [any] */
  int64_t (*wall_ns)(const storm_host*); /* nanoseconds since 1970-01-01T00:00:00Z. [any] */
} storm_clock_v1;

/* ---- "storm.host.config/1": this instance's configuration ---- */
#define STORM_HOST_CONFIG_V1 "storm.host.config/1"
typedef struct storm_config_v1 {
  uint32_t size;
  uint32_t zero;
  /* Writes the JSON value at a JSON pointer (RFC 6901); STORM_E_NOT_FOUND when there is none.
   * [any] */
  storm_rc (*get)(const storm_host*, const storm_call*, storm_str json_pointer, const storm_out*);
  /* Writes the secret that a reference stands for: "env:NAME", a variable of the host's
   * environment, or "file:/absolute/path", a file of at most 64 KiB without the newline at its end.
   * The reference must be written as a text in this instance's configuration, else STORM_E_DENIED.
   * The host reads it anew each time and neither keeps nor logs it; do the same. STORM_E_NOT_FOUND:
   * no such variable or file; STORM_E_INVALID: no such form; STORM_E_QUOTA: too large. [wait] */
  storm_rc (*secret)(const storm_host*, const storm_call*, storm_str reference, const storm_out*);
} storm_config_v1;

/* ---- "storm.host.status/1": what the operator should know about this instance's source ---- */
#define STORM_HOST_STATUS_V1 "storm.host.status/1"
enum {
  STORM_SOURCE_CONNECTING = 0,
  STORM_SOURCE_LIVE = 1,     /* as fresh as it can be */
  STORM_SOURCE_DEGRADED = 2, /* works, by a slower way than it could; the summary says why */
  STORM_SOURCE_LOST = 3      /* cannot be reached; what is known is stale */
};
typedef struct storm_status_v1 {
  uint32_t size;
  uint32_t zero;
  /* `summary`: one line. `detail_json`: an object of at most 64 KiB, or empty. The last report
   * stands. [any] */
  void (*report)(const storm_host*, int32_t source, storm_str summary, storm_str detail_json);
} storm_status_v1;

/* ---- "storm.host.metrics/1" ---- */
#define STORM_HOST_METRICS_V1 "storm.host.metrics/1"
enum { STORM_METRIC_COUNTER = 0, STORM_METRIC_GAUGE = 1 };
typedef struct storm_metrics_v1 {
  uint32_t size;
  uint32_t zero;
  /* Adds to a counter or sets a gauge of this instance. `name` is [a-z_]+ with its unit last
   * ("repairs_total"). At most 64 names per instance; further ones are dropped. [any] */
  void (*record)(const storm_host*, uint32_t kind, storm_str name, double value);
} storm_metrics_v1;

/* ---- "storm.host.threads/1": threads that a plugin makes itself ---- */
#define STORM_HOST_THREADS_V1 "storm.host.threads/1"
typedef struct storm_threads_v1 {
  uint32_t size;
  uint32_t zero;
  /* Announces the calling thread, which the plugin made, before it uses any other service. `name`
   * shows in debuggers, up to 15 bytes of it. STORM_E_EXISTS: it is announced already;
   * STORM_E_INVALID: it is one of the host's; STORM_E_QUOTA: 256 threads of this instance are
   * announced. [any] */
  storm_rc (*enter)(const storm_host*, storm_str name);
  /* Ends that; by the same thread, before it ends and before `quiesce` returns. [any] */
  void (*leave)(const storm_host*);
  /* STORM_T_* of the calling thread: the class of the host's call that it is in, STORM_T_OWN when
   * it is announced, else STORM_T_NONE. [any] */
  uint32_t (*current_class)(const storm_host*);
} storm_threads_v1;

/* ---- "storm.host.query/1": reads the model ---- */
#define STORM_HOST_QUERY_V1 "storm.host.query/1"
#define STORM_QUERY_LIMIT_MAX 10000
typedef struct storm_query {
  uint32_t size;
  uint32_t limit;        /* resources in the answer, up to STORM_QUERY_LIMIT_MAX; 0: 1000 */
  storm_str group;       /* name or id of a group: only its members; empty: of all resources */
  storm_str filter_json; /* MongoDB's `find` language, at most 64 KiB; empty: no filter */
  storm_str after;       /* `next` of an earlier answer to the same query; empty: from the start */
} storm_query;
typedef struct storm_query_v1 {
  uint32_t size;
  uint32_t zero;
  /* Writes {"revision": 4711, "items": [{resource}, ...], "next": "..."}: resources as the REST
   * interface shows them and in its order, secrets redacted, at one revision of the model. `next`
   * is missing when that was all; pages may be of different revisions. Ends by the deadline of the
   * call (STORM_E_DEADLINE), at most 30 s, or its cancellation. STORM_E_INVALID: the query is
   * wrong, and the fault of the call says where; STORM_E_NOT_FOUND: no such group;
   * STORM_E_CONFLICT: what `after` stands for is gone, begin anew; STORM_E_BUSY: 4 queries of this
   * instance run already. What `write` of the sink answers below zero ends it. [wait] */
  storm_rc (*find)(const storm_host*, const storm_call*, const storm_query*, const storm_out* json);
} storm_query_v1;

#ifdef __cplusplus
}
#endif
#endif
