/* One object of each table and struct of the ABI, so that a tool which compares libraries sees them
 * all: tables are otherwise reached through void pointers only. */
#include "storm/executor.h"
#include "storm/host.h"
#include "storm/machine.h"
#include "storm/plugin.h"
#include "storm/publisher.h"
#include "storm/query_operator.h"
#include "storm/storage.h"

#define ANCHOR(type)               \
  extern const type anchor_##type; \
  STORM_EXPORT const type anchor_##type

ANCHOR(storm_host);
ANCHOR(storm_log_v1);
ANCHOR(storm_calls_v1);
ANCHOR(storm_clock_v1);
ANCHOR(storm_config_v1);
ANCHOR(storm_status_v1);
ANCHOR(storm_metrics_v1);
ANCHOR(storm_threads_v1);
ANCHOR(storm_query_v1);
ANCHOR(storm_plugin);
ANCHOR(storm_executor_v1);
ANCHOR(storm_machine_v1);
ANCHOR(storm_publisher_v1);
ANCHOR(storm_storage_v1);
ANCHOR(storm_queryop_v1);
ANCHOR(storm_resource);
ANCHOR(storm_batch);
