#include "tools/predict/case_loop.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include <nlohmann/json.hpp>

#include "engine/distributed/agreement.h"
#include "engine/process/host_memory_failure.h"
#include "engine/process/interruption.h"
#include "tools/common/standard_streams.h"
#include "tools/common/verbosity.h"

namespace revunet::tools {

namespace {

// Returns lines with the files of a case, with -v.
std::string lines_of_files(const io::CaseFiles& read, const PredictionFiles& written) {
  std::string lines;
  if (verbosity() != Verbosity::verbose) return lines;
  for (const io::CaseFile& file : io::files_of(read)) {
    lines += fmt::format("{}  read {} from {}", lines.empty() ? "" : "\n", file.role, file.path.string());
  }
  lines += fmt::format("\n  wrote {}", written.labels.string());
  for (const auto& file : {written.probabilities, written.overlay}) {
    if (file) lines += fmt::format("\n  wrote {}", file->string());
  }
  return lines;
}

std::string line_of_result(const io::CaseFiles& files, const std::string& count, const PredictedCase& predicted,
                           double seconds) {
  std::string voxels;
  for (size_t r = 0; r < predicted.region_voxels.size(); ++r) {
    voxels += fmt::format("{} {} ", files.task()->regions()[r].name, predicted.region_voxels[r]);
  }
  const std::vector<std::string> missing = io::missing_modalities(files);
  return fmt::format("{} {}  {}voxels  {:.1f} s{}", count, files.name, voxels, seconds,
                     missing.empty() ? "" : fmt::format("  without {}", fmt::join(missing, " and ")));
}

std::string warning_of_cut(const std::string& name, const PredictedCase& predicted) {
  if (predicted.cut == io::Size3{}) return "";
  return fmt::format(
      "{}: the box of the voxels that are not 0 is {} voxels larger along x,y,z than the field of view {}; what lies "
      "outside has label 0. A larger --size takes it in, or --patch",
      name, fmt::join(predicted.cut, ","), fmt::join(predicted.size, ","));
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
  if (processes_.rank() == 0) device_.save_algorithms();
  return predicted;
}

void CaseLoop::leave(size_t count) const {
  throw Interrupted(
      fmt::format("interrupted: {} of {} cases are predicted and whole; the same command with --skip-existing goes on",
                  done_, count));
}

void CaseLoop::leave_if_interrupted(size_t count) {
  if (!any_of(&processes_, interrupted())) return;
  processes_.end_together();
  leave(count);
}

CaseLoop::Report CaseLoop::report_on(const Selection& selection, size_t i, ProgressLine& progress) {
  const size_t count = selection.cases.size();
  const io::CaseFiles& c = selection.cases[i];
  const auto show = [&](const std::string& what) {
    if (processes_.rank() == 0) progress.show(static_cast<int64_t>(i), what);
  };
  show(c.name);
  how_.on_pass = [&](int64_t done, int64_t passes) {
    if (done < passes && interrupted()) leave(count);
    if (passes > 1) show(fmt::format("{}, pass {} of {}", c.name, done, passes));
  };
  try {
    const auto start = std::chrono::steady_clock::now();
    const PredictedCase predicted = predict(c, selection.files[i]);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return {.line = line_of_result(c, fmt::format("{}/{}", i + 1, count), predicted, elapsed.count()),
            .warning = warning_of_cut(c.name, predicted),
            .files = lines_of_files(c, selection.files[i]),
            .unfit = {}};
  } catch (const UnfitCase& e) {
    return {.line = {}, .warning = {}, .files = {}, .unfit = e.reason};
  }
}

// Returns the reports of a round, which the processes of the first ranks have, unless their case failed.
std::vector<std::optional<CaseLoop::Report>> CaseLoop::exchange(size_t count, const std::optional<Report>& own) {
  if (processes_.size() == 1) return {own};
  nlohmann::json text;
  if (own) text = {own->line, own->warning, own->files, own->unfit.has_value(), own->unfit.value_or("")};
  const std::vector<std::string> texts =
      processes_.gather(text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::vector<std::optional<Report>> reports(count);
  for (size_t rank = 0; rank < count; ++rank) {
    const auto j = nlohmann::json::parse(texts.at(rank));
    if (j.is_null()) continue;
    reports[rank] = {j[0], j[1], j[2], j[3] ? std::optional(j[4].get<std::string>()) : std::nullopt};
  }
  return reports;
}

void CaseLoop::take(const Report& report, const std::string& count, Selection& selection, const std::string& name) {
  if (report.unfit) {
    selection.bad.push_back({name, *report.unfit});
  } else {
    ++done_;
  }
  if (processes_.rank() > 0) return;
  if (!report.line.empty()) say(report.line);
  if (!report.warning.empty()) print_message("revunet-predict: warning: {}\n", report.warning);
  if (!report.files.empty()) say(report.files);
  if (report.unfit) {
    print_message("revunet-predict: warning: {} {} cannot be predicted: {}\n", count, name, *report.unfit);
  }
}

int64_t CaseLoop::run(Selection& selection) {
  const size_t count = selection.cases.size(), at_once = static_cast<size_t>(processes_.size());
  ProgressLine progress("cases", static_cast<int64_t>(count));
  for (size_t first = 0; first < count; first += at_once) {
    leave_if_interrupted(count);
    const size_t own = first + static_cast<size_t>(processes_.rank()), end = std::min(count, first + at_once);
    std::optional<Report> report;
    std::exception_ptr failure;  // after which the cases of the others are counted
    try {
      if (own < end) report = report_on(selection, own, progress);
    } catch (...) {
      failure = std::current_exception();
    }
    progress.clear();
    const std::vector<std::optional<Report>> reports = exchange(end - first, report);
    for (size_t i = first; i < end; ++i) {
      if (!reports[i - first]) continue;
      take(*reports[i - first], fmt::format("{}/{}", i + 1, count), selection, selection.cases[i].name);
    }
    if (processes_.size() > 1) leave_if_interrupted(count);  // the same words from all
    agree(&processes_, [&] {
      if (failure) std::rethrow_exception(failure);
    });
  }
  return done_;
}

}  // namespace revunet::tools
