// Requests that change something: body, If-Match and dry_run are read here, the engine does the
// rest, and the answer is made when that is durable.
#pragma once
#include <string_view>

#include "core/rest/api.hpp"

namespace storm::rest {

inline constexpr std::string_view kWriteParameters[] = {"dry_run"};

// The body as JSON; an empty one is an empty object.
Result<Value> read_body(const Request& request);

using MakeAnswer = Answer (*)(const Call& call, const Outcome& outcome);
// Answers once the engine has done it. A dry run answers the same and changes nothing.
void submit(const CallPtr& call, const Reply& reply, Command command, MakeAnswer make);

// Answers of their own: 201 with the entity and where it is, 200 with it, and 204.
Answer created(const Call& call, const Outcome& outcome);
Answer changed(const Call& call, const Outcome& outcome);
Answer done(const Call& call, const Outcome& outcome);

// What If-Match asks for: the object that must not have changed meanwhile; null when it is not
// given. Fails with PreconditionFailed when it has changed already.
Result<std::shared_ptr<const void>> expected_object(const Call& call);

void refuse(const CallPtr& call, const Reply& reply, Error error);

}  // namespace storm::rest
