// A subscription: "on this group's events run that procedure against that target". A plain value.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/fields.hpp"
#include "core/model/ids.hpp"

namespace storm {

struct Subscription {
  Id id;
  std::optional<Id> group;
  std::optional<Id> procedure;
  std::optional<Id> target;  // a resource
  Value options = Value::object();
  Value params = Value::object();
};

Value to_value(const Subscription& subscription);

struct SubscriptionDraft {
  Subscription subscription;
  Reference group, procedure, target;
};
SubscriptionDraft read_subscription(const Value& body, const Subscription* known,
                                    std::vector<Problem>& problems);

// From a row of the store.
Result<Subscription> subscription_from_row(Id id, const std::string& row);

}  // namespace storm
