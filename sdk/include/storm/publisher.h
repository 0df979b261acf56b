/* Perfect Storm plugin ABI: "storm.publisher/1", keeps something outside equal to a slice of the
 * model: a load balancer, a name server, a file, a webhook.
 *
 * The host keeps publications: a name, a specification, and the group whose members are published.
 * It calls `ensure` with all of it when a publication is new, its specification changes, or nobody
 * knows what the outside looks like (after a restart, after a failure); between that, `feed` with
 * the members that came, changed and went. A plugin without `feed` gets an `ensure` instead. Calls
 * about one publication never overlap; calls about different ones do. All functions are [work].
 *
 * When a call fails the host waits (1 s, doubling to 60 s, or retry_after_ms) and calls `ensure`
 * with what is true by then. Members of a source that is in doubt are marked stale and are still
 * members: whether to keep serving them is what `spec_json` decides.
 */
#ifndef STORM_PUBLISHER_H
#define STORM_PUBLISHER_H

#include "storm/plugin.h"

#define STORM_PUBLISHER_V1 "storm.publisher/1"

#ifdef __cplusplus
extern "C" {
#endif

enum { STORM_M_STALE = 1 }; /* flag of a member: its source is in doubt */

/* One member of a group. Status and health as in storm/executor.h. */
typedef struct storm_member {
  uint32_t size;
  uint32_t flags;          /* STORM_M_* */
  storm_str id;            /* in the model; stays the same for the life of the resource */
  storm_str type;          /* "swarm-task" */
  storm_str image;         /* may be empty */
  storm_list names;        /* storm_str[] */
  int32_t status;          /* STORM_STATUS_* */
  int32_t health;          /* STORM_HEALTH_* */
  uint64_t revision;       /* of the model, when the member last changed */
  storm_str resource_json; /* the whole resource as the REST interface shows it; secrets redacted */
} storm_member;

/* What is to be outside. At most 100,000 members and 64 MiB. */
typedef struct storm_publication {
  uint32_t size;
  uint32_t flags;      /* zero */
  storm_str name;      /* unique within the instance; 1 to 128 bytes */
  storm_str spec_json; /* an object by the schema that `describe` told */
  storm_str group;     /* name of the group */
  uint64_t revision;   /* of the model that the members were read at */
  storm_list members;  /* storm_member[], by id */
} storm_publication;

/* What changed since the last call about this publication that succeeded. At most 10,000 members;
 * more come as an `ensure`. */
typedef struct storm_member_change {
  uint32_t size;
  uint32_t flags;         /* zero */
  storm_str name;         /* of the publication */
  uint64_t base_revision; /* of the last call about it that succeeded */
  uint64_t revision;      /* what is true at this revision */
  storm_list members;     /* storm_member[]: new ones, and changed ones as they are now */
  storm_list gone;        /* storm_str[]: ids of those that are no members any more */
} storm_member_change;

typedef struct storm_publisher_v1 {
  uint32_t size;
  uint32_t caps; /* zero */
  /* Writes a JSON object: {"publisher_type": "haproxy", "spec_schema": {...}}. No I/O. [work] */
  storm_rc (*describe)(storm_inst*, const storm_call*, const storm_out* json);
  /* Makes the outside equal to the publication, whatever it was before; does nothing when it
   * already is. Writes a JSON object about it, such as {"address": "10.0.0.2:80"}, or nothing.
   * STORM_E_INVALID: the specification is wrong; not tried again until it changes. [work] */
  storm_rc (*ensure)(storm_inst*, const storm_call*, const storm_publication*,
                     const storm_out* json);
  /* Takes a publication away. One that is not there is no error. [work] */
  storm_rc (*retract)(storm_inst*, const storm_call*, storm_str name);
  /* Looks at what is outside and changes nothing: {"state": "in_sync"|"drifted"|"absent", "detail":
   * "..."}. The host answers drift with `ensure`. May be NULL. [work] */
  storm_rc (*probe)(storm_inst*, const storm_call*, storm_str name, const storm_out* json);
  /* Applies a change. STORM_E_CONFLICT: base_revision is not what the plugin has; the host calls
   * `ensure`. May be NULL. [work] */
  storm_rc (*feed)(storm_inst*, const storm_call*, const storm_member_change*);
} storm_publisher_v1;

#ifdef __cplusplus
}
#endif
#endif
