// Tests the folder of a run: which ones are accepted, what is removed from them, and that only one process writes
// there.
#include <unistd.h>

#include <csignal>
#include <set>

#include "engine/error.h"
#include "engine/process/host_name.h"
#include "models/training/run_folder/run_folder.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"
#include "tests/support/other_process.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr int kNobody = 99'999'999;  // process ids have at most seven digits

std::string temporary(const std::string& name, const std::string& host, int process) {
  return fmt::format(".{}.tmp-{}-{}-0", name, host, process);
}

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    files.insert(fs::relative(entry.path(), folder).string());
  }
  return files;
}

void expect_refused(const fs::path& out, const std::string& why) {
  INFO(out.string());
  CHECK_THAT(message_of<UsageError>([&] { RunFolder::expect_new(out); }), ContainsSubstring(why));
  CHECK_THROWS_AS(RunFolder::make(out), UsageError);
}

}  // namespace

TEST_CASE("a folder that is refused for a run keeps every file", "[train]") {
  const TemporaryFolder folder;
  const fs::path out = folder / "mine";
  fs::create_directories(out / "sub/deep");
  const std::string left = temporary("config.toml", host_name(), kNobody);
  for (const std::string& name : {std::string("real.txt"), left, "sub/deep/" + left, std::string(".notes.tmp-99999-1")})
    write_bytes(out / name, "x");
  const auto before = files_below(out);
  expect_refused(out, "which is not empty; choose another or move it away");
  CHECK(files_below(out) == before);
}

TEST_CASE("what no run can be made of is refused by name", "[train]") {
  const TemporaryFolder folder;
  write_bytes(folder / "file", "x");
  expect_refused(folder / "file", "which is a file");
  expect_refused(folder / "file/below", "file is no folder");
  fs::create_symlink(folder / "nowhere", folder / "link");
  expect_refused(folder / "link", "a link to nothing");
  fs::create_symlink("itself", folder / "itself");
  expect_refused(folder / "itself", "Too many levels of symbolic links");
  fs::create_directory(folder / "full");
  write_bytes(folder / "full/train.log.old", "x");
  fs::create_directory_symlink(folder / "full", folder / "to full");
  expect_refused(folder / "to full", "which is not empty");
  expect_refused("/usr", "which is not empty");
  if (geteuid() != 0) {
    fs::create_directory(folder / "closed");
    fs::permissions(folder / "closed", fs::perms::none);
    expect_refused(folder / "closed", "expected a folder that can be read");
    expect_refused(folder / "closed/below", "expected a folder that can be reached");
    fs::permissions(folder / "closed", fs::perms::owner_read | fs::perms::owner_exec);
    expect_refused(folder / "closed/below", "no permission to write into");
  }
  fs::create_directory(folder / "empty");
  fs::create_directory_symlink(folder / "empty", folder / "to empty");
  CHECK_NOTHROW(RunFolder::make(folder / "to empty"));
  CHECK_NOTHROW(RunFolder::make(folder / "a/b/c"));
}

TEST_CASE("a run removes what killed processes of this host left of its own files, and nothing else", "[train]") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  fs::create_directories(run / "previews");
  const std::string host = host_name();
  const std::set<std::string> left = {temporary("checkpoint.safetensors", host, kNobody),
                                      temporary("log.csv", host, kNobody),
                                      temporary("report.html", host, getpid())};  // of one that had this process's id
  const std::set<std::string> others = {temporary("checkpoint.safetensors", "elsewhere", kNobody),
                                        temporary("checkpoint.safetensors", host, getppid()),  // alive
                                        temporary("notes.txt", host, kNobody),
                                        "previews/" + temporary("log.csv", host, kNobody),
                                        ".log.csv.tmp-99999999-0",
                                        "config.toml",
                                        "split.json"};
  for (const auto& names : {left, others}) {
    for (const std::string& name : names) write_bytes(run / name, "x");
  }
  { const RunFolder resumed = RunFolder::of_earlier_run(run); }
  std::set<std::string> expected = others;
  expected.insert({"previews", "run.lock"});
  CHECK(files_below(run) == expected);
}

TEST_CASE("one process has a run's folder, and says which, and a killed one leaves it free", "[train]") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const std::string holder = fmt::format("where process {} on {} does", getpid(), host_name());
  {
    const RunFolder held = RunFolder::make(run);
    CHECK(held.lock_warning().empty());
    expect_refused(run, holder);
    write_bytes(run / "config.toml", "x");
    write_bytes(run / "split.json", "x");
    CHECK_THAT(message_of<UsageError>([&] { RunFolder::of_earlier_run(run); }),
               ContainsSubstring("[`resume`]") && ContainsSubstring(holder));
    CHECK(WEXITSTATUS(in_another_process([&] { RunLock lock(run, "`resume`"); })) == 99);
  }
  CHECK(read_bytes(run / "run.lock").empty());
  const int killed = in_another_process([&] {
    RunLock lock(run, "`resume`");
    raise(SIGKILL);
  });
  REQUIRE(WIFSIGNALED(killed));
  CHECK_FALSE(read_bytes(run / "run.lock").empty());
  CHECK_NOTHROW(RunFolder::of_earlier_run(run));
}
