// What a person sees while a tool works: on a terminal a line that redraws itself, elsewhere nothing.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/places.h"
#include "tests/support/skip.h"
#include "tests/tools/tiny_runs.h"
#include "tools/common/progress_line.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
namespace fs = std::filesystem;

namespace {

// A terminal without a person.
class PseudoTerminal {
 public:
  explicit PseudoTerminal(unsigned short columns) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (!usable()) return;
    REQUIRE(grantpt(master_) == 0);
    REQUIRE(unlockpt(master_) == 0);
    // Held open, so that nothing is lost when a tool closes it.
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
  // All that was written to it: at most a few KB, which it keeps.
  std::string take() const {
    std::string text(65536, '\0');
    const ssize_t got = read(master_, text.data(), text.size());
    text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }

 private:
  int master_, slave_ = -1;
};

// What a tool draws on a terminal as its stderr. Nothing where there are no pseudo-terminals, which is said.
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
  CHECK(progress_text("cases", 0, 12, "a", 0) == "0/12 cases  a  0:00");
  CHECK(progress_text("cases", 3, 12, "d", 60) == "3/12 cases  d  1:00, 3:00 left");  // 20 s each, 9 to go
  CHECK(progress_text("cases", 11, 12, "", 39600) == "11/12 cases  11:00:00, 1:00:00 left");
  CHECK(progress_text("files", 12, 12, "", 5) == "12/12 files  0:05");
  CHECK(progress_text("cases", 0, 0, "", 5) == "0/0 cases  0:05");
}

TEST_CASE("a line is cut between characters, not within one", "[progress]") {
  CHECK(first_characters("abc", 3) == "abc");
  CHECK(first_characters("abc", 2) == "ab");
  CHECK(first_characters("", 2) == "");
  CHECK(first_characters("a\xc3\xa9\xe2\x82\xac", 3) == "a\xc3\xa9\xe2\x82\xac");  // a, e acute, euro
  CHECK(first_characters("a\xc3\xa9\xe2\x82\xac", 2) == "a\xc3\xa9");
  CHECK(first_characters("a\xc3\xa9\xe2\x82\xac", 1) == "a");
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
  // Drawn before each case, erased before each case's own line.
  CHECK_THAT(*wide, ContainsSubstring("\r\x1b[K0/2 cases  Phantom_001  0:00\r\x1b[K"));
  CHECK_THAT(*wide, ContainsSubstring("\r\x1b[K1/2 cases  Phantom_002  0:0") && ContainsSubstring(" left"));
  CHECK_THAT(*wide, EndsWith("\r\x1b[K"));
  CHECK_THAT(*drawn("narrow", 16, "xterm"), ContainsSubstring("\r\x1b[K0/2 cases  Phan\r\x1b[K"));  // 15 of 16 columns
  CHECK(drawn("dumb", 80, "dumb")->empty());
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
  // The check, the hashes of 15 files, then samples and validation.
  CHECK_THAT(*training, ContainsSubstring("0/3 cases checked") && ContainsSubstring("15/15 files hashed"));
  CHECK_THAT(*training, ContainsSubstring("epoch 1/1  reading the first sample") &&
                            ContainsSubstring("epoch 1/1 sample 2/2") &&
                            ContainsSubstring("epoch 1/1  validating 1/1"));
  REQUIRE(predict(folder / "run/last.safetensors", data, folder / "out").exit_code == 0);
  const auto evaluation = drawn_by(
      "revunet-evaluate", fmt::format("--reference '{}' --prediction '{}'", data.string(), (folder / "out").string()),
      80, "xterm");
  CHECK_THAT(*evaluation, ContainsSubstring("\r\x1b[K0/3 cases") && ContainsSubstring("3/3 cases"));
}
