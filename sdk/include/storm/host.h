/* Perfect Storm plugin ABI: the host as a plugin sees it, and the services it offers.
 *
 * A plugin receives one storm_host per instance in `create`; it is valid until `destroy` of that
 * instance returns. Services are tables fetched by id; NULL means that the host does not have it or
 * the manifest does not ask for it under `needs`. All functions here are [any] and copy what they
 * are given.
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
  /* A service table by id, such as "storm.host.log/1"; NULL when absent or not granted. [any] */
  const void* (*service)(const struct storm_host*, const char* id);
  /* Describes the failure of the call that `err` belongs to; at most once per call, then return the
   * code. [any] */
  void (*fail)(const struct storm_host*, storm_error* err, const storm_fault*);
} storm_host;

/* ---- "storm.host.log/1" ---- */
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
  int32_t (*threshold)(
      const storm_host*); /* levels below this are dropped; ask before formatting */
  void (*write)(const storm_host*, int32_t level, storm_str component, storm_str message);
} storm_log_v1;

/* ---- "storm.host.calls/1": cancellation and progress ---- */
typedef struct storm_calls_v1 {
  uint32_t size;
  uint32_t zero;
  /* STORM_YES once the call is cancelled or past its deadline, else STORM_OK. */
  storm_rc (*cancelled)(const storm_host*, const storm_call*);
  /* A descriptor that becomes readable when the call is cancelled, for poll(2). Owned by the host;
   * do not read or close it; valid until the call returns. -1 when there is none. */
  int32_t (*cancel_fd)(const storm_host*, const storm_call*);
  /* Waits `ns` nanoseconds; STORM_E_CANCELLED when the call is cancelled first. */
  storm_rc (*sleep)(const storm_host*, const storm_call*, int64_t ns);
  void (*progress)(const storm_host*, const storm_call*, uint32_t permille, storm_str note);
  /* Keeps a token that `recover` is given if the host dies before the operation has returned. */
  storm_rc (*save_token)(const storm_host*, const storm_call*, storm_str recovery_token);
} storm_calls_v1;

/* ---- "storm.host.clock/1": the only clock a plugin reads ---- */
typedef struct storm_clock_v1 {
  uint32_t size;
  uint32_t zero;
  int64_t (*mono_ns)(const storm_host*); /* nanoseconds, never goes back */
  int64_t (*wall_ns)(const storm_host*); /* nanoseconds since 1970-01-01T00:00:00Z */
} storm_clock_v1;

/* ---- "storm.host.config/1": this instance's configuration ---- */
typedef struct storm_config_v1 {
  uint32_t size;
  uint32_t zero;
  /* Writes the JSON value at a JSON pointer (RFC 6901); STORM_E_NOT_FOUND when there is none. */
  storm_rc (*get)(const storm_host*, const storm_call*, storm_str json_pointer, const storm_out*);
} storm_config_v1;

/* ---- "storm.host.status/1": what the operator should know about this instance's source ---- */
enum {
  STORM_SOURCE_CONNECTING = 0,
  STORM_SOURCE_LIVE = 1,     /* as fresh as it can be */
  STORM_SOURCE_DEGRADED = 2, /* works, by a slower way than it could; the summary says why */
  STORM_SOURCE_LOST = 3      /* cannot be reached; what is known is stale */
};
typedef struct storm_status_v1 {
  uint32_t size;
  uint32_t zero;
  /* `summary`: one line. `detail_json`: an object or empty. The last report stands. */
  void (*report)(const storm_host*, int32_t source, storm_str summary, storm_str detail_json);
} storm_status_v1;

/* ---- "storm.host.metrics/1" ---- */
enum { STORM_METRIC_COUNTER = 0, STORM_METRIC_GAUGE = 1 };
typedef struct storm_metrics_v1 {
  uint32_t size;
  uint32_t zero;
  /* Adds to a counter or sets a gauge of this instance. `name` is [a-z_]+ with its unit last
   * ("repairs_total"). At most 64 names per instance; further ones are dropped. */
  void (*record)(const storm_host*, uint32_t kind, storm_str name, double value);
} storm_metrics_v1;

#ifdef __cplusplus
}
#endif
#endif
