#include "core/model/subscription.hpp"

#include "core/document/json.hpp"
#include "core/model/fields.hpp"

namespace storm {
namespace {

Value id_or_null(const std::optional<Id>& id) { return id ? Value(id->to_string()) : Value(); }

}  // namespace

Value to_value(const Subscription& subscription) {
  return Value(Value::Object{{"id", subscription.id.to_string()},
                             {"group", id_or_null(subscription.group)},
                             {"procedure", id_or_null(subscription.procedure)},
                             {"target", id_or_null(subscription.target)},
                             {"options", subscription.options},
                             {"params", subscription.params}});
}

SubscriptionDraft read_subscription(const Value& body, const Subscription* known,
                                    std::vector<Problem>& problems) {
  SubscriptionDraft draft;
  if (known) draft.subscription = *known;
  FieldReader fields(body, problems);
  const Presence required = known ? Presence::Optional : Presence::Required;
  draft.group = fields.reference("group", required);
  draft.procedure = fields.reference("procedure", required);
  draft.target = fields.reference("target");
  if (auto options = fields.object("options", Presence::Optional))
    draft.subscription.options = *options;
  if (auto params = fields.object("params", Presence::Optional))
    draft.subscription.params = *params;
  fields.refuse_misspelled(
      std::vector<std::string_view>{"id", "group", "procedure", "target", "options", "params"});
  return draft;
}

Result<Subscription> subscription_from_row(Id id, const std::string& row) {
  const Value value = STORM_TRY(parse_json(row));
  std::vector<Problem> problems;
  SubscriptionDraft draft = read_subscription(value, nullptr, problems);
  Subscription& subscription = draft.subscription;
  subscription.id = id;
  const auto parse = [](const Reference& reference) {
    return reference.text ? Id::parse(*reference.text) : std::nullopt;
  };
  subscription.group = parse(draft.group);
  subscription.procedure = parse(draft.procedure);
  subscription.target = parse(draft.target);
  if (!problems.empty()) return invalid(std::move(problems));
  return std::move(subscription);
}

}  // namespace storm
