#include "core/rest/write.hpp"

#include <fmt/format.h>

#include "core/document/json.hpp"
#include "core/engine/members.hpp"
#include "core/engine/memberships.hpp"
#include "core/rest/etag.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/projection.hpp"

namespace storm::rest {
namespace {

// "?dry_run=all" is the one word that tools use; anything else is a slip that must not write.
Result<bool> read_dry_run(const Url& url) {
  const std::string* word = url.find("dry_run");
  if (!word) return false;
  if (*word == "all" || *word == "true") return true;
  std::string message = "Expected \"all\".";
  return Error{Errc::InvalidArgument, "dry_run: " + message, {{"?dry_run", std::move(message)}}};
}

Answer with_entity(unsigned status, const Outcome& outcome) {
  std::string text = entity_json(*outcome.snapshot, outcome.id);
  std::string etag = etag_of(text);
  return json_answer(status, std::move(text))
      .with("Storm-Revision", std::to_string(outcome.snapshot->revision))
      .with("ETag", std::move(etag));
}

// What a group that is only tried would change: its entity, and who would join and leave.
Answer tried_group(const Outcome& outcome, const State& before, unsigned status) {
  const State& after = *outcome.snapshot;
  const LiveGroup& now = *after.groups.get(outcome.id.uuid);
  const LiveGroup* was = before.groups.get(outcome.id.uuid);
  std::uint64_t joining = 0, leaving = 0;
  Value::Array joined, left;
  const auto note = [](const Shared<Resource>& resource, std::uint64_t& count, Value::Array& list) {
    if (++count <= kMovesToldMax) list.emplace_back(resource->id.to_string());
    return true;
  };
  each_member(after, now, [&](const Shared<Resource>& resource) {
    const bool stays = was && is_member(before, *was, *resource);
    return stays || note(resource, joining, joined);
  });
  if (was) {
    each_member(before, *was, [&](const Shared<Resource>& resource) {
      return is_member(after, now, *resource) || note(resource, leaving, left);
    });
  }
  Value value = after.value_of(outcome.id);
  value.add("dry_run", Value(Value::Object{{"members", std::uint64_t{member_count(after, now)}},
                                           {"joining", joining},
                                           {"leaving", leaving},
                                           {"joined", std::move(joined)},
                                           {"left", std::move(left)}}));
  return json_answer(status, to_json(value));
}

// Whoever comes from an old state is shown the one there is, to start from.
Answer refusal(const Call& call, const Error& error) {
  if (error.code == Errc::PreconditionFailed) {
    const Snapshot snapshot = call.api.engine.snapshot();
    if (const std::optional<Uuid> uuid = snapshot->find(call.kind, call.id)) {
      std::string text = entity_json(*snapshot, {call.kind, *uuid});
      std::string etag = etag_of(text);
      return json_answer(412, std::move(text)).with("ETag", std::move(etag));
    }
  }
  return error_answer(call.request.format, error);
}

}  // namespace

Result<Value> read_body(const Request& request) {
  if (request.body.find_first_not_of(" \t\r\n") == std::string::npos) return Value::object();
  Result<Value> body = parse_json(request.body);
  if (!body) return Error{Errc::InvalidArgument, "JSON parse error - " + body.error().message};
  return body;
}

void refuse(const CallPtr& call, const Reply& reply, Error error) {
  answer_with(reply, [call, error = std::move(error)] { return refusal(*call, error); });
}

void submit(const CallPtr& call, const Reply& reply, Command command, MakeAnswer make) {
  const Result<bool> dry_run = read_dry_run(call->request.url);
  if (!dry_run) return refuse(call, reply, dry_run.error());
  Completion completion = [call, reply, make](Result<Outcome> result) {
    // On the engine's thread: only hand over.
    reply([call, make, result = std::move(result)]() -> std::optional<Answer> {
      if (!result) return refusal(*call, result.error());
      if (result->base && result->id.kind == EntityKind::Group &&
          result->snapshot->groups.get(result->id.uuid)) {
        return tried_group(*result, *result->base, make(*call, *result).status);
      }
      return make(*call, *result);
    });
  };
  call->api.engine.submit(std::move(command), std::move(completion), *dry_run);
}

Answer created(const Call&, const Outcome& outcome) {
  return with_entity(201, outcome)
      .with("Location",
            fmt::format("/v1/{}/{}", collection_of(outcome.id.kind), outcome.id.to_string()));
}

Answer changed(const Call&, const Outcome& outcome) { return with_entity(200, outcome); }

Answer done(const Call&, const Outcome& outcome) {
  return empty_answer(204).with("Storm-Revision", std::to_string(outcome.snapshot->revision));
}

Result<std::shared_ptr<const void>> expected_object(const Call& call) {
  const std::string& header = call.request.if_match;
  if (header.empty()) return std::shared_ptr<const void>();
  const Snapshot snapshot = call.api.engine.snapshot();
  const std::optional<Uuid> uuid = snapshot->find(call.kind, call.id);
  if (!uuid) return std::shared_ptr<const void>();  // the engine says better that there is none
  const Id id{call.kind, *uuid};
  if (etag_state_listed(header, etag_of(entity_json(*snapshot, id)))) {
    return snapshot->object_of(id);
  }
  return Error{Errc::PreconditionFailed, "It was changed meanwhile."};
}

}  // namespace storm::rest
