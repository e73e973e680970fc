// This file says which patient each case belongs to.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace revunet::io {

// Returns the patient of a case. It is the case's name, without the number or date of the examination where known
// datasets put one there, as in Brats18_TCIA01_131_1, BraTS19_TCIA08_436_2, BraTS-GLI-00002-001 and sub-07_ses-02
// (docs/data.md lists them). For other names (BraTS20_Training_001, BraTS2021_00000) it is the case.
std::string patient_of(const std::string& case_name);

// Says which patient each case belongs to: by patient_of, or as the user says.
class Patients {
 public:
  Patients() = default;  // uses patient_of

  // Takes a regular expression (ECMAScript) that is found in each name, and whose one capture group is the patient. A
  // text that ends in .csv names a file with lines `case,patient`, of which the first may be that heading. Throws
  // UsageError for an invalid expression. Throws DataError, with the line, for a file that cannot be read or that has
  // another form, a case without patient, or a case twice.
  explicit Patients(const std::string& regex_or_file);

  // Throws UsageError where the expression is not found in the name, and DataError where the file lacks the case.
  std::string of(const std::string& case_name) const;

 private:
  std::optional<std::regex> expression_;
  std::string text_;                          // what the user gave
  std::map<std::string, std::string> table_;  // from a file: case -> patient
};

// Returns whether `regex_or_file` names a file.
bool is_patients_file(const std::string& regex_or_file);

}  // namespace revunet::io
