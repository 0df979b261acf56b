// Compares a model with what Docker lists at this moment, by a way of its own.
#pragma once
#include <chrono>
#include <string>

#include "tests/swarm/plugin_driver.hpp"
#include "tests/swarm/test_bed.hpp"

namespace storm::testing {

// One line for each object that is missing, too much, stale or described otherwise. Empty: none.
std::string differences(const TestBed& bed, const Model& model, int node = 1);

// Waits, as patiently as the driver, for a moment at which both agree; returns the last
// differences.
std::string settle(const TestBed& bed, const PluginDriver& driver, std::chrono::seconds time,
                   int node = 1);

}  // namespace storm::testing
