// The operator plugin "cidr": $cidr with one network or a list of them.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "network.hpp"
#include "storm/cpp/query_operator.hpp"
#include "text_list.hpp"

namespace storm::cidr {
namespace {

using operators::KeysHint;

constexpr std::size_t kHintKeysMax = 2000;  // more of them narrow down little

KeysHint hint_of(const std::vector<Network>& networks) {
  std::vector<std::string> keys;
  for (const Network& network : networks) {
    const auto prefixes = network.prefixes();
    if (!prefixes || keys.size() + prefixes->size() > kHintKeysMax) return {};
    keys.insert(keys.end(), prefixes->begin(), prefixes->end());
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return {STORM_HINT_PREFIX, false, std::move(keys)};
}

class CidrProgram final : public sdk::Program {
 public:
  explicit CidrProgram(std::vector<Network> networks)
      : networks_(std::move(networks)), hint_(hint_of(networks_)) {}

  storm_rc match(const storm_value& value) const noexcept override {
    if (value.kind != STORM_VALUE_STRING) return STORM_OK;
    const std::optional<Address> address = address_in(sdk::view(value.v.s));
    if (!address) return STORM_OK;
    const bool inside =
        std::any_of(networks_.begin(), networks_.end(),
                    [&](const Network& network) { return network.contains(*address); });
    return inside ? STORM_YES : STORM_OK;
  }
  void hint(storm_hint& out) const noexcept override { hint_.write(out); }

 private:
  const std::vector<Network> networks_;
  const KeysHint hint_;
};

class CidrOperator final : public sdk::QueryOperator {
 public:
  static constexpr const char* kOperators[] = {"$cidr", nullptr};
  static constexpr const char* kModifiers[] = {nullptr};

  CidrOperator(const sdk::Host&, std::string_view) {}

  std::unique_ptr<sdk::Program> compile(const sdk::Call&, std::string_view, std::string_view arg,
                                        std::string_view) override {
    std::vector<Network> networks;
    for (const std::string& text : operators::text_list("$cidr", arg, "10.0.0.0/8")) {
      networks.push_back(Network::parse(text));
    }
    return std::make_unique<CidrProgram>(std::move(networks));
  }
};

}  // namespace
}  // namespace storm::cidr

STORM_OPERATOR_PLUGIN(cidr, storm::cidr::CidrOperator, "")
