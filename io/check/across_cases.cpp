#include "io/check/across_cases.h"

#include <algorithm>
#include <map>

#include "engine/error.h"
#include "io/nifti/orientation.h"
#include "io/nifti/size_text.h"
#include "io/preprocessing/resampled_case.h"

namespace revunet::io {
namespace {

// A default field of view is reported where it has more than this many times the voxels that the largest case needs.
constexpr double most_padding = 2;

std::string name_of_image(const Task& task, size_t index) {
  return index < task.modalities().size() ? task.modalities()[index] : "segmentation";
}

// Returns a text such as "t1, flair": the images of one case that are also images of the other.
std::string pairs_text(const Task& task, const std::vector<std::pair<size_t, size_t>>& pairs) {
  std::vector<std::string> words;
  for (const auto& [own, other] : pairs) {
    words.push_back(own == other ? name_of_image(task, own)
                                 : fmt::format("{} (its {})", name_of_image(task, own), name_of_image(task, other)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

// Returns a text such as "brats (0 background, 1 core, 2 oedema, 4 enhancing)", of every profile that segmentations
// were read by.
std::string profiles_text(const std::vector<CaseCheck>& checks) {
  std::vector<std::string> texts;
  for (const CaseCheck& c : checks) {
    const std::string text = fmt::format("{} ({})", c.profile.name(), c.profile.meanings_text());
    if (c.label_values && !std::ranges::count(texts, text)) texts.push_back(text);
  }
  return fmt::format("{}", fmt::join(texts, " and "));
}

// In BraTS, 3 or 4 stands for the enhancing tumour. Where a profile has both, but each case only one of them, the cases
// may be of two conventions.
std::optional<Finding> mixed_conventions(const std::vector<CaseCheck>& checks) {
  int64_t only_3 = 0, only_4 = 0, both = 0;
  for (const CaseCheck& c : checks) {
    if (brats_task_of(*c.profile.task()) != brats_task() || !c.label_values || !c.profile.label_of(3) ||
        !c.profile.label_of(4))
      continue;
    const bool three = (*c.label_values)[3] > 0, four = (*c.label_values)[4] > 0;
    both += three && four;
    only_3 += three && !four;
    only_4 += four && !three;
  }
  if (both > 0 || only_3 == 0 || only_4 == 0) return std::nullopt;
  return Finding{
      FindingKind::convention,
      fmt::format("[dataset] expected segmentations of one convention, got 3 without 4 in {} cases, 4 without "
                  "3 in {}, and both in none: cases of different years may be among them. Check that "
                  "`labels` is right for all, or keep them apart",
                  only_3, only_4)};
}

// Returns the voxels that networks see of a case: of its box where that is known, otherwise of its image.
Size3 seen_extent(const CheckedCase& c) {
  const Grid grid = oriented_grid(*c.grid, orientation_of(*c.grid));
  return resampled_extent(c.nonzero.value_or(grid.size), grid, c.task->resampling());
}

}  // namespace

void compare_fingerprints(std::vector<CaseCheck>& checks, const Patients& patients) {
  struct Image {
    size_t index;  // of the case
    size_t image;  // index in the case, as in Fingerprint
  };
  std::map<uint64_t, Image> first;
  std::map<std::pair<size_t, size_t>, std::vector<std::pair<size_t, size_t>>> same;  // cases -> modalities
  for (size_t i = 0; i < checks.size(); ++i) {
    for (const Fingerprint& f : checks[i].fingerprints) {
      const auto [known, added] = first.try_emplace(f.hash, Image{i, f.image});
      if (!added) same[{i, known->second.index}].emplace_back(f.image, known->second.image);
    }
  }
  for (const auto& [cases, modalities] : same) {
    CheckedCase &checked = checks[cases.first].checked, &other = checks[cases.second].checked;
    const bool one_patient = patients.of(checked.name) == patients.of(other.name),
               one_name = checked.name == other.name;
    const auto name = [&](size_t i) { return one_name ? checks[i].folder.string() : checks[i].checked.name; };
    checked.findings.push_back(
        {one_patient ? FindingKind::duplicate : FindingKind::leakage,
         fmt::format("[{}] expected images of its own, got those of {}{} as {}; remove one of them", name(cases.first),
                     one_patient ? "" : "another patient, ", name(cases.second),
                     pairs_text(*checked.task, modalities))});
  }
}

void compare_label_values(std::vector<CaseCheck>& checks) {
  ValueCounts seen{};
  for (const CaseCheck& c : checks) {
    for (size_t value = 0; c.label_values && value < seen.size(); ++value) seen[value] += (*c.label_values)[value];
  }
  for (CaseCheck& c : checks) try {
      if (c.label_values) expect_known_values(*c.label_values, c.profile, c.segmentation, seen);
    } catch (const DataError& e) {
      c.checked.findings.push_back({FindingKind::labels, e.what()});
    }
}

std::vector<Finding> label_findings(const std::vector<CaseCheck>& checks) {
  if (checks.empty()) return {};
  const std::vector<Task::Region>& regions = checks[0].profile.task()->regions();
  std::vector<int64_t> voxels(regions.size());
  int64_t segmented = 0;
  for (const CaseCheck& c : checks) {
    segmented += c.label_values.has_value();
    for (size_t r = 0; c.checked.region_voxels && r < voxels.size(); ++r) voxels[r] += (*c.checked.region_voxels)[r];
  }
  std::vector<Finding> findings;
  std::vector<std::string> absent;
  for (size_t r = 0; r < voxels.size(); ++r) {
    if (voxels[r] == 0) absent.push_back(regions[r].name);
  }
  if (segmented > 0 && absent.size() == regions.size()) {
    findings.push_back({FindingKind::regions,
                        fmt::format("[dataset] no case has a labelled voxel: expected a region in some of {} "
                                    "segmentations, got background everywhere; check that they are the right files",
                                    segmented)});
  } else if (segmented > 0 && !absent.empty()) {
    findings.push_back(
        {FindingKind::regions,
         fmt::format("[dataset] expected voxels of every region in some of {} segmentations, got no case with {}, read "
                     "as {}; a network does not learn it here. Check that `labels` is right",
                     segmented, fmt::join(absent, " and "), profiles_text(checks))});
  }
  if (auto mixed = mixed_conventions(checks)) findings.push_back(*std::move(mixed));
  return findings;
}

std::vector<Finding> field_of_view_findings(const std::vector<CheckedCase>& cases, const TrainingView& view) {
  Size3 needed{};
  const CheckedCase* first_cut = nullptr;
  int64_t cut = 0, measured = 0;
  for (const CheckedCase& c : cases) {
    if (!c.grid) continue;
    const Size3 seen = seen_extent(c);
    needed = larger_of(needed, seen);
    if (!c.nonzero) continue;
    ++measured;
    if (larger_of(seen, view.size) == view.size) continue;
    if (cut++ == 0) first_cut = &c;
  }
  std::vector<Finding> findings;
  if (cut > 0) {
    findings.push_back(
        {FindingKind::field_of_view,
         fmt::format("[`size`] expected a field of view that holds all cases, got {}, which cuts {} of "
                     "{}; the first, case {}, takes {} voxels (x,y,z). `size` {} holds them all",
                     size_as_given(view.size), cut, measured, first_cut->name, size_as_given(seen_extent(*first_cut)),
                     size_as_given(rounded_up(needed, view.multiple)))});
  }
  const Size3 enough = rounded_up(needed, view.multiple);
  const double times =
      static_cast<double>(voxels_in(view.size)) / static_cast<double>(std::max<int64_t>(1, voxels_in(enough)));
  const bool chosen = view.size != default_field_of_view;
  if (!chosen && voxels_in(needed) > 0 && times > most_padding) {
    findings.push_back(
        {FindingKind::field_of_view,
         fmt::format("[`size`] expected a field of view of about the {}, got the default, {}: {:.3g} times "
                     "the voxels, memory and time that `size` {} takes, which holds them all",
                     measured > 0 ? "cases' size" : "images' size", size_as_given(view.size), times,
                     size_as_given(enough))});
  }
  return findings;
}

}  // namespace revunet::io
