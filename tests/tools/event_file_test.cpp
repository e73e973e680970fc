// Tests event files for TensorBoard: bytes against RFC 3720 and TensorBoard's own writer, runs against its own reader.

#include "io/files/event_file.h"
#include "models/training/report/tensorboard.h"
#include "tests/support/catch.h"
#include "tests/tools/python.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

// Prints how TensorBoard's reader understands a folder: a line per series, `tag step=value step=value ...`, where
// pictures have widthxheight for the value.
constexpr const char* kReader = R"python(
import sys
from tensorboard.backend.event_processing import event_accumulator as ea
a = ea.EventAccumulator(sys.argv[1], size_guidance={ea.SCALARS: 0, ea.IMAGES: 0})
a.Reload()
for tag in a.Tags()["scalars"]:
    print(tag, *["%d=%.6f" % (e.step, e.value) for e in a.Scalars(tag)])
for tag in a.Tags()["images"]:
    print(tag, *["%d=%dx%d" % (e.step, e.width, e.height) for e in a.Images(tag)])
)python";

// Returns nothing where Python or its package is missing.
std::optional<std::map<std::string, std::string>> read_by_tensorboard(const fs::path& folder) {
  const auto read = run_python("tensorboard", kReader, "'" + folder.string() + "' 2>/dev/null");
  if (!read) return std::nullopt;
  std::map<std::string, std::string> series;
  std::istringstream lines(*read);
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.find(' ');
    series[line.substr(0, space)] = line.substr(space + 1);
  }
  return series;
}

// Returns `step=value ...` for columns of a log.
std::string points(const std::vector<std::string>& steps, const std::vector<std::string>& values) {
  std::string text;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (!values[i].empty()) text += fmt::format("{}{}={:.6f}", text.empty() ? "" : " ", steps[i], std::stof(values[i]));
  }
  return text;
}

std::vector<std::string> event_files(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("CRC-32C is that of RFC 3720, appendix B.4", "[report]") {
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  CHECK(io::crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(io::crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(io::crc32c(rising) == 0x46dd794e);
  CHECK(io::crc32c(std::string(rising.rbegin(), rising.rend())) == 0x113fdb5c);
}

// The expected bytes were written by tensorboard.summary.writer.record_writer.RecordWriter (2.21) from Event messages
// of the same fields.
TEST_CASE("events have the bytes that TensorBoard's own writer gives them", "[report]") {
  CHECK(hex(io::tfrecord_of(io::version_event(1234567890.25))) ==
        "1800000000000000a37f4b2209000090b48065d2411a0d627261696e2e4576656e743a32ed00f201");
  CHECK(hex(io::tfrecord_of(io::restart_event(2.0, 301))) ==
        "100000000000000095fbfe1809000000000000004010ad023a0208013264e72b");
  CHECK(hex(io::tfrecord_of(io::scalar_event(1.0, 3, "a", 0.5f))) ==
        "1700000000000000e7cef81e09000000000000f03f10032a0a0a080a0161150000003fa4692d17");
  const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\x01\x2c\x08\x02\0\0\0", 29);  // 3 x 300
  CHECK(hex(io::tfrecord_of(io::image_event(2.0, 301, "p/b", png))) ==
        "3d000000000000006049f1ec09000000000000004010ad022a2f0a2d0a03702f62222608ac0210031803221d89504e470d0a1a0a000000"
        "0d49484452000000030000012c0802000000c1ec9e13");
}

TEST_CASE("event files of a run that goes on come after those before them, and take their place", "[report]") {
  const TemporaryFolder folder;
  const auto write = [&](int64_t first, int64_t last, double value) {
    io::EventFile file(folder.path(), first);
    for (int64_t step = first; step <= last; ++step) file.add_scalar(step, "loss", value);
    file.flush();
  };
  write(1, 5, 1);
  write(4, 6, 2);  // the run before died after step 5, its checkpoint is of step 3
  write(7, 8, 3);
  const std::vector<std::string> names = event_files(folder.path());
  REQUIRE(names.size() == 3);  // three names within a second or two
  for (const std::string& name : names) CHECK_THAT(name, ContainsSubstring("tfevents"));
  std::ofstream(folder / names[1], std::ios::app) << "torn";  // as a crash may leave it
  const auto read = read_by_tensorboard(folder.path());
  if (!read) return;
  CHECK(read->at("loss") == "1=1.000000 2=1.000000 3=1.000000 4=2.000000 5=2.000000 6=2.000000 7=3.000000 8=3.000000");
}

TEST_CASE("TensorBoard reads from a run what its log has, also when it was resumed", "[report][train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 5), run = folder / "run";
  const std::string options = "--channels 4,8 --size 16,16,16 --val-fraction 0.4 --validate-every 2 --accumulate 2";
  REQUIRE(train(data, run, options + " --epochs 3").exit_code == 0);
  const std::string go_on = fmt::format("--resume '{}' --epochs 4 --previews 1", run.string());
  REQUIRE(run_tool("revunet-train", go_on, patient_threads).exit_code == 0);
  CHECK(event_files(run / "tensorboard").size() == 2);
  const auto read = read_by_tensorboard(run / "tensorboard");
  if (!read) return;
  const auto log = read_csv(run / "log.csv");
  const auto steps = column(log, "step");
  REQUIRE(steps == std::vector<std::string>{"2", "4", "6", "8"});  // of 3 cases, 2 a step
  for (const auto& [tag, name] : {std::pair{"loss/WT", "loss_wt"}, {"loss/ET", "loss_et"}, {"dice/TC", "dice_tc"}}) {
    INFO(tag);
    CHECK(read->at(tag) == points(steps, column(log, name)));
  }
  CHECK(read->at("epoch") == "2=1.000000 4=2.000000 6=3.000000 8=4.000000");
  // An epoch's mean is that of its samples: two of the first step, one of the second.
  std::istringstream of_steps(read->at("loss_of_step/WT"));
  std::vector<double> losses;
  for (std::string point; of_steps >> point;) {
    CHECK(std::stoi(point) == static_cast<int>(losses.size()) + 1);
    losses.push_back(std::stod(point.substr(point.find('=') + 1)));
  }
  REQUIRE(losses.size() == 8);
  for (size_t epoch = 0; epoch < 4; ++epoch) {
    const double mean = (2 * losses[2 * epoch] + losses[2 * epoch + 1]) / 3;
    CHECK(mean == Approx(std::stod(column(log, "loss_wt")[epoch])).margin(2e-6));
  }
  // There are two validation cases, and the resumed run draws one.
  std::map<std::string, std::string> pictures;
  for (const auto& [tag, values] : *read) {
    if (tag.starts_with("predictions/")) pictures[tag] = values;
  }
  REQUIRE(pictures.size() == 2);
  CHECK_THAT(pictures.begin()->second, ContainsSubstring("4=560x") && ContainsSubstring("8=560x"));
  CHECK_THAT(pictures.rbegin()->second, ContainsSubstring("4=560x") && !ContainsSubstring("8=560x"));
}

TEST_CASE("pictures of a validation that is interrupted are in the event file, each once", "[report]") {
  const TemporaryFolder folder;
  const RunFolder run = RunFolder::make(folder / "run");
  const auto picture = std::make_shared<Picture>();
  TensorBoard board(run, picture);
  board.on_start(0);
  board.on_step(6, {1, 1, 1});
  const io::Preprocessed input;
  const RegionValues dice{};
  // This is the head of a PNG of 1 x 1 pixels, as far as an event reads it.
  const std::string png = std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1", 24);
  *picture = {"drawn", png};
  board.on_validation_case({1, 0, input, {}, dice});
  board.on_validation_case({1, 1, input, {}, dice});  // this case has no picture
  REQUIRE(std::distance(fs::directory_iterator(run.file("tensorboard")), fs::directory_iterator()) == 1);
  const std::string events = read_bytes(fs::directory_iterator(run.file("tensorboard"))->path());
  const size_t first = events.find("predictions/drawn");
  REQUIRE(first != std::string::npos);
  CHECK(events.find("predictions/", first + 1) == std::string::npos);
  // Six bytes of keys and lengths stand before the tag, and before them the step: field 2 of Event.
  CHECK(events.substr(first - 8, 2) == "\x10\x06");
}
