#include "core/plugin_host/plugin_loader.hpp"

#include <elf.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>

#include "catch.hpp"
#include "core/plugin_host/elf_image.hpp"
#include "core/plugin_host/executor_adapter.hpp"
#include "core/plugin_host/plugin_instance.hpp"
#include "core/plugin_host/plugin_refusal.hpp"
#include "plugin_fixture.hpp"
#include "storm/executor.h"

namespace storm {
namespace {

using test::fixture;
using test::manifest_of;

std::string refusal(const Manifest& manifest) {
  LibraryRegistry libraries;
  const auto loaded = load_plugin(manifest, libraries);
  return loaded ? "loaded" : loaded.error().message;
}

// "plugin.note_missing" of a refusal's text; the text itself when it has none.
std::string id_of(const std::string& message) {
  const std::size_t open = message.rfind(" [");
  if (open == std::string::npos || !message.ends_with(']')) return message;
  return message.substr(open + 2, message.size() - open - 3);
}

std::string start_refusal(const std::string& habit) {
  test::Environment environment;
  const auto started = PluginInstance::start(manifest_of("misbehaving", "misbehaving"), "prod",
                                             Value(habit), environment.value);
  return started ? "started" : started.error().message;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The fixture "trap" ends this process when it is mapped.

TEST_CASE("loader: an older ABI is refused before the library is mapped", "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.abi_major = 0;
  manifest.abi_built = 9;
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 is for plugin ABI 0.9, this stormd "
        "has 1.0; install a newer executor.fixture or an older stormd [plugin.abi_major]");
}

TEST_CASE("loader: a newer ABI is refused before the library is mapped", "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.abi_major = 2;
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 is for plugin ABI 2.0, this stormd "
        "has 1.0; install a newer stormd or an older executor.fixture [plugin.abi_major]");
}

TEST_CASE("loader: a plugin that needs a newer minor is refused before it is mapped",
          "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.abi_built = 8;
  manifest.abi_min = 7;
  CHECK(
      refusal(manifest) ==
      "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 needs plugin ABI 1.7 or newer, this "
      "stormd has 1.0; install a newer stormd or an older executor.fixture [plugin.abi_minor]");
}

TEST_CASE("loader: a missing interface is refused before the library is mapped", "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.provides = {"storm.executor/2"};
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 provides [storm.executor/2], this "
        "stormd needs storm.executor/1 of it; install a executor.fixture that fits this stormd "
        "[plugin.interface_missing]");
  manifest.kind = "teapot";
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: 'teapot' is not a kind of plugin that this stormd knows; "
        "known are executor, machine, publisher, storage, operator [plugin.kind_unknown]");
}

TEST_CASE("loader: another runtime is refused before the library is mapped", "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.runtime = "go";
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 has the runtime 'go', which cannot "
        "be loaded into stormd [plugin.runtime]");
}

TEST_CASE("loader: a file that is no shared object for this machine is refused unmapped",
          "[plugin_host]") {
  const test::TempFolder folder;
  Manifest manifest = manifest_of("trap");
  const std::string machine =
#if defined(__x86_64__)
      "x86-64";
#else
      "aarch64";
#endif
  const std::string remedy = "; install the plugin for " + machine;
  const std::string trap = bytes_of(fixture("trap"));
  const auto refused = [&](const std::string& bytes) {
    manifest.library = folder.write("x.so", bytes);
    return refusal(manifest);
  };
  const std::string file = (folder.path() / "x.so").string();
  const auto bent = [&](std::size_t offset, char byte) {
    std::string bytes = trap;
    bytes[offset] = byte;
    return bytes;
  };

  CHECK(refused("#!/bin/sh\necho hello, I am a script\n") ==
        file + ": this is not an ELF shared object" + remedy + " [plugin.not_elf]");
  CHECK(refused("") == file + ": this is not an ELF shared object" + remedy + " [plugin.not_elf]");
  CHECK(refused(trap.substr(0, 40)) ==
        file +
            ": this shared object is damaged or cut off: it has 40 bytes, and its header lies "
            "beyond them" +
            remedy + " [plugin.elf_damaged]");
  CHECK(refused(bent(EI_CLASS, ELFCLASS32)) ==
        file + ": this is not a 64-bit little-endian shared object" + remedy +
            " [plugin.elf_class]");
  CHECK(refused(bent(offsetof(Elf64_Ehdr, e_machine), EM_S390)) ==
        file + ": this was built for s390" + remedy + " [plugin.elf_machine]");
  CHECK(refused(bent(offsetof(Elf64_Ehdr, e_type), ET_REL)) ==
        file + ": this ELF file is not a shared object" + remedy + " [plugin.elf_type]");
  manifest.library = folder.path() / "missing.so";
  CHECK(refusal(manifest) == manifest.library.string() +
                                 ": it cannot be opened: No such file or directory; reinstall the "
                                 "plugin [plugin.file_missing]");
  manifest.library = folder.path();
  CHECK(id_of(refusal(manifest)) == "plugin.file_type");
}

TEST_CASE("loader: no cut of a file is mapped or crashes", "[plugin_host]") {
  const test::TempFolder folder;
  Manifest manifest = manifest_of("trap");
  const std::string trap = bytes_of(fixture("trap"));
  // Every length that ends within a header or table, and some in between.
  for (std::size_t size = 0; size < trap.size(); size += size < 4096 ? 7 : 509) {
    manifest.library = folder.write("cut.so", trap.substr(0, size));
    const std::string id = id_of(refusal(manifest));
    INFO(size << " bytes: " << id);
    CHECK((id == "plugin.not_elf" || id == "plugin.elf_damaged"));
  }
}

TEST_CASE("loader: no lie in the header or the tables of a file crashes", "[plugin_host]") {
  const std::string trap = bytes_of(fixture("trap"));
  Elf64_Ehdr header;
  REQUIRE(trap.size() > sizeof header);
  std::memcpy(&header, trap.data(), sizeof header);
  const auto lie = [&](std::size_t at) {
    for (const char byte : {'\0', '\1', '\x7f', '\x80', '\xff'}) {
      std::string bytes = trap;
      bytes[at] = byte;
      static_cast<void>(read_elf(bytes, "lie.so"));
      std::memset(bytes.data() + at, byte, std::min<std::size_t>(8, bytes.size() - at));
      static_cast<void>(read_elf(bytes, "lie.so"));
    }
  };
  for (std::size_t at = 0; at < 4096 && at < trap.size(); ++at) lie(at);
  for (std::size_t at = header.e_shoff; at < trap.size(); ++at) lie(at);
  // The notes lie in the first of these bytes: their lengths were among the lies.
  const auto image = read_elf(trap, "trap.so");
  REQUIRE(image);
  CHECK(image->notes.size() == 1);
}

TEST_CASE("loader: a note that is not there, not one, or no note is refused before the mapping",
          "[plugin_host]") {
  const auto refused = [](const std::string& name) { return refusal(manifest_of(name)); };
  const std::string build = "; build executor.fixture with storm_add_plugin()";
  CHECK(refused("note_none") ==
        fixture("note_none").string() +
            ": it has no note that says which plugin ABI it was built for, this stormd has 1.0" +
            build + " [plugin.note_missing]");
  CHECK(refused("note_garbage") == fixture("note_garbage").string() +
                                       ": its note cannot be read: its last line has no end" +
                                       build + " [plugin.note_invalid]");
  CHECK(refused("note_half") == fixture("note_half").string() +
                                    ": its note cannot be read: it does not say min" + build +
                                    " [plugin.note_invalid]");
  CHECK(refused("note_two") == fixture("note_two").string() + ": it has more than one note" +
                                   build + " [plugin.note_invalid]");
}

TEST_CASE("loader: a note that says something else than the manifest is refused before the mapping",
          "[plugin_host]") {
  const auto refused = [](const Manifest& manifest) { return refusal(manifest); };
  const std::string after = ", but the manifest /plugins/executor-fixture.yaml says ";
  const std::string end = "; reinstall the plugin [plugin.note_mismatch]";
  CHECK(refused(manifest_of("note_other_id")) ==
        fixture("note_other_id").string() + ": its note says that its id is executor.other" +
            after + "executor.fixture" + end);
  CHECK(refused(manifest_of("note_other_interface")) ==
        fixture("note_other_interface").string() +
            ": its note says that its list of interfaces is [storm.executor/2]" + after +
            "[storm.executor/1]" + end);
  const std::string trap = fixture("trap").string() + ": its note says that its ";
  Manifest manifest = manifest_of("trap");
  manifest.abi_built = 4;
  CHECK(refused(manifest) == trap + "ABI is 1.0" + after + "1.4" + end);
  manifest = manifest_of("trap");
  manifest.version = "1.0.1";
  CHECK(refused(manifest) == trap + "version is 1.0.0" + after + "1.0.1" + end);
  manifest = manifest_of("trap");
  manifest.needs = {"storm.host.log/1"};
  CHECK(id_of(refused(manifest)) == "plugin.note_mismatch");
}

TEST_CASE("loader: a library that shares or exports too much is refused before the mapping",
          "[plugin_host]") {
  const std::string build = "; build executor.fixture with storm_add_plugin()";
  CHECK(refusal(manifest_of("exports")) ==
        fixture("exports").string() +
            ": it exports fixture_something_else, and a plugin exports nothing but "
            "storm_entry_fixture" +
            build + " [plugin.exports]");
#if defined(__GNUC__) && !defined(__clang__)
  CHECK(id_of(refusal(manifest_of("unique"))) == "plugin.gnu_unique");
#endif
  CHECK(id_of(refusal(manifest_of("executable_stack"))) == "plugin.executable_stack");
}

TEST_CASE("loader: a file that others may write is refused", "[plugin_host]") {
  const test::TempFolder folder;
  Manifest manifest = manifest_of("misbehaving", "misbehaving");
  manifest.library = folder.path() / "inner" / "plugin.so";
  std::filesystem::create_directory(folder.path() / "inner");
  std::filesystem::copy_file(fixture("misbehaving"), manifest.library);
  const auto with = [&](const std::filesystem::path& file, unsigned mode) {
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    return id_of(refusal(manifest));
  };
  CHECK(with(manifest.library, 0644) == "loaded");
  CHECK(with(manifest.library, 0646) == "plugin.file_writable");
  CHECK(with(manifest.library, 0644) == "loaded");
  CHECK(with(manifest.library.parent_path(), 0757) == "plugin.file_writable");
  CHECK(with(manifest.library.parent_path(), 01777) == "loaded");
  CHECK(with(manifest.library.parent_path(), 0755) == "loaded");
  CHECK(refusal(manifest) == "loaded");
}

TEST_CASE("trusted file: who may own and write what decides", "[plugin_host]") {
  const auto verdict = [](uid_t owner, gid_t group, mode_t mode, uid_t uid, gid_t gid) {
    struct stat file = {};
    file.st_uid = owner;
    file.st_gid = group;
    file.st_mode = mode;
    const auto checked = check_trusted("/p", file, uid, gid);
    return checked ? "good" : id_of(checked.error().message);
  };
  constexpr mode_t kFile = S_IFREG | 0644;
  constexpr mode_t kGroup = S_IFREG | 0664;
  CHECK(verdict(0, 0, kFile, 0, 0) == "good");
  CHECK(verdict(0, 0, kFile, 1000, 1000) == "good");
  CHECK(verdict(1000, 1000, kFile, 1000, 1000) == "good");
  CHECK(verdict(1000, 1000, kFile, 0, 0) == "plugin.file_owner");
  CHECK(verdict(1001, 1001, kFile, 1000, 1000) == "plugin.file_owner");
  // A umask of 002, and groups that have one member.
  CHECK(verdict(1000, 1000, kGroup, 1000, 1000) == "good");
  CHECK(verdict(1000, 100, kGroup, 1000, 100) == "plugin.file_writable");
  CHECK(verdict(0, 0, kGroup, 0, 0) == "good");
  CHECK(verdict(0, 50, kGroup, 0, 0) == "plugin.file_writable");
  CHECK(verdict(0, 50, S_IFDIR | 0775, 1000, 1000) == "plugin.file_writable");
  CHECK(verdict(0, 0, S_IFDIR | 01777, 1000, 1000) == "good");
  CHECK(verdict(1001, 0, S_IFDIR | 01777, 1000, 1000) == "plugin.file_owner");
}

TEST_CASE("trusted file: a path that became a link is not followed", "[plugin_host]") {
  const test::TempFolder folder;
  const std::filesystem::path here = std::filesystem::canonical(folder.path());
  std::filesystem::create_directory(here / "real");
  std::ofstream(here / "real" / "file") << "text";
  std::filesystem::create_directory_symlink(here / "real", here / "linked");
  std::filesystem::create_symlink(here / "real" / "file", here / "real" / "link");
  const auto read = [](const std::filesystem::path& path) {
    const auto file = read_canonical_file(path, 100);
    return file ? file->bytes : id_of(file.error().message);
  };
  CHECK(read(here / "real" / "file") == "text");
  CHECK(read(here / "linked" / "file") == "plugin.file_swapped");
  CHECK(read(here / "real" / "link") == "plugin.file_swapped");
  const auto followed = read_trusted_file(here / "linked" / "link", 100);
  REQUIRE(followed);
  CHECK(followed->bytes == "text");
}

TEST_CASE("loader: a link that is swapped all the time never maps what was not checked",
          "[plugin_host]") {
  const test::TempFolder folder;
  Manifest manifest = manifest_of("misbehaving", "misbehaving");
  manifest.library = folder.path() / "plugin.so";
  const auto point_to = [&](const std::filesystem::path& target) {
    const auto next = folder.path() / "next";
    std::filesystem::create_symlink(target, next);
    std::filesystem::rename(next, manifest.library);
  };
  point_to(fixture("misbehaving"));
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) {
      point_to(fixture("note_none"));  // ends this process when it is mapped
      point_to(fixture("misbehaving"));
    }
  });
  LibraryRegistry libraries;
  int loaded = 0;
  int refused = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while ((loaded < 20 || refused < 20) && std::chrono::steady_clock::now() < deadline) {
    const auto result = load_plugin(manifest, libraries);
    if (result) {
      ++loaded;
    } else {
      const std::string id = id_of(result.error().message);
      CHECK((id == "plugin.note_missing" || id == "plugin.file_swapped" ||
             id == "plugin.file_missing"));
      ++refused;
    }
  }
  stop = true;
  swapper.join();
  CHECK(loaded >= 20);
  CHECK(refused >= 20);
}

TEST_CASE("loader: a new build at the same path is a new generation, and the old one stays",
          "[plugin_host]") {
  const test::TempFolder folder;
  Manifest manifest = manifest_of("misbehaving", "misbehaving");
  manifest.library = folder.path() / "plugin.so";
  const std::string bytes = bytes_of(fixture("misbehaving"));
  LibraryRegistry libraries;
  // The linker's tables end before the end of the file: a byte more is another build of the same.
  const auto install = [&](int build) {
    // Written over in place, which is what cp does.
    folder.write("plugin.so", bytes + std::string(static_cast<std::size_t>(build), '!'));
    return load_plugin(manifest, libraries);
  };
  const auto first = install(0);
  REQUIRE(first);
  const auto again = install(0);
  REQUIRE(again);
  CHECK((*again)->library == (*first)->library);
  CHECK(libraries.generations() == 1);
  const auto second = install(1);
  REQUIRE(second);
  CHECK((*second)->library != (*first)->library);
  CHECK((*second)->descriptor != (*first)->descriptor);
  CHECK(std::string((*first)->descriptor->id.p) == "executor.misbehaving");
  // Back to the first: that code is mapped already.
  const auto back = install(0);
  REQUIRE(back);
  CHECK((*back)->library == (*first)->library);
  for (int build = 2; build < static_cast<int>(kGenerationsMax); ++build) {
    REQUIRE(install(build));
  }
  CHECK(libraries.generations() == kGenerationsMax);
  const auto ninth = install(static_cast<int>(kGenerationsMax));
  REQUIRE_FALSE(ninth);
  CHECK(ninth.error().message ==
        manifest.library.string() +
            ": 8 builds of it are loaded, and none can be taken out; restart stormd to use another "
            "one [plugin.generations]");
  CHECK_FALSE(check_loadable(manifest, libraries));
}

TEST_CASE("loader: the words of the dynamic linker are kept", "[plugin_host]") {
  // A program that needs a library which is nowhere.
  const test::TempFolder folder;
  Manifest manifest = manifest_of("borrowed", "borrowed");
  std::string bytes = bytes_of(fixture("borrowed"));
  const std::size_t name = bytes.find("libfixture_dependency.so");
  REQUIRE(name != std::string::npos);
  bytes.replace(name, 3, "bil");
  manifest.library = folder.write("x.so", bytes);
  CHECK(refusal(manifest) ==
        manifest.library.string() +
            ": cannot be loaded: bilfixture_dependency.so: cannot open shared object file: No such "
            "file or directory [plugin.load_failed]");
}

TEST_CASE("loader: a library without the entry is refused", "[plugin_host]") {
  CHECK(refusal(manifest_of("no_symbol")) ==
        fixture("no_symbol").string() +
            ": it does not export storm_entry_fixture; build it with "
            "storm_add_plugin() [plugin.entry_missing]");
}

TEST_CASE("loader: the entry of a dependency is not taken for the plugin's own", "[plugin_host]") {
  const std::string message = refusal(manifest_of("borrowed", "borrowed"));
  CHECK(message.starts_with(fixture("borrowed").string() +
                            ": storm_entry_borrowed is not its own, it comes from "));
  CHECK(
      message.find("libfixture_dependency.so, which it depends on; a plugin must define its entry "
                   "itself [plugin.entry_borrowed]") != std::string::npos);
}

TEST_CASE("loader: garbage descriptors are refused", "[plugin_host]") {
  const auto garbage = [](const std::string& variant) {
    const std::string message = refusal(manifest_of("descriptor_" + variant));
    const std::string before = fixture("descriptor_" + variant).string() +
                               ": the descriptor of executor.fixture 1.0.0 is garbage: ";
    const std::string after =
        "; rebuild the plugin with the headers of plugin ABI 1.0 [plugin.descriptor_garbage]";
    if (!message.starts_with(before) || !message.ends_with(after)) return message;
    return message.substr(before.size(), message.size() - before.size() - after.size());
  };
  CHECK(garbage("small_size") == "its size is 24, at least 120 is needed");
  CHECK(garbage("no_provides") == "provides is NULL");
  CHECK(garbage("endless_provides") == "provides has no end");
  CHECK(garbage("no_function") == "a function of it is NULL");
  CHECK(garbage("no_table") == "it has no table for storm.executor/1");
  CHECK(garbage("small_table") ==
        "its table for storm.executor/1 has size 8, at least 32 is needed");
}

TEST_CASE("loader: a table that ends where ABI 1.0 lets it end is served, and nothing beyond it",
          "[plugin_host]") {
  LibraryRegistry libraries;
  const auto loaded = load_plugin(manifest_of("descriptor_first_tables"), libraries);
  REQUIRE(loaded);
  const auto* const table = static_cast<const storm_executor_v1*>((*loaded)->table);
  CHECK(table->size == offsetof(storm_executor_v1, invoke));
  CHECK(table->invoke != nullptr);  // it lies there, and calling it would end this process
  CHECK_FALSE(STORM_HAS(storm_executor_v1, table, invoke));
  CHECK_FALSE(STORM_HAS(storm_executor_v1, table, recover));
  CHECK(STORM_HAS(storm_executor_v1, table, watch));

  test::Environment environment;
  auto instance = PluginInstance::start(manifest_of("descriptor_first_tables"), "old", Value(),
                                        environment.value);
  REQUIRE(instance);
  auto adapter = ExecutorAdapter::create(std::move(*instance));
  REQUIRE(adapter);
  CHECK((*adapter)->description().agent_type == "first");
  const auto sink = std::make_shared<test::KeepingSink>();
  (*adapter)->run(sink);
  CHECK(sink->wait_until([](const auto& batches, const auto&) { return !batches.empty(); }));
  CHECK((*adapter)->stop());
}

TEST_CASE("loader: an entry that throws is refused", "[plugin_host]") {
  CHECK(refusal(manifest_of("throwing_entry")) ==
        fixture("throwing_entry").string() +
            ": storm_entry_fixture let an exception out of the plugin [plugin.entry_threw]");
}

TEST_CASE("loader: a plugin that refuses this host is reported", "[plugin_host]") {
  CHECK(refusal(manifest_of("descriptor_refuses")) ==
        fixture("descriptor_refuses").string() +
            ": executor.fixture 1.0.0 refuses to work with plugin ABI 1.0; install a "
            "executor.fixture that fits this stormd [plugin.refuses_host]");
}

TEST_CASE("loader: a descriptor that differs from the manifest is refused", "[plugin_host]") {
  const std::string after = ", but the manifest /plugins/executor-fixture.yaml says ";
  const std::string end = "; reinstall the plugin [plugin.descriptor_mismatch]";
  CHECK(refusal(manifest_of("descriptor_other_version")) ==
        fixture("descriptor_other_version").string() + ": its version is 1.0.1" + after + "1.0.0" +
            end);
  CHECK(refusal(manifest_of("descriptor_other_abi")) == fixture("descriptor_other_abi").string() +
                                                            ": its ABI is 1.3 (at least 1.0)" +
                                                            after + "1.0 (at least 1.0)" + end);
}

TEST_CASE("loader: each refusal has a line in the documentation", "[plugin_host]") {
  const std::string page = bytes_of(STORM_SDK "/docs/loading.md");
  for (int i = 0; i <= static_cast<int>(kLastRefusal); ++i) {
    const std::string_view name = name_of(static_cast<Refusal>(i));
    INFO(name);
    CHECK(page.find("| `" + std::string(name) + "` |") != std::string::npos);
  }
}

TEST_CASE("instance: what goes wrong while it starts is told", "[plugin_host]") {
  CHECK(start_refusal("throw") == "prod: create let an exception out of the plugin: no such luck");
  CHECK(start_refusal("throw_int") ==
        "prod: create let an exception out of the plugin: of an unknown type");
  CHECK(start_refusal("fail_in_silence") ==
        "prod: create failed with STORM_E_AUTH and gave no reason");
  CHECK(start_refusal("no_instance") ==
        "prod: create of executor.misbehaving succeeded without an instance");
  CHECK(start_refusal("fail_in_start") == "prod: nobody answers");
}

TEST_CASE("instance: it starts, stops, and stops again", "[plugin_host]") {
  test::Environment environment;
  const auto started = PluginInstance::start(manifest_of("misbehaving", "misbehaving"), "prod",
                                             Value("good"), environment.value);
  REQUIRE(started);
  CHECK((*started)->state() == PluginState::Started);
  CHECK((*started)->stop());
  CHECK((*started)->state() == PluginState::Stopped);
  CHECK((*started)->stop());
}

TEST_CASE("instance: one that hangs in create is left behind", "[plugin_host]") {
  test::Environment environment;
  const auto started = PluginInstance::start(test::manifest_of("misbehaving", "misbehaving"),
                                             "prod", Value("hang_in_create"), environment.value);
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Errc::TimedOut);
  CHECK(started.error().message ==
        "prod: create did not return within 10 s; the instance is left behind until the process "
        "ends");
}

TEST_CASE("instance: one that hangs in quiesce is left behind", "[plugin_host]") {
  test::Environment environment;
  const auto started = PluginInstance::start(manifest_of("misbehaving", "misbehaving"), "prod",
                                             Value("hang_in_quiesce"), environment.value);
  REQUIRE(started);
  const auto stopped = (*started)->stop();
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().message ==
        "prod: quiesce did not return within 1 s; the instance is left behind until the process "
        "ends");
  CHECK((*started)->state() == PluginState::Failed);
}

TEST_CASE("library: it stays mapped when everybody has let go of it", "[plugin_host]") {
  const test::TempFolder folder;
  const auto copy = folder.write("stays.so", bytes_of(fixture("no_symbol")));
  {
    LibraryRegistry libraries;
    const auto file = read_trusted_file(copy, kLibraryBytesMax);
    REQUIRE(file);
    REQUIRE(libraries.open(*file));
  }
  CHECK(bytes_of("/proc/self/maps").find("stays.so") != std::string::npos);
}

}  // namespace
}  // namespace storm
