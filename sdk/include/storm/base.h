/* Perfect Storm plugin ABI: base types, result codes, the context of a call.
 *
 * Plain C11, also valid C++17. Fixed-width integers only; no bool, enum type, bitfield, long or
 * size_t. Every struct that may grow starts with `size`, set by whoever fills it in; it only ever
 * grows at its tail. Reserved members are zero. 64-bit little-endian targets only.
 *
 * OWNERSHIP, for every function of the ABI: arguments are borrowed and live until the call returns;
 * the callee copies what it keeps. Nothing allocated on one side is freed on the other.
 *
 * THREADS: each function carries one of these tags.
 *   [ctl]    serial per instance; must return by the deadline of its call.
 *   [work]   a host thread; concurrent with other [work] and [watch] calls of the same instance.
 *   [watch]  one host thread per (instance, scope); may block until its call is cancelled, and must
 *            return at most 2 s after that.
 *   [pure]   any thread, concurrently; no I/O, no waiting, bounded time.
 *   [any]    any thread, concurrently; does not wait.
 *   [wait]   any thread but one that is in a [pure] function; may wait, or read a file.
 * The tag of a function is part of its type: it never changes.
 *
 * ERRORS: a function says how it went by its storm_rc and, once per call, why by storm_host.fail.
 * Nothing is thrown and nobody unwinds across the ABI. A slot that is NULL, or that lies beyond the
 * `size` of its table, counts as STORM_E_UNSUPPORTED.
 */
#ifndef STORM_BASE_H
#define STORM_BASE_H

#include <stddef.h>
#include <stdint.h>

#define STORM_ABI_MAJOR 1 /* Base types, call and error rules. A host refuses another major. */
/* Only adds. A host refuses a plugin whose abi_min_minor is higher than this. */
#define STORM_ABI_MINOR 0

/* True when table or struct `t` (of type T) is large enough to hold member `m` and `m` is not null.
 */
#define STORM_HAS(T, t, m) ((t) && (t)->size >= offsetof(T, m) + sizeof((t)->m) && (t)->m)

#ifdef __cplusplus
extern "C" {
#endif

/* >= 0 is success, < 0 an error class. A code that is not listed here is treated as
 * STORM_E_INTERNAL. */
typedef int32_t storm_rc;
enum {
  STORM_OK = 0,
  STORM_YES = 1,
  STORM_E_INVALID = -1,     /* the caller's input is wrong */
  STORM_E_UNSUPPORTED = -2, /* this plugin does not do that */
  STORM_E_NOT_FOUND = -3,
  STORM_E_EXISTS = -4,
  STORM_E_CONFLICT =
      -5, /* the world has moved: an expected revision differs, a bookmark is too old */
  STORM_E_FENCED = -6, /* superseded by a newer holder; stop */
  STORM_E_DENIED = -7,
  STORM_E_AUTH = -8,
  STORM_E_QUOTA = -9,
  STORM_E_BUSY = -10,
  STORM_E_UNAVAILABLE = -11, /* the outside cannot be reached; trying again later may help */
  STORM_E_DEADLINE = -12,
  STORM_E_CANCELLED = -13,
  STORM_E_CORRUPT = -14,
  STORM_E_INTERNAL = -15
};

/* Thread classes, as found in storm_call.thread_class and told by the threads service. */
enum {
  STORM_T_NONE = 0, /* neither in a call of the host nor announced */
  STORM_T_CTL = 1,
  STORM_T_WORK = 2,
  STORM_T_WATCH = 3,
  STORM_T_PURE = 4,
  STORM_T_OWN = 5 /* a thread of the plugin that announced itself; never in a storm_call */
};

/* UTF-8 text or bytes: borrowed, not terminated. p may be NULL when n is 0. Frozen. */
typedef struct storm_str {
  const char* p;
  uint64_t n;
} storm_str;

/* A key and its value, both borrowed. Frozen. */
typedef struct storm_pair {
  storm_str key;
  storm_str value;
} storm_pair;

/* A borrowed array. `stride` is the writer's element size in bytes: element i starts at p + i *
 * stride. Frozen. */
typedef struct storm_list {
  const void* p;
  uint32_t n;
  uint32_t stride;
} storm_list;

typedef struct storm_inst storm_inst; /* a plugin instance, defined by the plugin */
typedef struct storm_error
    storm_error; /* where a call's failure is described, defined by the host */
typedef struct storm_cancel storm_cancel; /* a call's cancellation, defined by the host */

/* The context of every call that may block or fail. Valid until the call returns. */
typedef struct storm_call {
  uint32_t size;
  uint32_t thread_class;    /* STORM_T_* */
  int64_t deadline_mono_ns; /* on the clock service's mono_ns; INT64_MAX when there is none */
  storm_cancel* cancel;     /* for the calls service */
  storm_error* err;         /* for storm_host.fail */
  uint8_t op_id[16];        /* idempotency key, stable across retries of one operation */
  storm_str traceparent;    /* W3C trace context, may be empty */
} storm_call;

/* When trying again makes sense. */
enum { STORM_RETRY_NEVER = 0, STORM_RETRY_LATER = 1, STORM_RETRY_NOW = 2 };
/* Where a failure arose. */
enum {
  STORM_LAYER_UNKNOWN = 0,
  STORM_LAYER_CONFIG = 1,
  STORM_LAYER_AUTH = 2,
  STORM_LAYER_NETWORK = 3,
  STORM_LAYER_PROVIDER = 4,
  STORM_LAYER_PLUGIN = 5
};

/* What a plugin says about a failure. The host copies it. */
typedef struct storm_fault {
  uint32_t size;
  storm_rc code;
  uint32_t retry;          /* STORM_RETRY_* */
  uint32_t layer;          /* STORM_LAYER_* */
  uint64_t retry_after_ms; /* 0: no advice */
  storm_str message;       /* one line, for the operator: what, where, what to do */
  storm_str provider_code; /* the provider's own code, may be empty */
  storm_str detail_json;   /* may be empty */
} storm_fault;

/* A sink for a result of any length, written in chunks. A negative code from write ends the call
 * with that code. */
typedef struct storm_out {
  uint32_t size;
  uint32_t zero;
  void* ctx;
  storm_rc (*write)(const struct storm_out*,
                    storm_str chunk); /* on the thread of the call it was given to */
} storm_out;

#ifdef __cplusplus
}
#endif
#endif
