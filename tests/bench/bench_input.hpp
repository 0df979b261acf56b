// What benchmarks of the engine are fed with: the files of gen_resources.py, line by line, the
// resources in them, and a store that keeps nothing of it.
#pragma once
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/model/discovery.hpp"
#include "core/storage/storage.hpp"
#include "storm/cpp/batch.hpp"

namespace storm::bench {

// The lines of a file, each followed by readable bytes, as jsonl::LineParser wants them.
class Lines {
 public:
  static Result<Lines> open(const std::string& path);
  // Valid until the next call; nothing at the end.
  std::optional<std::string_view> next();

 private:
  explicit Lines(std::ifstream in) : in_(std::move(in)) {}
  std::ifstream in_;
  std::string line_;
};

// As the plugin host hands it on.
DiscoveredResource discovered(sdk::Resource resource);

// Takes everything and keeps nothing: what is measured is the model.
class NoStorage final : public Storage {
 public:
  Result<void> load(std::string_view, const std::function<Result<void>(Row)>&) override {
    return {};
  }
  Result<void> apply(const Transaction&) override { return {}; }
  bool durable() const override { return false; }
};

}  // namespace storm::bench
