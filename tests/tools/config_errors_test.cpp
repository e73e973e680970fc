// Tests configuration files that are wrong. The message has the file, the line and the key.

#include <sys/stat.h>

#include "engine/error.h"
#include "tests/support/catch.h"
#include "tests/tools/parsed_run.h"
#include "tests/tools/tiny_runs.h"

using namespace revunet;
using namespace revunet::test;
using namespace revunet::tools;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

// Returns the message about such a config.toml. `Expected` is the kind of error, which decides on the exit code.
template <class Expected = UsageError>
std::string config_refusal(const fs::path& file, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"--plan", "--device", "cpu", "--config", file.string()};
  words.insert(words.end(), more.begin(), more.end());
  return message_of<Expected>([&] { ParsedRun(words).resolved(); });
}

}  // namespace

TEST_CASE("a key that is no option is named with its line and the nearest key", "[config]") {
  const TemporaryFolder folder;
  const auto refusal_of = [&](const std::string& text) { return config_refusal(write_bytes(folder / "c.toml", text)); };
  const std::string file = (folder / "c.toml").string();
  CHECK_THAT(refusal_of("# mine\nlr = 0.1\n\nepocs = 3\n"),
             ContainsSubstring(file + ", line 4: epocs]") && ContainsSubstring("did you mean epochs?"));
  CHECK_THAT(refusal_of("learning-rate = 0.1\n"),
             ContainsSubstring(", line 1: learning-rate]") && ContainsSubstring("did you mean lr?"));
  CHECK_THAT(refusal_of("weight_decay = 0.1\n"), ContainsSubstring("did you mean weight-decay?"));
  CHECK_THAT(refusal_of("resume = \"run\"\n"), ContainsSubstring(", line 1: resume]"));
  CHECK_THAT(refusal_of("deterministic = true\nno-deterministic = true\n"),
             ContainsSubstring("line 2: no-deterministic] expected an option once, got it as deterministic in line 1"));
  CHECK_THAT(refusal_of("[train]\nlr = 0.1\n"),
             ContainsSubstring(", line 1: train]") && ContainsSubstring("a section"));
}

TEST_CASE("a value that does not fit is named with its file, line and key", "[config]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "c.toml";
  const auto refusal_of = [&](const std::string& text) { return config_refusal(write_bytes(path, text)); };
  CHECK(refusal_of("seed = 1\nepochs = \"ten\"\n") ==
        fmt::format("[--epochs] expected a whole number from 1 to 1000000, got ten\n--epochs is ten in {}, line 2",
                    path.string()));
  CHECK_THAT(refusal_of("\nprecision = \"fp16\"\n"),
             ContainsSubstring("did you mean mixed or bf16?\n--precision is fp16 in ") && ContainsSubstring("line 2"));
  // Only the whole configuration shows this error.
  CHECK_THAT(refusal_of("seed = 1\n\nlr = 2.5\n"), ContainsSubstring("--lr is 2.5 in " + path.string() + ", line 3"));
  CHECK_THAT(refusal_of("folds = 3\nfold = 3\n"),
             ContainsSubstring("--folds is 3 in ") && ContainsSubstring("--fold is 3 in "));
  // The file is not blamed for what the command line gives.
  CHECK_THAT(config_refusal(write_bytes(path, "lr = 0.5\n"), {"--lr", "1e-38"}), !ContainsSubstring("c.toml"));
}

TEST_CASE("a file that is no TOML is refused with its line, one that is not there with its name", "[config]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "c.toml";
  const auto refusal_of = [&](const std::string& text) { return config_refusal<DataError>(write_bytes(path, text)); };
  CHECK_THAT(refusal_of("lr = 0.1\ndata = /no/quotes\n"), ContainsSubstring("c.toml, line 2] expected TOML"));
  CHECK_THAT(refusal_of("lr = 0.1\nseed = 1\nlr = 0.2\n"), ContainsSubstring("c.toml, line 3] expected TOML"));
  CHECK_THAT(refusal_of("data = \"\xff\"\n"), ContainsSubstring("c.toml, line 1] expected TOML"));
  CHECK_THAT(config_refusal<DataError>(folder / "absent.toml"), ContainsSubstring("absent.toml"));
  CHECK_THAT(config_refusal<DataError>(folder.path()), ContainsSubstring(folder.path().string()));
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(config_refusal<DataError>(folder / "pipe"), ContainsSubstring("pipe"));  // it does not wait for the pipe
}

TEST_CASE("config.toml of earlier versions, with a seed beyond TOML's integers, is read", "[config]") {
  const TemporaryFolder folder;
  const auto seed_of = [&](const std::string& text) {
    return ParsedRun({"--config", write_bytes(folder / "c.toml", text).string()}).settings.run.seed;
  };
  CHECK(seed_of("epochs = 2\nseed = 18446744073709551615\nthreads = 1\n") == 18446744073709551615u);
  CHECK(seed_of("seed = 9223372036854775807\n") == 9223372036854775807u);
}

TEST_CASE("strings of TOML have escapes for what TOML does not take as it is", "[config]") {
  CHECK(io::toml_string("a b") == "\"a b\"");
  CHECK(io::toml_string("\"\\#'") == "\"\\\"\\\\#'\"");
  CHECK(io::toml_string("a\nb\x7f") == "\"a\\nb\\u007F\"");
  CHECK(io::toml_string("\xc3\xa9") == "\"\xc3\xa9\"");
}
