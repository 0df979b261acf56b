#include "core/engine/engine.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "core/base/bounded_queue.hpp"
#include "core/base/published.hpp"
#include "core/engine/apply.hpp"
#include "core/engine/load_state.hpp"
#include "core/engine/memberships.hpp"
#include "core/engine/preparation.hpp"
#include "core/engine/store_writer.hpp"

namespace storm {
namespace {

// Revisions are reserved in the store by blocks, so that none is given out twice after a crash,
// without writing each.
constexpr std::uint64_t kRevisionBlock = 1'000'000;
// How often silent agents are looked for.
constexpr std::chrono::milliseconds kTick(1000);

std::string random_key() {
  std::string key(32, '\0');
  STORM_ASSERT(getrandom(key.data(), key.size(), 0) == static_cast<ssize_t>(key.size()));
  return key;
}

// Nothing that was loaded needs them.
Result<void> forget_dictionaries(Storage& storage, const std::vector<SharedDictionary>& unused) {
  Transaction transaction;
  for (const SharedDictionary& dictionary : unused) {
    transaction.deletes.push_back({std::string(kDictionarySpace), dictionary->key(), {}});
  }
  return transaction.empty() ? Result<void>() : storage.apply(transaction);
}

// Whether the index over groups could be another one after it.
bool may_change_groups(const Command& command) {
  const auto is_apart = [](EntityKind kind) {
    return kind == EntityKind::Application || kind == EntityKind::Procedure ||
           kind == EntityKind::Job || kind == EntityKind::Subscription || kind == EntityKind::View;
  };
  if (const auto* create = std::get_if<CreateEntity>(&command)) return !is_apart(create->kind);
  if (const auto* replace = std::get_if<ReplaceEntity>(&command)) return !is_apart(replace->kind);
  if (const auto* remove = std::get_if<DeleteEntity>(&command)) return !is_apart(remove->kind);
  return !std::holds_alternative<Heartbeat>(command) &&
         !std::holds_alternative<ChangeJob>(command) &&
         !std::holds_alternative<ExecuteProcedure>(command) &&
         !std::holds_alternative<AttachProcedure>(command);
}

Error refused() { return {Errc::Unavailable, "the server is busy or stopping; try again"}; }

}  // namespace

struct Engine::Impl {
  struct Task {
    Command command;
    Completion done;
    bool dry_run = false;
    std::shared_ptr<Preparation> preparation = nullptr;  // that is over
  };
  struct Answer {
    Completion done;
    Result<Outcome> outcome;
  };

  Impl(Storage& store, const Clock& the_clock, std::shared_ptr<const OperatorSet> operator_set,
       Options the_options, LoadedState loaded, std::unique_ptr<TextPacker> text_packer,
       std::unique_ptr<TextPool> text_pool)
      : clock(the_clock),
        operators(std::move(operator_set)),
        options(std::move(the_options)),
        redactor(loaded.redaction_key, options.redaction),
        packer(std::move(text_packer)),
        texts(std::move(text_pool)),
        index(std::move(loaded.index)),
        revision_ceiling(loaded.revision_ceiling),
        alive_since(clock.mono_now()),
        outlives_process(store.durable()),
        log_id(static_cast<std::uint32_t>(Uuid::from_names("log", loaded.redaction_key).low)),
        scans(options.scan_threads, options.column_bytes_max),
        published(std::make_shared<const State>(std::move(loaded.state))),
        writer(store, [this] { return published.load(); }) {
    writer.write_behind(std::move(loaded.leftovers));
  }

  // Without secrets, and packed.  [any-thread]
  PackedText take_in(const PackedText& snapshot) {
    if (snapshot.is_packed()) return take_in_text(snapshot.text());
    return take_in_text(snapshot.bytes());
  }
  // What is a function of the command alone, before the writer has it.  [any-thread]
  void prepare(Command& command) {
    auto* discover = std::get_if<Discover>(&command);
    if (!discover) return;
    for (DiscoveredResource& item : discover->batch.upserts) {
      if (item.snapshot) item.snapshot = take_in(item.snapshot);
    }
    discover->ids = resource_ids(discover->agent, discover->batch);
  }
  PackedText take_in_text(std::string_view text) {
    const auto redacted = redactor.redact(text);
    return packer->pack(redacted ? *redacted : text);
  }

  void run() {
    MonoTime next_tick = 0;
    for (;;) {
      std::vector<Task> tasks = queue.pop_all(kTick);
      if (!tasks.empty()) process(std::move(tasks));
      if (const MonoTime now = clock.mono_now(); now >= next_tick) {
        tick();
        next_tick = now + kTick.count() * kNanosecondsPerMillisecond;
      }
      if (queue.closed() && queue.size() == 0) return;
    }
  }

  // Groups are prepared one after the other.
  void run_preparer() {
    const auto give_up = [this] { return queue.closed(); };
    for (;;) {
      std::vector<Task> tasks = to_prepare.pop_all(kTick);
      for (Task& task : tasks) {
        if (task.preparation->run(give_up, &scans) && queue.push(task, give_up)) continue;
        // The engine stops; its thread takes nothing any more.
        if (task.done) task.done(refused());
      }
      if (to_prepare.closed() && to_prepare.size() == 0) return;
    }
  }

  // Takes out the groups that have to be prepared first.
  std::vector<Task> defer(std::vector<Task>& tasks, const State& state) {
    std::vector<Task> deferred, ready;
    for (Task& task : tasks) {
      if (!task.preparation) {
        task.preparation =
            Preparation::of(task.command, state, *operators, options.group_tests_max);
        if (task.preparation) {
          deferred.push_back(std::move(task));
          continue;
        }
      }
      ready.push_back(std::move(task));
    }
    tasks = std::move(ready);
    return deferred;
  }

  void begin_preparations(std::vector<Task> tasks) {
    for (Task& task : tasks) {
      const std::shared_ptr<Preparation> preparation = task.preparation;
      preparation->begin(published.load());
      preparations.insert(preparation);
      if (to_prepare.try_push(task)) continue;
      preparations.erase(preparation);
      if (task.done) task.done(refused());
    }
  }

  void process(std::vector<Task> tasks) {
    const Snapshot before = published.load();
    std::vector<Task> deferred = defer(tasks, *before);
    if (!tasks.empty()) process_ready(std::move(tasks), before);
    begin_preparations(std::move(deferred));
  }

  void process_ready(std::vector<Task> tasks, const Snapshot& before) {
    const Listings listings_before = listings;
    State next = *before;
    std::vector<Answer> answers;
    std::vector<std::size_t> durable_tasks;
    Touched durable, behind;
    bool index_touched = false;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      Task& task = tasks[i];
      ++commands;
      if (task.dry_run) {
        answers.push_back({std::move(task.done), try_out(task, next)});
        continue;
      }
      Change change(next, index, clock.wall_now(), options.events_kept);
      ApplyContext context{change,
                           *operators,
                           redactor,
                           *packer,
                           *texts,
                           listings,
                           alive_since,
                           clock.mono_now(),
                           take_preparation(task, next),
                           options.group_tests_max};
      Result<Id> made = storm::apply(task.command, context);
      index_touched = index_touched || may_change_groups(task.command);
      for (const auto& preparation : preparations) preparation->note(change);
      const bool is_written = is_durable(task.command) && made;
      Touched& touched = is_written ? durable : behind;
      touched.merge(change.take_touched());
      if (is_written) durable_tasks.push_back(i);
      answers.push_back({std::move(task.done), made ? Result<Outcome>(Outcome{*made, nullptr})
                                                    : Result<Outcome>(std::move(made).error())});
    }
    Result<void> saved = reserve_revisions(next.revision);
    if (saved && !durable_tasks.empty()) {
      auto later = writer.commit(durable, next, behind.events.empty());
      if (later) {
        behind.entities.merge(later->entities);
        behind.events.merge(later->events);
      } else {
        saved = later.error();
      }
    }
    if (!saved) {
      if (index_touched) {
        State unchanged = *before;
        Memberships(unchanged, index).rebuild_index();
      }
      listings = listings_before;
      return refuse_durable(std::move(tasks), std::move(answers), durable_tasks, saved.error());
    }
    ++batches;
    Snapshot after = std::make_shared<const State>(std::move(next));
    published.store(after);
    writer.write_behind(std::move(behind));
    for (Answer& answer : answers) {
      if (answer.outcome && !answer.outcome->snapshot) answer.outcome->snapshot = after;
      if (answer.done) answer.done(std::move(answer.outcome));
    }
    for (const auto& notify : listeners) notify();
  }

  // The store did not take what people wrote: they are told, and the rest of the batch is done
  // without them.
  void refuse_durable(std::vector<Task> tasks, std::vector<Answer> answers,
                      const std::vector<std::size_t>& durable_tasks, const Error& error) {
    std::vector<Task> others;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const bool was_written = std::binary_search(durable_tasks.begin(), durable_tasks.end(), i);
      const bool is_final = tasks[i].dry_run || !answers[i].outcome;
      if (!was_written && !is_final && !durable_tasks.empty()) {
        tasks[i].done = std::move(answers[i].done);
        others.push_back(std::move(tasks[i]));
      } else if (answers[i].done) {
        answers[i].done(is_final ? std::move(answers[i].outcome) : Result<Outcome>(error));
      }
    }
    if (!others.empty()) process_ready(std::move(others), published.load());
  }

  Prepared take_preparation(Task& task, const State& state) {
    if (!task.preparation) return {};
    preparations.erase(task.preparation);
    return task.preparation->finish(state);
  }

  Result<Outcome> try_out(Task& task, const State& base) {
    State trial = base;
    std::optional<GroupIndex> copied;
    if (may_change_groups(task.command)) copied = index;
    GroupIndex& trial_index = copied ? *copied : index;
    Listings trial_listings = listings;
    Change change(trial, trial_index, clock.wall_now(), options.events_kept);
    ApplyContext context{change,
                         *operators,
                         redactor,
                         *packer,
                         *texts,
                         trial_listings,
                         alive_since,
                         clock.mono_now(),
                         take_preparation(task, base),
                         options.group_tests_max};
    const Id id = STORM_TRY(storm::apply(task.command, context));
    return Outcome{id, std::make_shared<const State>(std::move(trial)),
                   std::make_shared<const State>(base)};
  }

  void tick() {
    State next = *published.load();
    const std::uint64_t revision = next.revision;
    Change change(next, index, clock.wall_now(), options.events_kept);
    ApplyContext context{change,   *operators,  redactor,         *packer, *texts,
                         listings, alive_since, clock.mono_now(), {}};
    expire_agents(context);
    for (const auto& preparation : preparations) preparation->note(change);
    if (change.touched().entities.empty()) return;
    if (!reserve_revisions(next.revision)) {
      State unchanged = *published.load();
      Memberships(unchanged, index).rebuild_index();
      return;
    }
    const bool visible = next.revision != revision;
    published.store(std::make_shared<const State>(std::move(next)));
    writer.write_behind(change.take_touched());
    if (!visible) return;
    for (const auto& notify : listeners) notify();
  }

  // Ahead of need, so that a store which refuses for a while stops nobody.
  Result<void> reserve_revisions(std::uint64_t used) {
    if (used + kRevisionBlock / 2 <= revision_ceiling) return {};
    const std::uint64_t ceiling = used + kRevisionBlock;
    Result<void> saved = writer.put_meta("revision_ceiling", std::to_string(ceiling));
    if (saved) revision_ceiling = ceiling;
    return used <= revision_ceiling ? Result<void>() : saved;
  }

  // Constant after construction and start().
  const Clock& clock;
  const std::shared_ptr<const OperatorSet> operators;
  const Options options;
  const Redactor redactor;
  const std::unique_ptr<TextPacker> packer;
  const std::unique_ptr<TextPool> texts;  // Engine thread only.
  std::vector<std::function<void()>> listeners;

  // Engine thread only.
  GroupIndex index;
  Listings listings;
  std::set<std::shared_ptr<Preparation>> preparations;  // begun and not yet taken
  std::uint64_t revision_ceiling;
  const MonoTime alive_since;
  const bool outlives_process;
  const std::uint32_t log_id;

  // Any thread.
  Scans scans;
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> batches{0};
  BoundedQueue<Task> queue{kCommandsMax};
  BoundedQueue<Task> to_prepare{kPreparationsMax};
  Published<State> published;
  StoreWriter writer;
  std::thread thread;
  std::thread preparer;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() { stop(); }

Result<std::unique_ptr<Engine>> Engine::create(Storage& storage, const Clock& clock,
                                               std::shared_ptr<const OperatorSet> operators,
                                               Options options) {
  auto packer = std::make_unique<TextPacker>();
  auto texts = std::make_unique<TextPool>();
  LoadedState loaded = STORM_TRY(
      load_state(storage, *operators, options.events_kept, *packer, *texts, clock.wall_now()));
  const std::vector<SharedDictionary> unused = packer->settle();
  // A row that cannot be read may need one.
  if (loaded.left_out == 0) STORM_TRY(forget_dictionaries(storage, unused));
  if (loaded.redaction_key.empty()) {
    loaded.redaction_key = random_key();
    Transaction transaction;
    transaction.puts.push_back({std::string(kMetaSpace), "redaction_key", loaded.redaction_key});
    STORM_TRY(storage.apply(transaction));
  }
  const std::uint64_t revision = loaded.state.revision;
  auto impl = std::make_unique<Impl>(storage, clock, std::move(operators), std::move(options),
                                     std::move(loaded), std::move(packer), std::move(texts));
  STORM_TRY(impl->reserve_revisions(revision));
  // Without it the next start says of more groups than need be that they changed.
  auto noted = impl->writer.put_meta(std::string(kStaleUpToKey), std::to_string(revision));
  if (!noted) spdlog::warn("store: the start was not noted: {}", noted.error().message);
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

void Engine::on_publish(std::function<void()> notify) {
  STORM_ASSERT(!impl_->thread.joinable());
  impl_->listeners.push_back(std::move(notify));
}

void Engine::start() {
  impl_->writer.start();
  impl_->thread = std::thread([this] { impl_->run(); });
  impl_->preparer = std::thread([this] { impl_->run_preparer(); });
}

void Engine::stop() {
  impl_->queue.close();
  if (!impl_->thread.joinable()) return;
  impl_->thread.join();
  impl_->to_prepare.close();
  impl_->preparer.join();
  impl_->writer.stop();
  const std::uint64_t revision = impl_->published.load()->revision;
  if (impl_->writer.counters().behind_waiting > 0) return;
  auto saved = impl_->writer.put_meta(std::string(kEventsUpToKey), std::to_string(revision));
  if (saved) saved = impl_->writer.put_meta("revision_ceiling", std::to_string(revision));
  if (!saved) {
    spdlog::warn("store: the last revision was not noted: {}", saved.error().message);
  }
}

Snapshot Engine::snapshot() const { return impl_->published.load(); }

void Engine::submit(Command command, Completion done, bool dry_run) {
  impl_->prepare(command);
  Impl::Task task{std::move(command), std::move(done), dry_run};
  if (!impl_->queue.try_push(task)) task.done(refused());
}

bool Engine::submit_waiting(Command command, Completion done,
                            const std::function<bool()>& give_up) {
  impl_->prepare(command);
  Impl::Task task{std::move(command), std::move(done), false};
  return impl_->queue.push(task, give_up);
}

Result<Outcome> Engine::execute(Command command, bool dry_run) {
  std::promise<Result<Outcome>> promise;
  auto answer = promise.get_future();
  Completion done = [&promise](Result<Outcome> outcome) { promise.set_value(std::move(outcome)); };
  if (dry_run) {
    submit(std::move(command), std::move(done), true);
  } else if (!submit_waiting(std::move(command), std::move(done), [] { return false; })) {
    return refused();
  }
  return answer.get();
}

const OperatorSet& Engine::operators() const { return *impl_->operators; }

Scans& Engine::scans() const { return impl_->scans; }

EngineCounters Engine::counters() const {
  const StoreWriter::Counters store = impl_->writer.counters();
  EngineCounters counters;
  counters.commands = impl_->commands;
  counters.batches = impl_->batches;
  counters.commits = store.commits;
  counters.commit_failures = store.commit_failures;
  counters.behind_rows = store.behind_rows;
  counters.behind_waiting = store.behind_waiting;
  counters.behind_failures = store.behind_failures;
  return counters;
}

Result<void> Engine::store_health() const { return impl_->writer.health(); }

bool Engine::durable() const { return impl_->outlives_process; }

std::uint32_t Engine::log_id() const { return impl_->log_id; }

}  // namespace storm
