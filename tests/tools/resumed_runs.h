// Tests of runs that end early and go on use these: when a run is somewhere, how it goes on, what it must be then.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "tests/tools/tiny_runs.h"

namespace revunet::test {

// Returns the condition that train.log has so many lines with a text.
inline std::string logged(const std::filesystem::path& run, const std::string& text, int lines) {
  return fmt::format("[ \"$(grep -c '{}' '{}/train.log')\" -ge {} ]", text, run.string(), lines);
}

inline std::string go_on(const std::filesystem::path& run) {
  return fmt::format("--resume '{}'", run.string());
}

inline void expect_same_run(const std::filesystem::path& got, const std::filesystem::path& whole) {
  for (const char* file : {"last.safetensors", "best.safetensors", "split.json"}) {
    INFO(file);
    CHECK(read_bytes(got / file) == read_bytes(whole / file));
  }
  for (const char* name :
       {"epoch", "step", "learning_rate", "loss", "loss_wt", "loss_tc", "loss_et", "dice_wt", "dice_tc", "dice_et"}) {
    INFO(name);
    CHECK(column(read_csv(got / "log.csv"), name) == column(read_csv(whole / "log.csv"), name));
  }
}

}  // namespace revunet::test
