// Which patient a case is an examination of.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace revunet::io {

// The patient of a case: its name, without the number or date of the examination where datasets that are known put one
// there, as in Brats18_TCIA01_131_1, BraTS19_TCIA08_436_2, BraTS-GLI-00002-001 and sub-07_ses-02 (docs/data.md lists
// them). In other names (BraTS20_Training_001, BraTS2021_00000) it is the case.
std::string patient_of(const std::string& case_name);

// Says which patient each case belongs to: by patient_of, or as the user says.
class Patients {
 public:
  Patients() = default;  // by patient_of

  // A regular expression (ECMAScript) that is found in each name, whose one capture group is the patient; or, of a name
  // that ends in .csv, a file with lines `case,patient`, of which the first may be that heading. UsageError for an
  // expression that cannot be one; DataError, with the line, for a file that cannot be read or that has another form, a
  // case without patient, or a case twice.
  explicit Patients(const std::string& regex_or_file);

  // UsageError where the expression is not found in the name; DataError where the file has not the case.
  std::string of(const std::string& case_name) const;

 private:
  std::optional<std::regex> expression_;
  std::string text_;                          // what the user gave
  std::map<std::string, std::string> table_;  // of a file: case -> patient
};

// Whether `regex_or_file` names a file.
bool is_patients_file(const std::string& regex_or_file);

}  // namespace revunet::io
