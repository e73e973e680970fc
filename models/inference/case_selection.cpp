#include "models/inference/case_selection.h"

#include "engine/error.h"
#include "models/inference/existing_prediction.h"

namespace revunet {

namespace {

// Only BraTS's first task has several conventions, of which the layout or the user knows the right one. The folder of
// another task need not say what its images are.
std::optional<io::LabelProfile> labels_of(const SelectionOptions& o) {
  const io::TaskPointer brats = io::brats_task_of(*o.task);
  return brats == io::brats_task() || o.labels ? o.labels : std::optional(io::profile_of_task(brats ? brats : o.task));
}

// Returns the task of BraTS of which the network uses some modalities, or nullptr.
io::TaskPointer whole_task(const SelectionOptions& o) {
  const io::TaskPointer brats = io::brats_task_of(*o.task);
  return brats == o.task ? nullptr : brats;
}

io::SoundCases find_all(const SelectionOptions& o) {
  const std::optional<io::LabelProfile> labels = labels_of(o);
  // Cases may lack what the network does not use.
  const io::MissingModality missing = whole_task(o) ? io::MissingModality::allowed : o.missing;
  if (o.data.empty()) return {{io::case_of(o.loose, labels, missing)}, {}};
  if (o.skip_bad) return io::find_sound_cases(o.data, labels, missing, o.on_note);
  return {io::find_cases(o.data, labels, missing, o.on_note), {}};
}

// Returns the case with the network's modalities alone. Throws DataError where it lacks all of them, or one that must
// not be missing.
io::CaseFiles of_network(const io::CaseFiles& whole, const SelectionOptions& o) {
  io::CaseFiles files = io::with_task(whole, o.task);
  const size_t missing = io::missing_modalities(files).size();
  if (o.missing == io::MissingModality::refused || missing == files.modalities.size()) io::expect_all_modalities(files);
  return files;
}

// Cases of another task stay as they are, and are refused.
io::SoundCases find(const SelectionOptions& o) {
  io::SoundCases found = find_all(o);
  const io::TaskPointer whole = whole_task(o);
  if (!whole) return found;
  std::vector<io::CaseFiles> sound;
  for (const io::CaseFiles& c : found.cases) try {
      sound.push_back(c.task() == whole ? of_network(c, o) : c);
    } catch (const DataError& e) {
      if (!o.skip_bad) throw;
      found.bad.push_back({io::DatasetProblem::Kind::modality, c.name, e.what()});
    }
  found.cases = std::move(sound);
  return found;
}

void expect_task(const std::vector<io::CaseFiles>& cases, const SelectionOptions& o) {
  for (const io::CaseFiles& c : cases) {
    REVUNET_EXPECTS(io::same_task(*c.task(), *o.task), DataError,
                    "[{}] expected cases of the network's task, {}, got {}; use weights of that task", o.data.string(),
                    io::describe(*o.task), io::describe(*c.task()));
  }
}

// A case may have several problems.
void add_bad(std::vector<BadCase>& bad, const std::string& name, const std::string& reason) {
  for (BadCase& known : bad) {
    if (known.name != name) continue;
    known.reason += "; " + reason;
    return;
  }
  bad.push_back({name, reason});
}

// Takes a case unless its prediction exists.
void select(Selection& s, const SelectionOptions& o, const io::CaseFiles& c, const PredictionFiles& files) {
  if (o.skip_existing) {
    const Existing there = existing_prediction(c, files);
    if (there.state == Existing::State::whole) return s.existing.push_back(c.name);
    if (there.state == Existing::State::damaged) s.damaged.push_back(there.damage);
  }
  s.cases.push_back(c);
  s.files.push_back(files);
}

}  // namespace

Selection select_cases(const SelectionOptions& o) {
  io::SoundCases found = find(o);
  expect_task(found.cases, o);
  Selection s;
  for (const io::DatasetProblem& problem : found.bad) add_bad(s.bad, problem.case_name, problem.message);
  const std::vector<PredictionFiles> files = prediction_files(found.cases, o.out, o.probabilities, o.overlay);
  if (!o.skip_existing) expect_new(files);
  for (size_t i = 0; i < found.cases.size(); ++i) {
    io::CaseFiles& c = found.cases[i];
    if (!o.overlay) c.segmentation.reset();  // not needed
    try {
      select(s, o, c, files[i]);
    } catch (const DataError& e) {
      if (!o.skip_bad) throw;
      add_bad(s.bad, c.name, e.what());
    }
  }
  s.count = s.cases.size() + s.existing.size() + s.bad.size();
  return s;
}

void leave_out_bad(Selection& s) {
  Selection sound = s;
  sound.cases.clear();
  sound.files.clear();
  for (size_t i = 0; i < s.cases.size(); ++i) {
    if (std::ranges::find(s.bad, s.cases[i].name, &BadCase::name) != s.bad.end()) continue;
    sound.cases.push_back(std::move(s.cases[i]));
    sound.files.push_back(std::move(s.files[i]));
  }
  s = std::move(sound);
}

void check_selection(Selection& s, const SelectionOptions& o, const io::OnProgress& progress) {
  const io::StartCheck check = io::check_before_start(s.cases, {.level = o.check}, progress);
  if (!o.skip_bad && !o.data.empty()) io::expect_sound(check, s.cases, o.data);
  for (const std::string& warning : check.warnings) {
    if (o.on_warning) o.on_warning(warning);
  }
  for (size_t i = 0; i < s.cases.size(); ++i) {
    if (check.violations[i].empty()) continue;
    const std::string reason = fmt::format("{}", fmt::join(check.violations[i], "\n"));
    if (!o.skip_bad) throw DataError(reason);
    add_bad(s.bad, s.cases[i].name, reason);
  }
  leave_out_bad(s);
}

std::string list_of(const std::vector<BadCase>& bad) {
  std::string lines;
  for (const BadCase& c : bad) lines += fmt::format("\n  {}: {}", c.name, c.reason);
  return lines;
}

}  // namespace revunet
