// Several programs share these options about a dataset. Each is one row.
#pragma once

#include <optional>
#include <string>

#include "io/check/case_check.h"
#include "io/dataset/background.h"
#include "io/dataset/label_profile.h"
#include "io/dataset/patient.h"
#include "io/dataset/task_file.h"
#include "tools/common/option_table.h"

namespace revunet::tools {

// The option says what the numbers of segmentation files stand for. Without it the dataset's layout says so.
Option labels_option(std::optional<io::LabelProfile>& labels);

// The option names a task's file.
Option task_option(std::filesystem::path& file, const std::string& help);
inline constexpr const char* kTaskOfDataset =
    "TOML file that says what the task is, and how the files of the dataset are named, in place of a dataset.json and "
    "of --labels, see docs/own-dataset.md";
// Reads that file, if there is one. Throws UsageError where labels were given too, and DataError as io::read_task_file
// does.
std::optional<io::TaskFile> read_task(const std::filesystem::path& file, const std::optional<io::LabelProfile>& labels);

// The option says what images hold around the brain. default_text is what help shows for a background that is not set.
Option background_option(io::Background& background);
Option background_option(std::optional<io::Background>& background, const std::string& default_text);

// The option says which cases belong to one patient, where names do not say it as those of BraTS do. It takes what
// io::Patients takes.
Option patients_option(std::string& text);
io::Patients patients_of_option(const std::string& text);

// The option says how much of a dataset is checked before work on it begins.
Option check_option(io::CheckLevel& level);

}  // namespace revunet::tools
