// An operator, {"$begins": "text"}, that keeps every rule, and as a variant breaks the one of its
// name.
#include <time.h>

#include <cstring>
#include <string>
#include <string_view>

#include "storm/query_operator.h"

struct storm_inst {
  const storm_host* host = nullptr;
};

struct storm_prog {
  std::string text;
  storm_str key = {};
  const storm_host* host = nullptr;
  int uses = 0;
};

extern "C" const char* const wrong_variant;  // written by CMake, one for each plugin

namespace {

bool is(const char* variant) { return std::strcmp(wrong_variant, variant) == 0; }

storm_str str(const char* text) { return {text, std::strlen(text)}; }

storm_rc create(const storm_host* host, const storm_call* call, storm_str config,
                storm_inst** out) {
  if (config.n > 0 && std::string_view(config.p, config.n) != "{}") {
    storm_fault fault{};
    fault.size = sizeof fault;
    fault.code = STORM_E_INVALID;
    fault.message = str("config: only {} is known");
    host->fail(host, call->err, &fault);
    return STORM_E_INVALID;
  }
  *out = new storm_inst{host};
  return STORM_OK;
}
storm_rc start(storm_inst*, const storm_call*, storm_str) { return STORM_OK; }
storm_rc quiesce(storm_inst*, const storm_call*, const storm_out*) { return STORM_OK; }
void destroy(storm_inst* self) { delete self; }

storm_rc compile(storm_inst* self, const storm_call* call, const char* op, storm_str arg, storm_str,
                 storm_prog** out) {
  const std::string_view text(arg.p ? arg.p : "", arg.n);
  const bool known = std::strcmp(op, "$begins") == 0;
  const bool good = text.size() >= 2 && text.size() < 1000 && text.front() == '"' &&
                    text.back() == '"' && text.find('\\') == text.npos &&
                    text.substr(1, text.size() - 2).find_first_of("\"\xff\xfe") == text.npos;
  if (!known || !(good || is("takes_garbage"))) {
    storm_fault fault{};
    fault.size = sizeof fault;
    fault.code = STORM_E_INVALID;
    fault.message = str("$begins needs a plain text");
    self->host->fail(self->host, call->err, &fault);
    return STORM_E_INVALID;
  }
  auto* const prog = new storm_prog;
  if (good) prog->text = text.substr(1, text.size() - 2);
  prog->key = {prog->text.data(), prog->text.size()};
  if (is("keeps_argument")) prog->key = {arg.p + 1, arg.n - 2};
  prog->host = self->host;
  *out = prog;
  return STORM_OK;
}

storm_rc match(const storm_prog* prog, const storm_value* value) {
  if (is("waits_in_match")) {
    const auto* calls =
        static_cast<const storm_calls_v1*>(prog->host->service(prog->host, STORM_HOST_CALLS_V1));
    if (calls) calls->sleep(prog->host, nullptr, 1);
  }
  if (is("counting") && ++const_cast<storm_prog*>(prog)->uses > 100) return STORM_OK;
  if (is("matches_anything")) return STORM_YES;
  if (value->kind != STORM_VALUE_STRING) return STORM_OK;
  const std::string_view text(value->v.s.p ? value->v.s.p : "", value->v.s.n);
  if (is("slow") && text.size() == 5001 && prog->text == "(a+)+$") {
    timespec begin{}, now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do {
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec - begin.tv_sec < 4);
  }
  const std::string_view key(prog->key.p, prog->key.n);
  if (is("lying_hint") && text == "ab") return STORM_YES;
  if (is("false_exact") && text.size() > key.size()) return STORM_OK;
  return text.substr(0, key.size()) == key ? STORM_YES : STORM_OK;
}

storm_rc hint(const storm_prog* prog, storm_hint* out) {
  out->kind = STORM_HINT_PREFIX;
  out->exact = 1;
  const bool room = out->size >= offsetof(storm_hint, keys) + sizeof out->keys;
  if (room || is("long_hint")) out->keys = {&prog->key, 1, sizeof prog->key};
  if (!room) out->kind = STORM_HINT_NONE;
  return STORM_OK;
}

void release(storm_prog* prog) { delete prog; }

storm_rc match_at(const storm_prog* prog, const storm_value* value, std::int64_t now,
                  std::int64_t* changes) {
  *changes = is("stale_time") ? now - 1 : INT64_MAX;
  return match(prog, value);
}

constexpr const char* kOperators[] = {"$begins", nullptr};
constexpr const char* kNameless[] = {"begins", nullptr};
constexpr const char* kModifiers[] = {nullptr};
constexpr storm_queryop_v1 kTable = {sizeof(storm_queryop_v1),
                                     0,
                                     kOperators,
                                     kModifiers,
                                     &compile,
                                     &match,
                                     &hint,
                                     &release,
                                     &match_at};
constexpr const char* kProvides[] = {STORM_QUERYOP_V1, nullptr};

const void* iface(const char* id) {
  static const storm_queryop_v1 nameless = [] {
    storm_queryop_v1 table = kTable;
    table.operators = kNameless;
    return table;
  }();
  if (std::strcmp(id, STORM_QUERYOP_V1) != 0) return nullptr;
  return is("nameless") ? &nameless : &kTable;
}

storm_plugin make() {
  storm_plugin p{};
  p.size = sizeof p;
  p.abi_major = STORM_ABI_MAJOR;
  p.abi_minor = STORM_ABI_MINOR;
  p.id = str("operator.wrong");
  p.version = str("1.0.0");
  p.provides = kProvides;
  p.iface = &iface;
  p.create = &create;
  p.start = &start;
  p.quiesce = &quiesce;
  p.destroy = &destroy;
  return p;
}

}  // namespace

STORM_EXPORT const storm_plugin* storm_entry_wrong(std::uint32_t major, std::uint32_t) {
  static const storm_plugin plugin = make();
  return major == STORM_ABI_MAJOR ? &plugin : nullptr;
}
