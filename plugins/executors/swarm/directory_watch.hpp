// Tells when something appears in or vanishes from the folder of a path, or, while that folder does
// not exist, from its nearest parent. Owned by one watch call, used on its thread only.
#pragma once
#include <string>

namespace storm::swarm {

class DirectoryWatch {
 public:
  explicit DirectoryWatch(const std::string& path);
  ~DirectoryWatch();
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

  int fd() const { return fd_; }  // readable when drain() has something to say; -1: cannot watch
  // Whether anything happened; moves on to the folder when it has come into being.
  bool drain();

 private:
  void arm();

  std::string folder_;
  int fd_ = -1;
  int watch_ = -1;
};

}  // namespace storm::swarm
