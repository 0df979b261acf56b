/* What the Go side needs of C: an instance, and calls through pointers of functions, which Go
 * cannot make itself. Texts are borrowed until the call returns.
 */
#ifndef THIS_MACHINE_PLUGIN_H
#define THIS_MACHINE_PLUGIN_H

#include "storm/executor.h"

struct storm_inst {
  const storm_host* host;
  const storm_calls_v1* calls;
  const storm_clock_v1* clock;
  int64_t every; /* seconds */
};

int64_t plugin_mono_ns(const storm_inst*);
storm_rc plugin_fail(const storm_host*, const storm_call*, storm_rc code, uint32_t layer,
                     char* message);
storm_rc plugin_sleep(const storm_inst*, const storm_call*, int64_t seconds);
/* One machine of this name, in a batch with these flags. */
storm_rc plugin_publish(const storm_inst*, const storm_call*, const storm_feed*, storm_str scope,
                        uint32_t flags, uint64_t epoch, char* name, char* snapshot);

#endif
