#include "core/rest/url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/document/json_scan.hpp"

namespace storm::rest {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad_url(std::string message) { return {Errc::InvalidArgument, std::move(message)}; }

Result<std::string> decode_part(std::string_view text, bool plus_is_space) {
  std::optional<std::string> decoded = percent_decode(text, plus_is_space);
  if (!decoded) return bad_url("The URL has a broken percent-encoding.");
  if (!is_utf8(*decoded)) return bad_url("The URL is not valid UTF-8.");
  if (decoded->find('\0') != std::string::npos) return bad_url("The URL holds a NUL character.");
  return std::move(*decoded);
}

}  // namespace

const std::string* Url::find(std::string_view name) const {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) return &parameter.value;
  }
  return nullptr;
}

std::string Url::with(std::string_view name, std::string_view value) const {
  std::string text;
  for (const std::string& segment : path) text += "/" + percent_encode(segment);
  if (text.empty()) text = "/";
  char separator = '?';
  const auto add = [&](std::string_view key, std::string_view content) {
    text += separator;
    text += percent_encode(key) + "=" + percent_encode(content);
    separator = '&';
  };
  for (const Parameter& parameter : parameters) {
    if (parameter.name != name) add(parameter.name, parameter.value);
  }
  if (!value.empty()) add(name, value);
  return text;
}

Result<Url> parse_url(std::string_view target) {
  target = target.substr(0, target.find('#'));
  // "GET http://host/path" of a client that takes us for a proxy.
  if (target.starts_with("http://")) {
    const std::size_t slash = target.find('/', 7);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (target.empty() || target[0] != '/') return bad_url("The URL must start with '/'.");
  const std::size_t mark = target.find('?');
  std::string_view path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  Url url;
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    url.path.push_back(STORM_TRY(decode_part(path.substr(0, slash), false)));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
    if (path.empty()) url.path.emplace_back();
  }
  if (mark == std::string_view::npos) return url;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    Parameter parameter;
    parameter.name = STORM_TRY(decode_part(pair.substr(0, equals), true));
    if (equals != std::string_view::npos) {
      parameter.value = STORM_TRY(decode_part(pair.substr(equals + 1), true));
    }
    if (url.parameters.size() == kParametersMax) {
      return bad_url(fmt::format("The URL has more than {} parameters.", kParametersMax));
    }
    url.parameters.push_back(std::move(parameter));
  }
  return url;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                            (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

}  // namespace storm::rest
