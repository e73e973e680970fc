// The layouts put cases and problems into the scan of a dataset by these functions.
//
// Non-obvious rule: a case that is not as it should be becomes a problem of the scan, so that one pass finds them all.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "io/dataset/case_files.h"

namespace revunet::io {

// Adds a case in order of names. Another case of its name is a problem, but stays in the scan, because its files must
// be checked too.
void add_case(DatasetScan& scan, CaseFiles files, const std::filesystem::path& where);
void add_problem(DatasetScan& scan, DatasetProblem::Kind kind, const std::string& case_name,
                 const std::string& message);
// Throws DataError where two files of a case are one file under two names.
void expect_distinct(const CaseFiles& files);
// Adds what a case lacks. All of its modalities were looked for, and `files` has those that were found. `message` is
// what was expected and got.
void add_missing_modalities(DatasetScan& scan, const CaseFiles& files, const std::string& message);

// Adds a problem for each case without a segmentation where others have one. All may be missing, in a dataset for
// prediction. For cases in `unknown`, another problem says what is wrong.
void add_missing_segmentations(DatasetScan& scan, const std::set<std::string>& unknown = {});

}  // namespace revunet::io
