#include "tools/predict/case_loop.h"

#include <chrono>

#include "engine/process/host_memory_failure.h"
#include "engine/process/interruption.h"
#include "tools/common/progress_line.h"
#include "tools/common/standard_streams.h"
#include "tools/common/verbosity.h"

namespace revunet::tools {

namespace {

// Prints the files of a case, with -v.
void say_files(const io::CaseFiles& read, const PredictionFiles& written) {
  if (verbosity() != Verbosity::verbose) return;
  for (const io::CaseFile& file : io::files_of(read))
    say(fmt::format("  read {} from {}", file.role, file.path.string()));
  say(fmt::format("  wrote {}", written.labels.string()));
  for (const auto& file : {written.probabilities, written.overlay}) {
    if (file) say(fmt::format("  wrote {}", file->string()));
  }
}

void say_result(const io::CaseFiles& files, const std::string& count, const PredictedCase& predicted, double seconds) {
  const std::string& name = files.name;
  std::string voxels;
  for (size_t r = 0; r < predicted.region_voxels.size(); ++r) {
    voxels += fmt::format("{} {} ", files.task()->regions()[r].name, predicted.region_voxels[r]);
  }
  const std::vector<std::string> missing = io::missing_modalities(files);
  say(fmt::format("{} {}  {}voxels  {:.1f} s{}", count, name, voxels, seconds,
                  missing.empty() ? "" : fmt::format("  without {}", fmt::join(missing, " and "))));
  if (predicted.cut != io::Size3{}) {
    print_message(
        "revunet-predict: warning: {}: the box of the voxels that are not 0 is {} voxels larger along x,y,z than the "
        "field of view "
        "{}; what lies outside has label 0. A larger --size takes it in, or --patch\n",
        name, fmt::join(predicted.cut, ","), fmt::join(predicted.size, ","));
  }
}

}  // namespace

void say(const std::string& line) {
  if (verbosity() == Verbosity::quiet) return;
  print_result("{}\n", line);
}

template <class Failure, class F>
auto CaseLoop::unfit_if(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const Failure& e) {
    if (!skip_bad_) throw;
    throw UnfitCase{e.what()};
  } catch (const OutOfMemoryError& e) {
    throw OutOfMemoryError(fmt::format("{}\nuse --precision bf16, or a smaller --size or --patch", e.what()),
                           e.capacity);
  }
}

// Files that cannot be written, for example on a full disk, end the run, because the next case would fail too.
PredictedCase CaseLoop::predict(const io::CaseFiles& c, const PredictionFiles& files) {
  const auto with_memory = [&](auto work) { return with_host_memory("case " + c.name, work); };
  const LoadedCase loaded =
      unfit_if<DataError>([&] { return with_memory([&] { return load_for_prediction(c, how_); }); });
  const PredictedCase predicted = unfit_if<NonFiniteError>(
      [&] { return with_memory([&] { return predict_case(ensemble_, loaded, how_, files); }); });
  device_.save_algorithms();
  return predicted;
}

void CaseLoop::expect_no_interruption(size_t count) const {
  REVUNET_EXPECTS(!interrupted(), Interrupted,
                  "interrupted: {} of {} cases are predicted and whole; the same command with --skip-existing goes on",
                  done_, count);
}

int64_t CaseLoop::run(Selection& selection) {
  const size_t count = selection.cases.size();
  ProgressLine progress("cases", static_cast<int64_t>(count));
  for (size_t i = 0; i < count; ++i) {
    const io::CaseFiles& c = selection.cases[i];
    const auto show = [&](const std::string& what) { progress.show(static_cast<int64_t>(i), what); };
    expect_no_interruption(count);
    show(c.name);
    how_.on_pass = [&](int64_t done, int64_t passes) {
      if (done < passes) expect_no_interruption(count);
      if (passes > 1) show(fmt::format("{}, pass {} of {}", c.name, done, passes));
    };
    try {
      const auto start = std::chrono::steady_clock::now();
      const PredictedCase predicted = predict(c, selection.files[i]);
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      progress.clear();
      say_result(c, fmt::format("{}/{}", i + 1, count), predicted, elapsed.count());
      say_files(c, selection.files[i]);
      ++done_;
    } catch (const UnfitCase& e) {
      progress.clear();
      selection.bad.push_back({c.name, e.reason});
      print_message("revunet-predict: warning: {}/{} {} cannot be predicted: {}\n", i + 1, count, c.name, e.reason);
    }
  }
  return done_;
}

}  // namespace revunet::tools
