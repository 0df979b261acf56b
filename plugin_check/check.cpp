#include "plugin_check/check.hpp"

#include <unistd.h>

#include <cstdlib>

#include "core/plugin_host/abi_text.hpp"

namespace storm::plugin_check {

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::Note:
      return "note";
    case Severity::Warning:
      return "warning";
    case Severity::Error:
      break;
  }
  return "error";
}

const Manifest& CheckContext::manifest() {
  if (manifest_) return *manifest_;
  Result<Manifest> read = read_manifest(manifest_file);
  if (!read) {
    error(read.error().message);
    done();
    _exit(0);
  }
  manifest_ = std::move(*read);
  manifest_->library = library;
  return *manifest_;
}

void CheckContext::write(char kind, std::string_view text) {
  const std::string line = kind + one_line(text) + '\n';
  // One write per line: threads may be saying something at once.
  if (::write(report_, line.data(), line.size()) < 0) _exit(EXIT_FAILURE);
}

}  // namespace storm::plugin_check
