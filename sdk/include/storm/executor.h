/* Perfect Storm plugin ABI: "storm.executor/1", a source of resources and a doer of procedures.
 *
 * The host calls, per instance and scope: `sync` (if there is one) for a first full listing, then
 * `watch`, which follows the source until it is cancelled. When `watch` returns an error the host
 * marks the scope stale, waits (1 s, doubling to 30 s, or retry_after_ms) and begins again. A
 * plugin that must list after its watch stands (most do) leaves `sync` NULL and brackets its own
 * listings with STORM_B_SYNC_BEGIN and STORM_B_SYNC_END inside `watch`.
 */
#ifndef STORM_EXECUTOR_H
#define STORM_EXECUTOR_H

#include "storm/plugin.h"

#define STORM_EXECUTOR_V1 "storm.executor/1"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  STORM_STATUS_UNKNOWN = 0,
  STORM_STATUS_CREATING = 1,
  STORM_STATUS_CREATED = 2,
  STORM_STATUS_STARTING = 3,
  STORM_STATUS_RUNNING = 4,
  STORM_STATUS_UPDATING = 5,
  STORM_STATUS_UPDATED = 6,
  STORM_STATUS_STOPPING = 7,
  STORM_STATUS_STOPPED = 8,
  STORM_STATUS_REMOVING = 9,
  STORM_STATUS_ERROR = 10
};
enum { STORM_HEALTH_UNKNOWN = 0, STORM_HEALTH_HEALTHY = 1, STORM_HEALTH_UNHEALTHY = 2 };

enum {
  STORM_R_STALE = 1
}; /* flag of a resource: its content is known to be behind the provider's */

/* One thing in a cloud. `uid` is the provider's id, unique within the instance; the other uids
 * refer to resources of the same instance, in this batch or any other, and may be empty. */
typedef struct storm_resource {
  uint32_t size;
  uint32_t flags; /* STORM_R_* */
  storm_str uid;  /* 1 to 512 bytes */
  storm_str type; /* "swarm-task" */
  storm_str parent_uid;
  storm_str cluster_uid;
  storm_str host_uid; /* what it runs on */
  storm_list names;   /* storm_str[]; 64 at most, in the order to be shown */
  storm_str image; /* canonical, without digest: "library/postgres:9.6"; empty when it has none */
  storm_str image_digest; /* "sha256:..." or empty */
  int32_t status;         /* STORM_STATUS_* */
  int32_t health;         /* STORM_HEALTH_* */
  uint64_t revision; /* the provider's; 0: not known. The host drops a lower one than it knows of
                      * a resource that is not stale: a provider put back begins in the past */
  int64_t observed_wall_ns; /* when the provider wrote this state, by its own clock; 0: not known */
  storm_str snapshot_json;  /* the provider's own object, its bytes; the host redacts secrets */
} storm_resource;

typedef struct storm_removal {
  uint32_t size;
  uint32_t zero;
  storm_str uid;
} storm_removal;

enum {
  STORM_B_SYNC_BEGIN = 1, /* a full listing of the scope starts with this batch */
  STORM_B_SYNC_END =
      2, /* it is complete: what it did not mention is removed, staleness of the scope ends */
  STORM_B_STALE =
      4 /* the source is in doubt: everything of the scope is stale until the next SYNC_END */
};

/* One transaction on the model: seen whole or not at all. At most 10,000 resources and 64 MiB;
 * split larger ones. */
typedef struct storm_batch {
  uint32_t size;
  uint32_t flags; /* STORM_B_* */
  storm_str scope;
  uint64_t epoch;      /* of a listing; a listing that a later SYNC_BEGIN overtook prunes nothing */
  storm_list upserts;  /* storm_resource[] */
  storm_list removals; /* storm_removal[] */
  storm_str bookmark;  /* where `watch` can continue; may be empty */
} storm_batch;

typedef struct storm_feed {
  uint32_t size;
  uint32_t zero;
  void* ctx;
  /* Copies the batch into the host; waits while the model is behind. STORM_E_FENCED: superseded,
   * return. STORM_E_INVALID: the batch breaks a rule of this header and nothing of it was taken.
   * [wait] */
  storm_rc (*publish)(const struct storm_feed*, const storm_call*, const storm_batch*);
} storm_feed;

typedef struct storm_op {
  uint32_t size;
  uint32_t flags;
  storm_str procedure; /* type of the procedure */
  storm_str target_uid;
  storm_str params_json;
  storm_str recovery_token; /* only for `recover`; what save_token kept, or empty */
} storm_op;
typedef storm_rc (*storm_op_fn)(storm_inst*, const storm_call*, const storm_op*,
                                const storm_out* result_json);

typedef struct storm_executor_v1 {
  uint32_t size;
  uint32_t caps; /* zero */
  /* Writes a JSON object: {"agent_type": "swarm", "options": {...}, "scopes": ["..."], "types":
   * ["swarm-task", ...]}. `scopes` absent or empty: one scope, the empty string. No I/O. [work] */
  storm_rc (*describe)(storm_inst*, const storm_call*, const storm_out* json);
  /* Publishes a full listing of the scope, bracketed by SYNC_BEGIN and SYNC_END. May be NULL.
   * [work] */
  storm_rc (*sync)(storm_inst*, const storm_call*, storm_str scope, const storm_feed*);
  /* Follows the scope until cancelled. STORM_E_CONFLICT: the bookmark is too old, list again.
   * [watch] */
  storm_rc (*watch)(storm_inst*, const storm_call*, storm_str scope, storm_str bookmark,
                    const storm_feed*);
  storm_op_fn invoke;  /* runs a procedure. May be NULL. [work] */
  storm_op_fn recover; /* settles an operation whose host or plugin died. May be NULL. [work] */
} storm_executor_v1;

#ifdef __cplusplus
}
#endif
#endif
