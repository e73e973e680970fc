// Tests files of runs that are cut or changed anywhere, or hold values of another type: only DataError is thrown.
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "models/device/algorithm_file.h"
#include "models/plan/planned_trace.h"
#include "models/plan/trace/recorder.h"
#include "models/plan/trace/trace_file.h"
#include "models/training/report/report.h"
#include "models/training/run_folder/checkpoint.h"
#include "models/training/samples/split.h"
#include "tests/io/damage.h"
#include "tests/models/tiny_weights.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

// This is a run folder with the checkpoint of an untrained network, whose state may be changed under a valid checksum.
struct Checkpoint {
  TemporaryFolder temporary;
  Device device;
  Context ctx{device};
  std::unique_ptr<UNet> model = make_unet(ctx, tiny_network, DType::f32, 7);
  Adam adam;
  RunFolder folder = RunFolder::make(temporary / "run");
  fs::path path = temporary / "run/checkpoint.safetensors";

  Checkpoint() {
    RunState state;
    state.order.cases = 3;
    state.loss = state.step_loss = {0, 0, 0};
    state.log = "header\n";
    save_checkpoint(folder, *model, adam, nullptr, state);
  }
  RunState load() { return load_checkpoint(ctx, folder, *io::brats_task(), *model, adam, nullptr).state; }
  // The checksum is that of models/training/run_folder/checkpoint.cpp: the state, then every tensor's name and bytes.
  void set_state(const std::string& text) {
    io::SafetensorsFile file = io::read_safetensors(path);
    uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
    for (const auto& [name, tensor] : file.entries()) {
      crc = crc32_z(crc, reinterpret_cast<const Bytef*>(name.data()), name.size());
      crc = crc32_z(crc, reinterpret_cast<const Bytef*>(tensor.bytes().data()), tensor.bytes().size());
    }
    file.metadata["state"] = text;
    file.metadata["crc32"] = fmt::format("{:08x}", crc);
    io::write_safetensors(path, file);
  }
};

}  // namespace

TEST_CASE("a checkpoint with a sound checksum and fields of another type is refused with its name", "[train][damage]") {
  Checkpoint c;
  const auto sound = nlohmann::json::parse(io::read_safetensors(c.path).metadata.at("state"));
  c.set_state(sound.dump());
  CHECK(c.load().log == "header\n");
  const std::vector<std::pair<const char*, nlohmann::json>> changes = {
      {"seed", -1},
      {"seed", 1.5},
      {"cases", 0},
      {"cases", "three"},
      {"accumulate", 0},
      {"epoch", 0},
      {"epoch", 1e300},
      {"step", -1},
      {"sample", 9223372036854775807},
      {"sample", nullptr},
      {"sample_of_epoch", 4},
      {"loss", {1, 2}},
      {"loss", {1, 2, 3, 4}},
      {"loss", nlohmann::json::array()},
      {"step_loss", nlohmann::json::array()},
      {"loss", "low"},
      {"step_loss", {1, 2, "x"}},
      {"training_seconds", "long"},
      {"validated", {1, 2}},
      {"validated", {{0.5, nullptr}}},
      {"validated", {{0.5, nullptr, 1, 1}}},
      {"next_turn", true},
      {"log", 7},
      {"recent", {{1}}},
      {"recent", 5},
      {"best_average", "high"},
      {"best_score", {1}},
      {"adam_steps", {1.5}},
      {"adam_steps", "many"},
  };
  for (const auto& [key, value] : changes) {
    INFO(key << " = " << value.dump());
    nlohmann::json changed = sound;
    changed[key] = value;
    c.set_state(changed.dump());
    CHECK_THAT(message_of<DataError>([&] { c.load(); }), ContainsSubstring("run/checkpoint.safetensors] expected "));
  }
  for (const std::string& text : {std::string(), std::string("7"), std::string("{}"), nested(60'000)}) {
    c.set_state(text);
    CHECK_THAT(message_of<DataError>([&] { c.load(); }), ContainsSubstring("run/checkpoint.safetensors] expected "));
  }
}

TEST_CASE("traces that are damaged anywhere", "[trace][damage]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "t.jsonl";
  RunTrace trace =
      planned_trace(make_header("test", DeviceKind::meta, 1, {.network = tiny_network, .size = {16, 16, 16}}));
  io::AtomicFile file(path);
  write_trace(file, trace);
  file.commit();
  expect_only_data_errors(path, read_bytes(path), [&] { read_trace(path); });
  CHECK_THAT(message_of<DataError>([&] { read_trace(write_bytes(path, nested(60'000) + "\n")); }),
             ContainsSubstring("t.jsonl:1] expected JSON nested at most 32 deep"));
}

TEST_CASE("files of algorithms that are damaged anywhere", "[damage]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "plans.json";
  write_algorithm_file(path, "device", {{"convolution", "plan 1"}});
  CHECK(read_algorithm_file(path, "device").at("convolution") == "plan 1");
  expect_only_data_errors(path, read_bytes(path), [&] { read_algorithm_file(path, "device"); });
  for (const char* text :
       {"[]", "7", R"({"format": 1})", R"({"format": "revunet plan cache 1", "devices": {"a": 7}})"}) {
    write_bytes(path, text);
    CHECK_THAT(message_of<DataError>([&] { read_algorithm_file(path, "device"); }),
               ContainsSubstring("plans.json] expected a file of algorithms"));
  }
}

TEST_CASE("splits that are damaged anywhere, as training and the report read them", "[train][damage]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "split.json";
  std::vector<io::CaseFiles> cases(3, io::CaseFiles("", io::LabelProfile::brats()));
  for (size_t i = 0; i < cases.size(); ++i) {
    cases[i].name = fmt::format("case_{}", i);
    cases[i].segmentation = "seg.nii.gz";
  }
  Split split = split_cases(cases, {.validation_fraction = 0.34});
  split.hashes = {{"case_0", {{"t1", "00ff"}}}};
  const std::string text = to_json(split);
  SplitOptions options;
  options.file = path;
  // A name that is changed belongs to no case. The error names the split's file too.
  expect_only_data_errors(path, text, [&] { split_cases(cases, options); });
  for (const std::string& other : {std::string("7"), std::string("{\"training\": 1}"), nested(60'000)}) {
    write_bytes(path, other);
    CHECK_THAT(message_of<DataError>([&] { split_cases(cases, options); }), ContainsSubstring("split.json] expected "));
  }
}
