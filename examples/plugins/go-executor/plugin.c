/* The descriptor and tables of this_machine in C, and the calls that Go makes through them. */
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "storm/note.h"

#define VERSION "0.1.0"

STORM_NOTE("executor.this_machine", VERSION, "go", "storm.executor/1",
           "storm.host.calls/1 storm.host.clock/1");

static storm_str text(const char* words) {
  storm_str out = {words, strlen(words)};
  return out;
}

/* ---- what Go calls ---- */

int64_t plugin_mono_ns(const storm_inst* self) { return self->clock->mono_ns(self->host); }

storm_rc plugin_fail(const storm_host* host, const storm_call* call, storm_rc code, uint32_t layer,
                     char* message) {
  storm_fault fault = {0};
  fault.size = sizeof fault;
  fault.code = code;
  fault.layer = layer;
  fault.message = text(message);
  host->fail(host, call->err, &fault);
  return code;
}

storm_rc plugin_sleep(const storm_inst* self, const storm_call* call, int64_t seconds) {
  return self->calls->sleep(self->host, call, seconds * INT64_C(1000000000));
}

storm_rc plugin_publish(const storm_inst* self, const storm_call* call, const storm_feed* feed,
                        storm_str scope, uint32_t flags, uint64_t epoch, char* name,
                        char* snapshot) {
  storm_str names[1];
  storm_resource machine = {0};
  storm_batch batch = {0};
  names[0] = text(name);
  machine.size = sizeof machine;
  machine.uid = text(name); /* unique within this instance, and the same for ever */
  machine.type = text("machine");
  machine.names.p = names;
  machine.names.n = 1;
  machine.names.stride = sizeof names[0];
  machine.status = STORM_STATUS_RUNNING;
  machine.health = STORM_HEALTH_HEALTHY;
  machine.observed_wall_ns = self->clock->wall_ns(self->host);
  machine.snapshot_json = text(snapshot);
  batch.size = sizeof batch;
  batch.flags = flags;
  batch.scope = scope;
  batch.epoch = epoch;
  batch.upserts.p = &machine;
  batch.upserts.n = 1;
  batch.upserts.stride = sizeof machine;
  return feed->publish(feed, call, &batch);
}

/* ---- life of an instance ---- */

static storm_rc create(const storm_host* host, const storm_call* call, storm_str config_json,
                       storm_inst** out) {
  const storm_calls_v1* calls = host->service(host, "storm.host.calls/1");
  const storm_clock_v1* clock = host->service(host, "storm.host.clock/1");
  int64_t every;
  storm_inst* self;
  if (!STORM_HAS(storm_calls_v1, calls, sleep) || !STORM_HAS(storm_clock_v1, clock, mono_ns)) {
    return plugin_fail(host, call, STORM_E_UNSUPPORTED, STORM_LAYER_PLUGIN,
                       "the host must grant storm.host.calls/1 and storm.host.clock/1");
  }
  every = goEvery((storm_host*)host, (storm_call*)call, config_json);
  if (every < 0) return (storm_rc)every;
  self = calloc(1, sizeof *self);
  if (!self) return plugin_fail(host, call, STORM_E_INTERNAL, STORM_LAYER_PLUGIN, "out of memory");
  self->host = host;
  self->calls = calls;
  self->clock = clock;
  self->every = every;
  *out = self;
  return STORM_OK;
}

static storm_rc start(storm_inst* self, const storm_call* call, storm_str carried_state) {
  (void)self, (void)call, (void)carried_state;
  return STORM_OK;
}

static storm_rc quiesce(storm_inst* self, const storm_call* call, const storm_out* carried_state) {
  (void)self, (void)call, (void)carried_state;
  return STORM_OK;
}

static void destroy(storm_inst* self) { free(self); }

/* ---- storm.executor/1 ---- */

static storm_rc describe(storm_inst* self, const storm_call* call, const storm_out* json) {
  (void)self, (void)call;
  return json->write(json, text("{\"agent_type\": \"this_machine\", \"types\": [\"machine\"]}"));
}

static storm_rc watch(storm_inst* self, const storm_call* call, storm_str scope, storm_str bookmark,
                      const storm_feed* feed) {
  (void)bookmark;
  return goWatch(self, (storm_call*)call, scope, (storm_feed*)feed);
}

static const storm_executor_v1 kExecutor = {
    sizeof(storm_executor_v1), 0, describe, NULL, watch, NULL, NULL,
};

/* ---- what the library exports ---- */

static const char* const kProvides[] = {STORM_EXECUTOR_V1, NULL};

static const void* iface(const char* id) {
  return strcmp(id, STORM_EXECUTOR_V1) == 0 ? &kExecutor : NULL;
}

#define STR(words) \
  { words, sizeof(words) - 1 }
static const storm_plugin kPlugin = {
    .size = sizeof(storm_plugin),
    .abi_major = STORM_ABI_MAJOR,
    .abi_minor = STORM_ABI_MINOR,
    .runtime = 1, /* go: never loaded into stormd itself */
    .id = STR("executor.this_machine"),
    .version = STR(VERSION),
    .provides = kProvides,
    .iface = iface,
    .create = create,
    .start = start,
    .quiesce = quiesce,
    .destroy = destroy,
};

STORM_EXPORT const storm_plugin* storm_entry_this_machine(uint32_t host_major, uint32_t host_minor);
const storm_plugin* storm_entry_this_machine(uint32_t host_major, uint32_t host_minor) {
  (void)host_minor;
  return host_major == STORM_ABI_MAJOR ? &kPlugin : NULL;
}
