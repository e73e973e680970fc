// A case whose four images lie anywhere, each named by an option of its own, in place of a dataset.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "io/dataset/dataset.h"
#include "tools/common/option_table.h"

namespace revunet::tools {

struct LooseFiles {
  std::array<std::filesystem::path, io::modality_count> images;  // of io::modality_names; empty: not given
  std::string name;                                              // of the case; empty: what the files' names share

  bool any() const;
};

// --t1, --t1ce, --t2, --flair and --name.
std::vector<Option> loose_file_options(LooseFiles& files);

// UsageError for an image that was not given, unless missing ones are allowed, for one given twice, and where the names
// of the files share nothing and there is no --name. DataError for a file that cannot be read.
io::CaseFiles case_of(const LooseFiles& files, const std::optional<io::LabelProfile>& labels,
                      io::MissingModality missing);

// What the files of a case have in common: the words with which their names begin (P7_t1.nii.gz, P7_flair.nii.gz), else
// those with which they end (t1_P7.nii.gz), else the name of the folder that all of them lie in. The word for the
// modality is no part of it. Empty where there is nothing.
std::string common_name(std::span<const std::filesystem::path> images);

}  // namespace revunet::tools
