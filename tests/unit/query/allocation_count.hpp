// Counts what this program allocates: allocation_count.cpp replaces operator new for all of it.
#pragma once
#include <cstddef>

namespace storm::test {

std::size_t allocation_count();  // calls of operator new so far, of all threads

}  // namespace storm::test
