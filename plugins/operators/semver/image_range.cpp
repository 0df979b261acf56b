#include "image_range.hpp"

#include <optional>

#include "storm/cpp/fault.hpp"

namespace storm::semver {
namespace {

constexpr std::size_t kValueBytesMax = 1024;  // longer ones are no image

// Where the tag of an image begins, behind its colon: a colon before a slash belongs to a port.
std::optional<std::size_t> tag_of(std::string_view image) {
  const std::size_t colon = image.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  if (image.find('/', colon) != std::string_view::npos) return std::nullopt;
  return colon + 1;
}

}  // namespace

ImageRange ImageRange::parse(std::string_view text) {
  ImageRange parsed;
  if (const auto range = tag_of(text)) {
    if (*range == 1) throw sdk::Fault(STORM_E_INVALID, "there is no repository before the colon");
    parsed.beginning_ = text.substr(0, *range);
    text.remove_prefix(*range);
  } else if (text.find('/') != std::string_view::npos) {
    throw sdk::Fault(STORM_E_INVALID, "\"" + std::string(text.substr(0, 80)) +
                                          "\" names a repository without a range behind a colon, "
                                          "such as library/postgres:>=9.6 <11");
  }
  parsed.range_ = Range::parse(text);
  return parsed;
}

bool ImageRange::matches(std::string_view value) const {
  if (value.size() > kValueBytesMax) return false;
  if (const std::size_t digest = value.find('@'); digest != std::string_view::npos) {
    value = value.substr(0, digest);
  }
  if (beginning_.empty()) {
    value.remove_prefix(tag_of(value).value_or(0));
  } else if (value.starts_with(beginning_)) {
    value.remove_prefix(beginning_.size());
  } else {
    return false;
  }
  const std::optional<Version> version = parse_version(value);
  return version && range_.contains(*version);
}

}  // namespace storm::semver
