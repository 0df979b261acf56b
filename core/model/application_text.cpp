#include "core/model/application_text.hpp"

#include <fmt/format.h>

namespace storm {
namespace {

constexpr std::size_t kTextBytesMax = 64 * 1024;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  // Up to one of the signs of the notation, without the blanks around it.
  Result<Word> word(std::string_view what) {
    skip_space();
    const std::size_t start = at_;
    while (at_ < text_.size() &&
           std::string_view("[],").find(text_[at_]) == std::string_view::npos &&
           !text_.substr(at_).starts_with("=>")) {
      ++at_;
    }
    std::size_t end = at_;
    while (end > start && (text_[end - 1] == ' ' || text_[end - 1] == '\t')) --end;
    if (end == start) {
      at_ = start;
      return refuse(fmt::format("expected {}", what));
    }
    return Word{std::string(text_.substr(start, end - start)), start};
  }
  Error refuse(const std::string& message) {
    skip_space();
    return {Errc::InvalidArgument, fmt::format("{} at column {}", message, at_ + 1)};
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

Result<ServiceReference> scan_reference(Scanner& scanner) {
  ServiceReference reference;
  reference.group = STORM_TRY(scanner.word("the name of a group"));
  if (!scanner.take("[")) {
    return scanner.refuse(
        fmt::format("expected the services of \"{}\" in brackets", reference.group.text));
  }
  do {
    reference.services.push_back(STORM_TRY(scanner.word("the name of a service")));
  } while (scanner.take(","));
  if (!scanner.take("]")) return scanner.refuse("expected \",\" or \"]\"");
  return reference;
}

Result<void> check_length(std::string_view text) {
  if (text.size() <= kTextBytesMax) return {};
  return Error{Errc::TooLarge, fmt::format("longer than {} bytes", kTextBytesMax)};
}

}  // namespace

Result<ComponentText> parse_component(std::string_view text) {
  STORM_TRY(check_length(text));
  Scanner scanner(text);
  ComponentText component;
  component.group = STORM_TRY(scanner.word("the name of a group"));
  while (scanner.take("=>")) component.links.push_back(STORM_TRY(scan_reference(scanner)));
  if (!scanner.at_end()) return scanner.refuse("expected \"=>\" or the end");
  return component;
}

Result<ServiceReference> parse_exposed(std::string_view text) {
  STORM_TRY(check_length(text));
  Scanner scanner(text);
  ServiceReference reference = STORM_TRY(scan_reference(scanner));
  if (!scanner.at_end()) return scanner.refuse("expected the end");
  return reference;
}

}  // namespace storm
