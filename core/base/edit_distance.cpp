#include "core/base/edit_distance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace storm {
namespace {

constexpr std::size_t kWordMax = 256;  // longer words are not compared: the cost is quadratic

template <typename Text>
std::vector<std::string> nearest(std::string_view word, std::span<const Text> candidates,
                                 std::size_t count) {
  struct Scored {
    std::size_t distance;
    std::string_view text;
  };
  std::vector<Scored> scored;
  const std::size_t limit = std::max<std::size_t>(1, word.size() / 3 + 1);
  for (const Text& candidate : candidates) {
    const std::string_view text(candidate);
    const std::size_t difference =
        text.size() > word.size() ? text.size() - word.size() : word.size() - text.size();
    std::size_t distance = difference > limit ? limit + 1 : edit_distance(word, text);
    if (distance > limit && word.size() >= 3 && text.starts_with(word)) distance = limit;
    if (distance <= limit) scored.push_back({distance, text});
  }
  std::stable_sort(scored.begin(), scored.end(),
                   [](const Scored& a, const Scored& b) { return a.distance < b.distance; });
  std::vector<std::string> words;
  for (const Scored& item : scored) {
    if (words.size() == count) break;
    words.emplace_back(item.text);
  }
  return words;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > kWordMax || b.size() > kWordMax) return a == b ? 0 : std::max(a.size(), b.size());
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::vector<std::string> nearest_words(std::string_view word,
                                       std::span<const std::string> candidates, std::size_t count) {
  return nearest(word, candidates, count);
}

std::vector<std::string> nearest_words(std::string_view word,
                                       std::span<const std::string_view> candidates,
                                       std::size_t count) {
  return nearest(word, candidates, count);
}

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known) {
  if (name.size() > kWordMax) return {};
  std::string_view nearest;
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best && distance < candidate.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string suggest(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view nearest = nearest_name(name, known);
  if (!nearest.empty()) return fmt::format("; did you mean \"{}\"?", nearest);
  return fmt::format("; known are {}", fmt::join(known, ", "));
}

}  // namespace storm
