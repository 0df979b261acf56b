#include "core/runner/wire.hpp"

#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>

#include <string>
#include <utility>

#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/discovery_reader.hpp"
#include "core/runner/wire_generated.h"

namespace storm::runner {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using Text = Offset<flatbuffers::String>;
using Texts = Offset<flatbuffers::Vector<Text>>;

constexpr std::size_t kBuilderBytes = 1024;
constexpr std::size_t kTextBytesMax = kBookmarkBytesMax;  // the longest but snapshots
constexpr std::size_t kResourceBytes = 192;  // of a resource in a message, beside its texts

Error unreadable(const std::string& what) { return Error{Errc::PluginFault, "message." + what}; }

std::string_view view(const flatbuffers::String* text) {
  return text ? std::string_view(text->c_str(), text->size()) : std::string_view();
}

// An empty text is left out.
Text put(FlatBufferBuilder& out, std::string_view text) {
  return text.empty() ? Text() : out.CreateString(text.data(), text.size());
}

Texts put_all(FlatBufferBuilder& out, const std::vector<std::string_view>& texts) {
  std::vector<Text> offsets;
  offsets.reserve(texts.size());
  for (const std::string_view text : texts) {
    offsets.push_back(out.CreateString(text.data(), text.size()));
  }
  return out.CreateVector(offsets);
}

Offset<wire::FaultTable> put(FlatBufferBuilder& out, const std::optional<FaultWords>& fault) {
  if (!fault) return {};
  const Text message = put(out, fault->message);
  const Text provider_code = put(out, fault->provider_code);
  const Text detail = put(out, fault->detail_json);
  return wire::CreateFaultTable(out, fault->code, fault->retry, fault->layer, fault->retry_after_ms,
                                message, provider_code, detail);
}

std::optional<FaultWords> fault_of(const wire::FaultTable* table) {
  if (!table) return std::nullopt;
  FaultWords fault;
  fault.code = table->code();
  fault.retry = table->retry();
  fault.layer = table->layer();
  fault.retry_after_ms = table->retry_after_ms();
  fault.message = view(table->message());
  fault.provider_code = view(table->provider_code());
  fault.detail_json = view(table->detail());
  return fault;
}

// One overload for each kind of message.
struct Writer {
  FlatBufferBuilder& out;
  wire::Body kind = wire::Body_NONE;

  template <typename Table>
  Offset<void> as(wire::Body body, Offset<Table> table) {
    kind = body;
    return table.Union();
  }
  Offset<void> operator()(const Hello& in) {
    const Text version = put(out, in.version);
    return as(wire::Body_HelloTable, wire::CreateHelloTable(out, in.protocol, version));
  }
  Offset<void> operator()(const Setup& in) {
    const Text manifest = put(out, in.manifest), library = put(out, in.library),
               entry = put(out, in.entry), id = put(out, in.id), kind_text = put(out, in.kind),
               name = put(out, in.name), plugin_version = put(out, in.plugin_version),
               runtime = put(out, in.runtime), instance = put(out, in.instance),
               host_version = put(out, in.host_version), config = put(out, in.config_json);
    const Texts provides = put_all(out, in.provides), needs = put_all(out, in.needs);
    return as(wire::Body_SetupTable,
              wire::CreateSetupTable(out, manifest, library, entry, id, kind_text, name,
                                     plugin_version, runtime, in.abi_major, in.abi_built,
                                     in.abi_min, provides, needs, instance, host_version, config,
                                     in.log_level, in.memory_bytes, in.tasks, in.nofile, in.user));
  }
  Offset<void> operator()(const Call& in) {
    const auto op_id = out.CreateVector(in.op_id.data(), in.op_id.size());
    const Text scope = put(out, in.scope), text = put(out, in.text),
               procedure = put(out, in.procedure), target = put(out, in.target),
               params = put(out, in.params), token = put(out, in.token);
    return as(wire::Body_CallTable,
              wire::CreateCallTable(out, static_cast<std::uint8_t>(in.function), in.thread_class,
                                    in.left_ns, op_id, scope, text, procedure, target, params,
                                    token, in.flags));
  }
  Offset<void> operator()(const Cancel&) {
    return as(wire::Body_CancelTable, wire::CreateCancelTable(out));
  }
  Offset<void> operator()(const Answer& in) {
    const auto fault = put(out, in.fault);
    return as(wire::Body_AnswerTable, wire::CreateAnswerTable(out, in.code, fault));
  }
  Offset<void> operator()(const Ping& in) {
    return as(wire::Body_PingTable, wire::CreatePingTable(out, in.sequence));
  }
  Offset<void> operator()(const Finished& in) {
    const auto fault = put(out, in.fault);
    const Text output = put(out, in.output);
    return as(wire::Body_FinishedTable,
              wire::CreateFinishedTable(out, in.code, fault, output, in.functions));
  }
  Offset<void> operator()(const Publish& in) { return batch(in.batch()); }
  Offset<void> operator()(const Log& in) {
    const Text text = put(out, in.text);
    return as(wire::Body_LogTable, wire::CreateLogTable(out, in.level, text, in.dropped));
  }
  Offset<void> operator()(const Status& in) {
    const Text summary = put(out, in.summary), detail = put(out, in.detail_json);
    return as(wire::Body_StatusTable, wire::CreateStatusTable(out, in.source, summary, detail));
  }
  Offset<void> operator()(const Metric& in) {
    const Text name = put(out, in.name);
    return as(wire::Body_MetricTable, wire::CreateMetricTable(out, in.counter, name, in.value));
  }
  Offset<void> operator()(const Pong& in) {
    return as(wire::Body_PongTable, wire::CreatePongTable(out, in.sequence));
  }

  // Requires: readable.
  Offset<void> batch(const storm_batch& in) {
    std::vector<Text> names;
    std::vector<Offset<wire::ResourceTable>> upserts;
    upserts.reserve(in.upserts.n);
    for (std::uint32_t i = 0; i < in.upserts.n; ++i) {
      upserts.push_back(resource(element<storm_resource>(in.upserts, i), names));
    }
    std::vector<Text> removals;
    removals.reserve(in.removals.n);
    for (std::uint32_t i = 0; i < in.removals.n; ++i) {
      const std::string_view uid = text_of(element<storm_removal>(in.removals, i).uid);
      removals.push_back(out.CreateString(uid.data(), uid.size()));
    }
    const Text scope = put(out, text_of(in.scope)), bookmark = put(out, text_of(in.bookmark));
    const auto all_names = out.CreateVector(names);
    const auto all_upserts = out.CreateVector(upserts);
    const auto all_removals = out.CreateVector(removals);
    return as(wire::Body_PublishTable,
              wire::CreatePublishTable(out, in.flags, scope, in.epoch, bookmark, all_names,
                                       all_upserts, all_removals));
  }
  Offset<wire::ResourceTable> resource(const storm_resource& in, std::vector<Text>& names) {
    for (std::uint32_t i = 0; i < in.names.n; ++i) {
      const std::string_view name = text_of(element<storm_str>(in.names, i));
      names.push_back(out.CreateString(name.data(), name.size()));
    }
    const Text uid = put(out, text_of(in.uid)), type = put(out, text_of(in.type)),
               parent = put(out, text_of(in.parent_uid)),
               cluster = put(out, text_of(in.cluster_uid)), host = put(out, text_of(in.host_uid)),
               image = put(out, text_of(in.image)), digest = put(out, text_of(in.image_digest)),
               snapshot = put(out, text_of(in.snapshot_json));
    return wire::CreateResourceTable(out, in.flags, uid, type, parent, cluster, host, image, digest,
                                     in.names.n, in.status, in.health, in.revision,
                                     in.observed_wall_ns, snapshot);
  }

  template <typename T>
  static const T& element(storm_list list, std::size_t index) {
    return *reinterpret_cast<const T*>(static_cast<const char*>(list.p) + index * list.stride);
  }
};

// How many bytes a batch of a plugin has, as far as its structs can be read at all. What its texts
// say is for the reader in stormd to judge.
class BatchMeasure {
 public:
  Result<std::size_t> measure(const storm_batch& in) {
    if (in.size < sizeof(storm_batch)) return broken();
    take(in.scope);
    take(in.bookmark);
    list(in.upserts, sizeof(storm_resource), kBatchResourcesMax);
    list(in.removals, sizeof(storm_removal), kBatchResourcesMax);
    for (std::uint32_t i = 0; good_ && i < in.upserts.n; ++i) {
      const auto& resource = Writer::element<storm_resource>(in.upserts, i);
      if (resource.size < sizeof(storm_resource)) return broken();
      for (const storm_str text :
           {resource.uid, resource.type, resource.parent_uid, resource.cluster_uid,
            resource.host_uid, resource.image, resource.image_digest}) {
        take(text);
      }
      take(resource.snapshot_json, kSnapshotBytesMax);
      list(resource.names, sizeof(storm_str), kDiscoveredNamesMax);
      for (std::uint32_t name = 0; good_ && name < resource.names.n; ++name) {
        take(Writer::element<storm_str>(resource.names, name));
      }
      bytes_ += kResourceBytes;
    }
    for (std::uint32_t i = 0; good_ && i < in.removals.n; ++i) {
      const auto& removal = Writer::element<storm_removal>(in.removals, i);
      if (removal.size < sizeof(storm_removal)) return broken();
      take(removal.uid);
    }
    if (!good_) return broken();
    return bytes_;
  }

 private:
  static Error broken() { return Error{Errc::InvalidArgument, "the batch cannot be read"}; }
  void take(storm_str text, std::size_t most = kTextBytesMax) {
    if (text.n > 0 && !text.p) good_ = false;
    if (text.n > most || text_bytes_ + text.n > kBatchBytesMax) good_ = false;
    if (!good_) return;
    text_bytes_ += text.n;
    bytes_ += text.n + 16;
  }
  void list(storm_list in, std::size_t element_size, std::size_t most) {
    if (in.n == 0) return;
    if (!in.p || in.stride < element_size || in.n > most) good_ = false;
  }

  bool good_ = true;
  std::size_t text_bytes_ = 0;
  std::size_t bytes_ = kBuilderBytes;
};

Result<void> finish(FlatBufferBuilder& out, std::uint64_t epoch, std::uint64_t call,
                    wire::Body kind, Offset<void> body,
                    const std::function<Result<void>(Bytes)>& use) {
  wire::FinishEnvelopeBuffer(out, wire::CreateEnvelope(out, epoch, call, kind, body));
  return use(std::as_bytes(std::span(out.GetBufferPointer(), out.GetSize())));
}

std::vector<std::string_view> texts_of(const flatbuffers::Vector<Text>* list) {
  std::vector<std::string_view> texts;
  if (!list) return texts;
  texts.reserve(list->size());
  for (const flatbuffers::String* text : *list) texts.push_back(view(text));
  return texts;
}

Setup read(const wire::SetupTable& in) {
  Setup out;
  out.manifest = view(in.manifest());
  out.library = view(in.library());
  out.entry = view(in.entry());
  out.id = view(in.id());
  out.kind = view(in.kind());
  out.name = view(in.name());
  out.plugin_version = view(in.plugin_version());
  out.runtime = view(in.runtime());
  out.abi_major = in.abi_major();
  out.abi_built = in.abi_built();
  out.abi_min = in.abi_min();
  out.provides = texts_of(in.provides());
  out.needs = texts_of(in.needs());
  out.instance = view(in.instance());
  out.host_version = view(in.host_version());
  out.config_json = view(in.config());
  out.log_level = in.log_level();
  out.memory_bytes = in.memory_bytes();
  out.tasks = in.tasks();
  out.nofile = in.nofile();
  out.user = in.user();
  return out;
}

Result<Body> read(const wire::CallTable& in) {
  if (in.function() >= kFunctions) {
    return unreadable(fmt::format("function: {} is not known", in.function()));
  }
  Call out;
  out.function = static_cast<Function>(in.function());
  out.thread_class = in.thread_class();
  out.left_ns = in.left_ns();
  if (in.op_id()) {
    if (in.op_id()->size() != out.op_id.size()) return unreadable("op_id: its size is wrong");
    std::copy(in.op_id()->begin(), in.op_id()->end(), out.op_id.begin());
  }
  out.scope = view(in.scope());
  out.text = view(in.text());
  out.procedure = view(in.procedure());
  out.target = view(in.target());
  out.params = view(in.params());
  out.token = view(in.token());
  out.flags = in.flags();
  return Body(out);
}

Result<Body> read(const wire::PublishTable& in) {
  Publish out;
  out.flags = in.flags();
  out.scope = view(in.scope());
  out.epoch = in.epoch();
  out.bookmark = view(in.bookmark());
  if (in.names()) {
    if (in.names()->size() > kBatchResourcesMax * kDiscoveredNamesMax) {
      return unreadable("names: there are too many");
    }
    out.names.reserve(in.names()->size());
    for (const flatbuffers::String* name : *in.names()) out.names.push_back(to_abi(view(name)));
  }
  std::size_t named = 0;  // names that resources have taken
  if (in.upserts()) {
    out.upserts.reserve(in.upserts()->size());
    for (const wire::ResourceTable* resource : *in.upserts()) {
      if (resource->names() > out.names.size() - named) {
        return unreadable("names: a resource has more than there are");
      }
      storm_resource to{};
      to.size = sizeof to;
      to.flags = resource->flags();
      to.uid = to_abi(view(resource->uid()));
      to.type = to_abi(view(resource->type()));
      to.parent_uid = to_abi(view(resource->parent()));
      to.cluster_uid = to_abi(view(resource->cluster()));
      to.host_uid = to_abi(view(resource->host()));
      to.names = {out.names.data() + named, resource->names(), sizeof(storm_str)};
      to.image = to_abi(view(resource->image()));
      to.image_digest = to_abi(view(resource->digest()));
      to.status = resource->status();
      to.health = resource->health();
      to.revision = resource->revision();
      to.observed_wall_ns = resource->observed();
      to.snapshot_json = to_abi(view(resource->snapshot()));
      out.upserts.push_back(to);
      named += resource->names();
    }
  }
  if (in.removals()) {
    if (in.removals()->size() > kBatchResourcesMax) return unreadable("removals: too many");
    out.removals.reserve(in.removals()->size());
    for (const flatbuffers::String* uid : *in.removals()) {
      out.removals.push_back({sizeof(storm_removal), 0, to_abi(view(uid))});
    }
  }
  return Body(std::move(out));
}

Result<Body> body_of(const wire::Envelope& in) {
  switch (in.body_type()) {
    case wire::Body_HelloTable: {
      const auto& hello = *in.body_as_HelloTable();
      return Body(Hello{hello.protocol(), view(hello.version())});
    }
    case wire::Body_SetupTable:
      return Body(read(*in.body_as_SetupTable()));
    case wire::Body_CallTable:
      return read(*in.body_as_CallTable());
    case wire::Body_CancelTable:
      return Body(Cancel{});
    case wire::Body_AnswerTable: {
      const auto& answer = *in.body_as_AnswerTable();
      return Body(Answer{answer.code(), fault_of(answer.fault())});
    }
    case wire::Body_PingTable:
      return Body(Ping{in.body_as_PingTable()->sequence()});
    case wire::Body_FinishedTable: {
      const auto& finished = *in.body_as_FinishedTable();
      return Body(Finished{finished.code(), fault_of(finished.fault()), view(finished.output()),
                           finished.functions()});
    }
    case wire::Body_PublishTable:
      return read(*in.body_as_PublishTable());
    case wire::Body_LogTable: {
      const auto& log = *in.body_as_LogTable();
      return Body(Log{log.level(), view(log.text()), log.dropped()});
    }
    case wire::Body_StatusTable: {
      const auto& status = *in.body_as_StatusTable();
      return Body(Status{status.source(), view(status.summary()), view(status.detail())});
    }
    case wire::Body_MetricTable: {
      const auto& metric = *in.body_as_MetricTable();
      return Body(Metric{metric.counter(), view(metric.name()), metric.value()});
    }
    case wire::Body_PongTable:
      return Body(Pong{in.body_as_PongTable()->sequence()});
    default:
      return unreadable(fmt::format("kind: {} is not known", static_cast<int>(in.body_type())));
  }
}

}  // namespace

std::string_view name_of(Function function) {
  static constexpr std::string_view kNames[kFunctions] = {
      "create",   "start", "reconfigure", "quiesce", "destroy",
      "describe", "sync",  "watch",       "invoke",  "recover"};
  return kNames[static_cast<std::size_t>(function)];
}

storm_batch Publish::batch() const {
  storm_batch out{};
  out.size = sizeof out;
  out.flags = flags;
  out.scope = to_abi(scope);
  out.epoch = epoch;
  out.upserts = {upserts.data(), static_cast<std::uint32_t>(upserts.size()),
                 sizeof(storm_resource)};
  out.removals = {removals.data(), static_cast<std::uint32_t>(removals.size()),
                  sizeof(storm_removal)};
  out.bookmark = to_abi(bookmark);
  return out;
}

Result<void> write_message(const Message& message, const std::function<Result<void>(Bytes)>& use) {
  FlatBufferBuilder out(kBuilderBytes);
  Writer writer{out};
  const Offset<void> body = std::visit(writer, message.body);
  // The visitor is copied nowhere: std::visit takes it by reference.
  return finish(out, message.epoch, message.call, writer.kind, body, use);
}

Result<void> write_batch(std::uint64_t epoch, std::uint64_t call, const storm_batch& batch,
                         const std::function<Result<void>(Bytes)>& use) {
  const std::size_t bytes = STORM_TRY(BatchMeasure().measure(batch));
  FlatBufferBuilder out(bytes);
  Writer writer{out};
  const Offset<void> body = writer.batch(batch);
  return finish(out, epoch, call, writer.kind, body, use);
}

Result<Message> read_message(Bytes bytes) {
  const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  // The smallest that has room for the root and the identifier.
  if (bytes.size() < 8 || !wire::EnvelopeBufferHasIdentifier(data)) {
    return unreadable("format: it has not the mark of a message");
  }
  flatbuffers::Verifier verifier(data, bytes.size(), kMessageDepthMax, kMessageTablesMax);
  if (!wire::VerifyEnvelopeBuffer(verifier)) {
    return unreadable("format: a length or an offset of it is wrong, or it is too deep or large");
  }
  const wire::Envelope& envelope = *wire::GetEnvelope(data);
  if (envelope.body_type() != wire::Body_NONE && !envelope.body()) {
    return unreadable("kind: it has no body");
  }
  Body body = STORM_TRY(body_of(envelope));
  return Message{envelope.epoch(), envelope.call(), std::move(body)};
}

}  // namespace storm::runner
