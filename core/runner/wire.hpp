// The messages of wire.fbs as plain values. Texts of a message that was read are views into its
// frame. Reading checks every length and offset first, within limits of depth and of tables, so a
// hostile frame is an Error whose message begins with its id ("message.format: ...").
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.hpp"
#include "storm/executor.h"

namespace storm::runner {

// Raised with a change that the other side would misread.
inline constexpr std::uint32_t kProtocol = 1;
inline constexpr std::size_t kMessageDepthMax = 8;
// A table for each resource of a batch, and what is around them.
inline constexpr std::size_t kMessageTablesMax = 10'000 + 16;

enum class Function : std::uint8_t {
  Create,
  Start,
  Reconfigure,
  Quiesce,
  Destroy,
  Describe,
  Sync,
  Watch,
  Invoke,
  Recover
};
inline constexpr std::size_t kFunctions = 10;
// "create", ...
std::string_view name_of(Function function);

struct FaultWords {
  storm_rc code = STORM_E_INTERNAL;
  std::uint32_t retry = STORM_RETRY_NEVER;
  std::uint32_t layer = STORM_LAYER_UNKNOWN;
  std::uint64_t retry_after_ms = 0;
  std::string_view message;
  std::string_view provider_code;
  std::string_view detail_json;
};

struct Hello {
  std::uint32_t protocol = kProtocol;
  std::string_view version;  // of the program
};
// Everything that a runner needs before it maps the plugin. Answered by Finished.
struct Setup {
  std::string_view manifest, library, entry, id, kind, name, plugin_version, runtime;
  std::uint16_t abi_major = 0, abi_built = 0, abi_min = 0;
  std::vector<std::string_view> provides, needs;
  std::string_view instance, host_version, config_json;
  std::int32_t log_level = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t tasks = 0, nofile = 0;
  std::uint32_t user = 0;  // 0: the one that stormd has
};
// Answered by Finished, under the same number.
struct Call {
  Function function = Function::Create;
  std::uint32_t thread_class = 0;
  std::int64_t left_ns = INT64_MAX;  // until its deadline; INT64_MAX: none
  std::array<std::uint8_t, 16> op_id = {};
  std::string_view scope;
  std::string_view text;  // configuration, carried state or bookmark
  std::string_view procedure, target, params, token;
  std::uint32_t flags = 0;
};
struct Cancel {};
// To a Publish.
struct Answer {
  storm_rc code = STORM_OK;
  std::optional<FaultWords> fault;
};
struct Ping {
  std::uint64_t sequence = 0;
};
struct Finished {
  storm_rc code = STORM_OK;
  std::optional<FaultWords> fault;
  std::string_view output;
  std::uint32_t functions = 0;  // after Setup: a bit for each Function that the plugin has
};
// A batch whose lists point into this very value: it is moved, never copied.
struct Publish {
  Publish() = default;
  Publish(Publish&&) = default;
  Publish& operator=(Publish&&) = default;

  storm_batch batch() const;

  std::uint32_t flags = 0;
  std::string_view scope, bookmark;
  std::uint64_t epoch = 0;
  std::vector<storm_str> names;  // of all resources, one after the other
  std::vector<storm_resource> upserts;
  std::vector<storm_removal> removals;
};
struct Log {
  std::int32_t level = 0;
  std::string_view text;
  std::uint64_t dropped = 0;  // lines before this one
};
struct Status {
  std::int32_t source = 0;
  std::string_view summary, detail_json;
};
struct Metric {
  bool counter = false;
  std::string_view name;
  double value = 0;  // a counter's growth, a gauge's value
};
struct Pong {
  std::uint64_t sequence = 0;
};

using Body = std::variant<Hello, Setup, Call, Cancel, Answer, Ping, Finished, Publish, Log, Status,
                          Metric, Pong>;

struct Message {
  std::uint64_t epoch = 0;  // of the registration that it belongs to
  std::uint64_t call = 0;   // 0: of none
  Body body;
};

using Bytes = std::span<const std::byte>;

// Hands the bytes on and returns what `use` says of them.
Result<void> write_message(const Message& message, const std::function<Result<void>(Bytes)>& use);
// The same for a batch of a plugin, whose structs are checked only as far as they have to be read;
// InvalidArgument when they cannot be.
Result<void> write_batch(std::uint64_t epoch, std::uint64_t call, const storm_batch& batch,
                         const std::function<Result<void>(Bytes)>& use);
// Requires: `bytes` are aligned to 8 and outlive the message.
Result<Message> read_message(Bytes bytes);

}  // namespace storm::runner
