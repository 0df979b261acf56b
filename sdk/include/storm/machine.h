/* Perfect Storm plugin ABI: "storm.machine/1", makes and ends the machines that clouds run on.
 *
 * A plugin of the kind "machine". What it makes it usually also shows as resources, by providing
 * storm.executor/1 beside this; `uid` is then the same in both. All functions are [work]: they run
 * concurrently, wait at most until the deadline of their call and end early when it is cancelled.
 * JSON that a function writes is one object of at most 1 MiB. A function that is NULL is not
 * supported; `spawn` and `destroy` are required.
 *
 * Every function that changes something may be called again with the same storm_call.op_id, after a
 * time-out or a restart of either side: it then does nothing twice and answers as the first did.
 */
#ifndef STORM_MACHINE_H
#define STORM_MACHINE_H

#include "storm/plugin.h"

#define STORM_MACHINE_V1 "storm.machine/1"

#ifdef __cplusplus
extern "C" {
#endif

/* What is wanted of a machine. Empty texts and zeros: as the offer, or else the plugin, has it. */
typedef struct storm_machine_spec {
  uint32_t size;
  uint32_t cpus;         /* at least */
  uint64_t memory_bytes; /* at least */
  uint64_t disk_bytes;   /* at least */
  storm_str name;        /* 1 to 63 bytes of [a-z0-9-]; unique among the machines of an instance */
  storm_str offer;       /* id of an offer that `available` told */
  storm_str image;       /* what it boots: the provider's name of it, or what `snapshot` answered */
  storm_str boot_script; /* run at its first boot; at most 64 KiB; may hold secrets: do not log */
  storm_list labels;     /* storm_pair[]; 64 at most; the provider keeps them with the machine */
  storm_str options_json; /* an object of the provider's own settings, or empty */
} storm_machine_spec;

/* A program to run on a machine. */
typedef struct storm_exec {
  uint32_t size;
  uint32_t flags;         /* zero */
  storm_list arguments;   /* storm_str[]; the first is the program; 256 at most; no shell */
  storm_list environment; /* storm_pair[]; 256 at most; may hold secrets: do not log */
  storm_str input;        /* its standard input; at most 1 MiB */
} storm_exec;

enum { STORM_EXEC_OUTPUT = 1, STORM_EXEC_ERRORS = 2 };

/* Where a program's output goes as it comes, and how it ended. */
typedef struct storm_exec_sink {
  uint32_t size;
  uint32_t zero;
  void* ctx;
  /* `stream` is STORM_EXEC_*. A negative code: stop, and return that code. On the thread of the
   * call. */
  storm_rc (*write)(const struct storm_exec_sink*, uint32_t stream, storm_str chunk);
} storm_exec_sink;

typedef struct storm_machine_v1 {
  uint32_t size;
  uint32_t caps; /* zero */
  /* What could be made now: {"offers": [{"id": "small", "cpus": 2, "memory_bytes": 4294967296,
   * "disk_bytes": 0, "left": 3, "price": "0.01 EUR/h"}]}; `left` and `price` may be missing.
   * `wanted` NULL: everything; else only what satisfies it, none being no error. [work] */
  storm_rc (*available)(storm_inst*, const storm_call*, const storm_machine_spec* wanted,
                        const storm_out* json);
  /* Makes a machine and returns when it exists; it may still be booting. Answers {"uid": "...",
   * "state": "booting"|"running", "addresses": [...]}. STORM_E_EXISTS: the name is taken by
   * another; STORM_E_QUOTA: there is no room; STORM_E_NOT_FOUND: no such offer or image. What was
   * begun by a call that fails is taken back. [work] */
  storm_rc (*spawn)(storm_inst*, const storm_call*, const storm_machine_spec*,
                    const storm_out* json);
  /* Ends a machine for good and returns when it is gone. One that is not there is no error. [work]
   */
  storm_rc (*destroy)(storm_inst*, const storm_call*, storm_str uid);
  /* Keeps the machine's disk under a name, 1 to 63 bytes of [a-z0-9-]; answers {"image": "..."},
   * which `spawn` takes. The machine goes on, or is stopped for it, as the provider must. [work] */
  storm_rc (*snapshot)(storm_inst*, const storm_call*, storm_str uid, storm_str name,
                       const storm_out* json);
  /* Where it is reached: {"addresses": [{"kind": "private"|"public", "address": "10.0.0.7"}]}.
   * STORM_E_BUSY with retry_after_ms: it has none yet. STORM_E_NOT_FOUND: no such machine. [work]
   */
  storm_rc (*address)(storm_inst*, const storm_call*, storm_str uid, const storm_out* json);
  /* Runs a program to its end; *exit_status is 0 to 255, or 128 and the signal. When the call is
   * cancelled the program is ended. Not repeated by op_id: the host never calls it twice. [work] */
  storm_rc (*exec)(storm_inst*, const storm_call*, storm_str uid, const storm_exec*,
                   const storm_exec_sink*, int32_t* exit_status);
} storm_machine_v1;

#ifdef __cplusplus
}
#endif
#endif
