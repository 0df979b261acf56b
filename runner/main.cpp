// storm-plugin-runner: a process of its own for one plugin. Started by stormd, which hands it a
// socket and says over it what to do; of no use to anybody else.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/base/core_dumps.hpp"
#include "core/runner/child_process.hpp"
#include "core/runner/plugin_server.hpp"

namespace {

using namespace storm::runner;

bool is_socket(int descriptor) {
  int kind = 0;
  socklen_t size = sizeof kind;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_SEQPACKET;
}

bool dumps_are_wanted() {
  const char* const wanted = std::getenv("STORM_CORE_DUMPS");
  return wanted && std::string_view(wanted) == "1";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    fmt::print("storm-plugin-runner {}\n", STORM_VERSION);
    return 0;
  }
  if (!is_socket(kInheritedSocket)) {
    fmt::print(stderr,
               "storm-plugin-runner: only stormd starts it, with a socket as descriptor {}\n",
               kInheritedSocket);
    return 2;
  }
  ::fcntl(kInheritedSocket, F_SETFD, FD_CLOEXEC);
  std::signal(SIGPIPE, SIG_IGN);
  storm::forbid_core_dumps(dumps_are_wanted());
  // For the life of the process: threads of the plugin may use it to the end.
  auto& server = *new PluginServer(Descriptor(kInheritedSocket), STORM_VERSION);
  const int exit_code = server.serve();
  std::fflush(nullptr);
  ::_exit(exit_code);
}
