// FileLock: one holder per path, across processes and within one. The system lets go of it when the
// holder dies, however it dies. The lock file names its holder and is never removed: removing it
// would let two holders lock two files of one name.
#pragma once
#include <string>

namespace storm::sqlite {

class FileLock {
 public:
  // Throws Fault: STORM_E_BUSY, naming `guarded` and its holder, when somebody has it.
  FileLock(const std::string& lock_path, const std::string& guarded);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace storm::sqlite
