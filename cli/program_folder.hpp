// Where this program lies; what was installed or built with it is found from there.
#pragma once
#include <filesystem>

namespace storm::cli {

// Empty when the system does not say.
std::filesystem::path program_folder();

}  // namespace storm::cli
