#include "core/plugin_host/plugin_loader.hpp"

#include <elf.h>

#include <iterator>

#include "catch.hpp"
#include "core/plugin_host/plugin_instance.hpp"
#include "plugin_fixture.hpp"

namespace storm {
namespace {

using test::fixture;
using test::manifest_of;

std::string refusal(const Manifest& manifest) {
  LibraryRegistry libraries;
  const auto loaded = load_plugin(manifest, libraries);
  return loaded ? "loaded" : loaded.error().message;
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
        "has 1.0; install a newer executor.fixture or an older stormd");
}

TEST_CASE("loader: a newer ABI is refused before the library is mapped", "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.abi_major = 2;
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 is for plugin ABI 2.0, this stormd "
        "has 1.0; install a newer stormd or an older executor.fixture");
}

TEST_CASE("loader: a plugin that needs a newer minor is refused before it is mapped",
          "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.abi_built = 8;
  manifest.abi_min = 7;
  CHECK(
      refusal(manifest) ==
      "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 needs plugin ABI 1.7 or newer, this "
      "stormd has 1.0; install a newer stormd or an older executor.fixture");
}

TEST_CASE("loader: a library that was replaced asks for a restart", "[plugin_host]") {
  const test::TempFolder folder;
  Manifest manifest = manifest_of("misbehaving", "misbehaving");
  manifest.library = folder.path() / "plugin.so";
  std::filesystem::copy_file(fixture("misbehaving"), manifest.library);
  LibraryRegistry libraries;
  REQUIRE(check_loadable(manifest, libraries));
  REQUIRE(load_plugin(manifest, libraries));
  REQUIRE(check_loadable(manifest, libraries));
  REQUIRE(load_plugin(manifest, libraries));
  std::filesystem::copy_file(fixture("misbehaving"), folder.path() / "new.so");
  std::filesystem::rename(folder.path() / "new.so", manifest.library);
  manifest.version = "1.1.0";
  const std::string message = manifest.library.string() +
                              ": the file was replaced after it was loaded, and what is loaded "
                              "cannot be taken out; restart stormd to use the new one";
  const auto checked = check_loadable(manifest, libraries);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message == message);
  const auto loaded = load_plugin(manifest, libraries);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message == message);
}

TEST_CASE("loader: a missing interface is refused before the library is mapped", "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.provides = {"storm.executor/2"};
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 provides [storm.executor/2], this "
        "stormd needs storm.executor/1 of it; install a executor.fixture that fits this stormd");
  manifest.kind = "teapot";
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: 'teapot' is not a kind of plugin that this stormd knows; "
        "known are executor, storage, operator");
}

TEST_CASE("loader: another runtime is refused before the library is mapped", "[plugin_host]") {
  Manifest manifest = manifest_of("trap");
  manifest.runtime = "go";
  CHECK(refusal(manifest) ==
        "/plugins/executor-fixture.yaml: executor.fixture 1.0.0 has the runtime 'go', which cannot "
        "be loaded into stormd");
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
        file + ": this is not an ELF shared object" + remedy);
  CHECK(refused("") == file + ": this is not an ELF shared object" + remedy);
  CHECK(refused(trap.substr(0, 40)) == file + ": this shared object is cut off" + remedy);
  CHECK(refused(bent(EI_CLASS, ELFCLASS32)) ==
        file + ": this is not a 64-bit little-endian shared object" + remedy);
  CHECK(refused(bent(offsetof(Elf64_Ehdr, e_machine), EM_S390)) ==
        file + ": this was built for s390" + remedy);
  CHECK(refused(bent(offsetof(Elf64_Ehdr, e_type), ET_REL)) ==
        file + ": this ELF file is not a shared object" + remedy);
  manifest.library = folder.path() / "missing.so";
  CHECK(refusal(manifest) == manifest.library.string() +
                                 ": there is no such file, though its manifest names it; reinstall "
                                 "the plugin");
}

TEST_CASE("loader: the words of the dynamic linker are kept", "[plugin_host]") {
  const test::TempFolder folder;
  Manifest manifest = manifest_of("trap");
  manifest.library = folder.write("x.so", bytes_of(fixture("no_symbol")).substr(0, 200));
  CHECK(refusal(manifest) == manifest.library.string() + ": cannot be loaded: " +
                                 manifest.library.string() + ": cannot read file data");
}

TEST_CASE("loader: a library without the entry is refused", "[plugin_host]") {
  CHECK(refusal(manifest_of("no_symbol")) ==
        fixture("no_symbol").string() +
            ": it does not export storm_entry_fixture; build it with storm_add_plugin()");
}

TEST_CASE("loader: the entry of a dependency is not taken for the plugin's own", "[plugin_host]") {
  const std::string message = refusal(manifest_of("borrowed", "borrowed"));
  CHECK(message.starts_with(fixture("borrowed").string() +
                            ": storm_entry_borrowed is not its own, it comes from "));
  CHECK(
      message.find("libfixture_dependency.so, which it depends on; a plugin must define its entry "
                   "itself") != std::string::npos);
}

TEST_CASE("loader: garbage descriptors are refused", "[plugin_host]") {
  const auto garbage = [](const std::string& variant) {
    const std::string message = refusal(manifest_of("descriptor_" + variant));
    const std::string before = fixture("descriptor_" + variant).string() +
                               ": the descriptor of executor.fixture 1.0.0 is garbage: ";
    const std::string after = "; rebuild the plugin with the headers of plugin ABI 1.0";
    if (!message.starts_with(before) || !message.ends_with(after)) return message;
    return message.substr(before.size(), message.size() - before.size() - after.size());
  };
  CHECK(garbage("small_size") ==
        "its size is 24, at least " + std::to_string(sizeof(storm_plugin)) + " is needed");
  CHECK(garbage("no_provides") == "provides is NULL");
  CHECK(garbage("endless_provides") == "provides has no end");
  CHECK(garbage("no_function") == "a function of it is NULL");
  CHECK(garbage("no_table") == "it has no table for storm.executor/1");
  CHECK(garbage("small_table") ==
        "its table for storm.executor/1 has size 8, at least 32 is needed");
}

TEST_CASE("loader: an entry that throws is refused", "[plugin_host]") {
  CHECK(refusal(manifest_of("throwing_entry")) ==
        fixture("throwing_entry").string() +
            ": storm_entry_fixture let an exception out of the plugin");
}

TEST_CASE("loader: a plugin that refuses this host is reported", "[plugin_host]") {
  CHECK(refusal(manifest_of("descriptor_refuses")) ==
        fixture("descriptor_refuses").string() +
            ": executor.fixture 1.0.0 refuses to work with plugin ABI 1.0; install a "
            "executor.fixture that fits this stormd");
}

TEST_CASE("loader: a manifest that differs from the library is refused", "[plugin_host]") {
  const std::string library = fixture("misbehaving").string();
  const std::string after = ", but the manifest /plugins/executor-misbehaving.yaml says ";
  Manifest manifest = manifest_of("misbehaving", "misbehaving");
  CHECK(refusal(manifest) == "loaded");
  manifest.version = "1.0.1";
  CHECK(refusal(manifest) ==
        library + ": its version is 1.0.0" + after + "1.0.1; reinstall the plugin");
  manifest = manifest_of("misbehaving", "misbehaving");
  manifest.id = "executor.other";
  CHECK(refusal(manifest) == library + ": its id is executor.misbehaving" + after +
                                 "executor.other; reinstall the plugin");
  manifest = manifest_of("misbehaving", "misbehaving");
  manifest.abi_built = 3;
  CHECK(refusal(manifest) == library + ": its ABI is 1.0 (at least 1.0)" + after +
                                 "1.3 (at least 1.0); reinstall the plugin");
  manifest = manifest_of("misbehaving", "misbehaving");
  manifest.provides.emplace_back("storm.compute/1");
  CHECK(refusal(manifest) == library + ": its list of interfaces is [storm.executor/1]" + after +
                                 "[storm.compute/1, storm.executor/1]; reinstall the plugin");
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
    REQUIRE(libraries.open(copy));
  }
  CHECK(bytes_of("/proc/self/maps").find(copy.string()) != std::string::npos);
}

}  // namespace
}  // namespace storm
