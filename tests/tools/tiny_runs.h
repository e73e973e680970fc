// Makes small datasets and runs for the tests of revunet-train and revunet-predict. They take seconds in all, also with
// sanitizers.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/models/tiny_weights.h"
#include "tests/support/catch.h"
#include "tests/tools/tool_runner.h"

namespace revunet::test {

// These are options of tests/models/tiny_weights.h's network.
inline constexpr const char* tiny_options = "--channels 4,8 --size 32,32,32";

// Makes cases Phantom_001, Phantom_002, ... of 32 x 32 x 32 voxels.
inline std::filesystem::path make_phantoms(const std::filesystem::path& out, int cases, int seed = 1) {
  const ToolResult got = run_tool(
      "revunet-phantom", fmt::format("--out '{}' --cases {} --size 32,32,32 --seed {}", out.string(), cases, seed));
  REQUIRE(got.exit_code == 0);
  return out;
}

// Waiting threads sleep: on a busy machine, spinning ones would take many times as long for such small work.
inline constexpr const char* patient_threads = "OMP_WAIT_POLICY=passive ";

inline ToolResult train(const std::filesystem::path& data, const std::filesystem::path& out, const std::string& more) {
  return run_tool("revunet-train", fmt::format("--data '{}' --out '{}' {}", data.string(), out.string(), more),
                  patient_threads);
}

inline ToolResult predict(const std::filesystem::path& weights, const std::filesystem::path& data,
                          const std::filesystem::path& out, const std::string& more = "") {
  return run_tool(
      "revunet-predict",
      fmt::format("--weights '{}' --data '{}' --out '{}' {}", weights.string(), data.string(), out.string(), more),
      patient_threads);
}

inline void expect_train_refusal(const ToolResult& got, int exit_code, const std::string& reason) {
  CHECK(got.exit_code == exit_code);
  CHECK_THAT(got.errors, Catch::Matchers::ContainsSubstring("revunet-train: error: ") &&
                             Catch::Matchers::ContainsSubstring(reason));
}

inline nlohmann::json read_json(const std::filesystem::path& path) {
  return nlohmann::json::parse(read_bytes(path));
}

// Returns the cases of a part of a run's split.json: training or validation.
inline std::vector<std::string> names_in(const std::filesystem::path& split_file, const std::string& part) {
  return read_json(split_file).at(part).get<std::vector<std::string>>();
}

// Returns the rows of a CSV file without quotes, the header first.
inline std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream text(read_bytes(path));
  for (std::string line; std::getline(text, line);) {
    rows.emplace_back();
    std::istringstream cells(line + ",");
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

// Returns the cells of one column below the header.
inline std::vector<std::string> column(const std::vector<std::vector<std::string>>& rows, const std::string& name) {
  const auto found = std::find(rows.at(0).begin(), rows[0].end(), name);
  INFO(name);
  REQUIRE(found != rows[0].end());
  std::vector<std::string> cells;
  for (size_t i = 1; i < rows.size(); ++i) {
    cells.push_back(rows[i].at(static_cast<size_t>(found - rows[0].begin())));
  }
  return cells;
}

}  // namespace revunet::test
