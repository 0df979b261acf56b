#include "cli/nearest.hpp"

#include <algorithm>
#include <cctype>

#include "core/base/edit_distance.hpp"

namespace storm::cli {
namespace {

constexpr std::size_t kWordMax = 100;  // longer words are compared by their beginning

std::string folded(std::string_view text) {
  std::string out(text.substr(0, kWordMax));
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::vector<std::string> nearest(std::string_view word,
                                 const std::vector<std::string>& candidates) {
  const std::string wanted = folded(word);
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const std::string& candidate : candidates) {
    const std::string name = folded(candidate);
    if (name.empty() || wanted.empty()) continue;
    const bool begins =
        wanted.size() >= 3 && (name.starts_with(wanted) || wanted.starts_with(name));
    const std::size_t near_enough = std::max<std::size_t>(1, wanted.size() / 3);
    const std::size_t longer = std::max(wanted.size(), name.size());
    const std::size_t shorter = std::min(wanted.size(), name.size());
    if (!begins && longer - shorter > near_enough) continue;  // lists are long, distances dear
    const std::size_t far = edit_distance(wanted, name);
    if (far <= near_enough || begins) found.emplace_back(far, candidate);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // What begins with the best is likely one of a family: frontend, frontend-canary.
  const std::string best = found.empty() ? std::string() : found.front().second;
  for (const std::string& candidate : candidates) {
    if (!best.empty() && candidate.starts_with(best)) found.emplace_back(0, candidate);
  }
  std::vector<std::string> names;
  for (auto& [far, name] : found) {
    if (names.size() == kSuggestionsMax) break;
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  }
  return names;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  std::string line;
  for (const std::string& name : nearest(word, candidates)) {
    line += (line.empty() ? "did you mean: " : ", ") + name;
  }
  return line;
}

}  // namespace storm::cli
