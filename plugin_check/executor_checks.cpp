#include "plugin_check/executor_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <thread>

#include "core/document/json.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/executor_adapter.hpp"
#include "plugin_check/guarded.hpp"
#include "plugin_check/listing.hpp"

namespace storm::plugin_check {
namespace {

constexpr int kDescribers = 16;
constexpr int kDescriptionsEach = 25;
constexpr int kCancels = 10;
constexpr int kListings = 4;
constexpr double kWatchSeconds = 1.0;

// One whose source is there; null when not, which is a reason to skip.
struct Source {
  std::unique_ptr<CheckedInstance> instance;
  std::string scope;
  Listing listing;
};

std::optional<Source> reach(CheckContext& context) {
  Source source;
  source.instance = start_checked(context);
  if (!source.instance) return std::nullopt;
  source.scope = scopes_of(*source.instance).front();
  source.listing = list_scope(*source.instance, source.scope);
  if (source.listing.complete) return source;
  if (const std::string lost = source.instance->host().lost(); !lost.empty()) {
    context.skip("its source is " + lost);
  } else if (source.listing.answer.ok()) {
    context.skip("its source lists nothing");
  } else {
    context.skip("its source cannot be listed: " + source.listing.answer.text());
  }
  source.instance->finish();
  return std::nullopt;
}

const storm_executor_v1& table_of(CheckedInstance& instance) {
  return instance.table<storm_executor_v1>();
}

RunningCall::Function watching(CheckedInstance& instance, const std::string& scope,
                               const std::string& bookmark, const KeepingFeed& feed) {
  return [&instance, &scope, &bookmark, &feed](const storm_call* raw) {
    return table_of(instance).watch(instance.handle(), raw, to_abi(scope), to_abi(bookmark),
                                    feed.raw());
  };
}

bool can_watch(CheckContext& context, CheckedInstance& instance) {
  if (STORM_HAS(storm_executor_v1, &table_of(instance), watch)) return true;
  context.error("its table has no watch");
  instance.finish();
  return false;
}

}  // namespace

void check_executor_describe(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  const auto& table = table_of(*instance);
  if (!table.describe) {
    context.error("its table has no describe");
    return;
  }
  if (table.caps != 0) context.error("caps of its table is not zero");
  std::string first;
  for (int i = 0; i < 2; ++i) {
    const TextOut out;
    context.step("describe");
    const Answer answer = instance->call("describe", STORM_T_WORK, [&](const storm_call* raw) {
      return table.describe(instance->handle(), raw, out.raw());
    });
    if (!answer.ok()) {
      context.error("describe fails: " + answer.text());
      break;
    }
    const auto description = read_description(out.text());
    if (!description) {
      context.error("describe: " + description.error().message);
      break;
    }
    if (i == 0 && description->types.empty()) {
      context.note("describe names no types of resources");
    }
    if (i > 0 && out.text() != first) {
      context.warning("describe answers something else when it is asked again");
    }
    first = out.text();
  }
  instance->finish();
}

void check_executor_concurrent(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  const auto& table = table_of(*instance);
  context.step(fmt::format("describe on {} threads at once", kDescribers));
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kDescribers; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kDescriptionsEach; ++i) {
          const TextOut out;
          const Answer answer =
              instance->call("describe", STORM_T_WORK, [&](const storm_call* raw) {
                return table.describe(instance->handle(), raw, out.raw());
              });
          if (!answer.ok() || !check_json(out.text())) ++wrong;
        }
      });
    }
  }
  if (wrong > 0) {
    context.error(fmt::format("describe fails or answers no JSON {} times on {} threads at once",
                              wrong.load(), kDescribers));
  }
  instance->finish();
}

void check_executor_result_refused(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  instance->expect_faults(false);
  const auto& table = table_of(*instance);
  context.step("describe into a sink that takes nothing");
  const TextOut out(0);
  const Answer answer = instance->call("describe", STORM_T_WORK, [&](const storm_call* raw) {
    return table.describe(instance->handle(), raw, out.raw());
  });
  if (answer.ok()) {
    context.error("describe answers success although the host did not take its result");
  } else if (answer.code != STORM_E_QUOTA) {
    context.warning("describe answers " + name_of_code(answer.code) +
                    " where the sink answered STORM_E_QUOTA; hand the code on");
  }
  instance->finish();
}

void check_executor_publishes(CheckContext& context) {
  auto source = reach(context);
  if (!source) return;
  bool listing = false;
  std::uint64_t epoch = 0;
  for (const DiscoveryBatch& batch : source->listing.batches) {
    if (batch.sync_begin) {
      listing = true;
      epoch = batch.epoch;
    }
    if (batch.sync_end && !listing) {
      context.error("a batch ends a listing (STORM_B_SYNC_END) that none began");
    }
    if (listing && batch.epoch != epoch) {
      context.error(
          fmt::format("a listing begins with epoch {} and goes on with {}", epoch, batch.epoch));
    }
    if (batch.sync_end) listing = false;
  }
  const std::vector<std::string> uids = source->listing.uids();
  context.note(
      fmt::format("{} resources in {} batches", uids.size(), source->listing.batches.size()));
  std::vector<std::string> referred;
  for (const DiscoveryBatch& batch : source->listing.batches) {
    for (const DiscoveredResource& resource : batch.upserts) {
      for (const std::string* uid :
           {&resource.parent_uid, &resource.cluster_uid, &resource.host_uid}) {
        if (!uid->empty() && !std::ranges::binary_search(uids, *uid)) referred.push_back(*uid);
      }
      if (resource.type.empty()) context.error("the resource " + resource.uid + " has no type");
    }
  }
  if (!referred.empty()) {
    context.note(fmt::format("{} references are to resources that are not listed, such as {}",
                             referred.size(), referred.front()));
  }
  source->instance->finish();
}

void check_executor_idempotent(CheckContext& context) {
  auto source = reach(context);
  if (!source) return;
  std::vector<std::string> before = source->listing.uids();
  for (int i = 1; i < kListings; ++i) {
    const Listing again = list_scope(*source->instance, source->scope);
    if (!again.complete) {
      context.error("it lists once and not again: " + again.answer.text());
      break;
    }
    const std::vector<std::string> now = again.uids();
    if (now == before) break;
    if (i + 1 == kListings) {
      std::vector<std::string> differing;
      std::ranges::set_symmetric_difference(before, now, std::back_inserter(differing));
      context.warning(
          fmt::format("no two of {} listings name the same resources; {} differ in the "
                      "last two, such as {}. If the source moves by itself, hold it "
                      "still for the check",
                      kListings, differing.size(), differing.front()));
    }
    before = now;
  }
  source->instance->finish();
}

void check_executor_revisions(CheckContext& context) {
  auto source = reach(context);
  if (!source) return;
  CheckedInstance& instance = *source->instance;
  if (!can_watch(context, instance)) return;
  KeepingFeed feed(instance, source->scope);
  const std::string none;
  context.step("watch, for a while");
  {
    RunningCall call(instance, "watch", STORM_T_WATCH,
                     watching(instance, source->scope, none, feed));
    call.wait(kWatchSeconds);
    call.end();
  }
  std::map<std::string, std::uint64_t> known;
  std::vector<DiscoveryBatch> all = source->listing.batches;
  for (DiscoveryBatch& batch : feed.batches()) all.push_back(std::move(batch));
  std::size_t lower = 0;
  std::string example;
  for (const DiscoveryBatch& batch : all) {
    for (const DiscoveredResource& resource : batch.upserts) {
      std::uint64_t& last = known[resource.uid];
      if (resource.provider_revision > 0 && resource.provider_revision < last) {
        ++lower;
        example = fmt::format("{}: {} after {}", resource.uid, resource.provider_revision, last);
      }
      last = std::max(last, resource.provider_revision);
    }
    for (const std::string& uid : batch.removals) known.erase(uid);
  }
  if (lower > 0) {
    context.error(
        fmt::format("{} resources come with a lower revision than before ({}); the host "
                    "drops those",
                    lower, example));
  }
  instance.finish();
}

void check_executor_refused(CheckContext& context) {
  auto source = reach(context);
  if (!source) return;
  CheckedInstance& instance = *source->instance;
  instance.expect_faults(false);
  if (!can_watch(context, instance)) return;
  const auto& table = table_of(instance);
  const bool sync = STORM_HAS(storm_executor_v1, &table, sync);
  for (const storm_rc code : {STORM_E_FENCED, STORM_E_CANCELLED, STORM_E_BUSY, STORM_E_INVALID}) {
    KeepingFeed feed(instance, source->scope);
    feed.refuse(code);
    const std::string none;
    const char* const what = sync ? "sync" : "watch";
    context.step(fmt::format("{}, whose batches are answered {}", what, name_of_code(code)));
    RunningCall call(instance, what, sync ? STORM_T_WORK : STORM_T_WATCH,
                     sync ? RunningCall::Function([&](const storm_call* raw) {
                       return table.sync(instance.handle(), raw, to_abi(source->scope), feed.raw());
                     })
                          : watching(instance, source->scope, none, feed));
    if (!feed.wait_published(1, context.back_seconds())) {
      context.note(fmt::format("{} publishes nothing at once, so nothing could be refused", what));
      call.end();
      break;
    }
    const bool must_end = code == STORM_E_FENCED || code == STORM_E_CANCELLED;
    if (must_end && !call.wait(context.back_seconds())) {
      context.error(fmt::format("{} goes on for {} s after publish answered {}", what,
                                context.back_seconds(), name_of_code(code)));
    }
    call.end();
    if (must_end && feed.refused() > 3) {
      context.warning(fmt::format("{} publishes {} more batches after publish answered {}", what,
                                  feed.refused() - 1, name_of_code(code)));
    }
  }
  instance.finish();
}

void check_executor_cancel(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  const std::string scope = scopes_of(*instance).front();
  if (!can_watch(context, *instance)) return;
  Random random(context.seed);
  const std::string none;
  const auto& table = table_of(*instance);
  const bool sync = STORM_HAS(storm_executor_v1, &table, sync);
  for (int i = 0; i < kCancels; ++i) {
    KeepingFeed feed(*instance, scope);
    const double after = static_cast<double>(random() % 60) * 1e-3;
    const bool syncs = sync && i % 2 == 1;
    context.step(
        fmt::format("{}, cancelled after {:.0f} ms", syncs ? "sync" : "watch", after * 1000));
    RunningCall call(*instance, syncs ? "sync" : "watch", syncs ? STORM_T_WORK : STORM_T_WATCH,
                     syncs ? RunningCall::Function([&](const storm_call* raw) {
                       return table.sync(instance->handle(), raw, to_abi(scope), feed.raw());
                     })
                           : watching(*instance, scope, none, feed));
    call.wait(after);
    call.end();
  }
  instance->finish();
}

void check_executor_bookmark(CheckContext& context) {
  auto source = reach(context);
  if (!source) return;
  CheckedInstance& instance = *source->instance;
  if (!can_watch(context, instance)) return;
  const std::pair<std::string, std::string> tries[] = {
      {"its own bookmark", source->listing.bookmark},
      {"a bookmark of nobody", "\x01 no bookmark of this plugin"}};
  for (const auto& [what, bookmark] : tries) {
    if (bookmark.empty()) continue;
    KeepingFeed feed(instance, source->scope);
    context.step("watch from " + what);
    RunningCall call(instance, "watch", STORM_T_WATCH,
                     watching(instance, source->scope, bookmark, feed));
    call.wait(kWatchSeconds / 2);
    call.end();
    const Answer answer = call.answer();
    if (answer.ok() || answer.code == STORM_E_CONFLICT || answer.code == STORM_E_CANCELLED) {
      continue;
    }
    context.error(
        fmt::format("watch from {} fails: {}; go on from it, or answer "
                    "STORM_E_CONFLICT",
                    what, answer.text()));
  }
  instance.finish();
}

void check_executor_borrowed(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  const std::string scope = scopes_of(*instance).front();
  const auto& table = table_of(*instance);
  if (!can_watch(context, *instance)) return;
  const bool sync = STORM_HAS(storm_executor_v1, &table, sync);
  for (int i = 0; i < 3; ++i) {
    KeepingFeed feed(*instance, scope);
    Guarded text(scope);
    Guarded bookmark(std::string_view{});
    context.step("listing, with its arguments on pages that end with them");
    {
      RunningCall call(*instance, sync ? "sync" : "watch", sync ? STORM_T_WORK : STORM_T_WATCH,
                       [&](const storm_call* raw) {
                         return sync ? table.sync(instance->handle(), raw, text.text(), feed.raw())
                                     : table.watch(instance->handle(), raw, text.text(),
                                                   bookmark.text(), feed.raw());
                       });
      call.wait(kWatchSeconds / 4);
      call.end();
    }
    text.take_away();
    bookmark.take_away();
    context.step("a call after the arguments of a listing are gone; copy what is kept");
    scopes_of(*instance);
  }
  instance->finish();
}

void check_executor_operations(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  const auto& table = table_of(*instance);
  const storm_op_fn invoke = STORM_HAS(storm_executor_v1, &table, invoke) ? table.invoke : nullptr;
  const storm_op_fn recover =
      STORM_HAS(storm_executor_v1, &table, recover) ? table.recover : nullptr;
  if (!invoke && !recover) {
    context.skip("it has no procedures");
    instance->finish();
    return;
  }
  const auto run = [&](std::string_view what, storm_op_fn function, std::string_view procedure,
                       std::string_view params, std::string_view token) {
    storm_op op{};
    op.size = sizeof op;
    op.procedure = to_abi(procedure);
    op.params_json = to_abi(params);
    op.recovery_token = to_abi(token);
    const TextOut out;
    context.step(fmt::format("{} of \"{}\" with {}", what, procedure, params));
    const Answer answer = instance->call(what, STORM_T_WORK, [&](const storm_call* raw) {
      return function(instance->handle(), raw, &op, out.raw());
    });
    if (answer.ok()) {
      context.error(fmt::format("{} of \"{}\" with {} succeeds; refuse what is not known", what,
                                procedure, params));
    }
  };
  if (invoke) {
    run("invoke", invoke, "no such procedure", "{}", {});
    run("invoke", invoke, "", "{", {});
  }
  if (recover) run("recover", recover, "no such procedure", "{}", "no token of this plugin");
  instance->finish();
}

}  // namespace storm::plugin_check
