// One check of a plugin: what it is called, how bad a finding of it is, and the function that
// looks. A check runs alone in a process of its own, which may die with the plugin; what it finds
// it says at once.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/plugin_host/manifest.hpp"

namespace storm::plugin_check {

enum class Severity { Note, Warning, Error };
// "note", "warning", "error".
std::string_view name_of(Severity severity);

struct Finding {
  Severity severity = Severity::Error;
  std::string text;
};

// What a check is told.
struct CheckInput {
  std::filesystem::path manifest_file;
  std::filesystem::path library;
  std::string config;  // of the instance, JSON
  std::uint64_t seed = 0;
  std::filesystem::path scratch;  // an empty folder
  int patience = 1;               // limits of time are multiplied by it
};

// What a check knows, and where it says what it found. The lines it writes to its parent are read
// by child_run.cpp.
class CheckContext : public CheckInput {  // [any-thread]
 public:
  CheckContext(int report, CheckInput input) : CheckInput(std::move(input)), report_(report) {}

  void error(std::string_view text) { write('E', text); }
  void warning(std::string_view text) { write('W', text); }
  void note(std::string_view text) { write('N', text); }
  // The check cannot say anything, and why.
  void skip(std::string_view reason) { write('S', reason); }
  // What is about to be done with the plugin, for when it does not survive that.
  void step(std::string_view what) { write('P', what); }
  void done() { write('D', ""); }

  // Requires: static.manifest passed, as the program makes sure.
  const Manifest& manifest();
  // A plugin that brings a runtime of its own is alone in its process, which is then that
  // runtime's.
  bool owns_process() { return manifest().runtime == "go"; }
  // A call that is cancelled, or refused, has to be back by then.
  int back_seconds() const { return 2 * patience; }

 private:
  void write(char kind, std::string_view text);

  const int report_;
  std::optional<Manifest> manifest_;
};

struct Check {
  std::string_view id;
  Severity severity;      // the worst that it finds
  std::string_view kind;  // of the plugins that it is for; empty: of all
  std::string_view what;  // that is required, in one line
  int seconds;            // it may take
  void (*run)(CheckContext&);
};

// In the order in which they run.
std::span<const Check> all_checks();
const Check* find_check(std::string_view id);

// Sanitizers slow everything down.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kSlowness = 10;
#else
inline constexpr int kSlowness = 1;
#endif

using Random = std::mt19937_64;

}  // namespace storm::plugin_check
