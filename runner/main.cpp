// storm-plugin-runner: a process of its own for one plugin. Started by stormd, which hands it a
// socket and says over it what to do; of no use to anybody else.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/runner/child_process.hpp"
#include "core/runner/plugin_server.hpp"

namespace {

using namespace storm::runner;

bool is_socket(int descriptor) {
  int kind = 0;
  socklen_t size = sizeof kind;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_SEQPACKET;
}

// Secrets of clouds pass through its memory; see stormd.
void forbid_core_dumps() {
  const char* const wanted = std::getenv("STORM_CORE_DUMPS");
  if (wanted && std::string_view(wanted) == "1") return;
  const rlimit none = {};
  ::setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)  // its search for leaks traces the process
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
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
  forbid_core_dumps();
  // For the life of the process: threads of the plugin may use it to the end.
  auto& server = *new PluginServer(Descriptor(kInheritedSocket), STORM_VERSION);
  const int exit_code = server.serve();
  std::fflush(nullptr);
  ::_exit(exit_code);
}
