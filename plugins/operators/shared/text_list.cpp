#include "text_list.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "storm/cpp/fault.hpp"

namespace storm::operators {

std::vector<std::string> text_list(std::string_view op, std::string_view json,
                                   std::string_view example) {
  const auto refuse = [&](const std::string& what) {
    throw sdk::Fault(STORM_E_INVALID,
                     std::string(op) + " " + what + ", such as \"" + std::string(example) + "\"");
  };
  if (json.size() > kArgumentBytesMax) {
    refuse("takes at most " + std::to_string(kArgumentBytesMax) + " bytes of texts");
  }
  nlohmann::json argument = nlohmann::json::parse(json, nullptr, false);
  if (argument.is_string()) argument = nlohmann::json::array({std::move(argument)});
  if (!argument.is_array() || argument.empty()) refuse("needs a text or a list of texts");
  if (argument.size() > kArgumentTextsMax) {
    refuse("takes at most " + std::to_string(kArgumentTextsMax) + " texts");
  }
  std::vector<std::string> texts;
  for (const auto& item : argument) {
    if (!item.is_string()) refuse("needs a text or a list of texts");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

KeysHint::KeysHint(std::uint32_t kind, bool exact, std::vector<std::string> keys)
    : kind_(kind), exact_(exact), keys_(std::move(keys)) {
  for (const std::string& key : keys_) views_.push_back(sdk::str(key));
}

void KeysHint::write(storm_hint& out) const noexcept {
  if (kind_ == STORM_HINT_NONE) return;
  out.kind = kind_;
  out.exact = exact_ ? 1 : 0;
  out.keys = sdk::list_of(views_);
}

}  // namespace storm::operators
