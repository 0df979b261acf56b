#include "plugin_check/load_checks.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "core/plugin_host/abi_text.hpp"
#include "plugin_check/checked_instance.hpp"
#include "plugin_check/process_state.hpp"

namespace storm::plugin_check {
namespace {

constexpr int kLoadMs = 100;
constexpr std::uint32_t kTableSizeMax = 4096;

struct Mapped {
  ProcessState before, after;
  std::shared_ptr<SharedLibrary> library;
};

// Nothing but mapped. Nothing when that fails, which load.plugin says.
std::optional<Mapped> map_only(CheckContext& context, bool watched = true) {
  if (watched && context.owns_process()) {
    context.skip("a plugin with the runtime go is alone in its process");
    return std::nullopt;
  }
  context.step("mapping it");
  Mapped out;
  out.before = ProcessState::now();
  auto library = SharedLibrary::open(context.library, context.library);
  if (!library) {
    context.skip("it cannot be mapped");
    return std::nullopt;
  }
  out.library = std::move(*library);
  out.after = ProcessState::now();
  return out;
}

std::optional<storm_entry_fn> entry_of(CheckContext& context, const Mapped& mapped) {
  const auto symbol = mapped.library->own_symbol(context.manifest().entry);
  if (symbol) return reinterpret_cast<storm_entry_fn>(*symbol);
  context.skip("it has no entry");
  return std::nullopt;
}

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

void check_load_plugin(CheckContext& context) { load_checked(context); }

void check_load_threads(CheckContext& context) {
  const auto mapped = map_only(context);
  if (mapped && mapped->after.threads.size() > mapped->before.threads.size()) {
    context.error(fmt::format("mapping it starts {} threads; start them in `start`",
                              mapped->after.threads.size() - mapped->before.threads.size()));
  }
}

void check_load_descriptors(CheckContext& context) {
  const auto mapped = map_only(context);
  if (!mapped) return;
  for (const auto& [number, target] : mapped->after.descriptors) {
    if (mapped->before.descriptors.contains(number)) continue;
    context.error(fmt::format("mapping it opens {}; open it in `start`", target));
  }
}

void check_load_signals(CheckContext& context) {
  const auto mapped = map_only(context);
  if (!mapped) return;
  if (mapped->after.caught_signals != mapped->before.caught_signals ||
      mapped->after.ignored_signals != mapped->before.ignored_signals) {
    context.error("mapping it changes what signals do; signals are the host's");
  }
}

void check_load_process(CheckContext& context) {
  const auto mapped = map_only(context);
  if (!mapped) return;
  const ProcessState& before = mapped->before;
  const ProcessState& after = mapped->after;
  const auto differs = [&](std::string_view what, const std::string& was, const std::string& is) {
    if (was != is) {
      context.error(
          fmt::format("mapping it changes the {} of the process from {} to {}; other "
                      "plugins and the host depend on it",
                      what, was, is));
    }
  };
  differs("locale", before.locale, after.locale);
  differs("umask", before.umask, after.umask);
  differs("current folder", before.folder, after.folder);
  for (const std::string& variable : after.environment) {
    if (std::ranges::binary_search(before.environment, variable)) continue;
    context.error(fmt::format("mapping it sets {} in the environment",
                              variable.substr(0, variable.find('='))));
  }
  for (const std::string& variable : before.environment) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    const auto has = [&](const std::string& other) { return other.starts_with(name); };
    if (std::ranges::any_of(after.environment, has)) continue;
    context.error(fmt::format("mapping it removes {} from the environment",
                              variable.substr(0, variable.find('='))));
  }
}

void check_load_time(CheckContext& context) {
  if (context.owns_process()) {
    context.skip("a plugin with the runtime go is alone in its process");
    return;
  }
  context.step("mapping it");
  const double begin = processor_seconds();
  if (!SharedLibrary::open(context.library, context.library)) {
    context.skip("it cannot be mapped");
    return;
  }
  const double took = processor_seconds() - begin;
  if (took * 1000 > kLoadMs * context.patience) {
    context.warning(fmt::format("mapping it takes {:.0f} ms of the processor, at most {} are meant",
                                took * 1000, kLoadMs));
  }
}

void check_load_entry(CheckContext& context) {
  const auto mapped = map_only(context, false);
  const auto entry = mapped ? entry_of(context, *mapped) : std::nullopt;
  if (!entry) return;
  const auto call = [&](std::uint32_t major, std::uint32_t minor) {
    context.step(fmt::format("its entry, called by a host of {}.{}", major, minor));
    return (*entry)(major, minor);
  };
  const storm_plugin* const first = call(STORM_ABI_MAJOR, STORM_ABI_MINOR);
  if (!first) {
    context.error(
        fmt::format("its entry refuses a host of {}.{}", STORM_ABI_MAJOR, STORM_ABI_MINOR));
    return;
  }
  const storm_plugin copy = *first;
  if (call(STORM_ABI_MAJOR, STORM_ABI_MINOR) != first) {
    context.error("its entry answers another descriptor when it is called again");
  }
  if (call(STORM_ABI_MAJOR, STORM_ABI_MINOR + 1) == nullptr) {
    context.error("its entry refuses a host of the next minor, which only adds to this one");
  }
  if (call(STORM_ABI_MAJOR + 1, 0) != nullptr) {
    context.warning("its entry takes a host of the next major; answer NULL for one that is not " +
                    std::to_string(STORM_ABI_MAJOR));
  }
  const storm_plugin& now = *first;
  if (now.size != copy.size || now.iface != copy.iface || now.create != copy.create ||
      now.id.p != copy.id.p || now.provides != copy.provides) {
    context.error("its descriptor changes when the entry is called again; make it constant");
  }
  if (now.zero != 0) context.error("the reserved member of its descriptor is not zero");
  const ProcessState after = ProcessState::now();
  if (context.owns_process()) return;
  if (after.threads.size() > mapped->after.threads.size() ||
      after.descriptors.size() > mapped->after.descriptors.size()) {
    context.error("its entry starts threads or opens files; it must have no side effect");
  }
}

void check_load_interfaces(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  const storm_plugin& descriptor = *plugin->descriptor;
  const auto& provides = context.manifest().provides;
  for (const std::string& id : provides) {
    context.step("iface of " + id);
    const void* const table = descriptor.iface(id.c_str());
    if (!table) {
      context.error("it provides " + id + " and has no table for it");
      continue;
    }
    if (descriptor.iface(id.c_str()) != table) {
      context.error("it answers another table for " + id + " when it is asked again");
    }
    const std::uint32_t size = *static_cast<const std::uint32_t*>(table);
    if (size < sizeof(std::uint32_t) * 2 || size > kTableSizeMax || size % 8 != 0) {
      context.error(fmt::format("its table for {} has the size {}", id, size));
    }
    for (const std::string& wrong : {id + "garbage", id + "0", id.substr(0, id.size() - 1),
                                     id.substr(0, id.find('/')), " " + id}) {
      context.step("iface of " + wrong);
      if (std::ranges::find(provides, wrong) != provides.end()) continue;
      if (descriptor.iface(wrong.c_str())) {
        context.error(fmt::format("it has a table for \"{}\"; compare ids whole", wrong));
      }
    }
  }
  for (const char* id : {"", "storm.nothing/1", "/"}) {
    context.step(fmt::format("iface of \"{}\"", id));
    if (descriptor.iface(id)) {
      context.error(fmt::format("it has a table for \"{}\", which nobody knows", id));
    }
  }
}

}  // namespace storm::plugin_check
