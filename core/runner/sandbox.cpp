#include "core/runner/sandbox.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

namespace storm::runner {
namespace {

// Ways out of a process, into others, or at the machine. A plugin gets EPERM and goes on.
constexpr const char* kDeniedCalls[] = {
    "acct",
    "add_key",
    "adjtimex",
    "bpf",
    "chroot",
    "clock_adjtime",
    "clock_settime",
    "create_module",
    "delete_module",
    "fanotify_init",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "get_mempolicy",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "lookup_dcookie",
    "mbind",
    "migrate_pages",
    "mount",
    "mount_setattr",
    "move_mount",
    "move_pages",
    "name_to_handle_at",
    "nfsservctl",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "personality",
    "pidfd_getfd",
    "pivot_root",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "quotactl",
    "quotactl_fd",
    "reboot",
    "request_key",
    "set_mempolicy",
    "setdomainname",
    "sethostname",
    "setns",
    "settimeofday",
    "swapoff",
    "swapon",
    "sysfs",
    "syslog",
    "umount",
    "umount2",
    "unshare",
    "uselib",
    "userfaultfd",
    "vhangup",
    "vm86",
    "vm86old",
};

Error failed(std::string_view what, int code) {
  return Error{Errc::Internal,
               fmt::format("sandbox: {}: {}", what, std::generic_category().message(code))};
}

Result<void> limit(std::string_view what, decltype(RLIMIT_DATA) resource, std::uint64_t most) {
  rlimit limits = {};
  if (::getrlimit(resource, &limits) != 0) return failed(what, errno);
  if (limits.rlim_max != RLIM_INFINITY && most > limits.rlim_max) most = limits.rlim_max;
  limits = {most, most};
  if (::setrlimit(resource, &limits) != 0) return failed(what, errno);
  return {};
}

Result<void> become(std::uint32_t user) {
  if (::setgroups(0, nullptr) != 0) return failed("setgroups", errno);
  if (::setresgid(user, user, user) != 0) return failed("setresgid", errno);
  if (::setresuid(user, user, user) != 0) return failed("setresuid", errno);
  return {};
}

Result<void> deny_calls() {
  struct Release {
    void operator()(void* filter) const { ::seccomp_release(filter); }
  };
  const std::unique_ptr<void, Release> filter(::seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return failed("seccomp_init", ENOMEM);
  for (const char* const name : kDeniedCalls) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) continue;  // younger than the library
    const int code = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), number, 0);
    // One that this machine does not have needs no rule.
    if (code != 0 && code != -EDOM && code != -EINVAL) {
      return failed(fmt::format("seccomp rule for {}", name), -code);
    }
  }
  // New namespaces by the other way in; what clone3 is asked for cannot be seen, and who is told
  // that there is none takes clone.
  for (const unsigned long flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID}) {
    const int code = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                        SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
    if (code != 0) return failed("seccomp rule for clone", -code);
  }
  if (const int code =
          ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
      code != 0) {
    return failed("seccomp rule for clone3", -code);
  }
  if (const int code = ::seccomp_load(filter.get()); code != 0) return failed("seccomp", -code);
  return {};
}

}  // namespace

std::uint32_t private_user_of(std::string_view instance) {
  const std::uint64_t hash = XXH3_64bits(instance.data(), instance.size());
  return kPrivateUserMin +
         static_cast<std::uint32_t>(hash % (kPrivateUserMax - kPrivateUserMin + 1));
}

Result<void> enter_sandbox(const Sandbox& sandbox) {
  if (sandbox.user != 0) STORM_TRY(become(sandbox.user));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs", errno);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they reserve far more
  // Not of the address space: each thread reserves tens of megabytes of it that it never uses.
  if (sandbox.memory_bytes != 0) {
    STORM_TRY(limit("limit of memory", RLIMIT_DATA, sandbox.memory_bytes));
  }
#endif
  if (sandbox.tasks != 0 && sandbox.user != 0) {
    STORM_TRY(limit("limit of tasks", RLIMIT_NPROC, sandbox.tasks));
  }
  if (sandbox.nofile != 0) STORM_TRY(limit("limit of files", RLIMIT_NOFILE, sandbox.nofile));
  return deny_calls();
}

}  // namespace storm::runner
