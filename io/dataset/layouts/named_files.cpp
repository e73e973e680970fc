#include "io/dataset/layouts/named_files.h"

#include <algorithm>
#include <map>
#include <regex>

#include "engine/error.h"
#include "io/dataset/layouts/dataset_layout.h"
#include "io/dataset/layouts/image_files.h"
#include "io/dataset/layouts/scan_parts.h"

namespace revunet::io {
namespace {

namespace fs = std::filesystem;

// Returns the expression whose first group is the case's name.
std::regex expression_of(const std::string& pattern) {
  constexpr std::string_view kCase = "{case}";
  const std::string text = without_image_ending(pattern);
  std::string expression;
  bool named = false;
  for (size_t i = 0; i < text.size();) {
    if (text.compare(i, kCase.size(), kCase) == 0) {
      expression += named ? "(?:\\1)" : "([^/]+?)";
      named = true;
      i += kCase.size();
      continue;
    }
    const char c = text[i++];
    if (c == '*') {
      expression += "[^/]*?";
    } else {
      if (std::string_view("\\^$.|?+()[]{}").find(c) != std::string_view::npos) expression += '\\';
      expression += c;
    }
  }
  return std::regex(expression);
}

// Returns how many letters of a pattern stand for themselves.
size_t literal_letters(const std::string& pattern) {
  constexpr std::string_view kCase = "{case}";
  const std::string text = without_image_ending(pattern);
  size_t letters = text.size() - static_cast<size_t>(std::ranges::count(text, '*'));
  for (size_t at = text.find(kCase); at != std::string::npos; at = text.find(kCase, at + 1)) letters -= kCase.size();
  return letters;
}

// Role is the place of an image among the task's modalities, or that of the segmentation after them.
using Role = size_t;

// An Entry is a pattern and what its files are.
struct Entry {
  std::string pattern;
  std::regex expression;
  size_t letters;  // that stand for themselves
  std::vector<Role> roles;
};

struct Match {
  std::string name;  // of the case
  const Entry* entry;
};

// A Matcher finds the case and the roles of a file.
class Matcher {
 public:
  explicit Matcher(const FilePatterns& patterns) {
    for (Role m = 0; m < patterns.images.size(); ++m) add(patterns.images[m].pattern, m);
    if (!patterns.segmentation.empty()) add(patterns.segmentation, patterns.images.size());
  }

  // Takes a path from the dataset's folder. Returns the pattern that it fits. Of several, that is the one with most
  // letters that stand for themselves: a_seg is not the image of a case where segmentations are {case}_seg. Returns
  // several where they have as many.
  std::vector<Match> match(const fs::path& path) const {
    const std::string text = without_image_ending(path.generic_string());
    std::vector<Match> matches;
    std::smatch groups;
    for (const Entry& entry : entries_) {
      if (!matches.empty() && entry.letters < matches[0].entry->letters) continue;
      if (!std::regex_match(text, groups, entry.expression)) continue;
      if (!matches.empty() && entry.letters > matches[0].entry->letters) matches.clear();
      matches.push_back({groups[1].str(), &entry});
    }
    return matches;
  }
  // Returns the number of folders that a file may lie in.
  int64_t depth() const { return depth_; }

 private:
  void add(const std::string& pattern, Role role) {
    const std::string own = without_image_ending(pattern);
    const auto known =
        std::ranges::find_if(entries_, [&](const Entry& entry) { return without_image_ending(entry.pattern) == own; });
    if (known != entries_.end()) return known->roles.push_back(role);
    entries_.push_back({pattern, expression_of(pattern), literal_letters(pattern), {role}});
    depth_ = std::max<int64_t>(depth_, std::ranges::count(pattern, '/'));
  }

  std::vector<Entry> entries_;
  int64_t depth_ = 0;
};

// A broken link may be to a folder of images.
void add_broken_link(DatasetScan& scan, const fs::path& root, const fs::path& entry) {
  try {
    expect_no_broken_link(entry);
  } catch (const DataError& e) {
    add_problem(scan, DatasetProblem::Kind::layout, entry.lexically_relative(root).string(), e.what());
  }
}

// Calls visit(path from root) for each image at most `depth` folders below `folder`, in the order of names. A folder
// that cannot be listed is a problem of a case, because it may hold one's files.
template <class Visit>
void for_each_image(DatasetScan& scan, const fs::path& root, const fs::path& folder, int64_t depth, Visit visit) {
  std::vector<fs::path> entries;
  try {
    entries = sorted_entries(folder);
  } catch (const DataError& e) {
    if (folder == root) throw;
    return add_problem(scan, DatasetProblem::Kind::layout, folder.lexically_relative(root).string(), e.what());
  }
  std::error_code error;  // a file that cannot be looked at is judged when it is read
  for (const fs::path& entry : entries) {
    if (fs::is_directory(entry, error)) {
      if (depth > 0) for_each_image(scan, root, entry, depth - 1, visit);
    } else if (image_stem(entry)) {
      visit(entry.lexically_relative(root));
    } else {
      add_broken_link(scan, root, entry);
    }
  }
}

const FilePatterns& patterns_of(const LabelProfile& labels) {
  return labels.task()->rules().files.value();
}

// Sets a file of a case. A second one for the same role is a problem.
void take(DatasetScan& scan, CaseFiles& files, Role role, const fs::path& path, const FilePatterns& patterns) {
  const bool segmentation = role == patterns.images.size();
  const fs::path known = segmentation ? files.segmentation.value_or("") : files.modalities[role].path;
  if (!known.empty()) {
    return add_problem(
        scan, DatasetProblem::Kind::layout, files.name,
        fmt::format("[{}] expected one {} of case {}, got also {}; remove one of them, or make the pattern {} narrower",
                    path.string(), segmentation ? "segmentation" : files.task()->modalities()[role], files.name,
                    known.string(), segmentation ? patterns.segmentation : patterns.images[role].pattern));
  }
  try {
    expect_image_file(path);
  } catch (const DataError& e) {
    return add_problem(scan, DatasetProblem::Kind::layout, files.name, e.what());
  }
  if (segmentation) {
    files.segmentation = path;
  } else {
    files.modalities[role] = {path, patterns.images[role].frame, patterns.images[role].frames};
  }
}

void add_missing_files(DatasetScan& scan, const CaseFiles& files, const fs::path& root, const FilePatterns& patterns) {
  std::vector<std::string> missing;
  for (size_t m = 0; m < files.modalities.size(); ++m) {
    if (!files.modalities[m].path.empty()) continue;
    missing.push_back(fmt::format("{} ({})", files.task()->modalities()[m], patterns.images[m].pattern));
  }
  if (missing.empty()) return;
  add_missing_modalities(scan, files,
                         fmt::format("[{}] expected the images of case {} by the task's patterns, got no {}",
                                     root.string(), files.name, fmt::join(missing, ", no ")));
}

// A file that no pattern fits is none of the dataset's.
DatasetScan scan_by_pattern(const fs::path& root, const LabelProfile& labels) {
  const FilePatterns& patterns = patterns_of(labels);
  const Matcher matcher(patterns);
  DatasetScan scan;
  std::map<std::string, CaseFiles> cases;
  for_each_image(scan, root, root, matcher.depth(), [&](const fs::path& path) {
    const std::vector<Match> matches = matcher.match(path);
    if (matches.size() > 1) {
      return add_problem(scan, DatasetProblem::Kind::layout, matches[0].name,
                         fmt::format("[{}] expected a name of one pattern, got one of {} and {}; make one of them "
                                     "narrower",
                                     (root / path).string(), matches[0].entry->pattern, matches[1].entry->pattern));
    }
    for (const Match& match : matches) {
      CaseFiles& files = cases.try_emplace(match.name, match.name, labels).first->second;
      for (const Role role : match.entry->roles) take(scan, files, role, root / path, patterns);
    }
  });
  for (auto& [name, files] : cases) {
    add_missing_files(scan, files, root, patterns);
    add_case(scan, std::move(files), root);
  }
  add_missing_segmentations(scan);
  return scan;
}

DatasetScan scan_named_files(const fs::path& root, const std::optional<LabelProfile>& labels) {
  DatasetScan scan = scan_by_pattern(root, labels.value());
  if (!scan.cases.empty() || !scan.problems.empty()) return scan;
  std::vector<std::string> names;
  for (const FilePatterns::Image& image : patterns_of(*labels).images) names.push_back(image.pattern);
  throw DataError(fmt::format(
      "[{}] expected files of the names that the task {} gives, {}, got none; check the folder, or give the "
      "task's file with other names (`task`)",
      root.string(), labels->task()->name(), fmt::join(names, ", ")));
}

}  // namespace

std::map<std::string, fs::path> segmentations_by_pattern(const fs::path& folder, const LabelProfile& labels) {
  std::map<std::string, fs::path> found;
  if (!labels.task()->rules().files) return found;
  const DatasetScan scan = scan_by_pattern(folder, labels);
  for (const DatasetProblem& problem : scan.problems) {
    if (problem.kind == DatasetProblem::Kind::layout) throw DataError(problem.message);
  }
  for (const CaseFiles& files : scan.cases) {
    if (files.segmentation) found.emplace(files.name, *files.segmentation);
  }
  return found;
}

extern const DatasetLayout named_files = {
    .name = "Files named by a task",
    .datasets = "a task's file",
    .looks_like = [] { return std::string("files of the names that a task's file gives (`task`)"); },
    .is_layout_of = [](const fs::path&,
                       const std::optional<LabelProfile>& labels) { return labels && labels->task()->rules().files; },
    .scan = scan_named_files,
    .hint = nullptr,
    .segmentations = nullptr,
    .labels_of_folder = nullptr,
    .labels_of_name = nullptr,
};

}  // namespace revunet::io
