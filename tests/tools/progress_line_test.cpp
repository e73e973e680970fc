// Tests what a person sees while a tool works: on a terminal a line that redraws itself, elsewhere nothing.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"
#include "tests/tools/tiny_runs.h"
#include "tools/common/progress_line.h"
#include "tools/train/terminal_progress.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;

namespace {

// This is a terminal without a person.
class PseudoTerminal {
 public:
  explicit PseudoTerminal(unsigned short columns) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (!usable()) return;
    REQUIRE(grantpt(master_) == 0);
    REQUIRE(unlockpt(master_) == 0);
    // It is held open, so that nothing is lost when a tool closes it.
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
    REQUIRE(slave_ >= 0);
    const winsize size = {.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(ioctl(slave_, TIOCSWINSZ, &size) == 0);
    REQUIRE(fcntl(master_, F_SETFL, O_NONBLOCK) == 0);
  }
  ~PseudoTerminal() {
    if (slave_ >= 0) close(slave_);
    if (master_ >= 0) close(master_);
  }
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  bool usable() const { return master_ >= 0; }
  std::string path() const { return ptsname(master_); }
  // Returns all that was written to it, which is at most a few KB.
  std::string take() const {
    std::string text(65536, '\0');
    const ssize_t got = read(master_, text.data(), text.size());
    text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }

 private:
  int master_, slave_ = -1;
};

// Returns what a tool draws on a terminal as its stderr. Where there are no pseudo-terminals, skips the test and
// returns nothing.
std::optional<std::string> drawn_by(const std::string& tool, const std::string& arguments, unsigned short columns,
                                    const std::string& kind) {
  const PseudoTerminal terminal(columns);
  if (!terminal.usable()) {
    skip("there are no pseudo-terminals here");
    return std::nullopt;
  }
  const std::string command = fmt::format("CUDA_VISIBLE_DEVICES= TERM={} {}{}/{} {} >/dev/null 2>{}", kind,
                                          patient_threads, tools_dir(), tool, arguments, terminal.path());
  REQUIRE(std::system(command.c_str()) == 0);
  return terminal.take();
}

}  // namespace

TEST_CASE("a progress line has count, name, time taken and time left", "[progress]") {
  const auto text = [](int64_t done, int64_t count, const std::string& name, double elapsed) {
    return progress_text("cases", done, count, name, elapsed, 80);
  };
  CHECK(text(0, 12, "a", 0) == "0/12 cases  a  0:00");
  CHECK(text(3, 12, "d", 60) == "3/12 cases  d  1:00, 3 min left for all 12");  // 20 s each, 9 to go
  CHECK(text(11, 12, "", 39600) == "11/12 cases  11:00:00, 1 h 00 min left for all 12");
  CHECK(text(12, 12, "", 5) == "12/12 cases  0:05");
  CHECK(text(0, 0, "", 5) == "0/0 cases  0:05");
}

TEST_CASE("in few columns a progress line loses the time taken, then its name, and keeps the time left", "[progress]") {
  const auto text = [](size_t columns) { return progress_text("cases", 3, 12, "BraTS2021_00017", 60, columns); };
  CHECK(text(58) == "3/12 cases  BraTS2021_00017  1:00, 3 min left for all 12");
  CHECK(text(55) == "3/12 cases  BraTS2021_00017  3 min left for all 12");
  CHECK(text(45) == "3/12 cases  BraTS2021_  3 min left for all 12");
  CHECK(text(35) == "3/12 cases  3 min left for all 12");
}

TEST_CASE("training's line fits any terminal: the bar shrinks first, the time left stays", "[progress][train]") {
  // 150 samples of 2 s are left of the epoch, and 12 h 30 min of the run.
  const TrainingProgress p = {
      .epoch = 3, .epochs = 100, .sample = 50, .samples = 200, .left = 22500, .loss = 0.43212, .seconds = 2};
  const std::string all =
      "epoch 3/100 sample 50/200  loss 0.4321  2.00 s per sample  5 min left of this epoch, 12 h 30 min of the run";
  CHECK(training_text(p, 200) == "[======                  ] " + all);
  CHECK(training_text(p, 129) == "[====               ] " + all);
  CHECK(training_text(p, 110) == all);
  CHECK(training_text(p, 79) == "[==       ] epoch 3/100 sample 50/200  loss 0.4321  12 h 30 min left of the run");
  CHECK(training_text(p, 59) == "epoch 3/100 sample 50/200  12 h 30 min left of the run");
  CHECK(training_text(p, 45) == "epoch 3/100  12 h 30 min left of the run");
  for (size_t columns = 40; columns < 160; ++columns) {
    const std::string text = training_text(p, columns);
    CHECK(text.size() <= columns);
    CHECK_THAT(text, EndsWith(" of the run"));
  }
}

TEST_CASE("revunet-predict shows its progress on a terminal, and nowhere else", "[progress][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 2), weights = write_untrained(folder / "untrained.safetensors");
  const ToolResult piped = predict(weights, data, folder / "piped");
  REQUIRE(piped.exit_code == 0);
  CHECK(piped.errors.empty());
  CHECK_THAT(piped.output, !ContainsSubstring("\x1b") && !ContainsSubstring("left"));

  const auto drawn = [&](const std::string& out, unsigned short columns, const std::string& kind) {
    return drawn_by(
        "revunet-predict",
        fmt::format("--weights '{}' --data '{}' --out '{}'", weights.string(), data.string(), (folder / out).string()),
        columns, kind);
  };
  const auto wide = drawn("wide", 80, "xterm");
  if (!wide) return;
  // The line is drawn before each case, and erased before each case's own line.
  CHECK_THAT(*wide, ContainsSubstring("\r\x1b[K0/2 cases  Phantom_001  0:00\r\x1b[K"));
  CHECK_THAT(*wide, ContainsSubstring("\r\x1b[K1/2 cases  Phantom_002  0:0") && ContainsSubstring(" left"));
  CHECK_THAT(*wide, EndsWith("\r\x1b[K"));
  CHECK_THAT(*drawn("narrow", 16, "xterm"), ContainsSubstring("\r\x1b[K0/2 cases  Phan\r\x1b[K"));  // 15 of 16 columns
  CHECK(drawn("dumb", 80, "dumb")->empty());
  const std::string quiet = fmt::format("-q --weights '{}' --data '{}' --out '{}'", weights.string(), data.string(),
                                        (folder / "quiet").string());
  CHECK(drawn_by("revunet-predict", quiet, 80, "xterm")->empty());
}

TEST_CASE("what -q and -v do: -q leaves warnings and results, -v adds the files", "[progress][predict]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 1), weights = write_untrained(folder / "untrained.safetensors");
  const ToolResult quiet = predict(weights, data, folder / "quiet", "-q");
  CHECK(quiet.exit_code == 0);
  CHECK(quiet.output == fmt::format("done: 1 predictions in {}\n", (folder / "quiet").string()));
  CHECK(quiet.errors.empty());
  const ToolResult verbose = predict(weights, data, folder / "verbose", "-v");
  CHECK_THAT(verbose.output, ContainsSubstring("  read t1ce from " + (data / "Phantom_001").string()) &&
                                 ContainsSubstring("  wrote " + (folder / "verbose/Phantom_001.nii.gz").string()) &&
                                 EndsWith(fmt::format("done: 1 predictions in {}\n", (folder / "verbose").string())));
  CHECK_THAT(run_tool("revunet-train", "-q -v").errors, ContainsSubstring("[--quiet, --verbose] expected one of them"));
}

TEST_CASE("revunet-train -q prints what it made, -v each step and validated case", "[progress][train]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const std::string options = std::string(tiny_options) + " --epochs 1 --val-fraction 0.34 ";
  const ToolResult quiet = train(data, folder / "quiet", options + "-q");
  CHECK(quiet.exit_code == 0);
  CHECK_THAT(quiet.output, StartsWith("done: best weights in ") && EndsWith("\n"));
  CHECK(std::ranges::count(quiet.output, '\n') == 1);
  CHECK(quiet.errors.empty());
  CHECK_THAT(read_bytes(folder / "quiet/train.log"), ContainsSubstring("epoch 1/1"));
  const ToolResult verbose = train(data, folder / "verbose", options + "-v");
  CHECK_THAT(verbose.output, ContainsSubstring("option epochs = 1\n") && ContainsSubstring("\nstep 2  loss ") &&
                                 ContainsSubstring("  validation case Phantom_00") && !ContainsSubstring("step 3 "));
}

TEST_CASE("checking, training and evaluating show their progress on a terminal", "[progress]") {
  const TemporaryFolder folder;
  const fs::path data = make_phantoms(folder / "data", 3);
  const auto check = drawn_by("revunet-check", fmt::format("--data '{}'", data.string()), 80, "xterm");
  if (!check) return;
  CHECK_THAT(*check, ContainsSubstring("\r\x1b[K0/3 cases checked") && ContainsSubstring("3/3 cases checked") &&
                         EndsWith("\r\x1b[K"));
  const auto training = drawn_by("revunet-train",
                                 fmt::format("--data '{}' --out '{}' {} --epochs 1 --val-fraction 0.34", data.string(),
                                             (folder / "run").string(), tiny_options),
                                 80, "xterm");
  // The line shows the check, which hashes the files too, then samples and validation.
  CHECK_THAT(*training, ContainsSubstring("0/3 cases checked") && !ContainsSubstring("files hashed"));
  CHECK_THAT(*training, ContainsSubstring("epoch 1/1  reading the first sample") &&
                            ContainsSubstring("epoch 1/1 sample 2/2") &&
                            ContainsSubstring("epoch 1/1  validating 1/1"));
  const auto unchecked =
      drawn_by("revunet-train",
               fmt::format("--data '{}' --out '{}' {} --max-steps 1 --val-fraction 0 --check headers", data.string(),
                           (folder / "unchecked").string(), tiny_options),
               80, "xterm");
  CHECK_THAT(*unchecked, ContainsSubstring("15/15 files hashed"));  // headers do not make a file's hash
  REQUIRE(predict(folder / "run/last.safetensors", data, folder / "out").exit_code == 0);
  const auto evaluation = drawn_by(
      "revunet-evaluate", fmt::format("--reference '{}' --prediction '{}'", data.string(), (folder / "out").string()),
      80, "xterm");
  CHECK_THAT(*evaluation, ContainsSubstring("\r\x1b[K0/3 cases") && ContainsSubstring("3/3 cases"));
}
