/* this_machine: an executor in one file of C. Its only resource is the machine that it runs on,
 * with its uptime, load and memory; it tells them again every few seconds.
 *
 * The host calls `describe` once and then `watch`, on a thread of its own, until it cancels that
 * call. To follow a cloud of yours, begin at publish(): list what there is, then tell what changes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "storm/executor.h"

enum { kSecondsDefault = 5, kSecondsMax = 3600, kHostNameMax = 255, kSnapshotMax = 1024 };

static const char kConfigSchema[] =
    "{\"type\": \"object\", \"properties\": {\"every\": {\"type\": \"integer\", \"minimum\": 1, "
    "\"maximum\": 3600, \"description\": \"Seconds from one look at the machine to the next.\"}}}";

struct storm_inst {
  const storm_host* host;
  const storm_calls_v1* calls;
  const storm_clock_v1* clock;
  long every; /* seconds */
};

static storm_str text(const char* words) {
  storm_str out = {words, strlen(words)};
  return out;
}

/* Says why a call failed, and answers its code. */
static storm_rc fail(const storm_host* host, const storm_call* call, storm_rc code, uint32_t layer,
                     const char* message) {
  storm_fault fault = {0};
  fault.size = sizeof fault;
  fault.code = code;
  fault.layer = layer;
  fault.message = text(message);
  host->fail(host, call->err, &fault);
  return code;
}

/* ---- settings ---- */

typedef struct number_text {
  char bytes[24];
  size_t used;
} number_text;

static storm_rc take_number(const storm_out* out, storm_str chunk) {
  number_text* number = out->ctx;
  if (chunk.n >= sizeof number->bytes - number->used) return STORM_E_QUOTA;
  memcpy(number->bytes + number->used, chunk.p, chunk.n);
  number->used += chunk.n;
  return STORM_OK;
}

/* The name of the first setting that is not `every`, or what is left where there is none. Requires:
 * the value of `every`, if it is there, is a number. */
static storm_str find_unknown(storm_str config) {
  const char* at = config.p;
  const char* const end = config.p + config.n;
  storm_str name = {at, 0};
  while (at < end) {
    const char* quote = memchr(at, '"', (size_t)(end - at));
    const char* close = quote ? memchr(quote + 1, '"', (size_t)(end - quote - 1)) : NULL;
    if (!close) break;
    name.p = quote + 1;
    name.n = (uint64_t)(close - name.p);
    if (name.n != 5 || memcmp(name.p, "every", 5) != 0) return name;
    at = close + 1;
  }
  name.n = 0;
  return name;
}

/* A map, in which there is nothing but `every`. */
static storm_rc check_settings(const storm_host* host, const storm_call* call, storm_str config) {
  char message[160];
  storm_str unknown;
  if (config.n > 0 && (*config.p != '{' || config.n < 2 || config.p[config.n - 1] != '}')) {
    return fail(host, call, STORM_E_INVALID, STORM_LAYER_CONFIG,
                "config must be a map, such as {every: 5}");
  }
  unknown = find_unknown(config);
  if (unknown.n == 0) return STORM_OK;
  snprintf(message, sizeof message, "unknown setting \"%.*s\"; there is only \"every\"",
           unknown.n < 80 ? (int)unknown.n : 80, unknown.p);
  return fail(host, call, STORM_E_INVALID, STORM_LAYER_CONFIG, message);
}

/* `every` of the configuration, which the host reads for us: no parser of JSON is needed. */
static storm_rc read_every(const storm_host* host, const storm_call* call, long* every) {
  const storm_config_v1* config = host->service(host, "storm.host.config/1");
  number_text number = {{0}, 0};
  storm_out out = {sizeof(storm_out), 0, &number, take_number};
  storm_rc rc = STORM_E_NOT_FOUND;
  char* end = number.bytes;
  *every = kSecondsDefault;
  if (STORM_HAS(storm_config_v1, config, get)) rc = config->get(host, call, text("/every"), &out);
  if (rc == STORM_E_NOT_FOUND) return STORM_OK;
  if (rc >= 0) *every = strtol(number.bytes, &end, 10);
  if (rc < 0 || end == number.bytes || *end != '\0' || *every < 1 || *every > kSecondsMax) {
    return fail(host, call, STORM_E_INVALID, STORM_LAYER_CONFIG,
                "\"every\" must be a whole number of seconds from 1 to 3600");
  }
  return STORM_OK;
}

/* ---- life of an instance ---- */

static storm_rc create(const storm_host* host, const storm_call* call, storm_str config_json,
                       storm_inst** out) {
  const storm_calls_v1* calls = host->service(host, "storm.host.calls/1");
  const storm_clock_v1* clock = host->service(host, "storm.host.clock/1");
  long every = 0;
  storm_rc rc;
  storm_inst* self;
  if (!STORM_HAS(storm_calls_v1, calls, sleep) || !STORM_HAS(storm_clock_v1, clock, mono_ns)) {
    return fail(host, call, STORM_E_UNSUPPORTED, STORM_LAYER_PLUGIN,
                "the host must grant storm.host.calls/1 and storm.host.clock/1");
  }
  rc = read_every(host, call, &every);
  if (rc >= 0) rc = check_settings(host, call, config_json);
  if (rc < 0) return rc;
  self = calloc(1, sizeof *self);
  if (!self) return fail(host, call, STORM_E_INTERNAL, STORM_LAYER_PLUGIN, "out of memory");
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

/* A host name is letters, digits, dots and hyphens; anything else could break the JSON below. */
static void read_host_name(char* name, size_t size) {
  char* at;
  if (gethostname(name, size) != 0) snprintf(name, size, "localhost");
  name[size - 1] = '\0';
  for (at = name; *at; ++at) {
    const int plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                      (*at >= '0' && *at <= '9') || *at == '.' || *at == '-';
    if (!plain) *at = '-';
  }
  if (!*name) snprintf(name, size, "localhost");
}

/* One batch with the machine as it is now. */
static storm_rc publish(storm_inst* self, const storm_call* call, storm_str scope,
                        const storm_feed* feed, uint32_t flags, uint64_t epoch) {
  char name[kHostNameMax + 1];
  char snapshot[kSnapshotMax];
  struct sysinfo now;
  storm_str names[1];
  storm_resource machine = {0};
  storm_batch batch = {0};
  uint64_t load; /* of the last minute, in hundredths */
  if (sysinfo(&now) != 0) {
    return fail(self->host, call, STORM_E_UNAVAILABLE, STORM_LAYER_PROVIDER, "sysinfo() failed");
  }
  read_host_name(name, sizeof name);
  load = (uint64_t)now.loads[0] * 100 >> SI_LOAD_SHIFT;
  snprintf(snapshot, sizeof snapshot,
           "{\"host\": \"%s\", \"uptime_s\": %" PRIu64 ", \"load\": %" PRIu64 ".%02" PRIu64
           ", \"processes\": %" PRIu64 ", \"memory_bytes\": %" PRIu64
           ", \"memory_free_bytes\": %" PRIu64 "}",
           name, (uint64_t)now.uptime, load / 100, load % 100, (uint64_t)now.procs,
           (uint64_t)now.totalram * now.mem_unit, (uint64_t)now.freeram * now.mem_unit);

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

static storm_rc watch(storm_inst* self, const storm_call* call, storm_str scope, storm_str bookmark,
                      const storm_feed* feed) {
  /* The first batch is a full listing: what it does not have is gone. */
  const uint64_t epoch = (uint64_t)self->clock->mono_ns(self->host);
  uint32_t flags = STORM_B_SYNC_BEGIN | STORM_B_SYNC_END;
  (void)bookmark;
  for (;;) {
    const storm_rc rc = publish(self, call, scope, feed, flags, epoch);
    if (rc == STORM_E_CANCELLED || rc == STORM_E_FENCED) return STORM_OK;
    if (rc < 0) return rc;
    flags = 0;
    /* Ends at once when the host cancels the call. */
    if (self->calls->sleep(self->host, call, self->every * INT64_C(1000000000)) < 0)
      return STORM_OK;
  }
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
    .abi_min_minor = 0,
    .id = STR("executor.this_machine"),
    .version = STR(STORM_PLUGIN_VERSION), /* from CMakeLists.txt */
    .config_schema_json = STR(kConfigSchema),
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
