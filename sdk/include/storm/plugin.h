/* Perfect Storm plugin ABI: the descriptor and the one exported symbol.
 *
 * A plugin named NAME exports exactly one function, `storm_entry_NAME`, which returns a descriptor
 * in static storage. It has no side effects and may be called any number of times. A host calls it
 * only after the plugin's manifest and its ELF note (storm/note.h) said that major, minor and
 * interfaces fit; the descriptor must repeat what they said.
 *
 * Life of an instance: create -> start -> (calls of its interfaces) -> quiesce -> destroy.
 * The library is never unmapped.
 */
#ifndef STORM_PLUGIN_H
#define STORM_PLUGIN_H

#include "storm/base.h"
#include "storm/host.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct storm_plugin {
  uint32_t size;
  uint16_t abi_major;     /* STORM_ABI_MAJOR of the headers it was built with */
  uint16_t abi_minor;     /* STORM_ABI_MINOR of the headers it was built with */
  uint16_t abi_min_minor; /* the lowest host minor it works with */
  uint16_t runtime;       /* 0: native; 1: go (never loaded into stormd itself) */
  uint32_t zero;
  storm_str id;                 /* "executor.swarm": kind and name */
  storm_str version;            /* of the plugin, semver */
  storm_str config_schema_json; /* JSON Schema of `config_json`; may be empty */
  const char* const* provides;  /* interface ids, NULL at the end: "storm.executor/1", ... */
  /* The interface table by id; NULL for one that is not provided. Same answer every time. [any] */
  const void* (*iface)(const char* id);
  /* Makes an instance from its configuration. No I/O. `host` stays valid until destroy returns.
   * [ctl] */
  storm_rc (*create)(const storm_host* host, const storm_call*, storm_str config_json,
                     storm_inst** out);
  /* May open connections. `carried_state` is what quiesce of an earlier instance wrote, or empty.
   * [ctl] */
  storm_rc (*start)(storm_inst*, const storm_call*, storm_str carried_state);
  /* Takes a new configuration, all or nothing. NULL: the host makes a new instance instead. [ctl]
   */
  storm_rc (*reconfigure)(storm_inst*, const storm_call*, storm_str config_json);
  /* Ends all work and joins every thread of the instance; called after all its other calls
   * returned. [ctl] */
  storm_rc (*quiesce)(storm_inst*, const storm_call*, const storm_out* carried_state);
  /* Frees the instance. [ctl] */
  void (*destroy)(storm_inst*);
} storm_plugin;

/* Type of the exported function `storm_entry_NAME`. NULL: cannot work with such a host. */
typedef const storm_plugin* (*storm_entry_fn)(uint32_t host_major, uint32_t host_minor);

#if defined(__cplusplus)
#define STORM_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define STORM_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
}
#endif
#endif
