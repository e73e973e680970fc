// Tests tasks as JSON: what is written is read back, and what is damaged is refused.
#include "io/task/task_json.h"

#include "engine/error.h"
#include "io/task/brats_task.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using io::Normalisation;
using io::Task;
using nlohmann::json;

namespace {

// A task that has everything a task can have.
io::TaskPointer full_task() {
  Task::Rules rules{.exclusive = true, .ignored = uint8_t{9}, .normalisations = {}};
  rules.normalisations = {{Normalisation::Kind::ct, Normalisation::Foreground{-100.5, 250, 40.25, 30}},
                          {Normalisation::Kind::none}};
  rules.files = io::FilePatterns{{{"{case}/ct", 0, 2}, {"{case}/ct", 1, 2}}, "{case}/seg"};
  rules.resampling = {io::Resampling::Kind::given, {0.5, 0.5, 3.25}, io::Interpolation::linear};
  return std::make_shared<const Task>(
      "organs", std::vector<std::string>{"CT", "prior"},
      std::vector<Task::Label>{{0, "background"}, {1, "liver"}, {4, "kidney"}, {9, "ignore"}},
      std::vector<Task::Region>{{"liver", {1}, 1, "the liver", 0}, {"kidney", {4}, 4, "", 1}}, rules);
}

json full_json() {
  return json::parse(R"({"name": "organs", "exclusive": true, "ignored": 9,
    "resampling": {"spacing": [0.5, 0.5, 3.25], "interpolation": "linear"},
    "files": {"images": [{"pattern": "{case}/ct", "frame": 0, "frames": 2},
                         {"pattern": "{case}/ct", "frame": 1, "frames": 2}], "segmentation": "{case}/seg"},
    "modalities": [{"name": "CT", "normalisation": "ct",
                    "foreground": {"low": -100.5, "high": 250.0, "mean": 40.25, "deviation": 30.0}},
                   {"name": "prior", "normalisation": "none"}],
    "labels": [{"number": 0, "name": "background"}, {"number": 1, "name": "liver"}, {"number": 4, "name": "kidney"},
               {"number": 9, "name": "ignore"}],
    "regions": [{"name": "liver", "labels": [1], "written": 1, "meaning": "the liver", "shown_on": 0},
                {"name": "kidney", "labels": [4], "written": 4, "shown_on": 1}]})");
}

}  // namespace

TEST_CASE("a task is written as JSON and read back") {
  CHECK(io::to_json(*full_task()) == full_json());
  const io::TaskPointer read = io::task_from_json(full_json());
  CHECK(io::to_json(*read) == full_json());
  CHECK(io::same_task(*read, *full_task()));
  CHECK(io::task_from_json(io::to_json(*io::brats_task())) == io::brats_task());
}

TEST_CASE("tasks are the same by modalities, labels and regions, whatever their names and normalisations") {
  const auto changed = [](const char* pointer, const json& value) {
    json j = full_json();
    j[json::json_pointer(pointer)] = value;
    return io::same_task(*io::task_from_json(j), *full_task());
  };
  CHECK(changed("/name", "abdomen"));
  CHECK(changed("/modalities/1/normalisation", "all"));
  CHECK(changed("/resampling/spacing/0", 1));
  CHECK_FALSE(changed("/modalities/1/name", "atlas"));
  CHECK_FALSE(changed("/labels/1/name", "spleen"));
  CHECK_FALSE(changed("/regions/1/name", "left kidney"));
  CHECK_FALSE(changed("/exclusive", false));
}

TEST_CASE("a task's JSON of another form is refused") {
  const std::vector<std::pair<const char*, json>> changes = {
      {"/name", 5},
      {"/exclusive", 1},
      {"/ignored", 1},  // a label of a region
      {"/ignored", 300},
      {"/modalities", json::array()},
      {"/modalities", "CT"},
      {"/modalities/0/normalisation", "histogram"},
      {"/modalities/0/normalisation", "auto"},
      {"/modalities/1/normalisation", "ct"},  // without a foreground
      {"/modalities/0/foreground/deviation", 0},
      {"/modalities/0/foreground/deviation", 1e-320},
      {"/modalities/0/foreground/low", 251},
      {"/modalities/0/foreground/high", 1e300},
      {"/modalities/0/name", "seg"},
      {"/modalities/0/name", "a\x1b[31mb"},
      {"/name", ""},
      {"/modalities/0/foreground/mean", "low"},
      {"/files/images", json::array()},
      {"/files/images/0/pattern", "ct"},
      {"/files/images/1/frame", 2},
      {"/files/images/1/frames", 20'001},  // of one file
      {"/files/segmentation", "../{case}"},
      {"/resampling", 1},
      {"/resampling/spacing", {1, 1}},
      {"/resampling/spacing/1", 0},
      {"/resampling/spacing/1", "1"},
      {"/resampling/interpolation", "nearest"},
      {"/labels/0/number", 1},
      {"/labels/1/number", -1},
      {"/regions", json::array()},
      {"/regions/0/labels", 1},
      {"/regions/0/labels", {1, 4}},  // two exclusive regions would have label 4
      {"/regions/0/written", 4},
      {"/regions/0/shown_on", 2},
  };
  for (const auto& [pointer, value] : changes) {
    INFO(pointer << " = " << value.dump());
    json j = full_json();
    j[json::json_pointer(pointer)] = value;
    CHECK_THAT(test::message_of<DataError>([&] { io::task_from_json(j); }), ContainsSubstring("expected "));
  }
  for (const char* missing : {"name", "modalities", "labels", "regions", "exclusive"}) {
    INFO(missing);
    json j = full_json();
    j.erase(missing);
    CHECK_THAT(test::message_of<DataError>([&] { io::task_from_json(j); }), ContainsSubstring(missing));
  }
}
